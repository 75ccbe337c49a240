import { ageOf } from "../../lib/age.ts";
import { asNumber, asRecords, asString, at, isRecord, type KubeObject } from "../../lib/kube/object.ts";
import { eventSummary } from "../event-summary.ts";
import { podStatus, restartsText } from "../pod-status.ts";
import { containerFindings } from "./container-findings.ts";
import { finding, NODES, type DiagnosisInput, type Finding } from "./finding.ts";

/** Why a pod is not what it should be, the likeliest cause first. Empty where nothing is wrong. */
export function podFindings(input: DiagnosisInput): readonly Finding[] {
  const { object: pod } = input;
  return [
    ...deletionFindings(pod, input.now),
    ...evictionFindings(pod),
    ...schedulingFindings(pod, input),
    ...nodeFindings(pod, input),
    ...startFindings(pod, input),
    ...containerFindings(input),
    ...gateFindings(pod),
  ];
}

/** STATUS, READY and RESTARTS in one line. */
export function podHeadline(pod: KubeObject, now: number): string {
  const status = podStatus(pod);
  const node = asString(at(pod, "spec", "nodeName"));
  const restarts =
    status.restarts === 0
      ? ""
      : `, ${restartsText(status, now).replace(/^\d+/, status.restarts === 1 ? "$& restart" : "$& restarts")}`;
  const where = node === "" ? "on no node" : `on ${node}`;
  return `${status.status}, ${status.ready}/${status.total} ready${restarts}, ${where}`;
}

function deletionFindings(pod: KubeObject, now: number): readonly Finding[] {
  const { deletionTimestamp, finalizers = [] } = pod.metadata;
  if (deletionTimestamp === undefined) return [];
  const late = now - Date.parse(deletionTimestamp);
  if (!(late > 0)) return [finding("muted", "it is being deleted and has time to end until its grace period is over")];
  if (finalizers.length > 0) {
    return [
      finding(
        "error",
        `it should be gone since ${ageOf(deletionTimestamp, now)}: the finalizers ${finalizers.join(", ")} hold it`,
        "whoever set a finalizer must remove it; look for its controller",
      ),
    ];
  }
  return [
    finding(
      "error",
      `it should be gone since ${ageOf(deletionTimestamp, now)}: its node has not confirmed that the containers ended`,
      "look at the node; a forced deletion forgets the pod without stopping it",
    ),
  ];
}

function evictionFindings(pod: KubeObject): readonly Finding[] {
  const reason = asString(at(pod, "status", "reason"));
  if (reason === "" || at(pod, "status", "phase") !== "Failed") return [];
  const message = asString(at(pod, "status", "message"));
  return [finding("error", `the node ended it (${reason})${message === "" ? "" : `: ${message}`}`)];
}

/** What the scheduler's words mean for the operator. */
const SCHEDULING_ADVICE: ReadonlyArray<readonly [pattern: RegExp, advice: string]> = [
  [/Insufficient (cpu|memory|ephemeral-storage)/, "lower the requests of its containers, or free or add nodes"],
  [/Too many pods/, "the nodes hold as many pods as they may: add a node"],
  [/untolerated taint/, "give it a toleration, or remove the taint from a node"],
  [
    /node affinity|node selector|didn't match Pod's node/,
    "no node has the labels it asks for: label one, or change the selector",
  ],
  [
    /unbound immediate PersistentVolumeClaims|persistentvolumeclaim/,
    "one of its claims is not bound: `i` on the claim",
  ],
  [/anti-affinity/, "its rules keep it off the nodes that are left: add a node or relax the rule"],
  [/unschedulable/, "nodes are cordoned: uncordon one"],
];

function schedulingFindings(pod: KubeObject, input: DiagnosisInput): readonly Finding[] {
  if (asString(at(pod, "spec", "nodeName")) !== "" || at(pod, "status", "phase") !== "Pending") return [];
  const condition = asRecords(at(pod, "status", "conditions")).find((one) => one["type"] === "PodScheduled");
  const gates = asRecords(at(pod, "spec", "schedulingGates")).map((gate) => asString(gate["name"]));
  // Not every server tells of gates by a condition.
  if (condition?.["reason"] === "SchedulingGated" || gates.length > 0) {
    return [finding("warning", `it is not offered to the scheduler: the gates ${gates.join(", ")} are closed`)];
  }
  const said = asString(condition?.["message"]) || lastMessage(input, ["FailedScheduling"]);
  if (said === "") {
    const scheduler = asString(at(pod, "spec", "schedulerName"), "default-scheduler");
    const age = ageOf(pod.metadata.creationTimestamp, input.now);
    return [
      finding(
        "warning",
        `the scheduler ${scheduler} has said nothing of it for ${age}`,
        "see whether that scheduler runs",
      ),
    ];
  }
  const advice = SCHEDULING_ADVICE.find(([pattern]) => pattern.test(said))?.[1];
  return [finding("error", `no node can take it: ${said}`, advice)];
}

function nodeFindings(pod: KubeObject, { related, now }: DiagnosisInput): readonly Finding[] {
  const name = asString(at(pod, "spec", "nodeName"));
  const nodes = related.get(NODES);
  if (name === "" || nodes === undefined) return [];
  const node = nodes.find((one) => one.metadata.name === name);
  if (node === undefined) return [finding("error", `its node ${name} is gone`)];
  const ready = asRecords(at(node, "status", "conditions")).find((one) => one["type"] === "Ready");
  if (ready === undefined || ready["status"] === "True") return [];
  const since = ageOf(asString(ready["lastTransitionTime"]), now);
  return [
    finding("error", `its node ${name} is not ready since ${since}: ${asString(ready["message"])}`, "`i` on the node"),
  ];
}

/** What keeps containers from being created: volumes, the sandbox, the network. */
function startFindings(pod: KubeObject, input: DiagnosisInput): readonly Finding[] {
  const statuses = asRecords(at(pod, "status", "containerStatuses"));
  const begun = statuses.some((one) => isRecord(at(one, "state", "running")) || asNumber(one["restartCount"]) > 0);
  if (begun || asString(at(pod, "spec", "nodeName")) === "" || at(pod, "status", "phase") !== "Pending") return [];
  const mount = lastMessage(input, ["FailedMount", "FailedAttachVolume", "FailedMapVolume"]);
  if (mount !== "") return [finding("error", `its volumes cannot be mounted: ${mount}`, missingAdvice(mount))];
  const sandbox = lastMessage(input, ["FailedCreatePodSandBox", "NetworkNotReady"]);
  return sandbox === ""
    ? []
    : [finding("error", `its sandbox cannot be made: ${sandbox}`, "look at the node and its network")];
}

function missingAdvice(message: string): string | undefined {
  return /not found/.test(message) ? "create what is missing, or correct the name in the pod" : undefined;
}

function gateFindings(pod: KubeObject): readonly Finding[] {
  const conditions = asRecords(at(pod, "status", "conditions"));
  return asRecords(at(pod, "spec", "readinessGates")).flatMap((gate) => {
    const type = asString(gate["conditionType"]);
    const condition = conditions.find((one) => one["type"] === type);
    if (condition?.["status"] === "True") return [];
    const message = asString(condition?.["message"]);
    return [finding("warning", `its readiness gate ${type} is not true${message === "" ? "" : `: ${message}`}`)];
  });
}

/** The message of the newest event with one of these reasons, empty where there is none. */
export function lastMessage({ events }: Pick<DiagnosisInput, "events">, reasons: readonly string[]): string {
  let newest = "";
  let message = "";
  for (const event of events) {
    if (!reasons.includes(asString(event["reason"]))) continue;
    const { lastSeen } = eventSummary(event);
    if (lastSeen < newest) continue;
    newest = lastSeen;
    message = asString(event["message"])
      .trim()
      .replaceAll(/\s*\n\s*/g, " ");
  }
  return message;
}
