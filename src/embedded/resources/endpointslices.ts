import { asArray, asNumber, asRecords, asString, type KubeObject } from "../../lib/kube/object.ts";
import { ageColumn, column, joined, nameColumn } from "../machinery/printer-columns.ts";
import { serveResource } from "../machinery/served-resource.ts";

export const endpointslices = serveResource({
  group: "discovery.k8s.io",
  version: "v1",
  resource: "endpointslices",
  kind: "EndpointSlice",
  namespaced: true,
  hasGeneration: true,
  columns: [
    nameColumn,
    column("AddressType", (slice) => asString(slice["addressType"])),
    column("Ports", portsText),
    column("Endpoints", addressesText),
    ageColumn,
  ],
});

/** printers.go, formatDiscoveryPorts */
function portsText(slice: KubeObject): string {
  const ports = asRecords(slice["ports"]).map((port) => String(asNumber(port["port"])));
  return ports.length === 0 ? "<unset>" : shortened(ports);
}

function addressesText(slice: KubeObject): string {
  const addresses = asRecords(slice["endpoints"]).flatMap((endpoint) =>
    asArray(endpoint["addresses"]).map((address) => asString(address)),
  );
  return addresses.length === 0 ? "<unset>" : shortened(addresses);
}

function shortened(values: readonly string[]): string {
  const more = values.length > 3 ? ` + ${values.length - 3} more...` : "";
  return `${joined(values.slice(0, 3))}${more}`;
}
