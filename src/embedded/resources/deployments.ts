import { asNumber, asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { ageColumn, column, joined, nameColumn, selectorText, wideColumn } from "../machinery/printer-columns.ts";
import { serveResource } from "../machinery/served-resource.ts";

export const deployments = serveResource({
  group: "apps",
  version: "v1",
  resource: "deployments",
  kind: "Deployment",
  namespaced: true,
  shortNames: ["deploy"],
  categories: ["all"],
  subresources: ["scale", "status"],
  hasGeneration: true,
  columns: [
    nameColumn,
    column("Ready", (deployment) => {
      const ready = asNumber(at(deployment, "status", "readyReplicas"));
      return `${ready}/${asNumber(at(deployment, "spec", "replicas"))}`;
    }),
    column("Up-to-date", (deployment) => asNumber(at(deployment, "status", "updatedReplicas"))),
    column("Available", (deployment) => asNumber(at(deployment, "status", "availableReplicas"))),
    ageColumn,
    wideColumn("Containers", (deployment) => containersText(deployment, "name")),
    wideColumn("Images", (deployment) => containersText(deployment, "image")),
    wideColumn("Selector", (deployment) => selectorText(at(deployment, "spec", "selector"))),
  ],
  prepareForCreate: (deployment) => ({ ...deployment, status: {} }),
});

function containersText(object: KubeObject, field: string): string {
  return joined(asRecords(at(object, "spec", "template", "spec", "containers")).map((each) => asString(each[field])));
}
