import { ageOf, humanDuration } from "../lib/age.ts";
import { asNumber, asRecords, asString, at, isRecord, type KubeObject } from "../lib/kube/object.ts";
import type { Tone } from "./kind.ts";
import { isSidecar, terminatedWord } from "./pod-status.ts";

type Fields = Readonly<Record<string, unknown>>;

/** One container of a pod with what is known of it. */
export interface PodContainer {
  readonly name: string;
  readonly type: "init" | "sidecar" | "container" | "ephemeral";
  readonly image: string;
  readonly ready: boolean;
  /** `Running`, `CrashLoopBackOff`, `Completed`, … */
  readonly state: string;
  readonly tone: Tone;
  readonly running: boolean;
  readonly restarts: number;
  /** `2 (3m ago)`. */
  readonly restartsText: string;
  /** Letters of the probes it has: `LRS` liveness, readiness, startup; `-` for one it has not. */
  readonly probes: string;
  /** `http:8080,9090/UDP`. */
  readonly ports: string;
  readonly age: string;
  readonly tty: boolean;
  readonly stdin: boolean;
  /** The container of the pod's spec. */
  readonly spec: Fields;
}

const GROUPS = [
  ["initContainers", "initContainerStatuses", "init"],
  ["containers", "containerStatuses", "container"],
  ["ephemeralContainers", "ephemeralContainerStatuses", "ephemeral"],
] as const;

/** Init containers and sidecars in their order, then containers, then ephemeral ones. */
export function podContainers(pod: KubeObject, now: number): readonly PodContainer[] {
  return GROUPS.flatMap(([specs, statuses, type]) => {
    const known = asRecords(at(pod, "status", statuses));
    return asRecords(at(pod, "spec", specs)).map((spec) => {
      const name = asString(spec["name"]);
      const status = known.find((one) => one["name"] === name);
      return describeContainer(spec, status, type === "init" && isSidecar(spec) ? "sidecar" : type, now);
    });
  });
}

/** The containers that may have a log or a shell, the ones an operator means first standing first. */
export function containerNames(pod: KubeObject): readonly string[] {
  const names = (field: string): readonly string[] =>
    asRecords(at(pod, "spec", field)).map((container) => asString(container["name"]));
  return [...names("containers"), ...names("initContainers"), ...names("ephemeralContainers")];
}

/** The container that `kubectl logs` and `kubectl exec` take: annotated, or the first. */
export function defaultContainer(pod: KubeObject): string | undefined {
  const wanted = pod.metadata.annotations?.["kubectl.kubernetes.io/default-container"];
  const names = containerNames(pod);
  return wanted !== undefined && names.includes(wanted) ? wanted : names[0];
}

function describeContainer(
  spec: Fields,
  status: Fields | undefined,
  type: PodContainer["type"],
  now: number,
): PodContainer {
  const ports = asRecords(spec["ports"]);
  const started = asString(at(status, "state", "running", "startedAt"));
  return {
    name: asString(spec["name"]),
    type,
    image: asString(spec["image"]),
    ready: status?.["ready"] === true,
    ...stateOf(status, type),
    running: isRecord(at(status, "state", "running")),
    restarts: asNumber(status?.["restartCount"]),
    restartsText: restartsText(status, now),
    probes: [
      ["L", "livenessProbe"],
      ["R", "readinessProbe"],
      ["S", "startupProbe"],
    ]
      .map(([letter, field]) => (isRecord(spec[field ?? ""]) ? letter : "-"))
      .join(""),
    ports: ports.map(portText).join(","),
    age: started === "" ? "" : ageOf(started, now),
    tty: spec["tty"] === true,
    stdin: spec["stdin"] === true,
    spec,
  };
}

function stateOf(
  status: Fields | undefined,
  type: PodContainer["type"],
): { readonly state: string; readonly tone: Tone } {
  const terminated = at(status, "state", "terminated");
  if (isRecord(terminated)) {
    return { state: terminatedWord(terminated), tone: terminated["exitCode"] === 0 ? "done" : "error" };
  }
  if (isRecord(at(status, "state", "running"))) {
    // Init containers and ephemeral ones are never ready: running is all they can be.
    const well = status?.["ready"] === true || type === "init" || type === "ephemeral";
    return { state: "Running", tone: well ? "ok" : "warning" };
  }
  const reason = asString(at(status, "state", "waiting", "reason"));
  const starting = reason === "" || reason === "ContainerCreating" || reason === "PodInitializing";
  return { state: reason || "Waiting", tone: starting ? "progress" : "error" };
}

function restartsText(status: Fields | undefined, now: number): string {
  const count = asNumber(status?.["restartCount"]);
  const last = Date.parse(asString(at(status, "lastState", "terminated", "finishedAt")));
  return count === 0 || Number.isNaN(last) ? String(count) : `${count} (${humanDuration(now - last)} ago)`;
}

function portText(port: Fields): string {
  const name = asString(port["name"]);
  const protocol = asString(port["protocol"], "TCP");
  return `${name === "" ? "" : `${name}:`}${asNumber(port["containerPort"])}${protocol === "TCP" ? "" : `/${protocol}`}`;
}
