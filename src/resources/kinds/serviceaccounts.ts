import { asArray } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, numberColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";

const TEMPLATE = `# automountServiceAccountToken: false
`;

export const serviceaccounts = defineKind({
  gvr: { group: "", version: "v1", resource: "serviceaccounts" },
  kind: "ServiceAccount",
  aliases: ["sa"],
  namespaced: true,
  template: TEMPLATE,
  can: ["describe", "yaml", "used-by", "edit", "delete"],
  columns: [nameColumn, numberColumn("SECRETS", (object) => asArray(object["secrets"]).length, { keep: 6 }), ageColumn],
  drillDown: () => ({ to: "access" }),
});
