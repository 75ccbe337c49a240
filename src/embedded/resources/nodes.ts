import { asRecord, asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { ageColumn, column, joined, nameColumn, wideColumn } from "../machinery/printer-columns.ts";
import { serveResource } from "../machinery/served-resource.ts";

const ROLE_PREFIX = "node-role.kubernetes.io/";

export const nodes = serveResource({
  group: "",
  version: "v1",
  resource: "nodes",
  kind: "Node",
  namespaced: false,
  shortNames: ["no"],
  subresources: ["status"],
  columns: [
    nameColumn,
    column("Status", statusText),
    column("Roles", rolesText),
    ageColumn,
    column("Version", (node) => asString(at(node, "status", "nodeInfo", "kubeletVersion"))),
    wideColumn("Internal-IP", (node) => addressOf(node, "InternalIP")),
    wideColumn("External-IP", (node) => addressOf(node, "ExternalIP")),
    wideColumn("OS-Image", (node) => asString(at(node, "status", "nodeInfo", "osImage")) || "<unknown>"),
    wideColumn("Kernel-Version", kernel),
    wideColumn(
      "Container-Runtime",
      (node) => asString(at(node, "status", "nodeInfo", "containerRuntimeVersion")) || "<unknown>",
    ),
  ],
});

function statusText(node: KubeObject): string {
  const ready = asRecords(at(node, "status", "conditions")).find((condition) => condition["type"] === "Ready");
  const word = ready === undefined ? "Unknown" : ready["status"] === "True" ? "Ready" : "NotReady";
  return at(node, "spec", "unschedulable") === true ? `${word},SchedulingDisabled` : word;
}

/** printers.go, findNodeRoles */
function rolesText(node: KubeObject): string {
  const roles = Object.entries(node.metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length) return [key.slice(ROLE_PREFIX.length)];
    return key === "kubernetes.io/role" && value !== "" ? [value] : [];
  });
  return joined([...new Set(roles)].sort());
}

function addressOf(node: KubeObject, type: string): string {
  const found = asRecords(at(node, "status", "addresses")).find((address) => address["type"] === type);
  return asString(asRecord(found)["address"]) || "<none>";
}

function kernel(node: KubeObject): string {
  const architecture = asString(at(node, "status", "nodeInfo", "architecture"));
  const version = asString(at(node, "status", "nodeInfo", "kernelVersion")) || "<unknown>";
  return version + (architecture === "" ? "" : ` (${architecture})`);
}
