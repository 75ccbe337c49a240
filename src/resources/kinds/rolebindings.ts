import { defineKind } from "../kind.ts";
import { bindingColumns, boundRole } from "../role-binding.ts";

export const rolebindings = defineKind({
  gvr: { group: "rbac.authorization.k8s.io", version: "v1", resource: "rolebindings" },
  kind: "RoleBinding",
  aliases: [],
  namespaced: true,
  can: ["describe", "yaml", "edit", "delete"],
  columns: bindingColumns,
  drillDown: (object) => boundRole(object),
});
