import { asRecords, asString, at } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";

const TEMPLATE = `spec:
  limits:
    - type: Container
      default: { memory: 256Mi }
      defaultRequest: { cpu: 100m, memory: 128Mi }
`;

export const limitranges = defineKind({
  gvr: { group: "", version: "v1", resource: "limitranges" },
  kind: "LimitRange",
  aliases: ["limits"],
  namespaced: true,
  template: TEMPLATE,
  can: ["describe", "yaml", "edit", "delete"],
  columns: [
    nameColumn,
    textColumn(
      "TYPES",
      (object) =>
        asRecords(at(object, "spec", "limits"))
          .map((limit) => asString(limit["type"]))
          .join(","),
      { keep: 6 },
    ),
    ageColumn,
  ],
});
