import type { Cancel, Clock } from "../lib/clock.ts";
import type { KelpieError } from "../lib/errors.ts";
import type { TableColumnDefinition } from "../lib/kube/table.ts";
import type { ListQuery, ListSnapshot, ListState, ResourceRow, ResourceStore, RowChanges } from "./cluster.ts";
import type { Reflector, ReflectorSink } from "./reflector.ts";

/** Notifications come at most so often. */
const BATCH_MILLISECONDS = 80;
/** How long events gather after quiet before the first notification. */
const FIRST_BATCH_MILLISECONDS = 10;
/** How long a store that nobody looks at stays warm. */
const GRACE_MILLISECONDS = 30_000;

export interface SharedStoreOptions {
  readonly query: ListQuery;
  readonly clock: Clock;
  /** Makes the reflector that fills the store; called at every start. */
  readonly reflect: (sink: ReflectorSink) => Reflector;
  readonly onStart: () => void;
  readonly onStop: () => void;
}

/**
 * The rows of one query, shared by all who look at them. What the reflector brings is gathered and applied in batches,
 * so that `rows` always agrees with the last notification.
 */
export class SharedStore implements ResourceStore, ReflectorSink {
  readonly query: ListQuery;
  readonly #options: SharedStoreOptions;
  readonly #rows = new Map<string, ResourceRow>();
  readonly #listeners = new Set<{ readonly call: () => void }>();
  readonly #changeListeners = new Set<{ readonly call: (changes: RowChanges) => void }>();
  /** Rows to put, or `undefined` to remove, at the next batch. */
  #pending = new Map<string, ResourceRow | undefined>();
  /** Keys seen by the list that runs. */
  #seen: Set<string> | undefined;
  #reset = true;
  /** A list that does not merely poll has brought rows since the last batch. */
  #afterGap = false;
  #snapshot: ListSnapshot;
  #status: ListState = { state: "loading", loaded: 0 };
  #columns: readonly TableColumnDefinition[] = [];
  #freshAt = 0;
  #dirty = false;
  #lastBatch = Number.NEGATIVE_INFINITY;
  #cancelBatch: Cancel | undefined;
  #cancelStop: Cancel | undefined;
  #reflector: Reflector | undefined;

  constructor(options: SharedStoreOptions) {
    this.query = options.query;
    this.#options = options;
    this.#snapshot = { version: 0, status: this.#status, rows: this.#rows, columns: this.#columns, freshAt: 0 };
  }

  get(): ListSnapshot {
    return this.#snapshot;
  }

  subscribe(listener: () => void): () => void {
    const entry = { call: listener };
    this.#listeners.add(entry);
    this.#start();
    return () => {
      if (this.#listeners.delete(entry)) this.#stopWhenUnused();
    };
  }

  subscribeChanges(listener: (changes: RowChanges) => void): () => void {
    const entry = { call: listener };
    this.#changeListeners.add(entry);
    this.#start();
    return () => {
      if (this.#changeListeners.delete(entry)) this.#stopWhenUnused();
    };
  }

  reload(): void {
    this.#reflector?.reload();
  }

  retry(): void {
    this.#reflector?.retry();
  }

  connectionLost(error: KelpieError): void {
    this.#reflector?.connectionLost(error);
  }

  /** Stops without grace. */
  stop(): void {
    this.#cancelStop?.();
    this.#cancelStop = undefined;
    this.#cancelBatch?.();
    this.#cancelBatch = undefined;
    if (this.#reflector === undefined) return;
    this.#reflector.stop();
    this.#reflector = undefined;
    this.#rows.clear();
    this.#pending.clear();
    this.#seen = undefined;
    this.#reset = true;
    this.#columns = [];
    this.#freshAt = 0;
    this.#status = { state: "loading", loaded: 0 };
    this.#publish({ changed: new Set(), removed: new Set(), reset: true });
    this.#options.onStop();
  }

  listing(): void {
    this.#seen = new Set();
  }

  listed(): void {
    const seen = this.#seen ?? new Set();
    this.#seen = undefined;
    for (const key of this.#rows.keys()) if (!seen.has(key)) this.#pending.set(key, undefined);
    // What an earlier list or watch brought and nobody was shown yet.
    for (const key of this.#pending.keys()) if (!seen.has(key)) this.#pending.set(key, undefined);
    this.#schedule();
  }

  put(row: ResourceRow): void {
    if (this.#seen !== undefined) {
      this.#seen.add(row.key);
      if (this.#status.state !== "live" || this.#status.mode !== "poll") this.#afterGap = true;
    }
    const pending = this.#pending.get(row.key);
    const held = pending ?? (this.#pending.has(row.key) ? undefined : this.#rows.get(row.key));
    const version = row.object.metadata.resourceVersion;
    // Lists bring what is known already: the same version keeps its row, so that nothing is drawn again.
    if (held !== undefined && version !== undefined && held.object.metadata.resourceVersion === version) return;
    this.#pending.set(row.key, row);
    this.#schedule();
  }

  remove(key: string): void {
    this.#pending.set(key, undefined);
    this.#schedule();
  }

  columns(columns: readonly TableColumnDefinition[]): void {
    if (sameColumns(this.#columns, columns)) return;
    this.#columns = columns;
    this.#reset = true;
    this.#schedule();
  }

  state(state: ListState): void {
    if (state.state === "live" && this.#status.state === "live" && state.mode === this.#status.mode) return;
    this.#status = state;
    this.#schedule();
  }

  fresh(): void {
    this.#freshAt = this.#options.clock.now();
    this.#schedule();
  }

  #start(): void {
    this.#cancelStop?.();
    this.#cancelStop = undefined;
    if (this.#reflector !== undefined) return;
    this.#options.onStart();
    this.#reflector = this.#options.reflect(this);
    this.#reflector.start();
  }

  #stopWhenUnused(): void {
    if (this.#listeners.size + this.#changeListeners.size > 0 || this.#reflector === undefined) return;
    this.#cancelStop?.();
    this.#cancelStop = this.#options.clock.after(GRACE_MILLISECONDS, () => this.stop(), { background: true });
  }

  #schedule(): void {
    this.#dirty = true;
    if (this.#cancelBatch !== undefined) return;
    const { clock } = this.#options;
    const wait = Math.max(FIRST_BATCH_MILLISECONDS, this.#lastBatch + BATCH_MILLISECONDS - clock.now());
    this.#cancelBatch = clock.after(Math.min(wait, BATCH_MILLISECONDS), () => this.#flush());
  }

  #flush(): void {
    this.#cancelBatch = undefined;
    if (!this.#dirty) return;
    this.#dirty = false;
    this.#lastBatch = this.#options.clock.now();
    const changed = new Set<string>();
    const removed = new Set<string>();
    for (const [key, row] of this.#pending) {
      if (row === undefined) {
        if (this.#rows.delete(key)) removed.add(key);
      } else {
        this.#rows.set(key, row);
        changed.add(key);
      }
    }
    this.#pending = new Map();
    if (this.#status.state === "loading") this.#status = { state: "loading", loaded: this.#rows.size };
    const reset = this.#reset && (changed.size > 0 || this.#columns !== this.#snapshot.columns);
    if (reset) this.#reset = false;
    const afterGap = this.#afterGap;
    this.#afterGap = false;
    this.#publish(changed.size > 0 || removed.size > 0 || reset ? { changed, removed, reset, afterGap } : undefined);
  }

  /** Those who follow changes hear first, so that what they derive is new when the others draw. */
  #publish(changes?: RowChanges): void {
    this.#snapshot = {
      version: this.#snapshot.version + 1,
      status: this.#status,
      rows: this.#rows,
      columns: this.#columns,
      freshAt: this.#freshAt,
    };
    // Copies: a listener may come or go while the others are told.
    if (changes !== undefined) for (const listener of Array.from(this.#changeListeners)) listener.call(changes);
    for (const listener of Array.from(this.#listeners)) listener.call();
  }
}

function sameColumns(left: readonly TableColumnDefinition[], right: readonly TableColumnDefinition[]): boolean {
  return (
    left.length === right.length &&
    left.every(({ name, type, priority }, index) => {
      const other = right[index];
      return other?.name === name && other.type === type && other.priority === priority;
    })
  );
}
