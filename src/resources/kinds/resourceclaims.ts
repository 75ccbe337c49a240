import { asRecords, asString, at, isRecord, type KubeObject } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";

export const resourceclaims = defineKind({
  gvr: { group: "resource.k8s.io", version: "v1", resource: "resourceclaims" },
  kind: "ResourceClaim",
  aliases: [],
  namespaced: true,
  can: ["describe", "yaml", "used-by", "edit", "delete"],
  columns: [
    nameColumn,
    textColumn("STATE", state, { keep: 9 }),
    textColumn("USED BY", users, { keep: 6, minWidth: 8 }),
    ageColumn,
  ],
  tone: (object) => {
    if (object.metadata.deletionTimestamp !== undefined) return "muted";
    return state(object) === "pending" ? "progress" : "ok";
  },
  drillDown: () => ({ to: "used-by" }),
});

/** STATE as `resourceClaimState` of kubernetes/pkg/printers/internalversion/printers.go: `allocated,reserved`. */
function state(object: KubeObject): string {
  const words: string[] = [];
  if (object.metadata.deletionTimestamp !== undefined) words.push("deleted");
  if (isRecord(at(object, "status", "allocation"))) words.push("allocated");
  else if (words.length === 0) words.push("pending");
  if (asRecords(at(object, "status", "reservedFor")).length > 0) words.push("reserved");
  return words.join(",");
}

function users(object: KubeObject): string {
  return asRecords(at(object, "status", "reservedFor"))
    .map((user) => asString(user["name"]))
    .join(",");
}
