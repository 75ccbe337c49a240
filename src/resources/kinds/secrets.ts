import { asRecord, asString } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, numberColumn, textColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";

const TEMPLATE = `type: Opaque
# Plain text; the server keeps it as base64 in data.
stringData:
  key: value
`;

export const secrets = defineKind({
  gvr: { group: "", version: "v1", resource: "secrets" },
  kind: "Secret",
  aliases: ["sec"],
  namespaced: true,
  template: TEMPLATE,
  can: ["describe", "yaml", "used-by", "edit", "delete", "decode"],
  columns: [
    nameColumn,
    textColumn("TYPE", (object) => asString(object["type"], "Opaque"), { keep: 8 }),
    numberColumn("DATA", (object) => Object.keys(asRecord(object["data"])).length, { keep: 8 }),
    ageColumn,
  ],
  drillDown: () => ({ to: "data" }),
});
