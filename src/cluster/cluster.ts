import type { Duplex } from "node:stream";
import type { ApiResource, Gvr } from "../lib/kube/gvr.ts";
import type { KubeObject } from "../lib/kube/object.ts";
import type { TableColumnDefinition } from "../lib/kube/table.ts";
import type { KelpieError } from "../lib/errors.ts";
import type { Subscribable } from "../lib/subscribable.ts";
import type { ForwardTarget } from "./forward-target.ts";
import type { LogBatch } from "./log-batch.ts";

/** What a kubeconfig says of one context, without secrets. */
export interface ContextInfo {
  readonly name: string;
  readonly cluster: string;
  readonly user: string;
  /** Namespace of the context, `default` where it names none. */
  readonly namespace: string;
  readonly server: string;
  readonly current: boolean;
  /** The kubeconfig that defines it; absent for flags and for the cluster around this pod. */
  readonly file?: string;
  /** Of a local cluster: kelpie writes its kubeconfig anew at every start. */
  readonly local?: boolean;
  /** The user whom requests impersonate. */
  readonly impersonates?: string;
}

/** Whether the server of a context answers, as asked in the background. */
export type Reachability =
  | { readonly state: "yes"; readonly milliseconds?: number; readonly serverVersion: string }
  | { readonly state: "login"; readonly reason: string }
  | { readonly state: "no"; readonly reason: string };

/** Asks contexts without opening them; runs no credential plugin that was not agreed to, and asks the user nothing. */
export interface ContextProbes {
  ask(context: string): Promise<Reachability>;
  close(): void;
}

/** A change of a context in the kubeconfig that defines it. */
export type ContextChange =
  | { readonly type: "rename"; readonly context: string; readonly to: string }
  | { readonly type: "namespace"; readonly context: string; readonly namespace: string }
  /** `cluster` and `user`: its entries of both go too. */
  | { readonly type: "delete"; readonly context: string; readonly cluster: boolean; readonly user: boolean };

/** Whether the API answers. Times are milliseconds since the epoch. */
export type ConnectionStatus =
  | { readonly state: "connecting"; readonly since: number }
  | { readonly state: "connected"; readonly since: number; readonly serverVersion: string }
  | {
      readonly state: "unreachable";
      readonly since: number;
      readonly error: KelpieError;
      readonly attempts: number;
      readonly retryAt: number;
    };

/** A credential plugin that runs now. */
export interface Login {
  readonly command: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Its last line on standard error, `""` where it has said nothing: many tell there what the user is to do. */
  readonly said: string;
}

/** The four states every list is in, and the fifth: not allowed. */
export type ListState =
  | { readonly state: "loading"; readonly loaded: number }
  | {
      readonly state: "live";
      readonly mode: "watch" | "poll";
      /** What is left out, and why: a namespace of several that may not be listed. */
      readonly without?: string;
    }
  | { readonly state: "stale"; readonly since: number; readonly error: KelpieError; readonly retryAt: number }
  | { readonly state: "denied"; readonly error: KelpieError };

/** What a list selects. Equal queries share one store and one watch. */
export interface ListQuery {
  readonly resource: ApiResource;
  /** `""`: all namespaces, or a cluster-scoped resource. `a,b`: several, each with a watch of its own. */
  readonly namespace: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** `objects`: whole objects without managedFields; `table`: the server's Table with whole objects. */
  readonly form: "objects" | "table";
}

/** One row: an object version. A changed object is a new `ResourceRow`, so identity tells whether to draw again. */
export interface ResourceRow {
  /** The uid, or namespace/name where a server sends none. */
  readonly key: string;
  /** Whole object; a server may leave all but `metadata` out of its Table. */
  readonly object: KubeObject;
  /** Cells of the server's Table, in the order of `columns`; absent in the `objects` form. */
  readonly cells?: readonly unknown[];
  /** When the cells came, in milliseconds since the epoch: ages among them have grown since. */
  readonly printedAt?: number;
}

export interface ListSnapshot {
  /** Rises with every change of rows, columns or state. */
  readonly version: number;
  readonly status: ListState;
  /** By `ResourceRow.key`. The same Map is changed in place from version to version. */
  readonly rows: ReadonlyMap<string, ResourceRow>;
  /** Columns of the `table` form, empty before the first answer. */
  readonly columns: readonly TableColumnDefinition[];
  /** When the newest data came, milliseconds since the epoch; 0 before. */
  readonly freshAt: number;
}

/** A change of rows since the last notification: what incremental sorting and filtering work on. */
export interface RowChanges {
  /** Keys added or changed. */
  readonly changed: ReadonlySet<string>;
  readonly removed: ReadonlySet<string>;
  /** All rows may have changed (first list, re-list). */
  readonly reset: boolean;
  /** They come from a list after a gap: when they changed nobody knows. */
  readonly afterGap?: boolean;
}

/** A shared live list: starts with its first subscriber, stops some seconds after the last one has gone. */
export interface ResourceStore extends Subscribable<ListSnapshot> {
  readonly query: ListQuery;
  /** Like `subscribe`, with what changed; notifications are batched (at most one in 80 ms). */
  subscribeChanges(listener: (changes: RowChanges) => void): () => void;
  /** Lists anew now. */
  reload(): void;
}

/** The resources an API server serves. */
export interface Catalog {
  readonly state: "loading" | "ready" | "failed";
  readonly error?: KelpieError;
  readonly resources: readonly ApiResource[];
}

/** CPU in cores, memory in bytes. */
export interface Usage {
  readonly cpu: number;
  readonly memory: number;
}

/** What a whole cluster used at a time, milliseconds since the epoch. */
export interface UsageSample extends Usage {
  readonly at: number;
}

export interface MetricsSnapshot {
  /** `absent`: no metrics.k8s.io; `denied`: not allowed; `failed`: the API is there and does not answer. */
  readonly state: "unknown" | "available" | "absent" | "denied" | "failed";
  readonly reason?: string;
  readonly version: number;
  /** By `namespace/name`; sum over containers. */
  readonly pods: ReadonlyMap<string, Usage>;
  /** By `namespace/name/container`. */
  readonly containers: ReadonlyMap<string, Usage>;
  readonly nodes: ReadonlyMap<string, Usage>;
  /** Sums over nodes (over pods, where nodes may not be seen), oldest first, while somebody looked: two hours at most. */
  readonly history: readonly UsageSample[];
}

/** One object, as a write names it. `uid` guards against acting on another object of the same name. */
export interface ObjectTarget {
  readonly resource: ApiResource;
  readonly namespace: string;
  readonly name: string;
  readonly uid?: string | undefined;
}

export type Propagation = "Background" | "Foreground" | "Orphan";

/** How a context is protected: nothing more than usual, a question before each write, a typed name, no writes. */
export type Protection = "open" | "confirm" | "type-name" | "read-only";

/** What the journal keeps of a write beside what it did. */
export interface WriteNote {
  /** What the journal and errors call it: `cordon`. */
  readonly verb?: string | undefined;
  /** The id of the entry that this write undoes. */
  readonly undoes?: string | undefined;
}

/**
 * The one gate for writes. Every method refuses with `ReadOnlyError` in read-only mode before any request, and the
 * HTTP layer refuses again. Errors carry the server's words.
 */
export interface WriteGate {
  readonly readOnly: Subscribable<boolean>;
  setReadOnly(readOnly: boolean): void;
  readonly protection: Subscribable<Protection>;
  /** `read-only` is `setReadOnly`, too. */
  setProtection(protection: Protection): void;
  /**
   * Lets writes to these objects through where the context asks before each write: the user has agreed to them. Without
   * a permit the gate refuses them. @returns what takes the permit back
   */
  permit(covers: (target: ObjectTarget) => boolean): () => void;
  delete(
    target: ObjectTarget,
    options?: WriteNote & { readonly propagation?: Propagation; readonly gracePeriodSeconds?: number },
  ): Promise<void>;
  scale(target: ObjectTarget, replicas: number, note?: WriteNote): Promise<void>;
  /** Sets `kubectl.kubernetes.io/restartedAt` on the pod template. */
  restart(target: ObjectTarget): Promise<void>;
  setImage(target: ObjectTarget, container: string, image: string): Promise<void>;
  /** A patch as computed by the editor; `dryRun` asks the server without writing. */
  patch(
    target: ObjectTarget,
    type: "merge" | "strategic" | "json",
    patch: unknown,
    options?: WriteNote & { readonly dryRun?: boolean; readonly subresource?: string },
  ): Promise<KubeObject>;
  /** Asks the server to end a pod by its eviction API: a disruption budget answers 429. */
  evict(pod: ObjectTarget, options?: { readonly gracePeriodSeconds?: number }): Promise<void>;
  /** Unknown fields are refused; `lenient` leaves what becomes of them to the server. */
  create(
    resource: ApiResource,
    namespace: string,
    object: KubeObject,
    options?: WriteNote & { readonly dryRun?: boolean; readonly lenient?: boolean },
  ): Promise<KubeObject>;
  /**
   * Work that may change a container without being a write to its object: a shell, an upload. Refused and kept in the
   * journal as any write; what `begin` rejects with is its failure.
   */
  act<T>(verb: string, target: ObjectTarget, begin: () => Promise<T>): Promise<T>;
  /** What was written in this session, newest last; only the last ones are held. */
  readonly journal: Subscribable<readonly JournalEntry[]>;
}

/** One write, done or refused by the server. */
export interface JournalEntry {
  /** Another one for each write, of any session. */
  readonly id: string;
  readonly at: number;
  /** What the user would call it: `cordon`. */
  readonly verb: string;
  /** `session`: a shell, an upload: what it did to the container is not known. */
  readonly operation: "create" | "update" | "delete" | "evict" | "session";
  readonly context: string;
  readonly target: Gvr & Pick<ObjectTarget, "namespace" | "name" | "uid"> & { readonly subresource: string };
  readonly result: "ok" | "failed";
  readonly message?: string;
  /** The object before the write, without managedFields and status; absent where it could not be read, or was not there. */
  readonly before?: KubeObject;
  /** The object as the write left it, without managedFields and status; absent after a deletion. */
  readonly after?: KubeObject;
  /** Read from the file, which holds no value of a Secret. */
  readonly masked?: true;
  /** The id of the entry that this write undid. */
  readonly undoes?: string;
}

/** One line of a container's log. */
export interface LogLine {
  /** The server's timestamp, RFC 3339 with nanoseconds. */
  readonly time: string;
  readonly text: string;
}

export interface LogQuery {
  readonly namespace: string;
  readonly pod: string;
  /** `""` is the only one of the pod. */
  readonly container: string;
  /** The instance that is meant, as the status has it: after a restart its log is read to its end, and no other's. */
  readonly containerId?: string;
  readonly follow: boolean;
  readonly previous?: boolean;
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
}

export interface LogHandler {
  /** Lines in the order of the log. A promise is waited for before more is read from the server. */
  lines(batch: LogBatch): Promise<void> | undefined;
  /**
   * Told before the lines of a resumed stream: between these two timestamps lines may be missing, for the server no longer
   * has the last ones that came. Nodes keep little of what a container writes much.
   */
  gap?(after: string, before: string): void;
  /** The stream broke and is being resumed from the last timestamp, without gaps or doubles. */
  interrupted(error: KelpieError, retryAt: number): void;
  /** An interrupted stream is read again; lines need not come at once. */
  resumed?(): void;
  /** Nothing more comes: the container ended, or the query does not follow. */
  ended(): void;
  /** The server refuses: not allowed, no such container, container waiting. */
  failed(error: KelpieError): void;
}

/** A process in a container, over a WebSocket. Bytes in and out; the terminal belongs to the caller. */
export interface ExecSession {
  readonly stream: Duplex;
  /** Separate stderr without a tty. */
  readonly stderr: NodeJS.ReadableStream;
  /** Whether `stream.end()` reaches the command: servers before 1.30 have no way to be told. */
  readonly endsInput: boolean;
  resize(columns: number, rows: number): void;
  /** Exit code of the command. Rejects when the server refuses or the connection breaks. */
  readonly exited: Promise<number>;
  close(): void;
}

/** A listener on this machine that carries connections to a port of a pod. */
export interface PortForward {
  /** Unique among all contexts of this process. */
  readonly id: string;
  readonly context: string;
  readonly target: ForwardTarget;
  /** As asked for: of the service, else of the pod's containers. */
  readonly port: number | string;
  readonly localPort: number;
  /**
   * `waiting`: the listener stays, and no pod is ready. `failed`: the listener has ended, because its pod is gone for
   * good or this machine took the port away.
   */
  readonly state: "listening" | "waiting" | "failed";
  /** Where new connections go now; the last one while waiting. */
  readonly pod?: { readonly name: string; readonly port: number };
  /** Why it waits or has failed, else what went wrong last. */
  readonly error?: string | undefined;
  /** Connections since it was opened. */
  readonly connections: number;
  /** Connections that are open now. */
  readonly open: number;
  readonly bytes: number;
}

export interface ForwardRequest {
  readonly target: ForwardTarget;
  readonly port: number | string;
  /** 0 takes a free one. */
  readonly localPort: number;
  /** The pod behind the target to begin with. */
  readonly pod?: string | undefined;
}

export interface PortForwards extends Subscribable<readonly PortForward[]> {
  /**
   * Listens on the loopback addresses; resolves when a pod was looked for, whether one is ready or not.
   * @throws ApiError where the target does not exist, LocalPortError
   */
  open(request: ForwardRequest): Promise<PortForward>;
  stop(id: string): void;
}

/** Whether the user may do something; `unknown` while asking or where the API cannot be asked. */
/** What the API server says the user may do in a namespace; rules as it sends them. */
export interface RulesReview {
  readonly resourceRules: unknown;
  readonly nonResourceRules: unknown;
  /** An authorizer cannot tell all that it would allow. */
  readonly incomplete: boolean;
}

export interface Access {
  /** Rises with every answer that came or changed. */
  readonly changed: Subscribable<number>;
  /** A SelfSubjectRulesReview. @throws ApiError where it cannot be asked */
  rules(namespace: string): Promise<RulesReview>;
  allowed(verb: string, gvr: Gvr, namespace: string, subresource?: string): Subscribable<"unknown" | "yes" | "no">;
}

/** A connection to one context's API server: everything a view may ask of a cluster. */
export interface Cluster {
  readonly context: ContextInfo;
  readonly status: Subscribable<ConnectionStatus>;
  readonly login: Subscribable<Login | undefined>;
  readonly catalog: Subscribable<Catalog>;
  readonly metrics: Subscribable<MetricsSnapshot>;
  readonly writes: WriteGate;
  readonly portForwards: PortForwards;
  readonly access: Access;
  store(query: ListQuery): ResourceStore;
  /** One whole object, managedFields included. */
  get(target: Omit<ObjectTarget, "uid">): Promise<KubeObject>;
  list(
    resource: Gvr,
    options: { readonly namespace?: string; readonly labelSelector?: string; readonly fieldSelector?: string },
  ): Promise<readonly KubeObject[]>;
  /** Follows a log until the signal aborts. */
  logs(query: LogQuery, handler: LogHandler, signal: AbortSignal): void;
  exec(options: {
    readonly namespace: string;
    readonly pod: string;
    readonly container: string;
    readonly command: readonly string[];
    readonly tty: boolean;
    readonly stdin: boolean;
  }): Promise<ExecSession>;
  attach(options: {
    readonly namespace: string;
    readonly pod: string;
    readonly container: string;
    readonly tty: boolean;
    readonly stdin: boolean;
  }): Promise<ExecSession>;
  /** Asks anew what the server serves: after CRDs came or went. */
  refreshCatalog(): void;
  /** Tries at once instead of waiting for the back-off. */
  retryNow(): void;
  /** Ends every watch, log, session and port-forward. */
  close(): void;
}

/** Flags that override the kubeconfig, as kubectl has them. */
export interface ConnectionOverrides {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly cluster?: string;
  readonly user?: string;
  readonly namespace?: string;
  readonly server?: string;
  readonly token?: string;
  readonly as?: string;
  readonly asGroups?: readonly string[];
  readonly asUid?: string;
  readonly insecureSkipTlsVerify?: boolean;
  readonly requestTimeoutMilliseconds?: number;
}

/** Reads kubeconfigs and opens clusters. Made by `createClusters` in `clusters.ts`. */
export interface Clusters {
  /** Contexts of the merged kubeconfig. Re-read with `reload`. @throws KubeconfigError naming the file and the fault */
  load(): Promise<readonly ContextInfo[]>;
  /** Opens a context (nothing is sent before this). One open cluster per context name. */
  open(context: string): Promise<Cluster>;
  probes(): ContextProbes;
  /**
   * Writes a change to the kubeconfig, whole or not at all, with a backup beside it.
   * @returns the backups, one for each file that was written
   * @throws KubeconfigError where the file is locked, was changed meanwhile or cannot be written
   */
  change(change: ContextChange): Promise<readonly string[]>;
  closeAll(): void;
}
