import { asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { finding, type Finding } from "./finding.ts";

/** Conditions that are bad when true; all others are bad when false. */
const BAD_WHEN_TRUE =
  /Pressure$|Unavailable$|Failure$|^(Failed|FailureTarget|Degraded|Stalled|Terminating|NonStructuralSchema|DisruptionTarget)$/;
/** False says nothing of health. */
const NEUTRAL =
  /^(Complete|Suspended|SuccessCriteriaMet|ScalingLimited|DisruptionAllowed|FileSystemResizePending|Resizing)$/;

/** Conditions of any object that are not as they should be, in the server's words. */
export function conditionsFindings(object: KubeObject, except: ReadonlySet<string> = new Set()): readonly Finding[] {
  return asRecords(at(object, "status", "conditions")).flatMap((condition) => {
    const type = asString(condition["type"]);
    const status = asString(condition["status"]);
    if (type === "" || except.has(type) || NEUTRAL.test(type)) return [];
    const bad = BAD_WHEN_TRUE.test(type) ? status === "True" : status === "False";
    if (!bad && status !== "Unknown") return [];
    const words = [asString(condition["reason"]), asString(condition["message"])].filter((word) => word !== "");
    const text = `${type} is ${status}${words.length === 0 ? "" : `: ${words.join(": ")}`}`;
    return [finding(bad ? "error" : "warning", text)];
  });
}

/** An object that should be gone and is held by finalizers. */
export function heldFindings(object: KubeObject): readonly Finding[] {
  const { deletionTimestamp, finalizers = [] } = object.metadata;
  if (deletionTimestamp === undefined) return [];
  const held = finalizers.length === 0 ? "" : `; the finalizers ${finalizers.join(", ")} hold it`;
  return [finding("warning", `it is being deleted${held}`)];
}
