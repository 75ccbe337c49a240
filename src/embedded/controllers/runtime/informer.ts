import { errorMessage } from "../../../lib/errors.ts";
import { gvrKey, type Gvr } from "../../../lib/kube/gvr.ts";
import { objectPath, type KubeObject } from "../../../lib/kube/object.ts";
import type { Logger } from "../../../lib/log.ts";
import type { Registry, WatchEvent } from "../../machinery/registry.ts";

/** Hears of every change after the cache holds it. What a listener throws is logged and stops nobody else. */
export interface InformerListener {
  added?(object: KubeObject): void;
  updated?(old: KubeObject, object: KubeObject): void;
  deleted?(object: KubeObject): void;
}

/** A cache of all objects of one resource, kept by a watch. Objects are shared with the store: never change one. */
export interface Informer {
  readonly resource: Gvr;
  readonly synced: boolean;
  whenSynced(): Promise<void>;
  /** @param path `namespace/name`, or `name` for a cluster-scoped resource */
  get(path: string): KubeObject | undefined;
  list(): readonly KubeObject[];
  listNamespace(namespace: string): readonly KubeObject[];
  /** Adds an index; a second one of the same name is ignored, so that controllers may share it. */
  addIndex(name: string, valuesOf: (object: KubeObject) => readonly string[]): void;
  byIndex(name: string, value: string): readonly KubeObject[];
  /** Calls `added` for what the cache already holds, then everything that happens. */
  listen(listener: InformerListener): void;
  /** Resolves when the condition holds, looked at now and after every change; also when the signal aborts. */
  until(condition: () => boolean, signal: AbortSignal): Promise<void>;
}

/** One informer per resource, shared by all controllers, ended by the signal. */
export interface Informers {
  get(resource: Gvr): Informer;
  /** Resolves when every informer asked for so far holds what the store held. */
  whenSynced(): Promise<void>;
}

const NAMESPACE_INDEX = "namespace";

export function createInformers(options: {
  readonly registry: Registry;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}): Informers {
  const informers = new Map<string, WatchedInformer>();
  return {
    get(resource) {
      const key = gvrKey(resource);
      let informer = informers.get(key);
      if (informer === undefined) {
        informer = new WatchedInformer(resource, options.logger);
        informers.set(key, informer);
        const watched = informer;
        const handler = { event: (event: WatchEvent) => watched.event(event), synced: () => watched.finishSync() };
        options.registry.watch(resource, {}, handler, options.signal);
      }
      return informer;
    },
    async whenSynced() {
      await Promise.all(Array.from(informers.values(), (informer) => informer.whenSynced()));
    },
  };
}

interface Index {
  readonly valuesOf: (object: KubeObject) => readonly string[];
  /** Paths by value. */
  readonly paths: Map<string, Set<string>>;
}

class WatchedInformer implements Informer {
  readonly resource: Gvr;
  readonly #logger: Logger;
  readonly #objects = new Map<string, KubeObject>();
  readonly #indexes = new Map<string, Index>();
  readonly #listeners: InformerListener[] = [];
  readonly #waiters = new Set<() => void>();
  readonly #ready = Promise.withResolvers<void>();
  #synced = false;

  constructor(resource: Gvr, logger: Logger) {
    this.resource = resource;
    this.#logger = logger;
    this.addIndex(NAMESPACE_INDEX, (object) => [object.metadata.namespace ?? ""]);
  }

  get synced(): boolean {
    return this.#synced;
  }

  whenSynced(): Promise<void> {
    return this.#ready.promise;
  }

  get(path: string): KubeObject | undefined {
    return this.#objects.get(path);
  }

  list(): readonly KubeObject[] {
    return Array.from(this.#objects.values());
  }

  listNamespace(namespace: string): readonly KubeObject[] {
    return this.byIndex(NAMESPACE_INDEX, namespace);
  }

  addIndex(name: string, valuesOf: (object: KubeObject) => readonly string[]): void {
    if (this.#indexes.has(name)) return;
    const index: Index = { valuesOf, paths: new Map() };
    this.#indexes.set(name, index);
    for (const [path, object] of this.#objects) insert(index, path, object);
  }

  byIndex(name: string, value: string): readonly KubeObject[] {
    const paths = this.#indexes.get(name)?.paths.get(value);
    if (paths === undefined) return [];
    const found: KubeObject[] = [];
    for (const path of paths) {
      const object = this.#objects.get(path);
      if (object !== undefined) found.push(object);
    }
    return found;
  }

  listen(listener: InformerListener): void {
    this.#listeners.push(listener);
    for (const object of this.#objects.values()) this.#call(() => listener.added?.(object));
  }

  until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    if (condition() || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        this.#waiters.delete(check);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const check = (): void => {
        if (condition()) end();
      };
      this.#waiters.add(check);
      signal.addEventListener("abort", end, { once: true });
    });
  }

  event(event: WatchEvent): void {
    this.#apply(event);
    for (const check of this.#waiters) check();
  }

  #apply(event: WatchEvent): void {
    const { object } = event;
    const path = objectPath(object);
    const old = this.#objects.get(path);
    if (event.type === "DELETED") {
      if (old === undefined) return;
      this.#objects.delete(path);
      for (const index of this.#indexes.values()) remove(index, path, old);
      for (const listener of this.#listeners) this.#call(() => listener.deleted?.(object));
      return;
    }
    this.#objects.set(path, object);
    for (const index of this.#indexes.values()) {
      if (old !== undefined) remove(index, path, old);
      insert(index, path, object);
    }
    for (const listener of this.#listeners) {
      this.#call(() => (old === undefined ? listener.added?.(object) : listener.updated?.(old, object)));
    }
  }

  /** Everything stored at the start has been reported. */
  finishSync(): void {
    this.#synced = true;
    this.#ready.resolve();
  }

  #call(notify: () => void): void {
    try {
      notify();
    } catch (error) {
      this.#logger.error("a listener failed", { resource: gvrKey(this.resource), error: errorMessage(error) });
    }
  }
}

function insert(index: Index, path: string, object: KubeObject): void {
  for (const value of index.valuesOf(object)) {
    const paths = index.paths.get(value);
    if (paths === undefined) index.paths.set(value, new Set([path]));
    else paths.add(path);
  }
}

function remove(index: Index, path: string, object: KubeObject): void {
  for (const value of index.valuesOf(object)) {
    const paths = index.paths.get(value);
    paths?.delete(path);
    if (paths?.size === 0) index.paths.delete(value);
  }
}
