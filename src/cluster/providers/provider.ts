/** A cluster on this machine, as every provider reports it and `-o json` prints it. */
export interface LocalCluster {
  /** Id of the provider: `embedded`. */
  readonly provider: string;
  readonly name: string;
  readonly state: "running" | "stopped";
  /** `https://127.0.0.1:<port>` while it runs. */
  readonly server?: string;
  /** Process id of the engine while it runs. */
  readonly pid?: number;
  /** Kubernetes version the API reports. */
  readonly version?: string;
  /** Where its state lives. */
  readonly directory: string;
  /** File of its kubeconfig. */
  readonly kubeconfig: string;
  /** Name of its context. */
  readonly context: string;
  /** Why its node cannot run pods, where a start found that out. */
  readonly problem?: string;
}

/** One thing `kelpie cluster doctor` tried. */
export interface DoctorCheck {
  readonly name: string;
  readonly status: "ok" | "warning" | "failed";
  readonly message: string;
}

/**
 * What makes and runs local clusters: one file each in this folder. Every method is idempotent and throws
 * `KelpieError` with the next step as hint.
 */
export interface ClusterProvider {
  readonly id: string;
  readonly title: string;
  /** Why it cannot be used on this machine, `undefined` where it can. */
  unavailable(): Promise<string | undefined>;
  list(): Promise<readonly LocalCluster[]>;
  /** `undefined` where there is no such cluster. */
  status(name: string): Promise<LocalCluster | undefined>;
  /**
   * Creates it where it does not exist; resolves when its `/readyz` is ok, with `wait` when its node can run pods too.
   * Steps are short phrases for people, each told when it is done.
   */
  start(
    name: string,
    options: { readonly wait: boolean; readonly onProgress: (step: string) => void },
  ): Promise<LocalCluster>;
  stop(name: string): Promise<void>;
  /** Leaves no process, mount, namespace or file behind. */
  remove(name: string): Promise<void>;
  kubeconfig(name: string): Promise<string>;
  /** Files of the engine's own logs, oldest first. */
  logFiles(name: string): Promise<readonly string[]>;
  doctor(): Promise<readonly DoctorCheck[]>;
}
