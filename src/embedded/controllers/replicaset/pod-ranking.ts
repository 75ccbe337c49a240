import { asNumber, asRecords, at, type KubeObject } from "../../../lib/kube/object.ts";
import { isPodActive, isPodReady, nodeNameOf, podPhase, podReadyTime, timeOf } from "../runtime/pod-state.ts";

const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";

/**
 * The `count` pods to delete first when a ReplicaSet shrinks (pkg/controller ActivePodsWithRanks): unassigned before
 * assigned, pending before running, not ready before ready, cheap before dear, doubled up on a node before alone,
 * young before old, restarted before steady.
 * @param related active pods that count for doubling up: those of every ReplicaSet of the same deployment
 */
export function podsToDelete(
  pods: readonly KubeObject[],
  related: readonly KubeObject[],
  count: number,
  now: number,
): readonly KubeObject[] {
  if (count >= pods.length) return pods;
  const perNode = new Map<string, number>();
  for (const pod of related) {
    if (!isPodActive(pod)) continue;
    const node = nodeNameOf(pod);
    perNode.set(node, (perNode.get(node) ?? 0) + 1);
  }
  const rank = (pod: KubeObject): number => perNode.get(nodeNameOf(pod)) ?? 0;
  return pods.toSorted((a, b) => comparePods(a, b, rank(a), rank(b), now)).slice(0, count);
}

function comparePods(a: KubeObject, b: KubeObject, rankA: number, rankB: number, now: number): number {
  return (
    Number(nodeNameOf(a) !== "") - Number(nodeNameOf(b) !== "") ||
    phaseRank(a) - phaseRank(b) ||
    Number(isPodReady(a)) - Number(isPodReady(b)) ||
    deletionCost(a) - deletionCost(b) ||
    rankB - rankA ||
    compareAges(readyTimeOrZero(a), readyTimeOrZero(b), a, b, now) ||
    compareRestarts(a, b) ||
    compareAges(timeOf(a.metadata.creationTimestamp), timeOf(b.metadata.creationTimestamp), a, b, now)
  );
}

function phaseRank(pod: KubeObject): number {
  switch (podPhase(pod)) {
    case "Unknown":
      return 1;
    case "Running":
      return 2;
    default:
      return 0;
  }
}

function deletionCost(pod: KubeObject): number {
  const cost = Number(pod.metadata.annotations?.[DELETION_COST] ?? "0");
  return Number.isInteger(cost) ? cost : 0;
}

function readyTimeOrZero(pod: KubeObject): number {
  return isPodReady(pod) ? podReadyTime(pod) : 0;
}

/** No time first, then young before old; ages of the same power of two are equal and the uid decides. */
function compareAges(timeA: number, timeB: number, a: KubeObject, b: KubeObject, now: number): number {
  if (timeA === timeB) return 0;
  if (timeA === 0 || timeB === 0) return timeA === 0 ? -1 : 1;
  const difference = logarithm(now - timeA) - logarithm(now - timeB);
  if (difference !== 0) return difference;
  return (a.metadata.uid ?? "") < (b.metadata.uid ?? "") ? -1 : 1;
}

/** Upstream takes it of nanoseconds, which decides where the steps lie. */
function logarithm(milliseconds: number): number {
  return milliseconds > 0 ? Math.floor(Math.log2(milliseconds * 1e6)) : -1;
}

function compareRestarts(a: KubeObject, b: KubeObject): number {
  return maxRestarts(b, "containerStatuses") - maxRestarts(a, "containerStatuses");
}

function maxRestarts(pod: KubeObject, field: string): number {
  const counts = asRecords(at(pod, "status", field)).map((status) => asNumber(status["restartCount"]));
  return Math.max(0, ...counts);
}
