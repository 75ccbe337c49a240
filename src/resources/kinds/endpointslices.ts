import { asArray, asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, readyColumn, textColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";
import { scalarText } from "../scalar-text.ts";

export const endpointslices = defineKind({
  gvr: { group: "discovery.k8s.io", version: "v1", resource: "endpointslices" },
  kind: "EndpointSlice",
  aliases: [],
  namespaced: true,
  can: ["describe", "yaml", "edit", "delete"],
  columns: [
    nameColumn,
    textColumn("ADDRESSTYPE", (object) => asString(object["addressType"]), { keep: 5 }),
    textColumn("PORTS", ports, { keep: 6 }),
    readyColumn((object) => {
      const endpoints = asRecords(object["endpoints"]);
      const ready = endpoints.filter((endpoint) => at(endpoint, "conditions", "ready") !== false);
      return { ready: ready.length, total: endpoints.length };
    }),
    textColumn("ENDPOINTS", addresses, { keep: 7, minWidth: 10 }),
    ageColumn,
  ],
  drillDown: (object) => {
    const name = object.metadata.labels?.["kubernetes.io/service-name"];
    if (name === undefined) return undefined;
    return { to: "object", resource: "services", group: "", namespace: object.metadata.namespace ?? "", name };
  },
});

function ports(object: KubeObject): string {
  const numbers = asRecords(object["ports"]).map((port) => scalarText(port["port"]));
  return numbers.length === 0 ? "<unset>" : numbers.join(",");
}

function addresses(object: KubeObject): string {
  const all = asRecords(object["endpoints"]).flatMap((endpoint) => asArray(endpoint["addresses"]));
  return all.length === 0 ? "<unset>" : all.map((address) => asString(address)).join(",");
}
