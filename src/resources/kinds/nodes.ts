import type { KubeObject } from "../../lib/kube/object.ts";
import { asRecords, asString, at } from "../../lib/kube/object.ts";
import { parseQuantity } from "../../lib/quantity.ts";
import { ageColumn, nameColumn, numberColumn, shareColumn, textColumn, usageColumns } from "../columns.ts";
import type { UsageOf } from "../columns.ts";
import { defineKind } from "../kind.ts";
import { nodeRoles, nodeStatus, nodeTone } from "../node-status.ts";

const usage: UsageOf = (node, context) => context.usage("node", node.metadata.name ?? "");

export const nodes = defineKind({
  gvr: { group: "", version: "v1", resource: "nodes" },
  kind: "Node",
  aliases: ["no"],
  namespaced: false,
  can: ["describe", "yaml", "edit", "delete", "logs", "cordon"],
  columns: [
    nameColumn,
    { id: "status", title: "STATUS", keep: 9, text: (node) => nodeStatus(node), tone: (node) => nodeTone(node) },
    textColumn("ROLES", nodeRoles, { keep: 6 }),
    numberColumn("TAINTS", (node) => asRecords(at(node, "spec", "taints")).length, { keep: 3 }),
    textColumn("VERSION", (node) => asString(at(node, "status", "nodeInfo", "kubeletVersion")), { keep: 5 }),
    ...usageColumns(usage),
    shareColumn("%CPU", "cpu", usage, (node) => allocatable(node, "cpu")),
    shareColumn("%MEM", "memory", usage, (node) => allocatable(node, "memory")),
    ageColumn,
    textColumn("INTERNAL-IP", (node) => address(node, "InternalIP"), { wide: true, keep: 4 }),
    textColumn("EXTERNAL-IP", (node) => address(node, "ExternalIP"), { wide: true }),
    textColumn("OS-IMAGE", (node) => info(node, "osImage"), { wide: true }),
    textColumn("KERNEL-VERSION", (node) => info(node, "kernelVersion"), { wide: true }),
    textColumn("CONTAINER-RUNTIME", (node) => info(node, "containerRuntimeVersion"), { wide: true }),
  ],
  tone: (node) => nodeTone(node),
  drillDown: (node) => ({
    to: "list",
    resource: "pods",
    group: "",
    namespace: "",
    fieldSelector: `spec.nodeName=${node.metadata.name ?? ""}`,
  }),
});

function allocatable(node: KubeObject, resource: string): number | undefined {
  return parseQuantity(at(node, "status", "allocatable", resource) ?? at(node, "status", "capacity", resource));
}

function address(node: KubeObject, type: string): string {
  const found = asRecords(at(node, "status", "addresses")).find((one) => one["type"] === type);
  return asString(found?.["address"], "<none>");
}

function info(node: KubeObject, field: string): string {
  return asString(at(node, "status", "nodeInfo", field)) || "<unknown>";
}
