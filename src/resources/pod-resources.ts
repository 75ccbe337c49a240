import { asRecords, at } from "../lib/kube/object.ts";
import type { KubeObject } from "../lib/kube/object.ts";
import { parseQuantity } from "../lib/quantity.ts";
import { isSidecar } from "./pod-status.ts";

type Fields = Readonly<Record<string, unknown>>;

/** CPU in cores, memory in bytes; `undefined` where nothing is asked for. */
export interface ResourceAmounts {
  readonly cpu: number | undefined;
  readonly memory: number | undefined;
}

export interface PodResources {
  readonly requests: ResourceAmounts;
  /** `undefined` unless every container is limited: a pod with one unlimited container is unlimited. */
  readonly limits: ResourceAmounts;
  /** The limits there are, added up, whatever is unlimited beside them: what `kubectl describe node` shows. */
  readonly limitSums: ResourceAmounts;
}

const cache = new WeakMap<KubeObject, PodResources>();

/**
 * What the scheduler counts for a pod (`PodRequests` of k8s.io/component-helpers/resource): containers and sidecars
 * together, or the largest init container with the sidecars started before it, plus the overhead.
 */
export function podResources(pod: KubeObject): PodResources {
  const known = cache.get(pod);
  if (known !== undefined) return known;
  const amounts = (part: "requests" | "limits", all: boolean): ResourceAmounts => ({
    cpu: effective(pod, part, "cpu", all),
    memory: effective(pod, part, "memory", all),
  });
  const computed: PodResources = {
    requests: amounts("requests", false),
    limits: amounts("limits", true),
    limitSums: amounts("limits", false),
  };
  cache.set(pod, computed);
  return computed;
}

/** What one container asks for or is limited to. */
export function containerAmount(
  container: Fields,
  part: "requests" | "limits",
  resource: "cpu" | "memory",
): number | undefined {
  return parseQuantity(at(container, "resources", part, resource));
}

function effective(
  pod: KubeObject,
  part: "requests" | "limits",
  resource: "cpu" | "memory",
  all: boolean,
): number | undefined {
  const podLevel = parseQuantity(at(pod, "spec", "resources", part, resource));
  if (podLevel !== undefined) return podLevel;
  const initContainers = asRecords(at(pod, "spec", "initContainers"));
  const running = [...asRecords(at(pod, "spec", "containers")), ...initContainers.filter((one) => isSidecar(one))];
  const amounts = running.map((container) => containerAmount(container, part, resource));
  if (all && amounts.includes(undefined)) return undefined;
  let sidecars = 0;
  let largestInit = 0;
  let any = amounts.some((amount) => amount !== undefined);
  for (const container of initContainers) {
    const amount = containerAmount(container, part, resource);
    any ||= amount !== undefined;
    if (isSidecar(container)) sidecars += amount ?? 0;
    largestInit = Math.max(largestInit, isSidecar(container) ? sidecars : sidecars + (amount ?? 0));
  }
  if (!any) return undefined;
  const sum = amounts.reduce<number>((total, amount) => total + (amount ?? 0), 0);
  return Math.max(sum, largestInit) + (parseQuantity(at(pod, "spec", "overhead", resource)) ?? 0);
}
