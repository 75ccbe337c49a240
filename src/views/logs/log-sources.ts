import { asNumber, asRecord, asRecords, asString, at, isRecord, type KubeObject } from "../../lib/kube/object.ts";
import { isSidecar } from "../../resources/pod-status.ts";

/** One container instance whose log can be read, or why it cannot. */
export interface LogSource {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Another one after a restart: the log begins anew. */
  readonly instance: string;
  /** The instance as the status has it; absent where that names none. */
  readonly containerId?: string;
  /** The instance before this one, while its log can be read. */
  readonly before?: { readonly instance: string; readonly reason: string };
  readonly restarts: number;
  /** When the instance began, milliseconds since the epoch; absent where the status does not tell. */
  readonly startedAt?: number;
  /** Why there is nothing to read yet; absent where there is. */
  readonly waiting?: string;
  /** Why nothing comes now although there is a log: a restart that is put off. */
  readonly backOff?: string;
  /** How it ended for good: time in RFC 3339, exit code and reason. */
  readonly ended?: { readonly time: string; readonly reason: string };
}

export interface SourceOptions {
  /** Only this container; all that matter where absent. */
  readonly container: string | undefined;
  readonly previous: boolean;
}

const GROUPS = [
  ["initContainers", "initContainerStatuses"],
  ["containers", "containerStatuses"],
  ["ephemeralContainers", "ephemeralContainerStatuses"],
] as const;

/**
 * The log sources of a pod. Without a container of the user's choice init containers that have ended well are left
 * out: what they said is done with, and what the containers say would drown in it.
 */
export function logSources(pod: KubeObject, options: SourceOptions): readonly LogSource[] {
  const namespace = pod.metadata.namespace ?? "";
  const name = pod.metadata.name ?? "";
  return GROUPS.flatMap(([specs, statuses]) => {
    const known = asRecords(at(pod, "status", statuses));
    return asRecords(at(pod, "spec", specs)).flatMap((spec): LogSource[] => {
      const container = asString(spec["name"]);
      const status = asRecord(known.find((one) => one["name"] === container));
      if (options.container !== undefined && container !== options.container) return [];
      if (options.container === undefined && specs === "initContainers" && !isSidecar(spec) && endedWell(status))
        return [];
      const waiting = options.previous ? previousFault(status) : waitingReason(status, pod);
      const backOff = options.previous || waiting !== undefined ? undefined : backOffOf(status);
      const ended = options.previous ? undefined : endOf(status, pod);
      const containerId = instanceOf(status, options.previous);
      const startedAt = startOf(status);
      const before = options.previous ? undefined : instanceBefore(status, pod.metadata.uid ?? "", containerId);
      return [
        {
          namespace,
          pod: name,
          container,
          instance: instanceKey(pod.metadata.uid ?? "", container, containerId),
          restarts: asNumber(status["restartCount"]),
          ...(containerId === "" ? {} : { containerId }),
          ...(startedAt === undefined ? {} : { startedAt }),
          ...(before === undefined ? {} : { before }),
          ...(waiting === undefined ? {} : { waiting }),
          ...(backOff === undefined ? {} : { backOff }),
          ...(ended === undefined ? {} : { ended }),
        },
      ];
    });
  });
}

type Fields = Readonly<Record<string, unknown>>;

function endedWell(status: Fields): boolean {
  const terminated = at(status, "state", "terminated");
  return isRecord(terminated) && terminated["exitCode"] === 0;
}

function instanceOf(status: Fields, previous: boolean): string {
  return previous
    ? asString(at(status, "lastState", "terminated", "containerID"))
    : asString(status["containerID"]) || asString(at(status, "state", "terminated", "containerID"));
}

function startOf(status: Fields): number | undefined {
  const { running, terminated } = asRecord(status["state"]);
  const started = Date.parse(asString(at(running ?? terminated, "startedAt")));
  return Number.isNaN(started) ? undefined : started;
}

/** Containers whose status names no instance yet are told apart by their names. */
function instanceKey(uid: string, container: string, containerId: string): string {
  return `${uid}/${container}/${containerId}`;
}

function instanceBefore(status: Fields, uid: string, present: string): LogSource["before"] {
  const ended = asRecord(at(status, "lastState", "terminated"));
  const containerId = asString(ended["containerID"]);
  if (containerId === "" || containerId === present) return undefined;
  return { instance: instanceKey(uid, asString(status["name"]), containerId), reason: exitReason(ended) };
}

function exitReason(ended: Fields): string {
  const reason = asString(ended["reason"]);
  return `exit code ${asNumber(ended["exitCode"])}${reason === "" ? "" : `, ${reason}`}`;
}

/** Absent where the container is started again. */
function endOf(status: Fields, pod: KubeObject): LogSource["ended"] {
  const ended = at(status, "state", "terminated");
  if (!isRecord(ended) || !hasEnded(pod)) return undefined;
  const time = asString(ended["finishedAt"]);
  if (Number.isNaN(Date.parse(time))) return undefined;
  // Of that second, which is all that the status tells, the last words are still part.
  return { time: time.replace(/(:\d\d)Z$/, "$1.999999Z"), reason: exitReason(ended) };
}

function hasEnded(pod: KubeObject): boolean {
  const phase = at(pod, "status", "phase");
  return phase === "Succeeded" || phase === "Failed";
}

/** What befell a pod as a whole: evicted, preempted, its node gone. */
export function podFault(pod: KubeObject): string | undefined {
  const reason = asString(at(pod, "status", "reason"));
  if (reason !== "") return withMessage(reason, asString(at(pod, "status", "message")));
  const disrupted = asRecords(at(pod, "status", "conditions")).find(
    (one) => one["type"] === "DisruptionTarget" && one["status"] === "True",
  );
  if (disrupted === undefined) return undefined;
  return withMessage(asString(disrupted["reason"]) || "disrupted", asString(disrupted["message"]));
}

function withMessage(reason: string, message: string): string {
  return message === "" ? reason : `${reason}: ${message}`;
}

function previousFault(status: Fields): string | undefined {
  return isRecord(at(status, "lastState", "terminated")) ? undefined : "it has no previous instance";
}

/** A container in back-off has a log all the same: that of the instance that ended. */
function waitingReason(status: Fields, pod: KubeObject): string | undefined {
  const state = asRecord(status["state"]);
  if (isRecord(state["running"]) || isRecord(state["terminated"])) return undefined;
  // Where nothing is known of a pod, the server tells whether there is a log.
  if (asString(status["containerID"]) !== "" || at(pod, "status") === undefined) return undefined;
  if (hasEnded(pod)) return `it was never started: ${podFault(pod) ?? asString(at(pod, "status", "phase"))}`;
  return stateReason(status) ?? "waiting to start";
}

/** With how the instance ended whose log is the newest. */
function backOffOf(status: Fields): string | undefined {
  const reason = stateReason(status);
  const ended = asRecord(at(status, "lastState", "terminated"));
  if (reason === undefined || asString(ended["containerID"]) !== asString(status["containerID"])) return reason;
  return `${exitReason(ended)}; ${reason}`;
}

function stateReason(status: Fields): string | undefined {
  const waiting = asRecord(at(status, "state", "waiting"));
  const reason = asString(waiting["reason"]);
  return reason === "" ? undefined : `waiting: ${withMessage(reason, asString(waiting["message"]))}`;
}
