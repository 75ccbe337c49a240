import { humanDuration } from "../lib/age.ts";
import { asNumber, asRecord, asRecords, asString, at, isRecord } from "../lib/kube/object.ts";
import type { KubeObject } from "../lib/kube/object.ts";
import type { Tone } from "./kind.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What `kubectl get pods` says of a pod, but for the time since the last restart. */
export interface PodStatus {
  /** The STATUS word: `Running`, `Init:0/1`, `CrashLoopBackOff`, … */
  readonly status: string;
  readonly ready: number;
  /** Containers and sidecars; init containers that end are not counted. */
  readonly total: number;
  readonly restarts: number;
  /** Milliseconds since the epoch; `undefined` where nothing restarted or the time is not known. */
  readonly lastRestart: number | undefined;
}

const cache = new WeakMap<KubeObject, PodStatus>();

/** STATUS, READY and RESTARTS as `printPod` of kubernetes/pkg/printers/internalversion/printers.go; once per object. */
export function podStatus(pod: KubeObject): PodStatus {
  const known = cache.get(pod);
  if (known !== undefined) return known;
  const computed = computeStatus(pod);
  cache.set(pod, computed);
  return computed;
}

/** RESTARTS as kubectl prints it: `2 (3m ago)`. */
export function restartsText(status: PodStatus, now: number): string {
  if (status.restarts === 0 || status.lastRestart === undefined) return String(status.restarts);
  return `${status.restarts} (${humanDuration(now - status.lastRestart)} ago)`;
}

/** Whether an init container is a sidecar: it keeps running beside the containers. */
export function isSidecar(container: Fields | undefined): boolean {
  return container?.["restartPolicy"] === "Always";
}

/** Sums restarts and keeps the latest time of one. */
interface Restarts {
  count: number;
  last: number | undefined;
}

function addRestarts(restarts: Restarts, container: Fields): void {
  restarts.count += asNumber(container["restartCount"]);
  const finished = Date.parse(asString(at(container, "lastState", "terminated", "finishedAt")));
  if (!Number.isNaN(finished) && (restarts.last === undefined || finished > restarts.last)) restarts.last = finished;
}

function computeStatus(pod: KubeObject): PodStatus {
  const spec = asRecord(pod["spec"]);
  const status = asRecord(pod["status"]);
  const phase = asString(status["phase"]);
  const conditions = asRecords(status["conditions"]);
  const initContainers = new Map(
    asRecords(spec["initContainers"]).map((container) => [asString(container["name"]), container]),
  );
  const sidecars = [...initContainers.values()].filter((container) => isSidecar(container)).length;
  const base = conditions.some((one) => one["type"] === "PodScheduled" && one["reason"] === "SchedulingGated")
    ? "SchedulingGated"
    : asString(status["reason"]) || phase;

  const init = initStatus(asRecords(status["initContainerStatuses"]), initContainers);
  let word = init.word ?? base;
  let ready = init.ready;
  let restarts = init.all;
  if (init.word === undefined || hasCondition(conditions, "Initialized")) {
    restarts = init.sidecars;
    const main = mainStatus(asRecords(status["containerStatuses"]), restarts);
    ready += main.ready;
    word = main.word ?? word;
    if (word === "Completed") word = completedWord(main, hasCondition(conditions, "Ready"));
  }
  if (pod.metadata.deletionTimestamp !== undefined) {
    if (status["reason"] === "NodeLost") word = "Unknown";
    else if (phase !== "Succeeded" && phase !== "Failed") word = "Terminating";
  }
  return {
    status: word,
    ready,
    total: asRecords(spec["containers"]).length + sidecars,
    restarts: restarts.count,
    lastRestart: restarts.last,
  };
}

function initStatus(
  statuses: readonly Fields[],
  specs: ReadonlyMap<string, Fields>,
): { readonly word: string | undefined; readonly ready: number; readonly all: Restarts; readonly sidecars: Restarts } {
  const all: Restarts = { count: 0, last: undefined };
  const sidecars: Restarts = { count: 0, last: undefined };
  let ready = 0;
  for (const [index, container] of statuses.entries()) {
    const sidecar = isSidecar(specs.get(asString(container["name"])));
    addRestarts(all, container);
    if (sidecar) addRestarts(sidecars, container);
    const terminated = at(container, "state", "terminated");
    if (isRecord(terminated) && asNumber(terminated["exitCode"]) === 0) continue;
    if (sidecar && container["started"] === true) {
      if (container["ready"] === true) ready += 1;
      continue;
    }
    return { word: initWord(container, index, specs.size), ready, all, sidecars };
  }
  return { word: undefined, ready, all, sidecars };
}

function initWord(container: Fields, index: number, total: number): string {
  const terminated = at(container, "state", "terminated");
  if (isRecord(terminated)) return `Init:${terminatedWord(terminated)}`;
  const reason = asString(at(container, "state", "waiting", "reason"));
  return reason !== "" && reason !== "PodInitializing" ? `Init:${reason}` : `Init:${index}/${total}`;
}

interface MainStatus {
  readonly word: string | undefined;
  /** Of the first container that ended with an error. */
  readonly error: string | undefined;
  readonly ready: number;
}

/** One container has ended well; where another failed or still runs, the pod as a whole is not "Completed". */
function completedWord(main: MainStatus, podReady: boolean): string {
  if (main.ready > 0 && podReady) return "Running";
  return main.error ?? (main.ready > 0 ? "NotReady" : "Completed");
}

function mainStatus(statuses: readonly Fields[], restarts: Restarts): MainStatus {
  let word: string | undefined;
  let error: string | undefined;
  let ready = 0;
  // From the last to the first, so that the word of the first container stands.
  for (const container of statuses.toReversed()) {
    addRestarts(restarts, container);
    const waiting = asString(at(container, "state", "waiting", "reason"));
    const terminated = at(container, "state", "terminated");
    if (waiting !== "") word = waiting;
    else if (isRecord(terminated)) {
      word = terminatedWord(terminated);
      if (asNumber(terminated["exitCode"]) !== 0) error = word;
    } else if (container["ready"] === true && isRecord(at(container, "state", "running"))) ready += 1;
  }
  return { word, error, ready };
}

/** `Error`, `OOMKilled`, …; without a reason `Signal:9` or `ExitCode:1`. */
export function terminatedWord(terminated: Fields): string {
  const reason = asString(terminated["reason"]);
  if (reason !== "") return reason;
  const signal = asNumber(terminated["signal"]);
  return signal === 0 ? `ExitCode:${asNumber(terminated["exitCode"])}` : `Signal:${signal}`;
}

function hasCondition(conditions: readonly Fields[], type: string): boolean {
  return conditions.some((condition) => condition["type"] === type && condition["status"] === "True");
}

const PROGRESS = new Set(["Pending", "ContainerCreating", "PodInitializing", "SchedulingGated"]);

/** Health of a pod as a colour. A pod that the scheduler cannot place is a warning, not progress. */
export function podTone(pod: KubeObject): Tone {
  const { status, ready, total } = podStatus(pod);
  if (status === "Terminating") return "muted";
  if (status === "Running") return ready === total ? "ok" : "warning";
  // The word is that of the first container: beside it another may be crashing.
  if (status === "Completed") return at(pod, "status", "phase") === "Running" ? "warning" : "done";
  if (status === "Succeeded") return "done";
  if (status === "NotReady") return "warning";
  if (status === "Pending" && isUnschedulable(pod)) return "warning";
  if (PROGRESS.has(status) || /^Init:\d+\/\d+$/.test(status)) return "progress";
  return "error";
}

function isUnschedulable(pod: KubeObject): boolean {
  return asRecords(at(pod, "status", "conditions")).some(
    (condition) => condition["type"] === "PodScheduled" && condition["reason"] === "Unschedulable",
  );
}
