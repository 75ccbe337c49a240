import { asArray } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, numberColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";

const TEMPLATE = `rules:
  - apiGroups: [""]
    resources: [pods]
    verbs: [get, list, watch]
`;

export const clusterroles = defineKind({
  gvr: { group: "rbac.authorization.k8s.io", version: "v1", resource: "clusterroles" },
  kind: "ClusterRole",
  aliases: [],
  namespaced: false,
  template: TEMPLATE,
  can: ["describe", "yaml", "used-by", "edit", "delete"],
  columns: [nameColumn, numberColumn("RULES", (object) => asArray(object["rules"]).length, { keep: 6 }), ageColumn],
  drillDown: () => ({ to: "rules" }),
});
