import { asArray } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, numberColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";

export const roles = defineKind({
  gvr: { group: "rbac.authorization.k8s.io", version: "v1", resource: "roles" },
  kind: "Role",
  aliases: [],
  namespaced: true,
  can: ["describe", "yaml", "used-by", "edit", "delete"],
  columns: [nameColumn, numberColumn("RULES", (object) => asArray(object["rules"]).length, { keep: 6 }), ageColumn],
});
