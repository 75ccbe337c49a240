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
  readonly before?: { readonly containerId: string; readonly reason: string };
  readonly restarts: number;
  /** When the instance began, milliseconds since the epoch; absent where the status does not tell. */
  readonly startedAt?: number;
  /** Why there is nothing to read yet; absent where there is. */
  readonly waiting?: string;
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
      const waiting = options.previous ? previousFault(status) : waitingReason(status);
      const containerId = instanceOf(status, options.previous);
      const startedAt = startOf(status);
      const before = options.previous ? undefined : instanceBefore(status, containerId);
      return [
        {
          namespace,
          pod: name,
          container,
          instance: `${pod.metadata.uid ?? ""}/${containerId}`,
          restarts: asNumber(status["restartCount"]),
          ...(containerId === "" ? {} : { containerId }),
          ...(startedAt === undefined ? {} : { startedAt }),
          ...(before === undefined ? {} : { before }),
          ...(waiting === undefined ? {} : { waiting }),
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

function instanceBefore(status: Fields, present: string): LogSource["before"] {
  const ended = asRecord(at(status, "lastState", "terminated"));
  const containerId = asString(ended["containerID"]);
  if (containerId === "" || containerId === present) return undefined;
  const reason = asString(ended["reason"]);
  return {
    containerId,
    reason: `exit code ${asNumber(ended["exitCode"])}${reason === "" ? "" : `, ${reason}`}`,
  };
}

function previousFault(status: Fields): string | undefined {
  return isRecord(at(status, "lastState", "terminated")) ? undefined : "it has no previous instance";
}

/** A container in back-off has a log all the same: that of the instance that ended. */
function waitingReason(status: Fields): string | undefined {
  const state = asRecord(status["state"]);
  if (isRecord(state["running"]) || isRecord(state["terminated"])) return undefined;
  if (asString(status["containerID"]) !== "") return undefined;
  const reason = asString(at(state, "waiting", "reason"));
  const message = asString(at(state, "waiting", "message"));
  if (reason === "") return "waiting to start";
  return message === "" ? `waiting: ${reason}` : `waiting: ${reason}: ${message}`;
}
