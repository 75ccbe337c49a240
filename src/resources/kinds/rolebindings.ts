import { defineKind } from "../kind.ts";
import { bindingColumns } from "../role-binding.ts";

const TEMPLATE = `roleRef:
  apiGroup: rbac.authorization.k8s.io
  # Role or ClusterRole
  kind: Role
  name: NAME
subjects:
  # User, Group (apiGroup: rbac.authorization.k8s.io) or ServiceAccount (with a namespace)
  - kind: User
    apiGroup: rbac.authorization.k8s.io
    name: jane
`;

export const rolebindings = defineKind({
  gvr: { group: "rbac.authorization.k8s.io", version: "v1", resource: "rolebindings" },
  kind: "RoleBinding",
  aliases: [],
  namespaced: true,
  template: TEMPLATE,
  can: ["describe", "yaml", "edit", "delete"],
  columns: bindingColumns,
  drillDown: () => ({ to: "binding" }),
});
