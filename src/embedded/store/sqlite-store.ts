import { chmodSync, closeSync, openSync } from "node:fs";
import type { DatabaseSync as Database, StatementSync } from "node:sqlite";
import { errorMessage, KelpieError } from "../../lib/errors.ts";
import { nextTurn } from "../../lib/clock.ts";
import { EventHistory } from "./event-history.ts";
import type { HistoryGone, Store, StoreChange, StoreEvent, StoreKey, WriteResult } from "./store.ts";
import { StoredObject } from "./stored-object.ts";

const SCHEMA_VERSION = 1;

export class StoreError extends KelpieError {
  override readonly name = "StoreError";
}

interface Collection {
  readonly objects: Map<string, StoredObject>;
  /** Keys in order, made when a list is asked for and dropped when one is added or removed. */
  sorted: readonly string[] | undefined;
  readonly listeners: Set<(event: StoreEvent) => void>;
}

interface Pending {
  readonly event: StoreEvent;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Opens the store of a cluster: SQLite in WAL mode with `synchronous=FULL`, so that neither kill -9 nor a power cut
 * loses an acknowledged write. Writes of one turn of the event loop share one transaction and one fsync.
 *
 * In tests: `openStore(":memory:")`.
 * @throws StoreError where the file cannot be opened or was written by a newer kelpie
 */
export async function openStore(path: string): Promise<Store> {
  const { DatabaseSync } = await import("node:sqlite");
  try {
    // Secrets are in it: at no moment may others read it, and SQLite gives its other files the same mode.
    if (path !== ":memory:") closeSync(openSync(path, "a", 0o600));
    const database = new DatabaseSync(path);
    if (path !== ":memory:") chmodSync(path, 0o600);
    database.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=2000");
    migrate(database, path);
    return new SqliteStore(database);
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StoreError(`cannot open the cluster's store ${path}: ${errorMessage(error)}`, {
      cause: error,
      hint: "if the file is damaged, `kelpie cluster delete` and `kelpie cluster start` make a new cluster",
    });
  }
}

function migrate(database: Database, path: string): void {
  const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
  if (version > SCHEMA_VERSION) {
    throw new StoreError(`the cluster's store ${path} has format ${version}; this kelpie knows ${SCHEMA_VERSION}`, {
      hint: "use the kelpie that made it, or a newer one",
    });
  }
  if (version === SCHEMA_VERSION) return;
  database.exec(`
    BEGIN;
    CREATE TABLE objects (
      resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
      version INTEGER NOT NULL, data TEXT NOT NULL,
      PRIMARY KEY (resource, namespace, name)
    ) WITHOUT ROWID;
    CREATE TABLE counter (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL);
    INSERT INTO counter VALUES (1, 0);
    PRAGMA user_version = ${SCHEMA_VERSION};
    COMMIT;
  `);
}

/** NUL sorts before every character of a name, so that order by this key is order by namespace, then name. */
function objectKey(namespace: string, name: string): string {
  return `${namespace}\0${name}`;
}

class SqliteStore implements Store {
  readonly #database: Database;
  readonly #put: StatementSync;
  readonly #remove: StatementSync;
  readonly #count: StatementSync;
  readonly #collections = new Map<string, Collection>();
  readonly #history: EventHistory;
  #resourceVersion: number;
  #reportedVersion: number;
  #pending: Pending[] = [];
  #flush: Promise<void> | undefined;
  #closed = false;

  constructor(database: Database) {
    this.#database = database;
    this.#put = database.prepare("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)");
    this.#remove = database.prepare("DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ?");
    this.#count = database.prepare("UPDATE counter SET version = ? WHERE id = 1");
    this.#resourceVersion = Number(database.prepare("SELECT version FROM counter").get()?.["version"] ?? 0);
    for (const row of database.prepare("SELECT resource, namespace, name, version, data FROM objects").iterate()) {
      const stored = StoredObject.fromJson(String(row["data"]), Number(row["version"]));
      const collection = this.#collection(String(row["resource"]));
      collection.objects.set(objectKey(String(row["namespace"]), String(row["name"])), stored);
    }
    this.#history = new EventHistory(this.#resourceVersion);
    this.#reportedVersion = this.#resourceVersion;
  }

  get resourceVersion(): number {
    return this.#resourceVersion;
  }

  get reportedVersion(): number {
    return this.#reportedVersion;
  }

  get(key: StoreKey): StoredObject | undefined {
    return this.#collections.get(key.resource)?.objects.get(objectKey(key.namespace, key.name));
  }

  list(resource: string, namespace = ""): readonly StoredObject[] {
    const collection = this.#collections.get(resource);
    if (collection === undefined) return [];
    collection.sorted ??= [...collection.objects.keys()].sort(byCodePoint);
    const prefix = `${namespace}\0`;
    const found: StoredObject[] = [];
    for (const key of collection.sorted) {
      const stored = namespace === "" || key.startsWith(prefix) ? collection.objects.get(key) : undefined;
      if (stored !== undefined) found.push(stored);
    }
    return found;
  }

  write(change: StoreChange): WriteResult {
    if (this.#closed) throw new StoreError("the cluster's store is closed");
    const previous = this.get(change.key);
    this.#resourceVersion += 1;
    const current = StoredObject.fromObject(change.object, this.#resourceVersion);
    this.#apply(change.key, change.type === "DELETED" ? undefined : current);
    const event: StoreEvent = {
      type: change.type,
      key: change.key,
      resourceVersion: this.#resourceVersion,
      current,
      previous,
    };
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#pending.push({ event, resolve, reject });
    this.#scheduleFlush();
    return { stored: current, committed: promise };
  }

  async settled(): Promise<void> {
    // A failed flush was reported to the writers; the memory is what the disk has.
    if (this.#flush !== undefined) await this.#flush;
  }

  watch(
    resource: string,
    listener: (event: StoreEvent) => void,
    since?: number,
  ): { readonly stop: () => void } | HistoryGone {
    if (since !== undefined) {
      const missed = this.#history.after(since);
      if (missed === undefined) return { oldest: this.#history.compacted };
      for (const event of missed) if (event.key.resource === resource) listener(event);
    }
    const { listeners } = this.#collection(resource);
    // An event not yet on the disk is already in what `list` shows: a watch from now on must not see it again.
    const from = since ?? this.#resourceVersion;
    const filtered = (event: StoreEvent): void => {
      if (event.resourceVersion > from) listener(event);
    };
    listeners.add(filtered);
    return { stop: () => void listeners.delete(filtered) };
  }

  close(): void {
    if (this.#closed) return;
    this.#commitPending();
    this.#closed = true;
    this.#database.close();
  }

  #collection(resource: string): Collection {
    let collection = this.#collections.get(resource);
    if (collection === undefined) {
      collection = { objects: new Map(), sorted: undefined, listeners: new Set() };
      this.#collections.set(resource, collection);
    }
    return collection;
  }

  #apply(key: StoreKey, stored: StoredObject | undefined): void {
    const collection = this.#collection(key.resource);
    const id = objectKey(key.namespace, key.name);
    if (collection.objects.has(id) !== (stored !== undefined)) collection.sorted = undefined;
    if (stored === undefined) collection.objects.delete(id);
    else collection.objects.set(id, stored);
  }

  #scheduleFlush(): void {
    if (this.#flush !== undefined) return;
    this.#flush = new Promise((resolve) => {
      nextTurn(() => {
        this.#flush = undefined;
        this.#commitPending();
        resolve();
      });
    });
  }

  #commitPending(): void {
    const batch = this.#pending;
    this.#pending = [];
    if (batch.length === 0 || this.#closed) return;
    try {
      this.#persist(batch);
    } catch (error) {
      this.#undo(batch, error);
      return;
    }
    for (const { event } of batch) this.#history.add(event);
    for (const { event } of batch) {
      for (const listener of this.#collection(event.key.resource).listeners) tell(listener, event);
    }
    this.#reportedVersion = batch.at(-1)?.event.resourceVersion ?? this.#reportedVersion;
    for (const { resolve } of batch) resolve();
  }

  #persist(batch: readonly Pending[]): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      for (const { event } of batch) {
        const { resource, namespace, name } = event.key;
        if (event.type === "DELETED") this.#remove.run(resource, namespace, name);
        else this.#put.run(resource, namespace, name, event.resourceVersion, event.current.json);
      }
      this.#count.run(batch.at(-1)?.event.resourceVersion ?? this.#resourceVersion);
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  #undo(batch: readonly Pending[], cause: unknown): void {
    const error = new StoreError(`cannot write to the cluster's store: ${errorMessage(cause)}`, { cause });
    for (const { event } of batch.toReversed()) this.#apply(event.key, event.previous);
    for (const { reject } of batch) reject(error);
  }
}

/** A listener that fails must not keep the others from the event, nor the writer from its answer. */
function tell(listener: (event: StoreEvent) => void, event: StoreEvent): void {
  try {
    listener(event);
  } catch (error) {
    nextTurn(() => {
      throw error;
    });
  }
}

function byCodePoint(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
