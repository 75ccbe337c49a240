import { asRecord, asRecords, asString, at, isRecord, type KubeObject } from "../../lib/kube/object.ts";
import { isSidecar } from "../../resources/pod-status.ts";

/** One container instance whose log can be read, or why it cannot. */
export interface LogSource {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Another one after a restart: the log begins anew. */
  readonly instance: string;
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
      const source = { namespace, pod: name, container, instance: instanceOf(pod, status, options.previous) };
      return [waiting === undefined ? source : { ...source, waiting }];
    });
  });
}

type Fields = Readonly<Record<string, unknown>>;

function endedWell(status: Fields): boolean {
  const terminated = at(status, "state", "terminated");
  return isRecord(terminated) && terminated["exitCode"] === 0;
}

function instanceOf(pod: KubeObject, status: Fields, previous: boolean): string {
  const id = previous
    ? asString(at(status, "lastState", "terminated", "containerID"))
    : asString(status["containerID"]) || asString(at(status, "state", "terminated", "containerID"));
  return `${pod.metadata.uid ?? ""}/${id}`;
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
