import { asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { matchesNodeAffinity, toleratesTaints, toleratesUnschedulable } from "./node-selection.ts";
import { podAffinityFault, type Topology } from "./pod-affinity.ts";
import { amountsOf, hostPorts, podRequests, portsCollide, usedBy } from "./pod-requests.ts";

/** Why a pod cannot run on a node. */
export interface FilterFault {
  /** In the words of upstream's plugins. */
  readonly reasons: readonly string[];
  /** No pod that went would help. */
  readonly unresolvable: boolean;
}

/** Runs the filters in upstream's order; the first that refuses says why. `undefined` where the node will do. */
export function filterNode(pod: KubeObject, node: KubeObject, topology: Topology): FilterFault | undefined {
  if (at(node, "spec", "unschedulable") === true && !toleratesUnschedulable(pod)) {
    return unresolvable("node(s) were unschedulable");
  }
  const nodeName = asString(at(pod, "spec", "nodeName"));
  if (nodeName !== "" && nodeName !== node.metadata.name) {
    return unresolvable("node(s) didn't match the requested node name");
  }
  if (!toleratesTaints(pod, node, ["NoSchedule", "NoExecute"])) return unresolvable("node(s) had untolerated taint(s)");
  if (!matchesNodeAffinity(pod, node)) return unresolvable("node(s) didn't match Pod's node affinity/selector");
  const pods = topology.podsOn(node);
  if (portsTaken(pod, pods)) {
    return { reasons: ["node(s) didn't have free ports for the requested pod ports"], unresolvable: false };
  }
  return fitFault(pod, node, pods) ?? affinityFault(pod, node, topology);
}

function unresolvable(reason: string): FilterFault {
  return { reasons: [reason], unresolvable: true };
}

function portsTaken(pod: KubeObject, pods: readonly KubeObject[]): boolean {
  const wanted = hostPorts(pod);
  if (wanted.length === 0) return false;
  const taken = pods.flatMap(hostPorts);
  return wanted.some((port) => taken.some((other) => portsCollide(port, other)));
}

/** Plugin NodeResourcesFit: every resource that does not fit is named. */
function fitFault(pod: KubeObject, node: KubeObject, pods: readonly KubeObject[]): FilterFault | undefined {
  const allocatable = amountsOf(at(node, "status", "allocatable"));
  const reasons: string[] = [];
  let hopeless = false;
  if (pods.length + 1 > (allocatable.get("pods") ?? 0)) reasons.push("Too many pods");
  const used = usedBy(pods, "requests");
  for (const [name, amount] of podRequests(pod).requests) {
    if (amount === 0) continue;
    const available = allocatable.get(name) ?? 0;
    // Sums of fractions of cores must not fail by the last bit.
    if (amount <= available - (used.get(name) ?? 0) + 1e-9) continue;
    reasons.push(`Insufficient ${name}`);
    if (amount > available) hopeless = true;
  }
  return reasons.length === 0 ? undefined : { reasons, unresolvable: hopeless };
}

function affinityFault(pod: KubeObject, node: KubeObject, topology: Topology): FilterFault | undefined {
  const fault = podAffinityFault(pod, node, topology);
  // Only a missing companion cannot be helped by removing pods.
  return fault === undefined ? undefined : { reasons: [fault], unresolvable: fault.includes("pod affinity rules") };
}

/**
 * The message of a pod that fits nowhere, as upstream words it:
 * `0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for
 * incoming pod.`
 */
export function unschedulableMessage(faults: readonly FilterFault[]): string {
  if (faults.length === 0) return "no nodes available to schedule pods";
  const head = `0/${faults.length} nodes are available`;
  const preemption = faults.map((fault) =>
    fault.unresolvable ? "Preemption is not helpful for scheduling" : "No preemption victims found for incoming pod",
  );
  return `${head}: ${counted(faults.flatMap((fault) => fault.reasons))}. preemption: ${head}: ${counted(preemption)}.`;
}

/** `1 Insufficient cpu, 2 Too many pods`, sorted as text. */
function counted(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return Array.from(counts, ([reason, count]) => `${count} ${reason}`)
    .toSorted()
    .join(", ");
}
