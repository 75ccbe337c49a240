import { asNumber, asRecords, asString } from "../../lib/kube/object.ts";
import type { KubeObject } from "../../lib/kube/object.ts";
import { ageColumn, column, nameColumn } from "../machinery/printer-columns.ts";
import { serveResource } from "../machinery/served-resource.ts";

export const endpoints = serveResource({
  group: "",
  version: "v1",
  resource: "endpoints",
  kind: "Endpoints",
  namespaced: true,
  shortNames: ["ep"],
  createOnUpdate: true,
  columns: [nameColumn, column("Endpoints", endpointsText), ageColumn],
});

/** The first three `ip:port`, then how many more (printers.go, formatEndpoints). */
function endpointsText(object: KubeObject): string {
  const subsets = asRecords(object["subsets"]);
  if (subsets.length === 0) return "<none>";
  const addresses = subsets.flatMap((subset) => {
    const ips = asRecords(subset["addresses"]).map((address) => asString(address["ip"]));
    const ports = asRecords(subset["ports"]).map((port) => asNumber(port["port"]));
    return ports.length === 0 ? ips : ports.flatMap((port) => ips.map((ip) => `${ip}:${port}`));
  });
  const more = addresses.length > 3 ? ` + ${addresses.length - 3} more...` : "";
  return `${addresses.slice(0, 3).join(",")}${more}`;
}
