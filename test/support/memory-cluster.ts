import type {
  Catalog,
  Cluster,
  Clusters,
  ConnectionStatus,
  ContextInfo,
  JournalEntry,
  ListQuery,
  ListSnapshot,
  LogHandler,
  LogLine,
  Login,
  LogQuery,
  MetricsSnapshot,
  Protection,
  ResourceRow,
  ResourceStore,
  RowChanges,
  WriteGate,
} from "../../src/cluster/cluster.ts";
import { UnionStore } from "../../src/cluster/union-store.ts";
import { LogBatch } from "../../src/cluster/log-batch.ts";
import { KelpieError } from "../../src/lib/errors.ts";
import type { ApiResource } from "../../src/lib/kube/gvr.ts";
import { namespacesOf } from "../../src/lib/kube/namespaces.ts";
import { at, type KubeObject } from "../../src/lib/kube/object.ts";
import { matchesLabels, parseLabelSelector } from "../../src/lib/kube/selector.ts";
import { createValue, type Value } from "../../src/lib/subscribable.ts";
import { kinds } from "../../src/resources/kinds/index.gen.ts";
import { presumedResource } from "../../src/state/resource-names.ts";

/** A write that reached the gate. */
export interface RecordedWrite {
  readonly verb: string;
  readonly target: string;
  readonly detail?: unknown;
}

/** A log that is followed, and what tells its follower. */
export interface MemoryLogStream {
  readonly query: LogQuery;
  readonly handler: Omit<LogHandler, "lines"> & { readonly lines: (lines: readonly LogLine[]) => void };
}

/** Tells a store about objects; every store of a resource shares them. */
class MemoryStore implements ResourceStore {
  readonly query: ListQuery;
  readonly #rows = new Map<string, ResourceRow>();
  readonly #snapshot: Value<ListSnapshot>;
  readonly #listeners = new Set<(changes: RowChanges) => void>();

  constructor(query: ListQuery) {
    this.query = query;
    this.#snapshot = createValue<ListSnapshot>({
      version: 0,
      status: { state: "live", mode: "watch" },
      rows: this.#rows,
      columns: [],
      freshAt: 1,
    });
  }

  get(): ListSnapshot {
    return this.#snapshot.get();
  }

  subscribe(listener: () => void): () => void {
    return this.#snapshot.subscribe(listener);
  }

  subscribeChanges(listener: (changes: RowChanges) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  reload(): void {}

  selects(object: KubeObject): boolean {
    const { namespace, labelSelector, fieldSelector } = this.query;
    const [, field = "", value] = /^([\w.]+)=(.*)$/.exec(fieldSelector ?? "") ?? [];
    if (value !== undefined && at(object, ...field.split(".")) !== value) return false;
    if (namespace !== "" && object.metadata.namespace !== namespace) return false;
    return labelSelector === undefined || matchesLabels(parseLabelSelector(labelSelector), object.metadata.labels);
  }

  put(object: KubeObject): void {
    const key = object.metadata.uid ?? "";
    this.#rows.set(key, { key, object });
    this.#tell({ changed: new Set([key]), removed: new Set(), reset: false });
  }

  remove(object: KubeObject): void {
    const key = object.metadata.uid ?? "";
    if (this.#rows.delete(key)) this.#tell({ changed: new Set(), removed: new Set([key]), reset: false });
  }

  setStatus(status: ListSnapshot["status"]): void {
    this.#snapshot.update((snapshot) => ({ ...snapshot, version: snapshot.version + 1, status }));
  }

  #tell(changes: RowChanges): void {
    this.#snapshot.update((snapshot) => ({ ...snapshot, version: snapshot.version + 1 }));
    for (const listener of this.#listeners) listener(changes);
  }
}

/** A cluster in this process: objects are there at once, and a test changes them and the connection by hand. */
export class MemoryCluster implements Cluster {
  readonly context: ContextInfo;
  readonly status: Value<ConnectionStatus>;
  readonly login = createValue<Login | undefined>(undefined);
  readonly catalog: Value<Catalog>;
  readonly metrics: Value<MetricsSnapshot>;
  readonly writes: WriteGate;
  readonly portForwards: Cluster["portForwards"];
  readonly recorded: RecordedWrite[] = [];
  /** The uids of what was to be deleted. */
  readonly deleted: Array<string | undefined> = [];
  /** The logs that are followed now. */
  readonly logStreams: MemoryLogStream[] = [];
  #logged = 0;
  /** What the gate refuses, by object name. */
  readonly refusals = new Map<string, KelpieError>();
  readonly access: Cluster["access"] = {
    changed: createValue(0),
    allowed: () => createValue("yes" as const),
    rules: () => Promise.resolve({ resourceRules: [], nonResourceRules: [], incomplete: false }),
  };
  closed = false;
  readonly #objects = new Map<string, { readonly resource: string; readonly object: KubeObject }>();
  readonly #stores = new Map<string, MemoryStore>();

  constructor(name: string, options: { readonly server?: string; readonly namespace?: string } = {}) {
    this.context = {
      name,
      cluster: name,
      user: "admin",
      namespace: options.namespace ?? "default",
      server: options.server ?? `https://${name}.example:6443`,
      current: false,
    };
    this.status = createValue<ConnectionStatus>({ state: "connected", since: 0, serverVersion: "v1.36.0" });
    this.catalog = createValue<Catalog>({ state: "ready", resources: kinds.map(presumedResource) });
    this.metrics = createValue<MetricsSnapshot>({
      state: "absent",
      version: 0,
      pods: new Map(),
      containers: new Map(),
      nodes: new Map(),
      history: [],
    });
    this.portForwards = {
      ...createValue([]),
      open: () => Promise.reject(new KelpieError("no port-forwards here")),
      stop() {},
    };
    this.writes = this.#createGate();
  }

  resource(name: string): ApiResource {
    const found = this.catalog.get().resources.find((resource) => resource.resource === name);
    if (found === undefined) throw new Error(`no resource ${name}`);
    return found;
  }

  store(query: ListQuery): ResourceStore {
    const several = namespacesOf(query.namespace);
    if (several.length < 2) return this.#store(query);
    return new UnionStore(
      query,
      several.map((namespace) => this.#store({ ...query, namespace })),
    );
  }

  #store(query: ListQuery): MemoryStore {
    const { resource, namespace, labelSelector = "", fieldSelector = "" } = query;
    const key = [resource.group, resource.resource, namespace, labelSelector, fieldSelector].join(" ");
    const known = this.#stores.get(key);
    if (known !== undefined) return known;
    const store = new MemoryStore(query);
    for (const { resource: name, object } of this.#objects.values()) {
      if (name === resource.resource && store.selects(object)) store.put(object);
    }
    this.#stores.set(key, store);
    return store;
  }

  put(resource: string, object: KubeObject): void {
    this.#objects.set(`${resource} ${object.metadata.uid}`, { resource, object });
    for (const store of this.#storesOf(resource)) {
      if (store.selects(object)) store.put(object);
      else store.remove(object);
    }
  }

  remove(resource: string, object: KubeObject): void {
    this.#objects.delete(`${resource} ${object.metadata.uid}`);
    for (const store of this.#storesOf(resource)) store.remove(object);
  }

  /** The state of every list of a resource, or of those in one namespace. */
  setListStatus(resource: string, status: ListSnapshot["status"], namespace?: string): void {
    for (const store of this.#storesOf(resource)) {
      if (namespace === undefined || store.query.namespace === namespace) store.setStatus(status);
    }
  }

  get(target: Parameters<Cluster["get"]>[0]): Promise<KubeObject> {
    for (const { resource, object } of this.#objects.values()) {
      const { name, namespace = "" } = object.metadata;
      if (resource === target.resource.resource && name === target.name && namespace === target.namespace) {
        return Promise.resolve(object);
      }
    }
    return Promise.reject(new KelpieError(`${target.resource.resource} "${target.name}" not found`));
  }

  list(resource: Parameters<Cluster["list"]>[0]): Promise<readonly KubeObject[]> {
    const found = [...this.#objects.values()].filter((each) => each.resource === resource.resource);
    return Promise.resolve(found.map(({ object }) => object));
  }

  logs(query: LogQuery, handler: LogHandler, signal: AbortSignal): void {
    const stream: MemoryLogStream = {
      query,
      handler: { ...handler, lines: (lines) => void handler.lines(LogBatch.of(lines)) },
    };
    this.logStreams.push(stream);
    signal.addEventListener("abort", () => this.logStreams.splice(this.logStreams.indexOf(stream), 1));
  }

  /** Sends lines to those who follow a pod's log, a second apart. */
  writeLog(pod: string, ...texts: readonly string[]): void {
    const lines = texts.map((text) => ({
      time: new Date(1_767_225_600_000 + (this.#logged += 1000)).toISOString(),
      text,
    }));
    for (const { query, handler } of this.logStreams) if (query.pod === pod) handler.lines(lines);
  }

  exec(): Promise<never> {
    return Promise.reject(new KelpieError("there is no process to talk to here"));
  }

  attach(): Promise<never> {
    return this.exec();
  }

  refreshCatalog(): void {}

  retryNow(): void {}

  close(): void {
    this.closed = true;
  }

  #storesOf(resource: string): readonly MemoryStore[] {
    return [...this.#stores.values()].filter((store) => store.query.resource.resource === resource);
  }

  #createGate(): WriteGate {
    const readOnly = createValue(false);
    const protection = createValue<Protection>("open");
    let created = 0;
    const write = (verb: string, target: { readonly name: string; readonly namespace: string }, detail?: unknown) => {
      if (readOnly.get()) return Promise.reject(new KelpieError("read-only"));
      const refusal = this.refusals.get(target.name);
      if (refusal !== undefined) return Promise.reject(refusal);
      const path = target.namespace === "" ? target.name : `${target.namespace}/${target.name}`;
      this.recorded.push({ verb, target: path, ...(detail === undefined ? {} : { detail }) });
      return Promise.resolve();
    };
    return {
      readOnly,
      setReadOnly: (on) => readOnly.set(on),
      protection,
      setProtection: (level) => protection.set(level),
      permit: () => () => {},
      delete: (target, options) => {
        this.deleted.push(target.uid);
        return write("delete", target, options);
      },
      scale: (target, replicas) => write("scale", target, replicas),
      restart: (target) => write("restart", target),
      setImage: (target, container, image) => write("set-image", target, { container, image }),
      patch: async (target, type, patch) => {
        await write("patch", target, { type, patch });
        return this.get(target);
      },
      evict: (target, options) => write("evict", target, options),
      create: async (resource, namespace, object) => {
        created += 1;
        const { name = `${object.metadata.generateName ?? ""}${created}` } = object.metadata;
        await write("create", { namespace, name });
        const made = { ...object, metadata: { ...object.metadata, name, namespace, uid: `uid-created-${created}` } };
        this.put(resource.resource, made);
        return made;
      },
      act: async (verb, target, begin) => {
        await write(verb, target);
        return begin();
      },
      journal: createValue<readonly JournalEntry[]>([]),
    };
  }
}

/** A kubeconfig in memory. The first cluster is the current one unless `current` names another. */
export function memoryClusters(clusters: readonly MemoryCluster[], current = clusters[0]?.context.name): Clusters {
  return {
    load: () => Promise.resolve(clusters.map(({ context }) => ({ ...context, current: context.name === current }))),
    open(name) {
      const cluster = clusters.find(({ context }) => context.name === name);
      if (cluster === undefined) return Promise.reject(new KelpieError(`the kubeconfig has no context "${name}"`));
      return Promise.resolve(cluster);
    },
    probes: () => ({ ask: () => Promise.resolve({ state: "no", reason: "in memory" }), close() {} }),
    change: () => Promise.reject(new KelpieError("there is no kubeconfig here")),
    closeAll() {},
  };
}

/** A pod that runs, of one container that is ready. */
export function runningPod(
  name: string,
  change: Partial<KubeObject["metadata"]> & { readonly waiting?: string } = {},
): KubeObject {
  const { waiting, ...metadata } = change;
  const state =
    waiting === undefined ? { running: { startedAt: "2025-12-31T23:00:00Z" } } : { waiting: { reason: waiting } };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "default",
      uid: `uid-${name}`,
      creationTimestamp: "2025-12-31T23:00:00Z",
      ...metadata,
    },
    spec: { nodeName: "node-1", containers: [{ name: "main", image: "localhost/host" }] },
    status: {
      phase: "Running",
      podIP: "10.0.0.1",
      containerStatuses: [{ name: "main", ready: waiting === undefined, restartCount: 0, state }],
    },
  };
}

export function deployment(name: string, replicas: number): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "default", uid: `uid-deploy-${name}`, creationTimestamp: "2025-12-31T23:00:00Z" },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: "main", image: "localhost/host" }] },
      },
    },
    status: { replicas, readyReplicas: replicas, updatedReplicas: replicas, availableReplicas: replicas },
  };
}
