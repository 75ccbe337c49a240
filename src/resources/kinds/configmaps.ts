import { asRecord } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, numberColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";

const TEMPLATE = `data:
  key: value
  # file.conf: |
  #   several lines
`;

export const configmaps = defineKind({
  gvr: { group: "", version: "v1", resource: "configmaps" },
  kind: "ConfigMap",
  aliases: ["cm"],
  namespaced: true,
  template: TEMPLATE,
  can: ["describe", "yaml", "used-by", "edit", "delete"],
  columns: [
    nameColumn,
    numberColumn(
      "DATA",
      (object) => Object.keys(asRecord(object["data"])).length + Object.keys(asRecord(object["binaryData"])).length,
      { keep: 8 },
    ),
    ageColumn,
  ],
  drillDown: () => ({ to: "data" }),
});
