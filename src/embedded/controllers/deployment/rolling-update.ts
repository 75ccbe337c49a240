import type { KubeObject } from "../../../lib/kube/object.ts";
import {
  compareCreation,
  desiredReplicas,
  isRollingUpdate,
  maxSurge,
  maxUnavailable,
  statusCount,
  sumReplicas,
  sumStatus,
} from "./deployment-spec.ts";
import { allSets, type Rollout } from "./deployment-status.ts";
import type { SizedSet } from "./proportional-scaling.ts";

/**
 * The size the new ReplicaSet may have now (pkg/controller/deployment/util NewRSNewReplicas): as many more as surge
 * leaves room for.
 * @param size its size so far, 0 for one that does not exist yet
 */
export function newSetSize(deployment: KubeObject, sets: readonly KubeObject[], size: number): number {
  const replicas = desiredReplicas(deployment);
  if (!isRollingUpdate(deployment)) return replicas;
  const room = replicas + maxSurge(deployment) - sumReplicas(sets);
  if (room <= 0) return size;
  return size + Math.min(room, replicas - size);
}

/**
 * The sizes the old ReplicaSets may have now without fewer pods than `maxUnavailable` allows being available
 * (pkg/controller/deployment rolling.go): first those that are not available go, then, oldest set first, as many
 * available ones as can be spared. Only sets that change are named.
 */
export function oldSetSizes(rollout: Rollout): readonly SizedSet[] {
  const { deployment, newSet, oldSets } = rollout;
  if (newSet === undefined || sumReplicas(oldSets) === 0) return [];
  const minAvailable = desiredReplicas(deployment) - maxUnavailable(deployment);
  const sets = allSets(rollout);
  const newUnavailable = desiredReplicas(newSet) - statusCount(newSet, "availableReplicas");
  const spare = sumReplicas(sets) - minAvailable - newUnavailable;
  if (spare <= 0) return [];

  const ordered = oldSets.toSorted(compareCreation);
  const sizes = new Map(ordered.map((set) => [set, desiredReplicas(set)]));
  let cleaned = 0;
  for (const [set, size] of sizes) {
    const unavailable = size - statusCount(set, "availableReplicas");
    const drop = Math.min(spare - cleaned, unavailable);
    if (drop <= 0 || size === 0) continue;
    sizes.set(set, size - drop);
    cleaned += drop;
  }
  let surplus = sumStatus(sets, "availableReplicas") - minAvailable;
  for (const [set, size] of sizes) {
    const drop = Math.min(size, surplus);
    if (drop <= 0) continue;
    sizes.set(set, size - drop);
    surplus -= drop;
  }
  const changed = ordered.filter((set) => sizes.get(set) !== desiredReplicas(set));
  return changed.map((set) => ({ set, replicas: sizes.get(set) ?? 0 }));
}
