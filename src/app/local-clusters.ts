/** A cluster on this machine that kelpie can run, or one it ran before. */
export interface LocalCluster {
  readonly name: string;
  readonly state: "running" | "stopped" | "absent";
  /** A few words: who runs it, or why it cannot run here. */
  readonly note: string;
  /** Why it cannot be started here. */
  readonly unavailable?: string;
  /** `https://127.0.0.1:<port>`, while it runs. */
  readonly server?: string;
  readonly version?: string;
  /** Where its state lives; absent before its first start. */
  readonly directory?: string;
  /** Name of its context. */
  readonly context?: string;
  /** Why its node cannot run pods. */
  readonly problem?: string;
}

/** One step of a start, as it begins, ends or fails. Steps are told apart by their text. */
export interface LocalProgress {
  readonly text: string;
  readonly state: "running" | "done" | "failed";
  readonly detail?: string;
}

/** What the UI needs of local clusters; implemented over `cluster/providers`. */
export interface LocalClusters {
  /** The default cluster is always among them, `absent` before its first start. */
  list(): Promise<readonly LocalCluster[]>;
  /**
   * Creates and starts a cluster; nothing to do where it runs.
   * @returns the name of its context, which `Clusters.load` then lists
   * @throws KelpieError saying which step failed and what to do
   */
  start(name: string, progress: (step: LocalProgress) => void, signal: AbortSignal): Promise<{ context: string }>;
  /** Ends it and its pods; its state stays. */
  stop(name: string): Promise<void>;
  /** Ends it and removes all that it left. */
  remove(name: string): Promise<void>;
}

/** The name of the cluster that starts by itself. */
export const DEFAULT_LOCAL_CLUSTER = "kelpie";
