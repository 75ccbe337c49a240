import type { Cluster, MetricsSnapshot } from "../cluster/cluster.ts";
import { Disposer } from "../lib/disposer.ts";
import { at } from "../lib/kube/object.ts";
import { parseQuantity } from "../lib/quantity.ts";
import { createValue, type Subscribable } from "../lib/subscribable.ts";
import { kinds } from "../resources/kinds/index.gen.ts";
import { findResource } from "../state/resource-names.ts";

/** What of the allocatable capacity of all nodes is in use. */
export interface MeasuredUsage {
  /** Shares, 0 to 1. */
  readonly cpu: number;
  readonly memory: number;
  /** The whole: cores and bytes. */
  readonly cores: number;
  readonly bytes: number;
}

/** `missing` says why nothing is measured; `undefined` while it is not known yet. */
export type ClusterUsage = MeasuredUsage | { readonly missing: string } | undefined;

const MISSING: Readonly<Record<Exclude<MetricsSnapshot["state"], "unknown" | "available">, string>> = {
  absent: "no metrics API",
  denied: "metrics not allowed",
  failed: "metrics do not answer",
};

/** CPU and memory of a whole cluster, from its metrics API and its nodes; nothing is asked where there is no metrics API. */
export function followClusterUsage(cluster: Cluster): { readonly usage: Subscribable<ClusterUsage>; end(): void } {
  const usage = createValue<ClusterUsage>(undefined);
  const all = new Disposer();
  let nodes: Disposer | undefined;
  const set = (next: ClusterUsage): void => {
    // Drawn again only when it reads otherwise.
    if (JSON.stringify(next) !== JSON.stringify(usage.get())) usage.set(next);
  };
  const read = (): void => {
    const metrics = cluster.metrics.get();
    const resource = findResource("nodes", cluster.catalog.get().resources, kinds);
    if (metrics.state !== "available" || resource === undefined) {
      const { state } = metrics;
      set(state === "unknown" || state === "available" ? undefined : { missing: MISSING[state] });
      return;
    }
    const store = cluster.store({ resource, namespace: "", form: "objects" });
    if (nodes === undefined) {
      nodes = new Disposer();
      nodes.add(store.subscribe(read));
      all.add(() => nodes?.dispose());
    }
    const { status, rows } = store.get();
    set(status.state === "denied" ? { missing: "nodes not allowed" } : sum(cluster, rows.values()));
  };
  all.add(cluster.metrics.subscribe(read));
  read();
  return { usage, end: () => all.dispose() };
}

function sum(cluster: Cluster, rows: Iterable<{ readonly object: Readonly<Record<string, unknown>> }>): ClusterUsage {
  const [used, whole] = [
    { cpu: 0, memory: 0 },
    { cpu: 0, memory: 0 },
  ];
  for (const node of cluster.metrics.get().nodes.values()) {
    used.cpu += node.cpu;
    used.memory += node.memory;
  }
  for (const { object } of rows) {
    whole.cpu += parseQuantity(at(object, "status", "allocatable", "cpu")) ?? 0;
    whole.memory += parseQuantity(at(object, "status", "allocatable", "memory")) ?? 0;
  }
  if (whole.cpu === 0 || whole.memory === 0) return undefined;
  return {
    cpu: round(used.cpu / whole.cpu),
    memory: round(used.memory / whole.memory),
    cores: whole.cpu,
    bytes: whole.memory,
  };
}

/**
 * Whole percents: what the header shows. Samples of several moments, and what the system itself uses beside what can be
 * allocated, may add up to more than the whole: no more than that is in use.
 */
function round(share: number): number {
  return Math.min(1, Math.round(share * 100) / 100);
}
