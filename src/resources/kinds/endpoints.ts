import { asRecords, asString, type KubeObject } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";
import { scalarText } from "../scalar-text.ts";

export const endpoints = defineKind({
  gvr: { group: "", version: "v1", resource: "endpoints" },
  kind: "Endpoints",
  aliases: ["ep"],
  namespaced: true,
  can: ["describe", "yaml", "edit", "delete"],
  columns: [nameColumn, textColumn("ENDPOINTS", addresses, { keep: 8, minWidth: 10 }), ageColumn],
  // Endpoints bear the name of their service.
  drillDown: (object) => ({
    to: "object",
    resource: "services",
    group: "",
    namespace: object.metadata.namespace ?? "",
    name: object.metadata.name ?? "",
  }),
});

/** `10.0.0.1:80,10.0.0.2:80`. */
function addresses(object: KubeObject): string {
  const all = asRecords(object["subsets"]).flatMap((subset) => {
    const ports = asRecords(subset["ports"]);
    return asRecords(subset["addresses"]).flatMap((address) => {
      const ip = asString(address["ip"]);
      return ports.length === 0 ? [ip] : ports.map((port) => `${ip}:${scalarText(port["port"])}`);
    });
  });
  return all.length === 0 ? "<none>" : all.join(",");
}
