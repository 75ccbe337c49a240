import { asNumber, asRecord, asRecords, asString, at } from "../../lib/kube/object.ts";
import type { KubeObject } from "../../lib/kube/object.ts";
import { selectorText } from "../columns.ts";
import type { DescribeDocument } from "./document.ts";
import { writePodTemplate } from "./pod-template.ts";
import type { DescribeInput } from "./sections.ts";
import { timeText, writeConditions, writeController, writeEvents, writeIdentity } from "./sections.ts";
import { PODS, REPLICA_SETS } from "../related-query.ts";
import { scalarText } from "../scalar-text.ts";

/** As `DeploymentDescriber` of kubectl/pkg/describe/describe.go. */
export function describeDeployment(document: DescribeDocument, input: DescribeInput): void {
  const { object, now } = input;
  const status = (field: string): number => asNumber(at(object, "status", field));
  writeIdentity(document, object);
  document.field(0, "CreationTimestamp", timeText(object.metadata.creationTimestamp, now));
  document.field(0, "Selector", selectorText(at(object, "spec", "selector")));
  const wanted = asNumber(at(object, "spec", "replicas"), 1);
  const unavailable = status("unavailableReplicas");
  document.field(
    0,
    "Replicas",
    `${wanted} desired | ${status("updatedReplicas")} updated | ${status("replicas")} total | ${status("availableReplicas")} available | ${unavailable} unavailable`,
    unavailable > 0 ? "warning" : "ok",
  );
  document.field(0, "StrategyType", asString(at(object, "spec", "strategy", "type"), "RollingUpdate"));
  document.field(0, "MinReadySeconds", scalarText(asNumber(at(object, "spec", "minReadySeconds"))));
  const rolling = asRecord(at(object, "spec", "strategy", "rollingUpdate"));
  if (Object.keys(rolling).length > 0)
    document.field(
      0,
      "RollingUpdateStrategy",
      `${scalarText(rolling["maxUnavailable"] ?? "25%")} max unavailable, ${scalarText(rolling["maxSurge"] ?? "25%")} max surge`,
    );
  if (at(object, "spec", "paused") === true) document.field(0, "Paused", "True", "warning");
  writePodTemplate(document, at(object, "spec", "template"), now);
  writeConditions(document, object, now);
  writeReplicaSets(document, input);
  writeEvents(document, input);
}

const REVISION = "deployment.kubernetes.io/revision";

function writeReplicaSets(document: DescribeDocument, input: DescribeInput): void {
  const related = input.related.get(REPLICA_SETS);
  if (related === undefined) return;
  const revision = input.object.metadata.annotations?.[REVISION];
  const owned = related.filter((one) =>
    (one.metadata.ownerReferences ?? []).some((owner) => owner.uid === input.object.metadata.uid),
  );
  const text = (sets: readonly KubeObject[]): string =>
    sets
      .map((one) => {
        const created = asNumber(at(one, "status", "replicas"));
        return `${one.metadata.name ?? ""} (${created}/${asNumber(at(one, "spec", "replicas"))} replicas created)`;
      })
      .join(", ") || "<none>";
  document.field(0, "OldReplicaSets", text(owned.filter((one) => one.metadata.annotations?.[REVISION] !== revision)));
  document.field(0, "NewReplicaSet", text(owned.filter((one) => one.metadata.annotations?.[REVISION] === revision)));
}

/** ReplicaSets, StatefulSets, DaemonSets, Jobs: counts, pods by phase, template. */
export function describeWorkload(document: DescribeDocument, input: DescribeInput): void {
  const { object, now } = input;
  writeIdentity(document, object);
  document.field(0, "CreationTimestamp", timeText(object.metadata.creationTimestamp, now));
  document.field(0, "Selector", selectorText(at(object, "spec", "selector")));
  writeController(document, object);
  writeCounts(document, object);
  writePodStatuses(document, input);
  writePodTemplate(document, at(object, "spec", "template"), now);
  for (const claim of asRecords(at(object, "spec", "volumeClaimTemplates"))) {
    document.heading(0, "Volume Claims");
    document.field(1, "Name", asString(at(claim, "metadata", "name")));
    document.field(1, "StorageClass", asString(at(claim, "spec", "storageClassName")) || "<default>");
    document.field(1, "Capacity", asString(at(claim, "spec", "resources", "requests", "storage")));
  }
  writeConditions(document, object, now);
  writeEvents(document, input);
}

function writeCounts(document: DescribeDocument, object: KubeObject): void {
  const spec = asRecord(object["spec"]);
  const status = asRecord(object["status"]);
  switch (object.kind) {
    case "DaemonSet":
      document.field(0, "Desired Number of Nodes Scheduled", scalarText(asNumber(status["desiredNumberScheduled"])));
      document.field(0, "Current Number of Nodes Scheduled", scalarText(asNumber(status["currentNumberScheduled"])));
      document.field(
        0,
        "Number of Nodes Scheduled with Up-to-date Pods",
        scalarText(asNumber(status["updatedNumberScheduled"])),
      );
      document.field(
        0,
        "Number of Nodes Scheduled with Available Pods",
        scalarText(asNumber(status["numberAvailable"])),
      );
      document.field(0, "Number of Nodes Misscheduled", scalarText(asNumber(status["numberMisscheduled"])));
      return;
    case "Job":
      document.field(0, "Parallelism", scalarText(asNumber(spec["parallelism"], 1)));
      document.field(0, "Completions", spec["completions"] === undefined ? "<unset>" : scalarText(spec["completions"]));
      document.field(0, "Backoff Limit", scalarText(asNumber(spec["backoffLimit"], 6)));
      if (spec["suspend"] === true) document.field(0, "Suspend", "true", "warning");
      return;
    default:
      document.field(
        0,
        "Replicas",
        `${asNumber(status["replicas"])} current / ${asNumber(spec["replicas"], 1)} desired`,
      );
  }
}

function writePodStatuses(document: DescribeDocument, input: DescribeInput): void {
  const pods = input.related
    .get(PODS)
    ?.filter((pod) => (pod.metadata.ownerReferences ?? []).some((owner) => owner.uid === input.object.metadata.uid));
  if (pods === undefined) return;
  const count = (phase: string): number => pods.filter((pod) => at(pod, "status", "phase") === phase).length;
  document.field(
    0,
    "Pods Status",
    `${count("Running")} Running / ${count("Pending")} Waiting / ${count("Succeeded")} Succeeded / ${count("Failed")} Failed`,
    count("Failed") > 0 ? "error" : undefined,
  );
}
