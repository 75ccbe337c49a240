import { ageOf } from "../../lib/age.ts";
import { asRecord, asRecords, asString, at } from "../../lib/kube/object.ts";
import type { KubeObject } from "../../lib/kube/object.ts";
import { podStatus, podTone } from "../pod-status.ts";
import { writeContainers } from "./containers.ts";
import { toned, type DescribeDocument } from "./document.ts";
import { writePlacement } from "./pod-template.ts";
import type { DescribeInput } from "./sections.ts";
import { timeText, writeConditions, writeController, writeEvents, writeIdentity } from "./sections.ts";
import { writeVolumes } from "./volumes.ts";
import { scalarText } from "../scalar-text.ts";

/** As `describePod` of kubectl/pkg/describe/describe.go. */
export function describePod(document: DescribeDocument, input: DescribeInput): void {
  const { object: pod, now } = input;
  const spec = asRecord(pod["spec"]);
  const status = asRecord(pod["status"]);
  writeIdentity(document, pod, () => {
    document.field(0, "Priority", scalarText(spec["priority"] ?? 0));
    optional(document, "Priority Class Name", spec["priorityClassName"]);
    optional(document, "Runtime Class Name", spec["runtimeClassName"]);
    document.field(0, "Service Account", asString(spec["serviceAccountName"]) || "<none>");
    const node = asString(spec["nodeName"]);
    const host = asString(status["hostIP"]);
    document.field(0, "Node", node === "" ? "<none>" : `${node}/${host}`);
    if (status["startTime"] !== undefined) document.field(0, "Start Time", timeText(status["startTime"], now));
  });
  writeStatus(document, pod, now);
  optional(document, "SeccompProfile", at(spec, "securityContext", "seccompProfile", "type"));
  document.field(0, "IP", asString(status["podIP"]) || "<none>");
  const addresses = asRecords(status["podIPs"]).map((one) => asString(one["ip"]));
  document.list(0, "IPs", addresses);
  writeController(document, pod);
  optional(document, "NominatedNodeName", status["nominatedNodeName"]);
  const groups = [
    ["Init Containers", "initContainers", "initContainerStatuses"],
    ["Containers", "containers", "containerStatuses"],
    ["Ephemeral Containers", "ephemeralContainers", "ephemeralContainerStatuses"],
  ] as const;
  for (const [label, containersField, statusesField] of groups) {
    const containers = asRecords(spec[containersField]);
    if (containers.length === 0) continue;
    writeContainers(document, { level: 0, label, containers, statuses: asRecords(status[statusesField]), now });
  }
  const gates = asRecords(spec["readinessGates"]);
  if (gates.length > 0) {
    document.heading(0, "Readiness Gates");
    const conditions = asRecords(status["conditions"]);
    document.table(
      1,
      ["Type", "Status"],
      gates.map((gate) => {
        const type = asString(gate["conditionType"]);
        const met = asString(conditions.find((one) => one["type"] === type)?.["status"], "<none>");
        return [type, toned(met, met === "True" ? "ok" : "warning")];
      }),
    );
  }
  writeConditions(document, pod, now);
  writeVolumes(document, 0, asRecords(spec["volumes"]));
  optional(document, "QoS Class", status["qosClass"]);
  writePlacement(document, 0, spec);
  writeEvents(document, input);
}

function writeStatus(document: DescribeDocument, pod: KubeObject, now: number): void {
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
  const phase = asString(at(pod, "status", "phase"));
  const word = podStatus(pod).status;
  // The timestamp is when the grace period ends; what tells is how long the pod has been going.
  const grace = (deletionGracePeriodSeconds ?? 0) * 1000;
  const text = deletionTimestamp === undefined ? word : `Terminating (for ${ageOf(deletionTimestamp, now + grace)})`;
  document.field(
    0,
    "Status",
    word === phase || deletionTimestamp !== undefined ? text : `${word} (phase ${phase})`,
    podTone(pod),
  );
  if (deletionTimestamp !== undefined)
    document.field(0, "Termination Grace Period", `${deletionGracePeriodSeconds ?? 0}s`);
  optional(document, "Reason", at(pod, "status", "reason"));
  optional(document, "Message", at(pod, "status", "message"));
}

function optional(document: DescribeDocument, label: string, value: unknown): void {
  const text = asString(value);
  if (text !== "") document.field(0, label, text);
}
