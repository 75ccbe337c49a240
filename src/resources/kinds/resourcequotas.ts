import { own } from "../../lib/own.ts";
import { asRecord, at, type KubeObject } from "../../lib/kube/object.ts";
import { parseQuantity } from "../../lib/quantity.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import type { Tone } from "../kind.ts";
import { defineKind } from "../kind.ts";
import { scalarText } from "../scalar-text.ts";
import { sortedEntries } from "../sorted-entries.ts";

const TEMPLATE = `spec:
  hard:
    pods: "10"
    requests.cpu: "4"
    requests.memory: 8Gi
`;

export const resourcequotas = defineKind({
  gvr: { group: "", version: "v1", resource: "resourcequotas" },
  kind: "ResourceQuota",
  aliases: ["quota"],
  namespaced: true,
  template: TEMPLATE,
  can: ["describe", "yaml", "edit", "delete"],
  columns: [
    nameColumn,
    textColumn("REQUEST", (object) => used(object, false), { keep: 8, minWidth: 12 }),
    textColumn("LIMIT", (object) => used(object, true), { keep: 8, minWidth: 12 }),
    ageColumn,
  ],
  tone: (object) => fullness(object),
});

/** `pods: 3/10, requests.cpu: 1/4`; the limits stand in a column of their own, as kubectl has them. */
function used(object: KubeObject, limits: boolean): string {
  const now = asRecord(at(object, "status", "used"));
  return sortedEntries(asRecord(at(object, "status", "hard")))
    .filter(([name]) => name.startsWith("limits.") === limits)
    .map(([name, hard]) => `${name}: ${scalarText(own(now, name) ?? "0")}/${scalarText(hard)}`)
    .join(", ");
}

function fullness(object: KubeObject): Tone {
  const now = asRecord(at(object, "status", "used"));
  const shares = sortedEntries(asRecord(at(object, "status", "hard"))).map(([name, hard]) => {
    const most = parseQuantity(hard) ?? 0;
    return most === 0 ? 0 : (parseQuantity(own(now, name)) ?? 0) / most;
  });
  return shares.some((share) => share >= 1) ? "warning" : "ok";
}
