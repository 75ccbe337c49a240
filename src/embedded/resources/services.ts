import { asArray, asNumber, asRecord, asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { ageColumn, column, labelsText, nameColumn, wideColumn } from "../machinery/printer-columns.ts";
import { serveResource } from "../machinery/served-resource.ts";
import { allocateService } from "../machinery/service-allocation.ts";

export const services = serveResource({
  group: "",
  version: "v1",
  resource: "services",
  kind: "Service",
  namespaced: true,
  shortNames: ["svc"],
  categories: ["all"],
  subresources: ["status"],
  createOnUpdate: true,
  returnsDeleted: true,
  columns: [
    nameColumn,
    column("Type", (service) => asString(at(service, "spec", "type"))),
    column("Cluster-IP", (service) => asString(at(service, "spec", "clusterIPs", 0)) || "<none>"),
    column("External-IP", externalIp),
    column("Port(s)", portsText),
    ageColumn,
    wideColumn("Selector", (service) => labelsText(at(service, "spec", "selector"))),
  ],
  prepareForCreate: (service) => ({ ...service, status: { loadBalancer: {} } }),
  admit: allocateService,
});

/** printers.go, getServiceExternalIP */
function externalIp(service: KubeObject): string {
  const type = at(service, "spec", "type");
  if (type === "ExternalName") return asString(at(service, "spec", "externalName"));
  const external = asArray(at(service, "spec", "externalIPs")).map((ip) => asString(ip));
  if (type !== "LoadBalancer") return external.join(",") || "<none>";
  const balanced = asRecords(at(service, "status", "loadBalancer", "ingress")).map(
    (ingress) => asString(ingress["ip"]) || asString(ingress["hostname"]),
  );
  return [...balanced, ...external].join(",") || "<pending>";
}

/** printers.go, makePortString */
function portsText(service: KubeObject): string {
  const ports = asRecords(asRecord(service["spec"])["ports"]).map((port) => {
    const nodePort = asNumber(port["nodePort"]);
    const number = nodePort === 0 ? `${asNumber(port["port"])}` : `${asNumber(port["port"])}:${nodePort}`;
    return `${number}/${asString(port["protocol"])}`;
  });
  return ports.join(",") || "<none>";
}
