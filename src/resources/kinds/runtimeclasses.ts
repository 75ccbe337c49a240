import { asString } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";

export const runtimeclasses = defineKind({
  gvr: { group: "node.k8s.io", version: "v1", resource: "runtimeclasses" },
  kind: "RuntimeClass",
  aliases: [],
  namespaced: false,
  can: ["describe", "yaml", "used-by", "edit", "delete"],
  columns: [nameColumn, textColumn("HANDLER", (object) => asString(object["handler"]), { keep: 8 }), ageColumn],
  drillDown: () => ({ to: "used-by" }),
});
