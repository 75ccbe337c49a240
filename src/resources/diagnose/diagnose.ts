import { ageOf } from "../../lib/age.ts";
import { asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { DescribeDocument, toned, type DescribeLine } from "../describe/document.ts";
import { writeConditions } from "../describe/sections.ts";
import { eventSummary } from "../event-summary.ts";
import { GATEWAY_GROUP, GATEWAY_ROUTES } from "../gateway-route.ts";
import { podTone } from "../pod-status.ts";
import { conditionsFindings, heldFindings } from "./condition-findings.ts";
import { containerStatus } from "./container-findings.ts";
import { NODES, SERVICES, STORAGE_CLASSES, type DiagnosisInput, type Finding } from "./finding.ts";
import { claimFindings, nodeFindings } from "./infrastructure-findings.ts";
import { gatewayFindings, routeFindings } from "./gateway-findings.ts";
import {
  cronFindings,
  namespaceFindings,
  quotaFindings,
  requestFindings,
  volumeFindings,
  webhookContext,
  webhookFindings,
} from "./policy-findings.ts";
import { budgetFindings, scalerFindings } from "./scaling-findings.ts";
import { ingressFindings, serviceFindings } from "./network-findings.ts";
import { podFindings, podHeadline } from "./pod-findings.ts";
import { recentChanges, workloadFindings } from "./workload-findings.ts";
import { PODS, podsGvr, podsOnNode, selectedPods, selectedReplicaSets, type RelatedQuery } from "../related-query.ts";
import { podContainers } from "../pod-containers.ts";

/** The end of a log that a diagnosis shows. */
export interface LogTail {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Of the instance before the one that runs or waits now. */
  readonly previous: boolean;
  /** How often the container was restarted: with every restart there are other last lines. */
  readonly restarts: number;
}

/** A log's last lines, or why they could not be read. */
export interface LogAnswer extends LogTail {
  readonly lines: readonly string[];
  readonly fault?: string;
}

interface Diagnoser {
  findings(input: DiagnosisInput): readonly Finding[];
  related?(object: KubeObject): readonly RelatedQuery[];
}

type ResourceName = { readonly group: string; readonly resource: string };

const workload: Diagnoser = { findings: workloadFindings, related: selectedPods };

/** By `group/resource`. */
const diagnosers: Readonly<Record<string, Diagnoser>> = {
  "/pods": { findings: podFindings, related: nodeOfPod },
  "/services": { findings: serviceFindings, related: selectedPods },
  "/nodes": { findings: nodeFindings, related: podsOnNode },
  "/persistentvolumeclaims": { findings: claimFindings, related: claimContext },
  "apps/deployments": {
    findings: workloadFindings,
    related: (object) => [...selectedPods(object), ...selectedReplicaSets(object)],
  },
  "apps/replicasets": workload,
  "apps/statefulsets": workload,
  "apps/daemonsets": workload,
  "batch/jobs": workload,
  "networking.k8s.io/ingresses": { findings: ingressFindings, related: servicesOfNamespace },
  [`${GATEWAY_GROUP}/gateways`]: { findings: gatewayFindings },
  ...Object.fromEntries(
    GATEWAY_ROUTES.map((resource) => [
      `${GATEWAY_GROUP}/${resource}`,
      { findings: routeFindings, related: servicesOfNamespace },
    ]),
  ),
  "autoscaling/horizontalpodautoscalers": { findings: scalerFindings },
  "policy/poddisruptionbudgets": { findings: budgetFindings },
  "batch/cronjobs": { findings: cronFindings },
  "/resourcequotas": { findings: quotaFindings },
  "/namespaces": { findings: namespaceFindings },
  "/persistentvolumes": { findings: volumeFindings },
  "certificates.k8s.io/certificatesigningrequests": { findings: requestFindings },
  "admissionregistration.k8s.io/validatingwebhookconfigurations": {
    findings: webhookFindings,
    related: webhookContext,
  },
  "admissionregistration.k8s.io/mutatingwebhookconfigurations": {
    findings: webhookFindings,
    related: webhookContext,
  },
};

const generic: Diagnoser = { findings: ({ object }) => conditionsFindings(object) };

function diagnoserOf({ group, resource }: ResourceName): Diagnoser {
  return diagnosers[`${group}/${resource}`] ?? generic;
}

/** What else must be listed to say what is wrong with an object. */
export function diagnosisQueries(resource: ResourceName, object: KubeObject): readonly RelatedQuery[] {
  return diagnoserOf(resource).related?.(object) ?? [];
}

/** What is wrong, the likeliest cause first; empty where nothing is. */
export function diagnosisFindings(resource: ResourceName, input: DiagnosisInput): readonly Finding[] {
  const own = resource.group === "" && (resource.resource === "pods" || resource.resource === "namespaces");
  // These say themselves what holds them.
  const held = own ? [] : heldFindings(input.object);
  return [...held, ...diagnoserOf(resource).findings(input)];
}

/** The logs that tell most: of the containers that fail in the pod, or in the first failing pods of a workload. */
export function logTails(resource: ResourceName, input: DiagnosisInput): readonly LogTail[] {
  const isPod = resource.group === "" && resource.resource === "pods";
  const pods = isPod ? [input.object] : resource.resource === "nodes" ? [] : (input.related.get(PODS) ?? []);
  return pods
    .filter((pod) => isPod || podTone(pod) === "error" || podTone(pod) === "warning")
    .slice(0, 2)
    .flatMap((pod) => failingContainers(pod, input.now))
    .slice(0, 3);
}

function failingContainers(pod: KubeObject, now: number): readonly LogTail[] {
  return podContainers(pod, now).flatMap((container) => {
    const status = containerStatus(pod, container.name);
    const waiting = at(status, "state", "waiting") !== undefined;
    const ended = at(status, "state", "terminated");
    const endedBefore = at(status, "lastState", "terminated") !== undefined;
    const sick = container.tone === "error" || container.tone === "warning" || container.restarts > 0;
    if (!sick || (waiting && !endedBefore) || (ended === undefined && !container.running && !endedBefore)) return [];
    // A container that waits has no log of its own yet: what counts is how it ended before.
    const previous = ended === undefined && endedBefore && (waiting || container.ready);
    return [
      {
        namespace: pod.metadata.namespace ?? "",
        pod: pod.metadata.name ?? "",
        container: container.name,
        previous,
        restarts: container.restarts,
      },
    ];
  });
}

/**
 * The diagnosis as text. The first line is the likely cause.
 * @param eventsNote why the events may not be all of them
 */
export function writeDiagnosis(
  resource: ResourceName,
  input: DiagnosisInput,
  logs: readonly LogAnswer[],
  eventsNote: string | undefined,
): readonly DescribeLine[] {
  const document = new DescribeDocument();
  const [first, ...others] = diagnosisFindings(resource, input);
  if (first === undefined) document.text(0, "Nothing is wrong that kelpie can see.", "ok");
  else writeFinding(document, "Likely cause", first);
  if (resource.group === "" && resource.resource === "pods") {
    document.field(0, "Status", podHeadline(input.object, input.now), podTone(input.object));
  }
  if (others.length > 0) {
    document.text(0, "");
    document.heading(0, "Also");
    for (const found of others) {
      document.text(1, `- ${found.text}`, found.tone);
      if (found.advice !== undefined) document.text(2, found.advice, "muted");
    }
  }
  for (const log of logs) writeLog(document, log);
  const changes = recentChanges(input);
  if (changes.length > 0) {
    document.text(0, "");
    document.heading(0, "Changed lately");
    for (const change of changes) document.text(1, change);
  }
  document.text(0, "");
  writeConditions(document, input.object, input.now);
  writeEvents(document, input, eventsNote);
  return document.lines();
}

function writeFinding(document: DescribeDocument, label: string, found: Finding): void {
  document.field(0, label, found.text, found.tone);
  if (found.advice !== undefined) document.field(0, "What to do", found.advice);
}

function writeLog(document: DescribeDocument, log: LogAnswer): void {
  document.text(0, "");
  const instance = log.previous ? ", before its last restart" : "";
  document.heading(0, `Last log lines of ${log.pod}/${log.container}${instance}`);
  if (log.fault !== undefined) document.text(1, `<${log.fault}>`, "muted");
  else if (log.lines.length === 0) document.text(1, "<it wrote nothing>", "muted");
  for (const line of log.lines) document.text(1, line);
}

/** Events in the order of time, with the object each is about. */
function writeEvents(document: DescribeDocument, input: DiagnosisInput, note: string | undefined): void {
  if (input.events.length === 0) {
    document.field(0, "Events", note ?? "<none>");
    return;
  }
  const sorted = input.events
    .map((event) => ({ event, summary: eventSummary(event) }))
    .sort((left, right) => Date.parse(left.summary.lastSeen) - Date.parse(right.summary.lastSeen))
    .slice(-100);
  document.heading(0, "Events");
  document.table(
    1,
    ["Age", "Type", "Reason", "Object", "Message"],
    sorted.map(({ event, summary }) => {
      const count = summary.count > 1 ? ` (x${summary.count})` : "";
      const type = asString(event["type"]);
      return [
        ageOf(summary.lastSeen, input.now) + count,
        toned(type, type === "Warning" ? "warning" : undefined),
        asString(event["reason"]),
        summary.object,
        asString(event["message"])
          .trim()
          .replaceAll(/\s*\n\s*/g, " "),
      ];
    }),
  );
}

function nodeOfPod(pod: KubeObject): readonly RelatedQuery[] {
  const name = asString(at(pod, "spec", "nodeName"));
  if (name === "") return [];
  const gvr = { group: "", version: "v1", resource: "nodes" } as const;
  return [{ key: NODES, gvr, namespace: "", fieldSelector: `metadata.name=${name}` }];
}

function claimContext(claim: KubeObject): readonly RelatedQuery[] {
  const gvr = { group: "storage.k8s.io", version: "v1", resource: "storageclasses" } as const;
  return [
    { key: STORAGE_CLASSES, gvr, namespace: "" },
    { key: PODS, gvr: podsGvr, namespace: claim.metadata.namespace ?? "" },
  ];
}

function servicesOfNamespace(object: KubeObject): readonly RelatedQuery[] {
  const gvr = { group: "", version: "v1", resource: "services" } as const;
  return [{ key: SERVICES, gvr, namespace: object.metadata.namespace ?? "" }];
}
