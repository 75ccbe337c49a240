/** A cluster on this machine that kelpie can run, or one it ran before. */
export interface LocalCluster {
  readonly name: string;
  readonly state: "running" | "stopped" | "absent";
  /** A few words: who runs it, or why it cannot run here. */
  readonly note: string;
  /** Why it cannot be started here. */
  readonly unavailable?: string;
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
}

/** The name of the cluster that starts by itself. */
export const DEFAULT_LOCAL_CLUSTER = "kelpie";
