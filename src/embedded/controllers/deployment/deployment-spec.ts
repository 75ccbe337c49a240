import { asNumber, asRecord, asString, at, type KubeObject } from "../../../lib/kube/object.ts";
import { isSemanticallyEqual } from "../runtime/semantic-equality.ts";
import { scaledValue } from "../runtime/intstr.ts";
import { timeOf } from "../runtime/pod-state.ts";

/** The label that tells the pods of one template from those of another. */
export const TEMPLATE_HASH = "pod-template-hash";
export const REVISION = "deployment.kubernetes.io/revision";
export const REVISION_HISTORY = "deployment.kubernetes.io/revision-history";
export const DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas";
export const MAX_REPLICAS = "deployment.kubernetes.io/max-replicas";

/** How upstream says "no limit" in an `int32`. */
const MAX_INT32 = 2 ** 31 - 1;

/** `spec.replicas` of a deployment or ReplicaSet. */
export function desiredReplicas(object: KubeObject): number {
  return asNumber(at(object, "spec", "replicas"));
}

/** A count of `status`, 0 where it is left out. */
export function statusCount(object: KubeObject, field: string): number {
  return asNumber(at(object, "status", field));
}

export function isRollingUpdate(deployment: KubeObject): boolean {
  return asString(at(deployment, "spec", "strategy", "type"), "RollingUpdate") === "RollingUpdate";
}

export function isPaused(deployment: KubeObject): boolean {
  return at(deployment, "spec", "paused") === true;
}

/** Seconds; `undefined` where progress has no deadline. */
export function progressDeadline(deployment: KubeObject): number | undefined {
  return limitOf(at(deployment, "spec", "progressDeadlineSeconds"));
}

/** Old ReplicaSets to keep; `undefined` for all. */
export function revisionHistoryLimit(deployment: KubeObject): number | undefined {
  return limitOf(at(deployment, "spec", "revisionHistoryLimit"));
}

function limitOf(value: unknown): number | undefined {
  return typeof value === "number" && value !== MAX_INT32 ? value : undefined;
}

/** Pods that may exist beyond the wanted number while rolling. */
export function maxSurge(deployment: KubeObject): number {
  return isRollingUpdate(deployment) ? fenceposts(deployment).surge : 0;
}

/** Pods that may be missing while rolling: at most all. */
export function maxUnavailable(deployment: KubeObject): number {
  const replicas = desiredReplicas(deployment);
  if (!isRollingUpdate(deployment) || replicas === 0) return 0;
  return Math.min(fenceposts(deployment).unavailable, replicas);
}

/** Surge is rounded up, unavailability down; if both come to nothing one pod may be missing, else nothing could move. */
function fenceposts(deployment: KubeObject): { readonly surge: number; readonly unavailable: number } {
  const replicas = desiredReplicas(deployment);
  const rolling = asRecord(at(deployment, "spec", "strategy", "rollingUpdate"));
  const surge = scaledValue(rolling["maxSurge"], replicas, "up");
  const unavailable = scaledValue(rolling["maxUnavailable"], replicas, "down");
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable };
}

export function sumReplicas(sets: readonly KubeObject[]): number {
  return sets.reduce((sum, set) => sum + desiredReplicas(set), 0);
}

export function sumStatus(sets: readonly KubeObject[], field: string): number {
  return sets.reduce((sum, set) => sum + statusCount(set, field), 0);
}

export function activeSets(sets: readonly KubeObject[]): readonly KubeObject[] {
  return sets.filter((set) => desiredReplicas(set) > 0);
}

/** The revision annotation as a number, 0 where there is none. */
export function revisionOf(object: KubeObject): number {
  const revision = Number(object.metadata.annotations?.[REVISION] ?? "0");
  return Number.isInteger(revision) ? revision : 0;
}

/** A count in an annotation, `undefined` where it is missing or no number. */
export function annotatedCount(object: KubeObject, annotation: string): number | undefined {
  const text = object.metadata.annotations?.[annotation];
  const count = text === undefined ? Number.NaN : Number(text);
  return Number.isInteger(count) ? count : undefined;
}

/** Old before young, then by name (upstream ReplicaSetsByCreationTimestamp). */
export function compareCreation(a: KubeObject, b: KubeObject): number {
  const difference = timeOf(a.metadata.creationTimestamp) - timeOf(b.metadata.creationTimestamp);
  return difference || compareNames(a, b);
}

function compareNames(a: KubeObject, b: KubeObject): number {
  return (a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1;
}

/** The ReplicaSet of the deployment's present template: the oldest where there are several. */
export function findNewSet(deployment: KubeObject, sets: readonly KubeObject[]): KubeObject | undefined {
  const template = at(deployment, "spec", "template");
  return sets.toSorted(compareCreation).find((set) => isSameTemplate(at(set, "spec", "template"), template));
}

/** Whether two pod templates are equal but for the hash label. */
export function isSameTemplate(a: unknown, b: unknown): boolean {
  return isSemanticallyEqual(withoutHash(a), withoutHash(b));
}

function withoutHash(template: unknown): unknown {
  const metadata = asRecord(at(template, "metadata"));
  const { [TEMPLATE_HASH]: _hash, ...labels } = asRecord(metadata["labels"]);
  return { ...asRecord(template), metadata: { ...metadata, labels } };
}
