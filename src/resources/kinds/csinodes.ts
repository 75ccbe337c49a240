import { asRecords, asString, at } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, numberColumn, textColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";

export const csinodes = defineKind({
  gvr: { group: "storage.k8s.io", version: "v1", resource: "csinodes" },
  kind: "CSINode",
  aliases: [],
  namespaced: false,
  can: ["describe", "yaml", "edit", "delete"],
  columns: [
    nameColumn,
    numberColumn("DRIVERS", (object) => asRecords(at(object, "spec", "drivers")).length, { keep: 8 }),
    textColumn(
      "NAMES",
      (object) =>
        asRecords(at(object, "spec", "drivers"))
          .map((driver) => asString(driver["name"]))
          .join(","),
      { keep: 5, minWidth: 10 },
    ),
    ageColumn,
  ],
  drillDown: (object) => ({
    to: "object",
    resource: "nodes",
    group: "",
    namespace: "",
    name: object.metadata.name ?? "",
  }),
});
