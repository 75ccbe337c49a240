import { asString, at } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { conditionStatus, objectTone, trueTone } from "../conditions.ts";
import { GATEWAY_GROUP } from "../gateway-route.ts";
import { defineKind } from "../kind.ts";

export const gatewayclasses = defineKind({
  gvr: { group: GATEWAY_GROUP, version: "v1", resource: "gatewayclasses" },
  kind: "GatewayClass",
  aliases: ["gc"],
  namespaced: false,
  can: ["describe", "yaml", "used-by", "edit", "delete"],
  columns: [
    nameColumn,
    textColumn("CONTROLLER", (object) => asString(at(object, "spec", "controllerName")), { keep: 7 }),
    textColumn("ACCEPTED", (object) => conditionStatus(object, "Accepted") || "Unknown", {
      keep: 8,
      tone: (object) => trueTone(conditionStatus(object, "Accepted")),
    }),
    ageColumn,
    textColumn("DESCRIPTION", (object) => asString(at(object, "spec", "description")), { wide: true, minWidth: 10 }),
  ],
  tone: (object) => objectTone(object),
  drillDown: () => ({ to: "used-by" }),
});
