import type { KubeObject } from "../lib/kube/object.ts";
import type { Tone } from "./kind.ts";

/** Health of what keeps so many pods: all ready, some missing, none wanted, going away. */
export function replicaTone(object: KubeObject, wanted: number, ready: number): Tone {
  if (object.metadata.deletionTimestamp !== undefined || wanted === 0) return "muted";
  return ready < wanted ? "warning" : "ok";
}
