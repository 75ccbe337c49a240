import { asNumber, asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { ageColumn, column, joined, nameColumn, selectorText, wideColumn } from "../machinery/printer-columns.ts";
import { serveResource } from "../machinery/served-resource.ts";

export const replicasets = serveResource({
  group: "apps",
  version: "v1",
  resource: "replicasets",
  kind: "ReplicaSet",
  namespaced: true,
  shortNames: ["rs"],
  categories: ["all"],
  subresources: ["scale", "status"],
  hasGeneration: true,
  columns: [
    nameColumn,
    column("Desired", (set) => asNumber(at(set, "spec", "replicas")), "integer"),
    column("Current", (set) => asNumber(at(set, "status", "replicas")), "integer"),
    column("Ready", (set) => asNumber(at(set, "status", "readyReplicas")), "integer"),
    ageColumn,
    wideColumn("Containers", (set) => containersText(set, "name")),
    wideColumn("Images", (set) => containersText(set, "image")),
    wideColumn("Selector", (set) => selectorText(at(set, "spec", "selector"))),
  ],
  prepareForCreate: (set) => ({ ...set, status: { replicas: 0 } }),
});

function containersText(object: KubeObject, field: string): string {
  return joined(asRecords(at(object, "spec", "template", "spec", "containers")).map((each) => asString(each[field])));
}
