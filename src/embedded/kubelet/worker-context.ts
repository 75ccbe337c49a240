import type { Clock } from "../../lib/clock.ts";
import type { KubeObject } from "../../lib/kube/object.ts";
import type { Logger } from "../../lib/log.ts";
import type { EventRecorder } from "../machinery/event-recorder.ts";
import type { Registry } from "../machinery/registry.ts";
import type { ContainerRuntime, RuntimeFeatures } from "../runtimes/runtime.ts";
import type { ReferenceReader } from "./environment.ts";
import type { PodContainer } from "./pod.ts";
import type { RestartBackOff } from "./restart-back-off.ts";

/** What all pod workers share. */
export interface WorkerContext {
  readonly registry: Registry;
  readonly runtime: ContainerRuntime;
  readonly features: RuntimeFeatures;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly recorder: EventRecorder;
  readonly backOff: RestartBackOff;
  /** Holds `pods/`. */
  readonly directory: string;
  readonly hostIp: string;
  readonly clusterDns: string;
  readonly clusterDomain: string;
  /** Where pods that run as plain processes find the API: they cannot reach the `kubernetes` service's address. */
  readonly apiServer: { readonly host: string; readonly port: number };
  readonly references: ReferenceReader;
  /** The services that pods of a namespace see in their environment. */
  readonly services: (namespace: string, links: boolean) => Promise<readonly KubeObject[]>;
  readonly token: ((namespace: string, name: string) => Promise<string>) | undefined;
}

/** The part of a pod that an event means: `spec.containers{web}`. */
export function fieldPathOf(container: PodContainer): string {
  switch (container.role) {
    case "init":
    case "sidecar":
      return `spec.initContainers{${container.name}}`;
    case "ephemeral":
      return `spec.ephemeralContainers{${container.name}}`;
    case "main":
      return `spec.containers{${container.name}}`;
  }
}
