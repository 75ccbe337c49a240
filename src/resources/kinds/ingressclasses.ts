import { asString, at, isRecord, type KubeObject } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";

export const ingressclasses = defineKind({
  gvr: { group: "networking.k8s.io", version: "v1", resource: "ingressclasses" },
  kind: "IngressClass",
  aliases: [],
  namespaced: false,
  can: ["describe", "yaml", "used-by", "edit", "delete"],
  columns: [
    nameColumn,
    textColumn("DEFAULT", (object) => (isDefault(object) ? "yes" : ""), { keep: 5 }),
    textColumn("CONTROLLER", (object) => asString(at(object, "spec", "controller")), { keep: 8 }),
    textColumn("PARAMETERS", parameters, { keep: 5 }),
    ageColumn,
  ],
  drillDown: () => ({ to: "used-by" }),
});

function isDefault(object: KubeObject): boolean {
  return object.metadata.annotations?.["ingressclass.kubernetes.io/is-default-class"] === "true";
}

function parameters(object: KubeObject): string {
  const reference = at(object, "spec", "parameters");
  if (!isRecord(reference)) return "<none>";
  const group = asString(reference["apiGroup"]);
  return `${asString(reference["kind"])}${group === "" ? "" : `.${group}`}/${asString(reference["name"])}`;
}
