import { asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { conditionStatus } from "../conditions.ts";
import { defineKind } from "../kind.ts";

export const customresourcedefinitions = defineKind({
  gvr: { group: "apiextensions.k8s.io", version: "v1", resource: "customresourcedefinitions" },
  kind: "CustomResourceDefinition",
  aliases: ["crd"],
  namespaced: false,
  can: ["describe", "yaml", "edit", "delete"],
  columns: [
    nameColumn,
    textColumn("GROUP", (object) => asString(at(object, "spec", "group")), { keep: 7 }),
    textColumn("KIND", (object) => asString(at(object, "spec", "names", "kind")), { keep: 8 }),
    textColumn("SCOPE", (object) => asString(at(object, "spec", "scope")), { keep: 5 }),
    textColumn("VERSIONS", versions, { keep: 5 }),
    ageColumn,
  ],
  tone: (object) => (conditionStatus(object, "Established") === "True" ? "ok" : "warning"),
  drillDown: (object) => ({
    to: "list",
    resource: asString(at(object, "spec", "names", "plural")),
    group: asString(at(object, "spec", "group")),
    namespace: "",
  }),
});

function versions(object: KubeObject): string {
  return asRecords(at(object, "spec", "versions"))
    .filter((version) => version["served"] === true)
    .map((version) => asString(version["name"]))
    .join(",");
}
