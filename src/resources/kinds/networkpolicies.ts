import { asArray, asString, at } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, querySelector, selectorText, textColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";
import { podsBySelector } from "../pods-behind.ts";

const TEMPLATE = `spec:
  # All pods of the namespace; matchLabels selects some.
  podSelector: {}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector: {}
`;

export const networkpolicies = defineKind({
  gvr: { group: "networking.k8s.io", version: "v1", resource: "networkpolicies" },
  kind: "NetworkPolicy",
  aliases: ["netpol"],
  namespaced: true,
  template: TEMPLATE,
  can: ["describe", "yaml", "edit", "delete"],
  columns: [
    nameColumn,
    textColumn("POD-SELECTOR", (object) => selectorText(at(object, "spec", "podSelector")), { keep: 8, minWidth: 10 }),
    textColumn(
      "TYPES",
      (object) =>
        asArray(at(object, "spec", "policyTypes"))
          .map((type) => asString(type))
          .join(","),
      { keep: 6 },
    ),
    ageColumn,
  ],
  drillDown: (object) => {
    // An empty selector selects every pod of the namespace.
    const selector = at(object, "spec", "podSelector");
    if (querySelector(selector) !== undefined) return podsBySelector(object, selector);
    return { to: "list", resource: "pods", group: "", namespace: object.metadata.namespace ?? "" };
  },
});
