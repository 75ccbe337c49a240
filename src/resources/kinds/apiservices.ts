import { asString, at, isRecord, type KubeObject } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { conditionOf } from "../conditions.ts";
import { defineKind } from "../kind.ts";

export const apiservices = defineKind({
  gvr: { group: "apiregistration.k8s.io", version: "v1", resource: "apiservices" },
  kind: "APIService",
  aliases: [],
  namespaced: false,
  can: ["describe", "yaml", "edit", "delete"],
  columns: [
    nameColumn,
    textColumn("SERVICE", service, { keep: 7 }),
    textColumn("AVAILABLE", available, { keep: 8 }),
    ageColumn,
  ],
  tone: (object) => (available(object) === "True" ? "ok" : "error"),
  drillDown: () => ({ to: "relations" }),
});

function service(object: KubeObject): string {
  const reference = at(object, "spec", "service");
  return isRecord(reference) ? `${asString(reference["namespace"])}/${asString(reference["name"])}` : "Local";
}

/** `True`, or `False (FailedDiscoveryCheck)`, as kubectl prints it. */
function available(object: KubeObject): string {
  const condition = conditionOf(object["status"], "Available");
  const status = asString(condition?.["status"], "Unknown");
  const reason = asString(condition?.["reason"]);
  return status === "True" || reason === "" ? status : `${status} (${reason})`;
}
