import { defineKind } from "../kind.ts";
import { bindingColumns, boundRole } from "../role-binding.ts";

export const clusterrolebindings = defineKind({
  gvr: { group: "rbac.authorization.k8s.io", version: "v1", resource: "clusterrolebindings" },
  kind: "ClusterRoleBinding",
  aliases: [],
  namespaced: false,
  can: ["describe", "yaml", "edit", "delete"],
  columns: bindingColumns,
  drillDown: (object) => boundRole(object),
});
