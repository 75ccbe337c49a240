import { KelpieError } from "../lib/errors.ts";
import type { ListQuery, ListSnapshot, ListState, ResourceRow, ResourceStore, RowChanges } from "./cluster.ts";

/**
 * One list of several namespaces: the rows of one store each, which others share. Keys are uids, or paths with the
 * namespace in them, so that no two stores have a row in common. Its state is the worst of theirs, with the reason and the
 * namespace it belongs to; a namespace that may not be listed takes nothing from the others.
 */
export class UnionStore implements ResourceStore {
  readonly query: ListQuery;
  readonly #parts: readonly ResourceStore[];
  readonly #rows = new Map<string, ResourceRow>();
  readonly #listeners = new Set<{ readonly call: () => void }>();
  readonly #changeListeners = new Set<{ readonly call: (changes: RowChanges) => void }>();
  #ends: ReadonlyArray<() => void> | undefined;
  #snapshot: ListSnapshot | undefined;

  /** @param parts a store for each namespace of the query, in that order */
  constructor(query: ListQuery, parts: readonly ResourceStore[]) {
    this.query = query;
    this.#parts = parts;
  }

  get(): ListSnapshot {
    const version = this.#parts.reduce((sum, part) => sum + part.get().version, 0);
    if (this.#snapshot?.version === version) return this.#snapshot;
    // Nobody tells what changes while nobody listens.
    if (this.#ends === undefined) this.#gather();
    const parts = this.#parts.map((part) => ({ namespace: part.query.namespace, snapshot: part.get() }));
    const times = parts.map(({ snapshot }) => snapshot.freshAt).filter((time) => time > 0);
    const snapshot: ListSnapshot = {
      version,
      status: worstState(
        parts.map(({ namespace, snapshot: { status, rows } }) => ({ namespace, state: status, rows: rows.size })),
      ),
      rows: this.#rows,
      columns: parts.find((part) => part.snapshot.columns.length > 0)?.snapshot.columns ?? [],
      freshAt: times.length === 0 ? 0 : Math.min(...times),
    };
    this.#snapshot = snapshot;
    return snapshot;
  }

  subscribe(listener: () => void): () => void {
    return this.#add(this.#listeners, { call: listener });
  }

  subscribeChanges(listener: (changes: RowChanges) => void): () => void {
    return this.#add(this.#changeListeners, { call: listener });
  }

  reload(): void {
    for (const part of this.#parts) part.reload();
  }

  #add<T>(listeners: Set<T>, entry: T): () => void {
    listeners.add(entry);
    this.#start();
    return () => {
      listeners.delete(entry);
      if (this.#listeners.size + this.#changeListeners.size > 0) return;
      for (const end of this.#ends ?? []) end();
      this.#ends = undefined;
      this.#snapshot = undefined;
    };
  }

  #start(): void {
    if (this.#ends !== undefined) return;
    this.#gather();
    this.#snapshot = undefined;
    this.#ends = this.#parts.flatMap((part) => [
      part.subscribeChanges((changes) => this.#take(part, changes)),
      part.subscribe(() => {
        for (const listener of Array.from(this.#listeners)) listener.call();
      }),
    ]);
  }

  #gather(): void {
    this.#rows.clear();
    for (const part of this.#parts) for (const [key, row] of part.get().rows) this.#rows.set(key, row);
  }

  #take(part: ResourceStore, changes: RowChanges): void {
    if (changes.reset) this.#gather();
    else {
      const { rows } = part.get();
      for (const key of changes.removed) this.#rows.delete(key);
      for (const key of changes.changed) {
        const row = rows.get(key);
        if (row !== undefined) this.#rows.set(key, row);
      }
    }
    for (const listener of Array.from(this.#changeListeners)) listener.call(changes);
  }
}

interface PartState {
  readonly namespace: string;
  readonly state: ListState;
  readonly rows: number;
}

/** What may be said of the whole: it is live only where each part is, but for parts the user may not see. */
function worstState(parts: readonly PartState[]): ListState {
  const reasons = reasonsOf(parts);
  const error = new KelpieError(reasons.join("; "));
  const states = parts.map((part) => part.state);
  const stale = states.filter((state) => state.state === "stale");
  if (stale.length > 0) {
    const since = Math.min(...stale.map((state) => state.since));
    return { state: "stale", since, error, retryAt: Math.min(...stale.map((state) => state.retryAt)) };
  }
  if (states.every((state) => state.state === "denied")) return { state: "denied", error };
  if (states.some((state) => state.state === "loading")) {
    return { state: "loading", loaded: parts.reduce((sum, { rows }) => sum + rows, 0) };
  }
  const polled = states.some((state) => state.state === "live" && state.mode === "poll");
  return {
    state: "live",
    mode: polled ? "poll" : "watch",
    ...(reasons.length === 0 ? {} : { without: error.message }),
  };
}

/** Each reason once, with the namespaces it holds for, unless those are all. */
function reasonsOf(parts: readonly PartState[]): readonly string[] {
  const byMessage = new Map<string, string[]>();
  for (const { namespace, state } of parts) {
    if (state.state !== "denied" && state.state !== "stale") continue;
    const { message } = state.error;
    const others = byMessage.get(message);
    if (others === undefined) byMessage.set(message, [namespace]);
    else others.push(namespace);
  }
  return [...byMessage].map(([message, names]) =>
    names.length === parts.length ? message : `${names.join(", ")}: ${message}`,
  );
}
