import type { KubeObject } from "../../../lib/kube/object.ts";
import {
  activeSets,
  annotatedCount,
  compareCreation,
  DESIRED_REPLICAS,
  desiredReplicas,
  isRollingUpdate,
  MAX_REPLICAS,
  maxSurge,
  statusCount,
  sumReplicas,
} from "./deployment-spec.ts";
import { allSets, type Rollout } from "./deployment-status.ts";

export interface SizedSet {
  readonly set: KubeObject;
  readonly replicas: number;
}

/**
 * The sizes of ReplicaSets after a deployment was scaled (pkg/controller/deployment sync.go scale): a single active
 * set takes the new size, a saturated new set ends the old ones, and in the midst of a rollout every set grows or
 * shrinks in proportion to its size.
 */
export function scaledSizes(rollout: Rollout): readonly SizedSet[] {
  const { deployment, newSet, oldSets } = rollout;
  const single = activeOrLatest(rollout);
  if (single !== undefined) return [{ set: single, replicas: desiredReplicas(deployment) }];
  if (isSaturated(deployment, newSet)) return activeSets(oldSets).map((set) => ({ set, replicas: 0 }));
  return isRollingUpdate(deployment) ? proportionalSizes(rollout) : [];
}

/** The one active set, or the latest where none is; `undefined` where several are. */
function activeOrLatest(rollout: Rollout): KubeObject | undefined {
  const active = activeSets(allSets(rollout));
  if (active.length > 1) return undefined;
  return active[0] ?? rollout.newSet ?? rollout.oldSets.toSorted((a, b) => compareCreation(b, a))[0];
}

function isSaturated(deployment: KubeObject, set: KubeObject | undefined): boolean {
  if (set === undefined) return false;
  const replicas = desiredReplicas(deployment);
  return (
    desiredReplicas(set) === replicas &&
    annotatedCount(set, DESIRED_REPLICAS) === replicas &&
    statusCount(set, "availableReplicas") === replicas
  );
}

function proportionalSizes(rollout: Rollout): readonly SizedSet[] {
  const { deployment } = rollout;
  const sets = activeSets(allSets(rollout));
  const replicas = desiredReplicas(deployment);
  const allowed = replicas > 0 ? replicas + maxSurge(deployment) : 0;
  const toAdd = allowed - sumReplicas(sets);
  // Large before small; of equal ones growth goes to the newer and shrinking to the older.
  const youngFirst = toAdd > 0 ? -1 : 1;
  const ordered = sets.toSorted(
    (a, b) => desiredReplicas(b) - desiredReplicas(a) || youngFirst * compareCreation(a, b),
  );
  let added = 0;
  const sizes = ordered.map((set) => {
    const share = toAdd === 0 ? 0 : proportion(set, deployment, toAdd, added);
    added += share;
    return { set, replicas: desiredReplicas(set) + share };
  });
  const [largest, ...others] = sizes;
  if (largest === undefined) return [];
  // What rounding left over goes to the largest.
  return [{ set: largest.set, replicas: Math.max(0, largest.replicas + (toAdd - added)) }, ...others];
}

function proportion(set: KubeObject, deployment: KubeObject, toAdd: number, added: number): number {
  if (desiredReplicas(set) === 0 || toAdd === added) return 0;
  const share = fraction(set, deployment);
  const rest = toAdd - added;
  return toAdd > 0 ? Math.min(share, rest) : Math.max(share, rest);
}

function fraction(set: KubeObject, deployment: KubeObject): number {
  const size = desiredReplicas(set);
  const replicas = desiredReplicas(deployment);
  if (replicas === 0) return -size;
  const before = annotatedCount(set, MAX_REPLICAS) ?? statusCount(deployment, "replicas");
  if (before === 0) return 0;
  return Math.round((size * (replicas + maxSurge(deployment))) / before) - size;
}

/** Whether an active set was sized for another number than the deployment wants now. */
export function isScalingEvent(rollout: Rollout): boolean {
  const replicas = desiredReplicas(rollout.deployment);
  return activeSets(allSets(rollout)).some((set) => {
    const desired = annotatedCount(set, DESIRED_REPLICAS);
    return desired !== undefined && desired !== replicas;
  });
}
