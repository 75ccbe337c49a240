import { asRecord } from "../../lib/kube/object.ts";
import { ageColumn, column, nameColumn } from "../machinery/printer-columns.ts";
import { serveResource } from "../machinery/served-resource.ts";

export const configmaps = serveResource({
  group: "",
  version: "v1",
  resource: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
  shortNames: ["cm"],
  columns: [
    nameColumn,
    column(
      "Data",
      (map) => Object.keys(asRecord(map["data"])).length + Object.keys(asRecord(map["binaryData"])).length,
      "integer",
    ),
    ageColumn,
  ],
});
