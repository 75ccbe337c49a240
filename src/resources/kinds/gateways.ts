import { asNumber, asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, numberColumn, textColumn } from "../columns.ts";
import { conditionsTone, conditionStatus, objectTone, trueTone } from "../conditions.ts";
import { GATEWAY_GROUP } from "../gateway-route.ts";
import { defineKind } from "../kind.ts";
import { scalarText } from "../scalar-text.ts";

export const gateways = defineKind({
  gvr: { group: GATEWAY_GROUP, version: "v1", resource: "gateways" },
  kind: "Gateway",
  aliases: ["gtw"],
  namespaced: true,
  can: ["describe", "yaml", "used-by", "edit", "delete"],
  columns: [
    nameColumn,
    textColumn("CLASS", (object) => asString(at(object, "spec", "gatewayClassName")), { keep: 7 }),
    textColumn("ADDRESS", addresses, { keep: 7 }),
    textColumn("PROGRAMMED", (object) => conditionStatus(object, "Programmed") || "Unknown", {
      keep: 8,
      tone: (object) => trueTone(conditionStatus(object, "Programmed")),
    }),
    textColumn("LISTENERS", listeners, { keep: 5, minWidth: 9 }),
    numberColumn(
      "ROUTES",
      (object) =>
        asRecords(at(object, "status", "listeners")).reduce((sum, one) => sum + asNumber(one["attachedRoutes"]), 0),
      { keep: 6 },
    ),
    ageColumn,
  ],
  tone: (object) => {
    const own = objectTone(object);
    if (own !== "ok") return own;
    const sick = asRecords(at(object, "status", "listeners")).map((one) => conditionsTone(one["conditions"]));
    return sick.find((tone) => tone !== "ok") ?? (conditionStatus(object, "Programmed") === "" ? "progress" : "ok");
  },
  drillDown: () => ({ to: "used-by" }),
});

function addresses(object: KubeObject): string {
  return asRecords(at(object, "status", "addresses"))
    .map((address) => asString(address["value"]))
    .join(",");
}

/** `http:80/HTTP,https:443/HTTPS`. */
function listeners(object: KubeObject): string {
  return asRecords(at(object, "spec", "listeners"))
    .map((one) => `${asString(one["name"])}:${scalarText(one["port"])}/${asString(one["protocol"])}`)
    .join(",");
}
