import { asRecord, asRecords, asString } from "../../lib/kube/object.ts";
import { formatTime } from "../machinery/time.ts";
import { exitCodeOf, hasEnded, type ContainerRecord } from "./container-record.ts";
import { qosClass, type Pod, type PodContainer } from "./pod.ts";
import { podConditions } from "./pod-conditions.ts";

type Fields = Readonly<Record<string, unknown>>;

export interface Waiting {
  readonly reason: string;
  readonly message?: string;
}

/** What is known of one declared container. */
export interface ContainerView {
  readonly container: PodContainer;
  /** The newest made one. */
  readonly latest: ContainerRecord | undefined;
  /** The one before it, ended. */
  readonly previous: ContainerRecord | undefined;
  /** Why none runs, where the records do not say it: back-off, image, configuration. */
  readonly waiting: Waiting | undefined;
  /** The start-up probe and the postStart hook have succeeded. */
  readonly started: boolean;
  /** The readiness probe has succeeded or there is none. */
  readonly ready: boolean;
}

export interface StatusInput {
  readonly pod: Pod;
  readonly containers: readonly ContainerView[];
  /** The last status, whose times and foreign conditions are kept. */
  readonly old: Fields;
  readonly podIp: string | undefined;
  readonly hostIp: string;
  readonly sandboxReady: boolean;
  /** Set where the node agent ended the pod itself: `DeadlineExceeded`. */
  readonly failure: { readonly reason: string; readonly message: string } | undefined;
  /** Nothing runs and nothing will. */
  readonly finished: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Builds `status` of a pod (upstream: kubelet_pods.go generateAPIPodStatus). Pure. */
export function podStatus(input: StatusInput): Fields {
  const { pod, old, now } = input;
  const byRole = (role: "initial" | "main" | "ephemeral"): readonly Fields[] =>
    input.containers.filter(({ container }) => listOf(container) === role).map((view) => containerStatus(view, input));
  const initStatuses = byRole("initial");
  const mainStatuses = byRole("main");
  const ephemeralStatuses = byRole("ephemeral");
  const phase = podPhase(input, initStatuses, mainStatuses);
  const { podIp } = input;
  return {
    ...(pod.generation > 0 ? { observedGeneration: pod.generation } : {}),
    phase,
    conditions: podConditions({ ...input, phase, initStatuses, mainStatuses }),
    ...(input.failure === undefined ? {} : { reason: input.failure.reason, message: input.failure.message }),
    ...(input.hostIp === "" ? {} : { hostIP: input.hostIp, hostIPs: [{ ip: input.hostIp }] }),
    ...(podIp === undefined ? {} : { podIP: podIp, podIPs: [{ ip: podIp }] }),
    startTime: asString(old["startTime"]) || formatTime(now),
    ...(initStatuses.length === 0 ? {} : { initContainerStatuses: initStatuses }),
    containerStatuses: mainStatuses,
    ...(ephemeralStatuses.length === 0 ? {} : { ephemeralContainerStatuses: ephemeralStatuses }),
    qosClass: qosClass(pod),
  };
}

function listOf(container: PodContainer): "initial" | "main" | "ephemeral" {
  if (container.role === "main" || container.role === "ephemeral") return container.role;
  return "initial";
}

const STATUS_LISTS = ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"] as const;

/** A container's status inside a pod's, `undefined` where there is none yet. */
export function containerStatusIn(podStatusFields: Fields, name: string): Fields | undefined {
  for (const list of STATUS_LISTS) {
    const found = asRecords(podStatusFields[list]).find((status) => status["name"] === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function containerStatus(view: ContainerView, input: StatusInput): Fields {
  const { container, latest } = view;
  const old = containerStatusIn(input.old, container.name) ?? {};
  const running = latest?.phase === "running";
  const state = containerState(view, input);
  return {
    name: container.name,
    state,
    lastState: lastState(view, state, old),
    ready: isReady(view),
    restartCount: latest?.attempt ?? 0,
    image: latest?.image ?? container.image,
    imageID: latest?.imageId ?? "",
    ...(latest === undefined ? {} : { containerID: containerIdOf(latest) }),
    started: running && view.started,
    ...(container.resources === undefined || !running ? {} : { resources: container.resources }),
  };
}

function isReady(view: ContainerView): boolean {
  const { container, latest } = view;
  if (latest === undefined || view.waiting !== undefined) return false;
  if (container.role === "init") return latest.phase === "exited" && latest.exitCode === 0;
  return latest.phase === "running" && view.started && view.ready && container.role !== "ephemeral";
}

function containerState({ latest, waiting }: ContainerView, { pod }: StatusInput): Fields {
  if (latest?.phase === "running") {
    return { running: { startedAt: formatTime(latest.startedAt ?? 0) } };
  }
  if (waiting !== undefined) return { waiting };
  if (latest !== undefined && hasEnded(latest)) return { terminated: terminatedState(latest) };
  if (latest !== undefined) return { waiting: { reason: "ContainerCreating" } };
  const regularInit = pod.initContainers.length > 0;
  return { waiting: { reason: regularInit ? "PodInitializing" : "ContainerCreating" } };
}

function lastState(view: ContainerView, state: Fields, old: Fields): Fields {
  const { latest, previous } = view;
  if ("waiting" in state && latest !== undefined && hasEnded(latest)) return { terminated: terminatedState(latest) };
  if (previous !== undefined && hasEnded(previous)) return { terminated: terminatedState(previous) };
  // The record of the one before may be gone after the engine's restart; the status remembers it.
  return latest !== undefined && latest.attempt > 0 ? asRecord(old["lastState"]) : {};
}

function containerIdOf(record: ContainerRecord): string {
  return `kelpie://${record.id}`;
}

function terminatedState(record: ContainerRecord): Fields {
  const { failure, terminationMessage } = record;
  const exitCode = exitCodeOf(record);
  const message = failure?.message ?? terminationMessage ?? lostMessage(record);
  return {
    exitCode,
    reason: failure?.reason ?? terminatedReason(record, exitCode),
    ...(message === undefined || message === "" ? {} : { message }),
    startedAt: record.startedAt === undefined ? null : formatTime(record.startedAt),
    finishedAt: record.finishedAt === undefined ? null : formatTime(record.finishedAt),
    containerID: containerIdOf(record),
  };
}

function lostMessage(record: ContainerRecord): string | undefined {
  return record.phase === "lost" ? "The container could not be located when the pod was terminated" : undefined;
}

function terminatedReason(record: ContainerRecord, exitCode: number): string {
  if (record.phase === "lost") return "ContainerStatusUnknown";
  if (record.oomKilled === true) return "OOMKilled";
  return exitCode === 0 ? "Completed" : "Error";
}

/** Upstream: kubelet_pods.go getPhase. */
function podPhase(input: StatusInput, initStatuses: readonly Fields[], mainStatuses: readonly Fields[]): string {
  const { pod, finished } = input;
  if (input.failure !== undefined && finished) return "Failed";
  const oldPhase = asString(input.old["phase"]);
  if (oldPhase === "Succeeded" || oldPhase === "Failed") return oldPhase;
  const sidecars = new Set(pod.initContainers.filter(({ role }) => role === "sidecar").map(({ name }) => name));
  const regularInit = initStatuses.filter((status) => !sidecars.has(asString(status["name"])));
  const initFailed = regularInit.some((status) => terminatedCode(status) !== undefined && terminatedCode(status) !== 0);
  const initPending = initStatuses.some((status) =>
    sidecars.has(asString(status["name"])) ? status["started"] !== true : terminatedCode(status) !== 0,
  );
  if (initFailed && pod.restartPolicy === "Never" && finished) return "Failed";
  const counts = { running: 0, waiting: 0, stopped: 0, succeeded: 0 };
  for (const status of mainStatuses) {
    const state = asRecord(status["state"]);
    if ("running" in state) counts.running += 1;
    else if ("terminated" in state) {
      counts.stopped += 1;
      if (terminatedCode(status) === 0) counts.succeeded += 1;
    } else if ("terminated" in asRecord(status["lastState"])) counts.stopped += 1;
    else counts.waiting += 1;
  }
  const begun = counts.running + counts.stopped > 0;
  if (finished && counts.running === 0) {
    const good = counts.waiting === 0 && counts.succeeded === mainStatuses.length && input.failure === undefined;
    return good ? "Succeeded" : "Failed";
  }
  if (initPending && !begun) return "Pending";
  if (counts.waiting > 0) return "Pending";
  return begun ? "Running" : "Pending";
}

function terminatedCode(status: Fields): number | undefined {
  const terminated = asRecord(asRecord(status["state"])["terminated"]);
  const code = terminated["exitCode"];
  return typeof code === "number" ? code : undefined;
}
