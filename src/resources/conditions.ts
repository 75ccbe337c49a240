import { asRecords, asString, at, type KubeObject } from "../lib/kube/object.ts";
import type { Tone } from "./kind.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The condition of a type in `status.conditions`, or in the conditions of a part of a status. */
export function conditionOf(holder: unknown, type: string): Fields | undefined {
  return asRecords(at(holder, "conditions")).find((condition) => condition["type"] === type);
}

/** `True`, `False` or `Unknown`, empty where the condition is not there. */
export function conditionStatus(object: KubeObject, type: string): string {
  return asString(conditionOf(object["status"], type)?.["status"]);
}

/** What makes an object good when it is true, by the conventions of the API and of kstatus. */
const GOOD = /^(Ready|Available|Healthy|Accepted|Programmed|ResolvedRefs|Established|NamesAccepted|Succeeded|Synced)$/;
const BAD = /^(Failed|Degraded|Stalled|NonStructuralSchema|Failure)$/;
const BUSY = /^(Progressing|Reconciling|Issuing)$/;

/** The health that conditions tell: of any kind that has some. */
export function conditionsTone(conditions: unknown): Tone {
  let tone: Tone = "ok";
  let busy = false;
  for (const condition of asRecords(conditions)) {
    const type = asString(condition["type"]);
    const status = condition["status"];
    if (BAD.test(type) && status === "True") return "error";
    busy ||= BUSY.test(type) && status === "True";
    if (GOOD.test(type) && status === "False") tone = "warning";
    else if (GOOD.test(type) && status !== "True" && tone === "ok") tone = "progress";
  }
  return tone === "warning" && busy ? "progress" : tone;
}

/** The health of an object of a kind that has no file in `kinds/`. */
export function objectTone(object: KubeObject): Tone {
  if (object.metadata.deletionTimestamp !== undefined) return "muted";
  return conditionsTone(at(object, "status", "conditions"));
}

/** How a condition that should be true looks in its cell. */
export function trueTone(status: string): Tone | undefined {
  return status === "False" ? "warning" : status === "True" ? undefined : "progress";
}
