import type { KubeObject } from "../../lib/kube/object.ts";
import { asRecords, asString, at } from "../../lib/kube/object.ts";
import { formatMebibytes, formatMillicores, parseQuantity } from "../../lib/quantity.ts";
import { ageColumn, joinColumn, nameColumn, numberColumn, shareColumn, textColumn, usageColumns } from "../columns.ts";
import type { UsageOf } from "../columns.ts";
import type { NodePods } from "../joins/joins.ts";
import type { Column } from "../kind.ts";
import { defineKind } from "../kind.ts";
import { nodePressures, nodeRoles, nodeStatus, nodeTone } from "../node-status.ts";

const usage: UsageOf = (node, context) => context.usage("node", node.metadata.name ?? "");

export const nodes = defineKind({
  gvr: { group: "", version: "v1", resource: "nodes" },
  kind: "Node",
  aliases: ["no"],
  namespaced: false,
  can: ["describe", "yaml", "edit", "delete", "logs", "cordon", "node-shell"],
  columns: [
    nameColumn,
    // `Ready,SchedulingDisabled` must be read to its end.
    {
      id: "status",
      title: "STATUS",
      keep: 9,
      minWidth: 24,
      text: (node) => nodeStatus(node),
      tone: (node) => nodeTone(node),
    },
    textColumn("ROLES", nodeRoles, { keep: 6 }),
    numberColumn("TAINTS", (node) => asRecords(at(node, "spec", "taints")).length, { keep: 3 }),
    textColumn("VERSION", (node) => asString(at(node, "status", "nodeInfo", "kubeletVersion")), { keep: 5 }),
    joinColumn(
      "PODS",
      "node-pods",
      {
        text: ({ pods }, node) => {
          const most = allocatable(node, "pods");
          return most === undefined ? String(pods) : `${pods}/${most}`;
        },
        sortKey: ({ pods }) => pods,
        tone: ({ pods }, node) => (pods >= (allocatable(node, "pods") ?? Infinity) ? "warning" : undefined),
      },
      { keep: 6 },
    ),
    ...usageColumns(usage),
    shareColumn("%CPU", "cpu", usage, (node) => allocatable(node, "cpu")),
    shareColumn("%MEM", "memory", usage, (node) => allocatable(node, "memory")),
    askedColumn("CPU/R", "requests", "cpu"),
    askedColumn("CPU/L", "limits", "cpu"),
    askedColumn("MEM/R", "requests", "memory"),
    askedColumn("MEM/L", "limits", "memory"),
    textColumn("PRESSURE", (node) => nodePressures(node).join(",") || "-", {
      keep: 5,
      tone: (node) => (nodePressures(node).length > 0 ? "warning" : "muted"),
    }),
    ageColumn,
    textColumn("INTERNAL-IP", (node) => address(node, "InternalIP"), { wide: true, keep: 4 }),
    textColumn("EXTERNAL-IP", (node) => address(node, "ExternalIP"), { wide: true }),
    textColumn("OS-IMAGE", (node) => info(node, "osImage"), { wide: true }),
    textColumn("KERNEL-VERSION", kernel, { wide: true }),
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

/** What the pods on a node ask for, as a share of what the node can give: `1200m (30%)`, as `kubectl describe node`. */
function askedColumn(title: string, part: "requests" | "limits", resource: "cpu" | "memory"): Column {
  const share = (value: NodePods, node: KubeObject): number | undefined => {
    const whole = allocatable(node, resource);
    return whole === undefined || whole === 0 ? undefined : ((value[part][resource] ?? 0) / whole) * 100;
  };
  return joinColumn(
    title,
    "node-pods",
    {
      text: (value, node) => {
        const amount = value[part][resource] ?? 0;
        const percent = share(value, node);
        const text = resource === "cpu" ? formatMillicores(amount) : formatMebibytes(amount);
        return percent === undefined ? text : `${text} (${Math.trunc(percent)}%)`;
      },
      sortKey: (value, node) => share(value, node) ?? 0,
      // Limits may be promised more than once; requests are what the scheduler goes by.
      tone: (value, node) => (part === "requests" && (share(value, node) ?? 0) >= 95 ? "warning" : undefined),
    },
    { align: "right", keep: part === "requests" ? 4 : 3, wide: part === "limits" },
  );
}

function address(node: KubeObject, type: string): string {
  const found = asRecords(at(node, "status", "addresses")).find((one) => one["type"] === type);
  return asString(found?.["address"], "<none>");
}

function info(node: KubeObject, field: string): string {
  return asString(at(node, "status", "nodeInfo", field)) || "<unknown>";
}

function kernel(node: KubeObject): string {
  const architecture = asString(at(node, "status", "nodeInfo", "architecture"));
  return info(node, "kernelVersion") + (architecture === "" ? "" : ` (${architecture})`);
}
