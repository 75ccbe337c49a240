import { isDeepStrictEqual } from "node:util";
import { errorMessage } from "../../../lib/errors.ts";
import { asNumber, asRecord, at, type KubeObject } from "../../../lib/kube/object.ts";
import { formatTime } from "../../machinery/time.ts";
import { conditionsOf, isPodAvailable, isPodReady, isPodTerminating, type Condition } from "../runtime/pod-state.ts";

/** What the last attempt to change the number of pods came to. */
export interface ManageFailure {
  readonly reason: "FailedCreate" | "FailedDelete";
  readonly error: unknown;
}

/**
 * The status of a ReplicaSet (pkg/controller/replicaset calculateStatus). Counts that are zero are left out, as
 * upstream's JSON does, but `replicas`.
 */
export function replicaSetStatus(options: {
  readonly replicaSet: KubeObject;
  readonly activePods: readonly KubeObject[];
  /** All pods of the set, finished and terminating ones too. */
  readonly pods: readonly KubeObject[];
  readonly failure: ManageFailure | undefined;
  readonly now: number;
}): Readonly<Record<string, unknown>> {
  const { replicaSet, activePods, now } = options;
  const templateLabels = Object.entries(asRecord(at(replicaSet, "spec", "template", "metadata", "labels")));
  const minReadySeconds = asNumber(at(replicaSet, "spec", "minReadySeconds"));
  const fullyLabeled = activePods.filter((pod) =>
    templateLabels.every(([key, value]) => pod.metadata.labels?.[key] === value),
  );
  const conditions = withFailure(conditionsOf(replicaSet), options.failure, now);
  return {
    replicas: activePods.length,
    ...counted("fullyLabeledReplicas", fullyLabeled.length),
    ...counted("readyReplicas", activePods.filter(isPodReady).length),
    ...counted("availableReplicas", activePods.filter((pod) => isPodAvailable(pod, minReadySeconds, now)).length),
    terminatingReplicas: options.pods.filter(isPodTerminating).length,
    ...counted("observedGeneration", replicaSet.metadata.generation ?? 0),
    ...(conditions.length === 0 ? {} : { conditions }),
  };
}

export function statusChanged(object: KubeObject, status: Readonly<Record<string, unknown>>): boolean {
  return !isDeepStrictEqual(asRecord(object["status"]), status);
}

function withFailure(
  conditions: readonly Condition[],
  failure: ManageFailure | undefined,
  now: number,
): readonly Condition[] {
  const known = conditions.find((condition) => condition.type === "ReplicaFailure");
  if (failure === undefined) return conditions.filter((condition) => condition !== known);
  if (known !== undefined) return conditions;
  const condition = {
    type: "ReplicaFailure",
    status: "True",
    lastTransitionTime: formatTime(now),
    reason: failure.reason,
    message: errorMessage(failure.error),
  };
  return [...conditions, condition];
}

function counted(field: string, count: number): Readonly<Record<string, number>> {
  return count === 0 ? {} : { [field]: count };
}
