import { asArray, asNumber, asRecords, asString, at } from "../lib/kube/object.ts";
import type { KubeObject } from "../lib/kube/object.ts";
import { scalarText } from "./scalar-text.ts";

/** EXTERNAL-IP as `getServiceExternalIP` of kubernetes/pkg/printers/internalversion/printers.go. */
export function serviceExternalAddress(service: KubeObject): string {
  const external = asArray(at(service, "spec", "externalIPs")).map((address) => asString(address));
  switch (at(service, "spec", "type")) {
    case "LoadBalancer": {
      const ingress = asRecords(at(service, "status", "loadBalancer", "ingress")).map(
        (entry) => asString(entry["ip"]) || asString(entry["hostname"]),
      );
      const all = [...ingress, ...external].filter((address) => address !== "");
      return all.length === 0 ? "<pending>" : all.join(",");
    }
    case "ExternalName":
      return asString(at(service, "spec", "externalName"));
    default:
      return external.length === 0 ? "<none>" : external.join(",");
  }
}

/** PORT(S): `80/TCP,443:30443/TCP`. */
export function servicePorts(service: KubeObject): string {
  const ports = asRecords(at(service, "spec", "ports")).map((port) => {
    const nodePort = asNumber(port["nodePort"]);
    const number = nodePort === 0 ? scalarText(port["port"]) : `${scalarText(port["port"])}:${nodePort}`;
    return `${number}/${asString(port["protocol"], "TCP")}`;
  });
  return ports.length === 0 ? "<none>" : ports.join(",");
}
