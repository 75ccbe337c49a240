import { asNumber, asRecord, asRecords, asString, at } from "../../lib/kube/object.ts";
import type { KubeObject } from "../../lib/kube/object.ts";
import { selectorText } from "../columns.ts";
import type { DescribeDocument } from "./document.ts";
import { writePodTemplate } from "./pod-template.ts";
import type { DescribeInput } from "./sections.ts";
import { pairs, writeConditions, writeController, writeCreation, writeEvents, writeIdentity } from "./sections.ts";
import { PODS, REPLICA_SETS } from "../related-query.ts";
import { scalarText } from "../scalar-text.ts";
import { writeClaimTemplate } from "./volumes.ts";

/** As `DeploymentDescriber` of kubectl/pkg/describe/describe.go. */
export function describeDeployment(document: DescribeDocument, input: DescribeInput): void {
  const { object, now } = input;
  const status = (field: string): number => asNumber(at(object, "status", field));
  writeIdentity(document, object, () => writeCreation(document, input));
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

/** As the describers of kubectl for ReplicaSets, ReplicationControllers, StatefulSets and DaemonSets. */
export function describeWorkload(document: DescribeDocument, input: DescribeInput): void {
  const { object, now } = input;
  const spec = asRecord(object["spec"]);
  writeIdentity(document, object, () => {
    writeCreation(document, input);
    document.field(0, "Selector", selectorText(spec["selector"]));
    if (object.kind === "DaemonSet") {
      const nodes = pairs(asRecord(at(spec, "template", "spec", "nodeSelector")), ",");
      document.list(0, "Node-Selector", nodes);
    }
  });
  writeController(document, object);
  writeCounts(document, object);
  writePodStatuses(document, input);
  writePodTemplate(document, spec["template"], now);
  const claims = asRecords(spec["volumeClaimTemplates"]);
  if (claims.length > 0) document.heading(0, "Volume Claims");
  for (const claim of claims) {
    document.field(1, "Name", asString(at(claim, "metadata", "name")));
    writeClaimTemplate(document, 1, claim);
  }
  writeConditions(document, object, now);
  writeEvents(document, input);
}

function writeCounts(document: DescribeDocument, object: KubeObject): void {
  const spec = asRecord(object["spec"]);
  const status = asRecord(object["status"]);
  const count = (label: string, field: string): void => document.field(0, label, scalarText(asNumber(status[field])));
  switch (object.kind) {
    case "DaemonSet":
      count("Desired Number of Nodes Scheduled", "desiredNumberScheduled");
      count("Current Number of Nodes Scheduled", "currentNumberScheduled");
      count("Number of Nodes Scheduled with Up-to-date Pods", "updatedNumberScheduled");
      count("Number of Nodes Scheduled with Available Pods", "numberAvailable");
      count("Number of Nodes Misscheduled", "numberMisscheduled");
      return;
    case "StatefulSet": {
      document.field(0, "Replicas", `${asNumber(spec["replicas"], 1)} desired | ${asNumber(status["replicas"])} total`);
      document.field(0, "Update Strategy", asString(at(spec, "updateStrategy", "type"), "RollingUpdate"));
      const partition = at(spec, "updateStrategy", "rollingUpdate", "partition");
      if (partition !== undefined) document.field(1, "Partition", scalarText(partition));
      return;
    }
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
