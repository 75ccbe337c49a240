import { asRecord, asRecords, asString } from "../../lib/kube/object.ts";
import { formatTime } from "../machinery/time.ts";
import type { Pod } from "./pod.ts";

type Fields = Readonly<Record<string, unknown>>;

interface Condition {
  readonly type: string;
  readonly status: "True" | "False";
  readonly reason?: string;
  readonly message?: string;
}

export interface ConditionsInput {
  readonly pod: Pod;
  readonly phase: string;
  readonly old: Fields;
  readonly initStatuses: readonly Fields[];
  readonly mainStatuses: readonly Fields[];
  readonly sandboxReady: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The conditions that the node agent writes. */
const OWN_CONDITIONS: ReadonlySet<string> = new Set([
  "PodReadyToStartContainers",
  "Initialized",
  "Ready",
  "ContainersReady",
]);

/**
 * `status.conditions` (upstream: pkg/kubelet/status/generate.go). A transition time is kept while the status is the
 * same; conditions of others (`PodScheduled`, readiness gates) stay.
 */
export function podConditions(input: ConditionsInput): readonly Fields[] {
  const { pod, phase, now } = input;
  const oldConditions = asRecords(input.old["conditions"]);
  const containersReady = readyCondition("ContainersReady", phase, input.mainStatuses, sidecarStatuses(input));
  const own: readonly Condition[] = [
    { type: "PodReadyToStartContainers", status: input.sandboxReady ? "True" : "False" },
    initializedCondition(input),
    podReady(containersReady, pod, oldConditions),
    containersReady,
  ];
  const written = own.map((condition) => writtenCondition(condition, oldConditions, pod, now));
  return [...written, ...oldConditions.filter(({ type }) => !OWN_CONDITIONS.has(asString(type)))];
}

function writtenCondition(condition: Condition, before: readonly Fields[], pod: Pod, now: number): Fields {
  const old = before.find(({ type }) => type === condition.type);
  const since = old?.["status"] === condition.status ? asString(old["lastTransitionTime"]) : "";
  const { type, status, ...why } = condition;
  return {
    type,
    ...(pod.generation > 0 ? { observedGeneration: pod.generation } : {}),
    status,
    lastProbeTime: null,
    lastTransitionTime: since || formatTime(now),
    ...why,
  };
}

function sidecarStatuses({ pod, initStatuses }: ConditionsInput): readonly Fields[] {
  const sidecars = new Set(pod.initContainers.filter(({ role }) => role === "sidecar").map(({ name }) => name));
  return initStatuses.filter((status) => sidecars.has(asString(status["name"])));
}

function initializedCondition(input: ConditionsInput): Condition {
  const type = "Initialized";
  const { pod, phase, initStatuses } = input;
  if (phase === "Succeeded") return { type, status: "True", reason: "PodCompleted" };
  const sidecars = new Set(pod.initContainers.filter(({ role }) => role === "sidecar").map(({ name }) => name));
  const begun = input.mainStatuses.some((status) => {
    const state = asRecord(status["state"]);
    return "running" in state || "terminated" in state || "terminated" in asRecord(status["lastState"]);
  });
  const incomplete = initStatuses
    .filter((status) =>
      sidecars.has(asString(status["name"])) ? status["started"] !== true : status["ready"] !== true,
    )
    .map((status) => asString(status["name"]));
  if (incomplete.length === 0 || begun) return { type, status: "True" };
  return {
    type,
    status: "False",
    reason: "ContainersNotInitialized",
    message: `containers with incomplete status: [${incomplete.join(" ")}]`,
  };
}

function readyCondition(
  type: string,
  phase: string,
  mainStatuses: readonly Fields[],
  sidecars: readonly Fields[],
): Condition {
  if (phase === "Succeeded") return { type, status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { type, status: "False", reason: "PodFailed" };
  const unready = [...sidecars, ...mainStatuses]
    .filter((status) => status["ready"] !== true)
    .map((status) => asString(status["name"]));
  if (unready.length === 0) return { type, status: "True" };
  return {
    type,
    status: "False",
    reason: "ContainersNotReady",
    message: `containers with unready status: [${unready.join(" ")}]`,
  };
}

function podReady(containersReady: Condition, pod: Pod, conditions: readonly Fields[]): Condition {
  const type = "Ready";
  if (containersReady.status === "False") return { ...containersReady, type };
  const faults = pod.readinessGates.flatMap((gate) => {
    const found = conditions.find((condition) => condition["type"] === gate);
    if (found === undefined) return [`corresponding condition of pod readiness gate "${gate}" does not exist.`];
    if (found["status"] === "True") return [];
    return [`the status of pod readiness gate "${gate}" is not "True", but ${asString(found["status"])}`];
  });
  if (faults.length === 0) return { type, status: "True" };
  return { type, status: "False", reason: "ReadinessGatesNotReady", message: faults.join(", ") };
}

/** Conditions of others are theirs to change: as stored, not as seen when the status was built. */
export function withForeignConditions(status: Fields, stored: Fields): Fields {
  const own = asRecords(status["conditions"]).filter(({ type }) => OWN_CONDITIONS.has(asString(type)));
  const foreign = asRecords(stored["conditions"]).filter(({ type }) => !OWN_CONDITIONS.has(asString(type)));
  return { ...status, conditions: [...own, ...foreign] };
}
