import type { Duplex, Readable, Writable } from "node:stream";
import type { PodNetwork } from "../net/pod-network.ts";

/** The rungs of the runtime ladder (docs/embedded.md), best first on Linux. */
export type RuntimeName = "namespaces" | "oci" | "cri" | "docker-api" | "process";

/** What a rung can do on this machine, found by trying. */
export interface RuntimeFeatures {
  /** Pods have addresses of their own. */
  readonly podAddresses: boolean;
  /** `full`: any uid in images works; `single`: only one; `none`: processes run as the engine's user. */
  readonly uids: "full" | "single" | "none";
  /** `enforced` by cgroups, `watched` by the engine, or neither. */
  readonly limits: "enforced" | "watched" | "none";
  readonly egress: boolean;
  /** Own pid, mount, uts and ipc namespaces. */
  readonly isolation: boolean;
}

/** A named shortcoming: a node condition, a line of `kelpie cluster doctor`. */
export interface RuntimeLimitation {
  /** CamelCase: `UserNamespacesDenied`, `LimitsNotEnforced`, `NoEgress`. */
  readonly reason: string;
  /** What it means and what to install or switch, one sentence. */
  readonly message: string;
}

export type RuntimeProbe =
  | { readonly ok: true; readonly features: RuntimeFeatures; readonly limitations: readonly RuntimeLimitation[] }
  | { readonly ok: false; readonly limitation: RuntimeLimitation };

/** What is common to the containers of a pod. `id` is the pod's uid. */
export interface SandboxSpec {
  readonly id: string;
  readonly namespace: string;
  readonly podName: string;
  readonly hostname: string;
  readonly hostNetwork: boolean;
  readonly dns: {
    readonly nameservers: readonly string[];
    readonly searches: readonly string[];
    readonly options: readonly string[];
  };
  /** Lines to add to /etc/hosts. */
  readonly hostAliases: ReadonlyArray<{ readonly ip: string; readonly hostnames: readonly string[] }>;
  /** Sum over containers; absent: no limit. Cores and bytes. */
  readonly limits: { readonly cpu?: number; readonly memory?: number };
}

export interface Mount {
  /** Absolute path on the engine's machine. */
  readonly source: string;
  /** Absolute path in the container. */
  readonly target: string;
  readonly readOnly: boolean;
}

export interface ContainerSpec {
  /** Unique for ever: a restarted container has another id. */
  readonly id: string;
  readonly sandboxId: string;
  readonly name: string;
  /** Restart count, for log file names. */
  readonly attempt: number;
  /** A reference `ImageStore.resolve` knows. */
  readonly image: string;
  /** Entry point and arguments, complete (image defaults applied). */
  readonly command: readonly string[];
  readonly env: ReadonlyArray<readonly [name: string, value: string]>;
  readonly workingDir: string;
  readonly mounts: readonly Mount[];
  readonly tty: boolean;
  readonly stdin: boolean;
  /** Id of a running container whose process namespace it joins; absent: one of its own. */
  readonly processesOf?: string;
  /** Standard input ends when the first client that attached goes away. */
  readonly stdinOnce?: boolean;
  readonly readOnlyRootFilesystem: boolean;
  /** Absent: the image's user, else 0. */
  readonly user?: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
  readonly capabilities: { readonly add: readonly string[]; readonly drop: readonly string[] };
  readonly privileged: boolean;
  /** Cores and bytes. */
  readonly resources: { readonly cpuLimit?: number; readonly cpuRequest?: number; readonly memoryLimit?: number };
  /** Where CRI log lines go: an absolute path of a file that the runtime creates. */
  readonly logPath: string;
}

export interface ContainerState {
  readonly id: string;
  readonly sandboxId: string;
  readonly name: string;
  readonly attempt: number;
  readonly state: "created" | "running" | "exited" | "unknown";
  /** Milliseconds since the epoch. */
  readonly startedAt?: number;
  readonly finishedAt?: number;
  /** 128 + signal for a killed one. */
  readonly exitCode?: number;
  readonly oomKilled?: boolean;
  /** Why the command never ran (`exec: "x": executable file not found in $PATH`); the exit code is 128 then. */
  readonly startError?: string;
  /** Of its first process, as this machine numbers it. */
  readonly pid?: number;
}

export interface SandboxState {
  readonly id: string;
  readonly namespace: string;
  readonly podName: string;
  readonly ip: string | undefined;
  readonly createdAt: number;
}

export type RuntimeEvent =
  | { readonly type: "started"; readonly container: ContainerState }
  | { readonly type: "exited"; readonly container: ContainerState };

/** A running process with streams: exec and attach. */
export interface Session {
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  /** `undefined` with a tty: both come on `stdout`. */
  readonly stderr: Readable | undefined;
  resize(columns: number, rows: number): void;
  /** The exit code, 128 + signal for a killed process. */
  readonly exited: Promise<number>;
  /** Ends the session: the process of an exec gets SIGHUP then SIGKILL, an attach only detaches. */
  close(): void;
}

export interface ExecSpec {
  readonly command: readonly string[];
  readonly tty: boolean;
  readonly stdin: boolean;
  /** First size of the tty. */
  readonly size?: { readonly columns: number; readonly rows: number };
}

export interface ResourceUsage {
  /** CPU time used since start. */
  readonly cpuNanos: bigint;
  readonly workingSetBytes: number;
  readonly rssBytes: number;
  /** When it was read, milliseconds since the epoch. */
  readonly at: number;
}

export interface ImageInfo {
  readonly id: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly env: ReadonlyArray<readonly [name: string, value: string]>;
  readonly workingDir: string;
  readonly user: string;
}

/** Runs containers. Restart policy, probes, volumes, environment and back-off stand above it (kubelet). */
export interface ContainerRuntime {
  readonly name: RuntimeName;
  /**
   * Known after `start`: uid and gid N of a container are `idOffset + N` on this machine, so files made for containers
   * (volumes) are given to those. `create` does so once for mounts below the cluster's directory. 0 where ids are the
   * same, `undefined` where the engine cannot give files away.
   */
  readonly idOffset?: number | undefined;
  /** Tries, does not guess; leaves nothing behind. */
  probe(): Promise<RuntimeProbe>;
  /** Starts what the runtime needs (node sandbox, network) and adopts what an earlier engine left. */
  start(): Promise<void>;
  /** Lets go: containers run on. */
  detach(): Promise<void>;
  /** Ends everything and leaves no process, mount, namespace or cgroup behind. */
  destroy(): Promise<void>;
  createSandbox(spec: SandboxSpec): Promise<SandboxState>;
  /** Idempotent, also after a crash; kills what still runs in it. */
  removeSandbox(id: string): Promise<void>;
  create(spec: ContainerSpec): Promise<void>;
  /** @throws RuntimeError `StartError`; the container is `exited` then, with `startError`, and an event says so */
  startContainer(id: string): Promise<ContainerState>;
  /** Signals, waits up to `graceMilliseconds`, kills. Resolves when it has exited. */
  stop(id: string, options: { readonly signal: string; readonly graceMilliseconds: number }): Promise<void>;
  remove(id: string): Promise<void>;
  /** From disk and /proc: this is what adoption reads. */
  list(): Promise<{ readonly sandboxes: readonly SandboxState[]; readonly containers: readonly ContainerState[] }>;
  /** Every change after `start`, including exits that happened while no engine ran. */
  onEvent(listener: (event: RuntimeEvent) => void): () => void;
  stats(id: string): Promise<ResourceUsage | undefined>;
  exec(id: string, spec: ExecSpec): Promise<Session>;
  attach(id: string): Promise<Session>;
  /** A connection to a port of the pod, also to one bound to its loopback. */
  dial(sandboxId: string, port: number): Promise<Duplex>;
  /** The network of the pods, for services and names; absent where pods have no addresses of their own. */
  readonly network?: PodNetwork | undefined;
  /** Resolves an image reference. @throws RuntimeError `ErrImagePull` with the registry's words */
  image(reference: string): Promise<ImageInfo>;
}
