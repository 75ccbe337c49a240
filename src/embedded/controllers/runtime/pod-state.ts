import { asArray, asString, at, isRecord, type KubeObject } from "../../../lib/kube/object.ts";

export function podPhase(pod: KubeObject): string {
  return asString(at(pod, "status", "phase"));
}

/** Succeeded or Failed: it will never run again. */
export function isPodTerminal(pod: KubeObject): boolean {
  const phase = podPhase(pod);
  return phase === "Succeeded" || phase === "Failed";
}

/** Neither finished nor being deleted: what a controller counts (upstream IsPodActive). */
export function isPodActive(pod: KubeObject): boolean {
  return !isPodTerminal(pod) && pod.metadata.deletionTimestamp === undefined;
}

/** Being deleted but not finished yet (upstream IsPodTerminating). */
export function isPodTerminating(pod: KubeObject): boolean {
  return !isPodTerminal(pod) && pod.metadata.deletionTimestamp !== undefined;
}

export function nodeNameOf(pod: KubeObject): string {
  return asString(at(pod, "spec", "nodeName"));
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly lastUpdateTime?: string;
}

/** `status.conditions` of any object; entries without a type and a status are left out. */
export function conditionsOf(object: KubeObject): readonly Condition[] {
  return asArray(at(object, "status", "conditions")).filter(isCondition);
}

function isCondition(value: unknown): value is Condition {
  return isRecord(value) && typeof value["type"] === "string" && typeof value["status"] === "string";
}

export function conditionOf(object: KubeObject, type: string): Condition | undefined {
  return conditionsOf(object).find((condition) => condition.type === type);
}

export function isPodReady(pod: KubeObject): boolean {
  return conditionOf(pod, "Ready")?.status === "True";
}

/** When the pod became ready, in milliseconds since the epoch; 0 where it is not ready or does not say. */
export function podReadyTime(pod: KubeObject): number {
  const ready = conditionOf(pod, "Ready");
  return ready?.status === "True" ? timeOf(ready.lastTransitionTime) : 0;
}

/** Ready for at least `minReadySeconds` (upstream IsPodAvailable). */
export function isPodAvailable(pod: KubeObject, minReadySeconds: number, now: number): boolean {
  return availableIn(pod, minReadySeconds, now) === 0;
}

/** Milliseconds until a ready pod counts as available: 0 when it does now, `undefined` for one that is not ready. */
export function availableIn(pod: KubeObject, minReadySeconds: number, now: number): number | undefined {
  if (!isPodReady(pod)) return undefined;
  if (minReadySeconds === 0) return 0;
  const since = podReadyTime(pod);
  return since === 0 ? undefined : Math.max(0, since + minReadySeconds * 1000 - now);
}

/** Milliseconds since the epoch of an RFC 3339 text, 0 where there is none. */
export function timeOf(timestamp: string | null | undefined): number {
  const time = Date.parse(timestamp ?? "");
  return Number.isNaN(time) ? 0 : time;
}
