import {
  asArray,
  asNumber,
  asRecord,
  asRecords,
  asString,
  at,
  isRecord,
  type KubeObject,
} from "../../lib/kube/object.ts";

/** What kubectl prints of a pod (upstream: printPod of pkg/printers/internalversion/printers.go). */
export interface PodRow {
  readonly ready: number;
  readonly total: number;
  readonly status: string;
  readonly restarts: number;
  /** RFC 3339; `""` where nothing restarted. */
  readonly lastRestart: string;
}

type Fields = Readonly<Record<string, unknown>>;

interface Counts {
  restarts: number;
  lastRestart: string;
}

const rows = new WeakMap<KubeObject, PodRow>();

/** Computed once per version of a pod. */
export function podRow(pod: KubeObject): PodRow {
  let row = rows.get(pod);
  if (row === undefined) {
    row = computeRow(pod);
    rows.set(pod, row);
  }
  return row;
}

function computeRow(pod: KubeObject): PodRow {
  const status = asRecord(pod["status"]);
  const phase = asString(status["phase"]);
  const conditions = asRecords(status["conditions"]);
  const initContainers = asRecords(at(pod, "spec", "initContainers"));
  const sidecars = new Set(
    initContainers.filter((each) => each["restartPolicy"] === "Always").map((each) => each["name"]),
  );
  let reason = asString(status["reason"]) || phase;
  if (conditions.some((each) => each["type"] === "PodScheduled" && each["reason"] === "SchedulingGated")) {
    reason = "SchedulingGated";
  }
  const init = initState(asRecords(status["initContainerStatuses"]), sidecars, initContainers.length);
  let { ready } = init;
  let counts = init.all;
  if (init.reason !== undefined) reason = init.reason;
  const initialized = conditions.some((each) => each["type"] === "Initialized" && each["status"] === "True");
  if (init.reason === undefined || initialized) {
    counts = init.sidecars;
    const main = mainState(asRecords(status["containerStatuses"]), reason, counts);
    ready += main.ready;
    reason = main.reason;
    if (reason === "Completed") {
      const podReady = conditions.some((each) => each["type"] === "Ready" && each["status"] === "True");
      if (main.ready > 0 && podReady) reason = "Running";
      else reason = main.error ?? (main.ready > 0 ? "NotReady" : reason);
    }
  }
  if (pod.metadata.deletionTimestamp !== undefined) {
    if (status["reason"] === "NodeLost") reason = "Unknown";
    else if (phase !== "Succeeded" && phase !== "Failed") reason = "Terminating";
  }
  const total = asArray(at(pod, "spec", "containers")).length + sidecars.size;
  return { ready, total, status: reason, restarts: counts.restarts, lastRestart: counts.lastRestart };
}

function initState(
  statuses: readonly Fields[],
  sidecars: ReadonlySet<unknown>,
  total: number,
): { reason: string | undefined; ready: number; all: Counts; sidecars: Counts } {
  const result = {
    reason: undefined as string | undefined,
    ready: 0,
    all: { restarts: 0, lastRestart: "" },
    sidecars: { restarts: 0, lastRestart: "" },
  };
  for (const [index, container] of statuses.entries()) {
    const sidecar = sidecars.has(container["name"]);
    count(result.all, container);
    if (sidecar) count(result.sidecars, container);
    const terminated = at(container, "state", "terminated");
    if (isRecord(terminated) && asNumber(terminated["exitCode"]) === 0) continue;
    if (sidecar && container["started"] === true) {
      if (container["ready"] === true) result.ready += 1;
      continue;
    }
    const waiting = asString(at(container, "state", "waiting", "reason"));
    if (isRecord(terminated)) result.reason = `Init:${terminationReason(terminated)}`;
    else if (waiting !== "" && waiting !== "PodInitializing") result.reason = `Init:${waiting}`;
    else result.reason = `Init:${index}/${total}`;
    break;
  }
  return result;
}

function mainState(
  statuses: readonly Fields[],
  phaseReason: string,
  counts: Counts,
): { reason: string; error: string | undefined; ready: number } {
  let reason = phaseReason;
  let error: string | undefined;
  let ready = 0;
  for (const container of statuses.toReversed()) {
    count(counts, container);
    const waiting = asString(at(container, "state", "waiting", "reason"));
    const terminated = at(container, "state", "terminated");
    if (waiting !== "") reason = waiting;
    else if (isRecord(terminated)) {
      reason = terminationReason(terminated);
      if (asNumber(terminated["exitCode"]) !== 0) error = reason;
    } else if (container["ready"] === true && isRecord(at(container, "state", "running"))) ready += 1;
  }
  return { reason, error, ready };
}

function terminationReason(terminated: Fields): string {
  const reason = asString(terminated["reason"]);
  if (reason !== "") return reason;
  const signal = asNumber(terminated["signal"]);
  return signal !== 0 ? `Signal:${signal}` : `ExitCode:${asNumber(terminated["exitCode"])}`;
}

function count(counts: Counts, container: Fields): void {
  counts.restarts += asNumber(container["restartCount"]);
  const finished = asString(at(container, "lastState", "terminated", "finishedAt"));
  if (finished > counts.lastRestart) counts.lastRestart = finished;
}
