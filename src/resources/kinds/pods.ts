import type { KubeObject } from "../../lib/kube/object.ts";
import { asArray, asRecords, asString, at, isRecord, objectPath } from "../../lib/kube/object.ts";
import { addressKey, ageColumn, nameColumn, shareColumn, textColumn, usageColumns } from "../columns.ts";
import type { UsageOf } from "../columns.ts";
import { defineKind } from "../kind.ts";
import { podResources } from "../pod-resources.ts";
import { podStatus, podTone, restartsText } from "../pod-status.ts";

const usage: UsageOf = (pod, context) => context.usage("pod", objectPath(pod));

const TEMPLATE = `spec:
  containers:
    - name: main
      image: nginx:stable
      # command: [sh, -c, "sleep 3600"]
      # ports: [{ containerPort: 80 }]
      # resources: { requests: { cpu: 100m, memory: 128Mi }, limits: { memory: 256Mi } }
`;

export const pods = defineKind({
  gvr: { group: "", version: "v1", resource: "pods" },
  kind: "Pod",
  aliases: ["po"],
  namespaced: true,
  template: TEMPLATE,
  can: [
    "describe",
    "yaml",
    "used-by",
    "edit",
    "delete",
    "logs",
    "shell",
    "attach",
    "port-forward",
    "set-image",
    "evict",
    "node",
    "debug",
    "copy-files",
  ],
  columns: [
    nameColumn,
    {
      id: "forwarded",
      title: "PF",
      needs: "port-forwards",
      keep: 6,
      text: (pod, context) => (context.isForwarded?.(objectPath(pod)) === true ? "F" : ""),
      tone: () => "accent",
    },
    {
      id: "ready",
      title: "READY",
      keep: 8,
      text: (pod) => `${podStatus(pod).ready}/${podStatus(pod).total}`,
      sortKey: (pod) => podStatus(pod).ready / Math.max(1, podStatus(pod).total),
    },
    {
      id: "status",
      title: "STATUS",
      keep: 9,
      // CrashLoopBackOff
      minWidth: 16,
      text: (pod) => podStatus(pod).status,
      tone: (pod) => podTone(pod),
    },
    {
      id: "restarts",
      title: "RESTARTS",
      keep: 7,
      briefWidth: 8,
      clock: true,
      text: (pod, { now }) => restartsText(podStatus(pod), now),
      sortKey: (pod) => podStatus(pod).restarts,
      tone: (pod) => (podStatus(pod).restarts > 0 ? "warning" : undefined),
    },
    ...usageColumns(usage),
    shareColumn("%CPU/R", "cpu", usage, (pod) => podResources(pod).requests.cpu),
    shareColumn("%CPU/L", "cpu", usage, (pod) => podResources(pod).limits.cpu),
    shareColumn("%MEM/R", "memory", usage, (pod) => podResources(pod).requests.memory),
    shareColumn("%MEM/L", "memory", usage, (pod) => podResources(pod).limits.memory),
    textColumn("IP", podAddress, { keep: 5, minWidth: 11, sortKey: (pod) => addressKey(podAddress(pod)) }),
    textColumn("NODE", (pod) => asString(at(pod, "spec", "nodeName"), "<none>"), { keep: 6, minWidth: 6 }),
    textColumn("QOS", (pod) => asString(at(pod, "status", "qosClass"), "<none>"), { keep: 2 }),
    ageColumn,
    textColumn("NOMINATED NODE", (pod) => asString(at(pod, "status", "nominatedNodeName"), "<none>"), { wide: true }),
    textColumn("READINESS GATES", readinessGates, { wide: true }),
    textColumn("IMAGES", images, { wide: true, keep: 3, minWidth: 10 }),
  ],
  tone: (pod) => podTone(pod),
  drillDown: () => ({ to: "containers" }),
});

function podAddress(pod: KubeObject): string {
  const first = asArray(at(pod, "status", "podIPs"))[0];
  const address = isRecord(first) ? asString(first["ip"]) : asString(at(pod, "status", "podIP"));
  return address === "" ? "<none>" : address;
}

function readinessGates(pod: KubeObject): string {
  const gates = asRecords(at(pod, "spec", "readinessGates"));
  if (gates.length === 0) return "<none>";
  const conditions = asRecords(at(pod, "status", "conditions"));
  const passed = gates.filter((gate) =>
    conditions.some((condition) => condition["type"] === gate["conditionType"] && condition["status"] === "True"),
  );
  return `${passed.length}/${gates.length}`;
}

function images(pod: KubeObject): string {
  return asRecords(at(pod, "spec", "containers"))
    .map((container) => asString(container["image"]))
    .join(",");
}
