import { asNumber, at, type KubeObject } from "../../../lib/kube/object.ts";
import { formatTime } from "../../machinery/time.ts";
import { conditionsOf, timeOf, type Condition } from "../runtime/pod-state.ts";
import { desiredReplicas, maxUnavailable, progressDeadline, sumReplicas, sumStatus } from "./deployment-spec.ts";

/** `status` of a deployment while it is worked out; counts of zero are left out when it is written. */
export interface DeploymentStatus {
  readonly observedGeneration: number;
  readonly replicas: number;
  readonly updatedReplicas: number;
  readonly readyReplicas: number;
  readonly availableReplicas: number;
  readonly unavailableReplicas: number;
  readonly terminatingReplicas: number | undefined;
  readonly collisionCount: number | undefined;
  readonly conditions: readonly Condition[];
}

/** A deployment with its ReplicaSets; `newSet` is the one of the present template. */
export interface Rollout {
  readonly deployment: KubeObject;
  readonly newSet: KubeObject | undefined;
  readonly oldSets: readonly KubeObject[];
}

export function allSets(rollout: Rollout): readonly KubeObject[] {
  return rollout.newSet === undefined ? rollout.oldSets : [...rollout.oldSets, rollout.newSet];
}

/** The status as it is stored. */
export function storedStatus(deployment: KubeObject): DeploymentStatus {
  const count = (field: string): number => asNumber(at(deployment, "status", field));
  const optional = (field: string): number | undefined => {
    const value = at(deployment, "status", field);
    return typeof value === "number" ? value : undefined;
  };
  return {
    observedGeneration: count("observedGeneration"),
    replicas: count("replicas"),
    updatedReplicas: count("updatedReplicas"),
    readyReplicas: count("readyReplicas"),
    availableReplicas: count("availableReplicas"),
    unavailableReplicas: count("unavailableReplicas"),
    terminatingReplicas: optional("terminatingReplicas"),
    collisionCount: optional("collisionCount"),
    conditions: conditionsOf(deployment),
  };
}

/** As JSON has it: fields that are zero or empty are left out, but those upstream keeps as pointers. */
export function statusFields(status: DeploymentStatus): Readonly<Record<string, unknown>> {
  const fields = Object.entries(status).filter(([field, value]) => {
    if (value === undefined) return false;
    if (field === "terminatingReplicas" || field === "collisionCount") return true;
    return Array.isArray(value) ? value.length > 0 : value !== 0;
  });
  return Object.fromEntries(fields);
}

/** Counts and the `Available` condition (pkg/controller/deployment sync.go calculateStatus). */
export function calculateStatus(rollout: Rollout, now: number): DeploymentStatus {
  const { deployment, newSet } = rollout;
  const sets = allSets(rollout);
  const availableReplicas = sumStatus(sets, "availableReplicas");
  const before = storedStatus(deployment);
  const enough = availableReplicas >= desiredReplicas(deployment) - maxUnavailable(deployment);
  const available = enough
    ? newCondition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now)
    : newCondition(
        "Available",
        "False",
        "MinimumReplicasUnavailable",
        "Deployment does not have minimum availability.",
        now,
      );
  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: sumStatus(sets, "replicas"),
    updatedReplicas: newSet === undefined ? 0 : sumStatus([newSet], "replicas"),
    readyReplicas: sumStatus(sets, "readyReplicas"),
    availableReplicas,
    unavailableReplicas: Math.max(0, sumReplicas(sets) - availableReplicas),
    terminatingReplicas: sumStatus(sets, "terminatingReplicas"),
    collisionCount: before.collisionCount,
    conditions: withCondition(before.conditions, available),
  };
}

export function newCondition(type: string, status: string, reason: string, message: string, now: number): Condition {
  const time = formatTime(now);
  return { type, status, lastUpdateTime: time, lastTransitionTime: time, reason, message };
}

export function findCondition(conditions: readonly Condition[], type: string): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

/** Sets a condition unless it is there with the same status and reason (upstream SetDeploymentCondition). */
export function withCondition(conditions: readonly Condition[], condition: Condition): readonly Condition[] {
  const known = findCondition(conditions, condition.type);
  if (known?.status === condition.status && known.reason === condition.reason) return conditions;
  const keepsTransition = known?.status === condition.status && known.lastTransitionTime !== undefined;
  const next = keepsTransition ? { ...condition, lastTransitionTime: known.lastTransitionTime } : condition;
  return [...withoutCondition(conditions, condition.type), next];
}

export function withoutCondition(conditions: readonly Condition[], type: string): readonly Condition[] {
  return conditions.filter((condition) => condition.type !== type);
}

/** Every pod is of the new template and available, and this is said of the present spec. */
export function isComplete(deployment: KubeObject, status: DeploymentStatus): boolean {
  const replicas = desiredReplicas(deployment);
  return (
    status.updatedReplicas === replicas &&
    status.replicas === replicas &&
    status.availableReplicas === replicas &&
    status.observedGeneration >= (deployment.metadata.generation ?? 0)
  );
}

function isProgressing(before: DeploymentStatus, status: DeploymentStatus): boolean {
  return (
    status.updatedReplicas > before.updatedReplicas ||
    status.replicas - status.updatedReplicas < before.replicas - before.updatedReplicas ||
    status.readyReplicas > before.readyReplicas ||
    status.availableReplicas > before.availableReplicas
  );
}

function isTimedOut(deadline: number, status: DeploymentStatus, now: number): boolean {
  const condition = findCondition(status.conditions, "Progressing");
  if (condition === undefined || condition.reason === "NewReplicaSetAvailable") return false;
  if (condition.reason === "ProgressDeadlineExceeded") return true;
  return timeOf(condition.lastUpdateTime) + deadline * 1000 < now;
}

/** Counts and all conditions during a rollout (pkg/controller/deployment progress.go syncRolloutStatus). */
export function calculateRolloutStatus(rollout: Rollout, now: number): DeploymentStatus {
  const { deployment, newSet } = rollout;
  const status = calculateStatus(rollout, now);
  const before = storedStatus(deployment);
  const deadline = progressDeadline(deployment);
  let conditions = status.conditions;
  const current = findCondition(before.conditions, "Progressing");
  const wasComplete = status.replicas === status.updatedReplicas && current?.reason === "NewReplicaSetAvailable";
  if (deadline === undefined) conditions = withoutCondition(conditions, "Progressing");
  else if (!wasComplete) {
    const subject =
      newSet === undefined
        ? `Deployment "${deployment.metadata.name ?? ""}"`
        : `ReplicaSet "${newSet.metadata.name ?? ""}"`;
    const progressing = (state: string, reason: string, text: string): Condition =>
      newCondition("Progressing", state, reason, `${subject} ${text}`, now);
    if (isComplete(deployment, status)) {
      const done = progressing("True", "NewReplicaSetAvailable", "has successfully progressed.");
      conditions = withCondition(conditions, done);
    } else if (isProgressing(before, status)) {
      // Set anew each time: lastUpdateTime is what the deadline counts from.
      const condition = progressing("True", "ReplicaSetUpdated", "is progressing.");
      const kept = current?.status === "True" ? current.lastTransitionTime : undefined;
      conditions = [
        ...withoutCondition(conditions, "Progressing"),
        kept === undefined ? condition : { ...condition, lastTransitionTime: kept },
      ];
    } else if (isTimedOut(deadline, status, now)) {
      const late = progressing("False", "ProgressDeadlineExceeded", "has timed out progressing.");
      conditions = withCondition(conditions, late);
    }
  }
  return { ...status, conditions: withReplicaFailure(conditions, rollout) };
}

/** A failure of the new ReplicaSet counts before one of the old. */
function withReplicaFailure(conditions: readonly Condition[], rollout: Rollout): readonly Condition[] {
  const sets = rollout.newSet === undefined ? rollout.oldSets : [rollout.newSet, ...rollout.oldSets];
  for (const set of sets) {
    const failure = findCondition(conditionsOf(set), "ReplicaFailure");
    if (failure === undefined) continue;
    const lastUpdateTime = failure.lastTransitionTime;
    return withCondition(conditions, lastUpdateTime === undefined ? failure : { ...failure, lastUpdateTime });
  }
  return withoutCondition(conditions, "ReplicaFailure");
}

/** Milliseconds until the deadline can have passed; `undefined` where nothing is awaited. */
export function deadlineIn(deployment: KubeObject, status: DeploymentStatus, now: number): number | undefined {
  const deadline = progressDeadline(deployment);
  const condition = findCondition(storedStatus(deployment).conditions, "Progressing");
  if (deadline === undefined || condition === undefined) return undefined;
  if (isComplete(deployment, status) || condition.reason === "ProgressDeadlineExceeded") return undefined;
  return timeOf(condition.lastUpdateTime) + deadline * 1000 - now + 1000;
}
