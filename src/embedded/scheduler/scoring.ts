import { at, type KubeObject } from "../../lib/kube/object.ts";
import { preferredNodeWeight, taintsOf, untolerated } from "./node-selection.ts";
import type { Topology } from "./pod-affinity.ts";
import { amountsOf, usedBy } from "./pod-requests.ts";

/** How well a node suits a pod, 0 to about 600: upstream's plugins with their weights. Only nodes that passed the filters. */
function scoreNode(pod: KubeObject, node: KubeObject, topology: Topology): number {
  return (
    leastRequested(pod, node, topology.podsOn(node)) +
    2 * Math.min(100, preferredNodeWeight(pod, node)) +
    3 * (untolerated(pod, taintsOf(node), ["PreferNoSchedule"]).length === 0 ? 100 : 0)
  );
}

/** The mean of what stays free of CPU and memory, in percent (plugin NodeResourcesFit, LeastAllocated). */
function leastRequested(pod: KubeObject, node: KubeObject, pods: readonly KubeObject[]): number {
  const allocatable = amountsOf(at(node, "status", "allocatable"));
  const used = usedBy([...pods, pod], "scored");
  const free = ["cpu", "memory"].map((name) => {
    const all = allocatable.get(name) ?? 0;
    return all === 0 ? 0 : Math.max(0, ((all - (used.get(name) ?? 0)) / all) * 100);
  });
  return free.reduce((sum, percent) => sum + percent, 0) / free.length;
}

/** The best node; of equally good ones the first by name. */
export function bestNode(pod: KubeObject, nodes: readonly KubeObject[], topology: Topology): KubeObject | undefined {
  if (nodes.length < 2) return nodes[0];
  let best: { readonly node: KubeObject; readonly score: number } | undefined;
  for (const node of nodes.toSorted((a, b) => ((a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1))) {
    const score = scoreNode(pod, node, topology);
    if (best === undefined || score > best.score) best = { node, score };
  }
  return best?.node;
}
