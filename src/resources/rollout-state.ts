import { asNumber, asRecords, at, type KubeObject } from "../lib/kube/object.ts";
import type { Column, Tone } from "./kind.ts";

/** Where a rollout stands. */
export interface RolloutState {
  readonly word: "Complete" | "Progressing" | "Paused" | "Stalled" | "Waiting" | "Terminating";
  readonly tone: Tone;
}

interface Counts {
  readonly wanted: number;
  readonly updated: number;
  readonly available: number;
  /** Every pod counts, of old revisions too. */
  readonly total: number;
}

/** The ROLLOUT column of a workload. */
export function rolloutColumn(state: (object: KubeObject) => RolloutState): Column {
  return {
    id: "rollout",
    title: "ROLLOUT",
    keep: 6,
    text: (object) => state(object).word,
    tone: (object) => state(object).tone,
  };
}

/** By the rules of `kubectl rollout status` (polymorphichelpers/rollout_status.go). */
export function deploymentRollout(object: KubeObject): RolloutState {
  const status = (field: string): number => asNumber(at(object, "status", field));
  const wanted = asNumber(at(object, "spec", "replicas"), 1);
  const progressing = asRecords(at(object, "status", "conditions")).find(
    (condition) => condition["type"] === "Progressing",
  );
  if (object.metadata.deletionTimestamp !== undefined) return { word: "Terminating", tone: "muted" };
  if (progressing?.["reason"] === "ProgressDeadlineExceeded") return { word: "Stalled", tone: "error" };
  const [updated, available] = [status("updatedReplicas"), status("availableReplicas")];
  const done = isObserved(object) && isDone({ wanted, updated, available, total: status("replicas") });
  if (at(object, "spec", "paused") === true) return { word: "Paused", tone: done ? "muted" : "warning" };
  return stateOf(done, wanted, available);
}

export function statefulSetRollout(object: KubeObject): RolloutState {
  const status = (field: string): number => asNumber(at(object, "status", field));
  const wanted = asNumber(at(object, "spec", "replicas"), 1);
  if (object.metadata.deletionTimestamp !== undefined) return { word: "Terminating", tone: "muted" };
  const ready = status("readyReplicas");
  const onDelete = at(object, "spec", "updateStrategy", "type") === "OnDelete";
  const partition = asNumber(at(object, "spec", "updateStrategy", "rollingUpdate", "partition"));
  const updated = status("updatedReplicas");
  // A server that never had another revision names none.
  const sameRevision = at(object, "status", "updateRevision") === at(object, "status", "currentRevision");
  const wantsUpdated = sameRevision ? 0 : Math.max(0, wanted - partition);
  const done = isObserved(object) && ready >= wanted && (onDelete || updated >= wantsUpdated);
  if (done && onDelete && !sameRevision && updated < wanted) return { word: "Waiting", tone: "progress" };
  return stateOf(done, wanted, ready);
}

export function daemonSetRollout(object: KubeObject): RolloutState {
  const status = (field: string): number => asNumber(at(object, "status", field));
  const wanted = status("desiredNumberScheduled");
  if (object.metadata.deletionTimestamp !== undefined) return { word: "Terminating", tone: "muted" };
  const [updated, available] = [status("updatedNumberScheduled"), status("numberAvailable")];
  const onDelete = at(object, "spec", "updateStrategy", "type") === "OnDelete";
  if (isObserved(object) && onDelete && available >= wanted && updated < wanted) {
    return { word: "Waiting", tone: "progress" };
  }
  const done = isObserved(object) && isDone({ wanted, updated, available, total: 0 });
  return stateOf(done, wanted, available);
}

function isObserved(object: KubeObject): boolean {
  return asNumber(at(object, "status", "observedGeneration")) >= (object.metadata.generation ?? 0);
}

function isDone({ wanted, updated, available, total }: Counts): boolean {
  return updated >= wanted && total <= updated && available >= updated;
}

function stateOf(done: boolean, wanted: number, available: number): RolloutState {
  if (!done) return { word: "Progressing", tone: available < wanted ? "warning" : "progress" };
  return { word: "Complete", tone: wanted === 0 ? "muted" : "ok" };
}
