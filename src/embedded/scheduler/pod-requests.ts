import { asNumber, asRecord, asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { parseQuantity } from "../../lib/quantity.ts";

/** Amounts by resource name in base units: cores, bytes, counts. */
export type Amounts = ReadonlyMap<string, number>;

/** What scoring assumes of a container without requests: 100m and 200 MB (upstream schedutil non-zero requests). */
const ASSUMED: Amounts = new Map([
  ["cpu", 0.1],
  ["memory", 200 * 1024 * 1024],
]);

export interface PodRequests {
  /** What must fit. */
  readonly requests: Amounts;
  /** CPU and memory as scoring sees them: never nothing. */
  readonly scored: Amounts;
}

const known = new WeakMap<KubeObject, PodRequests>();

/**
 * What a pod asks of a node: its containers and sidecars together, or an init container with the sidecars started before
 * it where that is more, plus the overhead (component-helpers resource.PodRequests).
 */
export function podRequests(pod: KubeObject): PodRequests {
  let requests = known.get(pod);
  if (requests === undefined) {
    requests = { requests: sumUp(pod, new Map()), scored: sumUp(pod, ASSUMED) };
    known.set(pod, requests);
  }
  return requests;
}

function sumUp(pod: KubeObject, assumed: Amounts): Amounts {
  const total = new Map<string, number>();
  const containers = asRecords(at(pod, "spec", "containers"));
  for (const container of containers) addTo(total, requestsOf(container, assumed));
  const sidecars = new Map<string, number>();
  const peak = new Map<string, number>();
  for (const container of asRecords(at(pod, "spec", "initContainers"))) {
    const requests = requestsOf(container, assumed);
    if (container["restartPolicy"] === "Always") {
      addTo(total, requests);
      addTo(sidecars, requests);
      raiseTo(peak, sidecars);
      continue;
    }
    const together = new Map(sidecars);
    addTo(together, requests);
    raiseTo(peak, together);
  }
  raiseTo(total, peak);
  const whole = amountsOf(at(pod, "spec", "resources", "requests"));
  for (const [name, amount] of whole) total.set(name, amount);
  addTo(total, amountsOf(at(pod, "spec", "overhead")));
  return total;
}

function requestsOf(container: Readonly<Record<string, unknown>>, assumed: Amounts): Amounts {
  return new Map([...assumed, ...amountsOf(at(container, "resources", "requests"))]);
}

/** Amounts of a `ResourceList`; what is not a quantity is left out. */
export function amountsOf(value: unknown): Amounts {
  const amounts = new Map<string, number>();
  for (const [name, text] of Object.entries(asRecord(value))) {
    const amount = parseQuantity(text);
    if (amount !== undefined) amounts.set(name, amount);
  }
  return amounts;
}

function addTo(total: Map<string, number>, amounts: Amounts): void {
  for (const [name, amount] of amounts) total.set(name, (total.get(name) ?? 0) + amount);
}

function raiseTo(total: Map<string, number>, amounts: Amounts): void {
  for (const [name, amount] of amounts) total.set(name, Math.max(total.get(name) ?? 0, amount));
}

/** Sums of what the pods of a node ask for. */
export function usedBy(pods: readonly KubeObject[], kind: keyof PodRequests): Amounts {
  const total = new Map<string, number>();
  for (const pod of pods) addTo(total, podRequests(pod)[kind]);
  return total;
}

export interface HostPort {
  readonly address: string;
  readonly protocol: string;
  readonly port: number;
}

/** Ports of the node that a pod takes. */
export function hostPorts(pod: KubeObject): readonly HostPort[] {
  const sidecars = asRecords(at(pod, "spec", "initContainers")).filter((each) => each["restartPolicy"] === "Always");
  const containers = [...asRecords(at(pod, "spec", "containers")), ...sidecars];
  return containers.flatMap((container) =>
    asRecords(container["ports"])
      .filter((port) => asNumber(port["hostPort"]) > 0)
      .map((port) => ({
        address: asString(port["hostIP"]) || "0.0.0.0",
        protocol: asString(port["protocol"], "TCP"),
        port: asNumber(port["hostPort"]),
      })),
  );
}

/** Whether two pods want the same port: the address 0.0.0.0 stands for all. */
export function portsCollide(a: HostPort, b: HostPort): boolean {
  if (a.port !== b.port || a.protocol !== b.protocol) return false;
  return a.address === b.address || a.address === "0.0.0.0" || b.address === "0.0.0.0";
}
