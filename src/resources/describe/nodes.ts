import { asArray, asRecord, asRecords, asString, at } from "../../lib/kube/object.ts";
import type { KubeObject } from "../../lib/kube/object.ts";
import { ageOf } from "../../lib/age.ts";
import { formatMebibytes, formatMillicores, parseQuantity } from "../../lib/quantity.ts";
import { nodeRoles } from "../node-status.ts";
import { podResources } from "../pod-resources.ts";
import type { DescribeDocument } from "./document.ts";
import type { DescribeInput } from "./sections.ts";
import { timeText, writeConditions, writeEvents, writeIdentity } from "./sections.ts";
import { PODS } from "../related-query.ts";
import { scalarText } from "../scalar-text.ts";
import { sortedEntries } from "../sorted-entries.ts";

/** As `NodeDescriber` of kubectl/pkg/describe/describe.go. */
export function describeNode(document: DescribeDocument, input: DescribeInput): void {
  const { object: node, now } = input;
  writeIdentity(document, node, () => document.field(0, "Roles", nodeRoles(node)));
  document.field(0, "CreationTimestamp", timeText(node.metadata.creationTimestamp, now));
  const taints = asRecords(at(node, "spec", "taints")).map((taint) => {
    const value = asString(taint["value"]);
    return `${asString(taint["key"])}${value === "" ? "" : `=${value}`}:${asString(taint["effect"])}`;
  });
  document.list(0, "Taints", taints);
  const unschedulable = at(node, "spec", "unschedulable") === true;
  document.field(0, "Unschedulable", scalarText(unschedulable), unschedulable ? "warning" : undefined);
  writeLease(document, input);
  writeConditions(document, node, now);
  document.heading(0, "Addresses");
  for (const address of asRecords(at(node, "status", "addresses")))
    document.field(1, asString(address["type"]), asString(address["address"]));
  for (const [label, field] of [
    ["Capacity", "capacity"],
    ["Allocatable", "allocatable"],
  ] as const) {
    document.heading(0, label);
    for (const [name, amount] of sortedEntries(asRecord(at(node, "status", field))))
      document.field(1, name, scalarText(amount));
  }
  document.heading(0, "System Info");
  for (const [name, value] of Object.entries(asRecord(at(node, "status", "nodeInfo"))))
    if (typeof value === "string") document.field(1, words(name), value);
  const range = asString(at(node, "spec", "podCIDR"));
  if (range !== "") document.field(0, "PodCIDR", range);
  const ranges = asArray(at(node, "spec", "podCIDRs")).map((each) => asString(each));
  if (ranges.length > 0) document.field(0, "PodCIDRs", ranges.join(","));
  const provider = asString(at(node, "spec", "providerID"));
  if (provider !== "") document.field(0, "ProviderID", provider);
  writePods(document, input);
  writeEvents(document, input);
}

/** `kubeletVersion` -> `Kubelet Version`. */
function words(field: string): string {
  const spaced = field
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ")
    .replace(/^os\b/, "OS")
    .replace("kube Proxy", "kube-Proxy");
  return spaced.slice(0, 1).toUpperCase() + spaced.slice(1);
}

/** The list with the lease by which the kubelet says that it lives. */
export const NODE_LEASE = "lease";

function writeLease(document: DescribeDocument, { related, now }: DescribeInput): void {
  const leases = related.get(NODE_LEASE);
  if (leases === undefined) return;
  const [lease] = leases;
  document.heading(0, "Lease");
  if (lease === undefined) {
    document.text(1, "<none>", "warning");
    return;
  }
  const spec = (field: string): unknown => at(lease, "spec", field);
  document.field(1, "HolderIdentity", asString(spec("holderIdentity")) || "<unset>");
  document.field(1, "AcquireTime", timeText(spec("acquireTime"), now));
  document.field(1, "RenewTime", timeText(spec("renewTime"), now));
}

function writePods(document: DescribeDocument, input: DescribeInput): void {
  const pods = input.related.get(PODS);
  if (pods === undefined) return;
  const active = pods.filter((pod) => !["Succeeded", "Failed"].includes(asString(at(pod, "status", "phase"))));
  const allocatable = (resource: string): number =>
    parseQuantity(at(input.object, "status", "allocatable", resource)) ?? 0;
  const cores = allocatable("cpu");
  const bytes = allocatable("memory");
  const cpu = (amount: number | undefined): string => share(amount, cores, formatMillicores);
  const memory = (amount: number | undefined): string => share(amount, bytes, formatMebibytes);
  document.field(0, "Non-terminated Pods", `(${active.length} in total)`);
  document.table(
    1,
    ["Namespace", "Name", "CPU Requests", "CPU Limits", "Memory Requests", "Memory Limits", "Age"],
    active.toSorted(byPath).map((pod) => {
      const { requests, limitSums: limits } = podResources(pod);
      return [
        pod.metadata.namespace ?? "",
        pod.metadata.name ?? "",
        cpu(requests.cpu),
        cpu(limits.cpu),
        memory(requests.memory),
        memory(limits.memory),
        ageOf(pod.metadata.creationTimestamp, input.now),
      ];
    }),
  );
  const sum = (pick: (pod: KubeObject) => number | undefined): number =>
    active.reduce((total, pod) => total + (pick(pod) ?? 0), 0);
  document.heading(0, "Allocated resources");
  document.text(1, "(Total limits may be over 100 percent, i.e., overcommitted.)", "muted");
  document.table(
    1,
    ["Resource", "Requests", "Limits"],
    [
      ["cpu", cpu(sum((pod) => podResources(pod).requests.cpu)), cpu(sum((pod) => podResources(pod).limitSums.cpu))],
      [
        "memory",
        memory(sum((pod) => podResources(pod).requests.memory)),
        memory(sum((pod) => podResources(pod).limitSums.memory)),
      ],
    ],
  );
}

function byPath(left: KubeObject, right: KubeObject): number {
  const path = (pod: KubeObject): string => `${pod.metadata.namespace ?? ""}/${pod.metadata.name ?? ""}`;
  return path(left) < path(right) ? -1 : 1;
}

function share(amount: number | undefined, whole: number, format: (value: number) => string): string {
  const value = amount ?? 0;
  const percent = whole === 0 ? 0 : Math.trunc((value / whole) * 100);
  return `${value === 0 ? "0" : format(value)} (${percent}%)`;
}
