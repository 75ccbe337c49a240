import type { Duplex, Readable } from "node:stream";
import type { KubeObject } from "../../lib/kube/object.ts";
import type { ExecSpec, Session } from "../runtimes/runtime.ts";

/** Query of `pods/log`, as `PodLogOptions`. */
export interface LogOptions {
  readonly container: string;
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  /** Milliseconds since the epoch. */
  readonly since?: number;
}

/** Usage of one container or of the node; CPU is a rate over the last window. */
export interface UsageSample {
  /** Cores. */
  readonly cpu: number;
  readonly workingSetBytes: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly windowMilliseconds: number;
}

/**
 * What the API server asks of the node: the streams behind `log`, `exec`, `attach`, `portforward`, and usage for
 * metrics.k8s.io. `pod` is the stored object. Methods throw `StatusError` with the kubelet's wording.
 */
export interface NodeAgent {
  logs(pod: KubeObject, options: LogOptions, signal: AbortSignal): Promise<Readable>;
  exec(pod: KubeObject, container: string, spec: ExecSpec): Promise<Session>;
  attach(pod: KubeObject, container: string): Promise<Session>;
  dial(pod: KubeObject, port: number): Promise<Duplex>;
  /** Reads usage anew where the last samples are older than a second: await it before the two below. Never throws. */
  refreshUsage?(): Promise<void>;
  /** By container name; a container with no sample yet is left out. `undefined` for a pod not running here. */
  podUsage(uid: string): ReadonlyMap<string, UsageSample> | undefined;
  nodeUsage(): UsageSample | undefined;
}
