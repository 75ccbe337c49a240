import { asRecords, asString, at } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { GATEWAY_GROUP } from "../gateway-route.ts";
import { defineKind } from "../kind.ts";

export const referencegrants = defineKind({
  gvr: { group: GATEWAY_GROUP, version: "v1beta1", resource: "referencegrants" },
  kind: "ReferenceGrant",
  aliases: ["refgrant"],
  namespaced: true,
  can: ["describe", "yaml", "edit", "delete"],
  columns: [
    nameColumn,
    textColumn(
      "FROM",
      (object) =>
        asRecords(at(object, "spec", "from"))
          .map((from) => `${asString(from["kind"])} in ${asString(from["namespace"])}`)
          .join(", "),
      { keep: 7, minWidth: 10 },
    ),
    textColumn(
      "TO",
      (object) =>
        asRecords(at(object, "spec", "to"))
          .map((to) => `${asString(to["kind"])}/${asString(to["name"], "*")}`)
          .join(", "),
      { keep: 7, minWidth: 10 },
    ),
    ageColumn,
  ],
  drillDown: () => ({ to: "describe" }),
});
