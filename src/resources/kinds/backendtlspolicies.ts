import { asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { conditionsTone } from "../conditions.ts";
import { GATEWAY_GROUP } from "../gateway-route.ts";
import { defineKind } from "../kind.ts";

export const backendtlspolicies = defineKind({
  gvr: { group: GATEWAY_GROUP, version: "v1", resource: "backendtlspolicies" },
  kind: "BackendTLSPolicy",
  aliases: ["btlspolicy"],
  namespaced: true,
  can: ["describe", "yaml", "edit", "delete"],
  columns: [
    nameColumn,
    textColumn("TARGETS", targets, { keep: 8, minWidth: 10 }),
    textColumn("HOSTNAME", (object) => asString(at(object, "spec", "validation", "hostname")), { keep: 6 }),
    ageColumn,
  ],
  tone: (object) => {
    if (object.metadata.deletionTimestamp !== undefined) return "muted";
    const tones = asRecords(at(object, "status", "ancestors")).map((one) => conditionsTone(one["conditions"]));
    return tones.find((tone) => tone !== "ok") ?? "ok";
  },
  drillDown: () => ({ to: "relations" }),
});

function targets(object: KubeObject): string {
  return asRecords(at(object, "spec", "targetRefs"))
    .map((target) => `${asString(target["kind"])}/${asString(target["name"])}`)
    .join(",");
}
