import { ageOf, parseTime } from "../../lib/age.ts";
import { asNumber, asRecord, asRecords, asString, at, isRecord, type KubeObject } from "../../lib/kube/object.ts";
import { eventSummary } from "../event-summary.ts";
import { podContainers, type PodContainer } from "../pod-containers.ts";
import { terminatedWord } from "../pod-status.ts";
import { probeTarget } from "../probe-text.ts";
import { finding, type DiagnosisInput, type Finding } from "./finding.ts";

type Fields = Readonly<Record<string, unknown>>;

/** An exit this long ago no longer explains anything of a container that runs. */
const RECENT_MILLISECONDS = 60 * 60_000;

/** What exit codes mean by the conventions of shells and kernels. */
const EXIT_CODES: Readonly<Record<number, string>> = {
  125: "the container could not be run",
  126: "the command is not executable",
  127: "the command was not found",
  130: "ended by SIGINT",
  134: "aborted by SIGABRT",
  137: "killed by SIGKILL",
  139: "a segmentation fault, SIGSEGV",
  143: "ended by SIGTERM",
};

/** What is wrong with the containers of a pod, init containers first as they run first. */
export function containerFindings(input: DiagnosisInput): readonly Finding[] {
  const { object: pod, now } = input;
  return podContainers(pod, now).flatMap((container) => {
    const status = containerStatus(pod, container.name);
    return status === undefined ? [] : oneContainer(container, status, input);
  });
}

/** The status of a container of any sort. */
export function containerStatus(pod: KubeObject, name: string): Fields | undefined {
  return ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"]
    .flatMap((field) => asRecords(at(pod, "status", field)))
    .find((status) => status["name"] === name);
}

/** `exited with code 1 (Error), 20s ago`. */
export function exitText(terminated: Fields, now: number): string {
  const code = asNumber(terminated["exitCode"]);
  const word = terminatedWord(terminated);
  const meaning = EXIT_CODES[code];
  const known = word === "OOMKilled" ? "out of memory" : meaning;
  const finished = asString(terminated["finishedAt"]);
  const age = finished === "" ? "" : `, ${ageOf(finished, now)} ago`;
  return `exited with code ${code} (${known === undefined ? word : `${word}: ${known}`})${age}`;
}

function oneContainer(container: PodContainer, status: Fields, input: DiagnosisInput): readonly Finding[] {
  const waiting = at(status, "state", "waiting");
  const terminated = at(status, "state", "terminated");
  const last = at(status, "lastState", "terminated");
  if (isRecord(waiting)) return waitingFindings(container, waiting, last, input);
  if (isRecord(terminated)) {
    if (asNumber(terminated["exitCode"]) === 0) return [];
    return [finding("error", `${title(container)} ${exitText(terminated, input.now)}`, exitAdvice(terminated))];
  }
  if (!isRecord(at(status, "state", "running"))) return [];
  return [...unreadyFindings(container, status, input), ...restartFindings(container, last, input)];
}

function title(container: PodContainer): string {
  const { type, name } = container;
  return type === "container"
    ? `container ${name}`
    : type === "sidecar"
      ? `sidecar ${name}`
      : `${type} container ${name}`;
}

function waitingFindings(
  container: PodContainer,
  waiting: Fields,
  last: unknown,
  input: DiagnosisInput,
): readonly Finding[] {
  const reason = asString(waiting["reason"]);
  const message = asString(waiting["message"]);
  const because = message === "" ? "" : `: ${message}`;
  if (
    /^(ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|RegistryUnavailable|ImageInspectError)$/.test(
      reason,
    )
  ) {
    const said = pullMessage(container.image, input) || message;
    return [
      finding(
        "error",
        `the image ${container.image} of ${title(container)} cannot be had (${reason}): ${said}`,
        pullAdvice(said),
      ),
    ];
  }
  if (reason === "CrashLoopBackOff") {
    const exit = isRecord(last) ? exitText(last, input.now) : "ends again and again";
    const killed = probeKill(container, input);
    if (killed !== "") {
      return [
        finding(
          "error",
          `${title(container)} is killed because its liveness probe fails: ${killed}; it ${exit}`,
          "correct the probe, or give the container more time with a startup probe",
        ),
      ];
    }
    const restarts = `restarted ${container.restarts} ${container.restarts === 1 ? "time" : "times"}`;
    const advice = isRecord(last) ? exitAdvice(last) : undefined;
    return [finding("error", `${title(container)} ${exit}; ${restarts}, waiting before the next try`, advice)];
  }
  if (reason === "CreateContainerConfigError") {
    return [
      finding(
        "error",
        `${title(container)} cannot be configured${because}`,
        "create the ConfigMap, Secret or key it names",
      ),
    ];
  }
  if (reason === "" || reason === "ContainerCreating" || reason === "PodInitializing") return [];
  return [finding("error", `${title(container)} does not start (${reason})${because}`)];
}

/** Why the image did not come: the event says more than the state once the kubelet backs off. */
function pullMessage(image: string, { events }: DiagnosisInput): string {
  const said = events
    .filter((event) => event["reason"] === "Failed" && asString(event["message"]).includes(image))
    .map((event) => asString(event["message"]))
    .filter((message) => /pull/i.test(message));
  return said.at(-1) ?? "";
}

function pullAdvice(message: string): string | undefined {
  if (/unauthorized|denied|forbidden|authentication|401|403/i.test(message)) {
    return "the registry refuses: check imagePullSecrets of the pod and its service account, and the name";
  }
  if (/not found|manifest unknown|404|no such image|not present/i.test(message))
    return "check the image's name and tag";
  if (/timeout|no such host|refused|network/i.test(message)) return "the node cannot reach the registry";
  return undefined;
}

function exitAdvice(terminated: Fields): string | undefined {
  const code = asNumber(terminated["exitCode"]);
  if (terminatedWord(terminated) === "OOMKilled")
    return "it uses more memory than its limit: raise the limit or look for a leak";
  if (code === 0) return "the command ends by itself: a container of this pod should keep running, or belong to a Job";
  if (code === 126 || code === 127) return "check command, args and the image's entrypoint";
  return "its last log lines are below";
}

/** The words of the liveness probe that made the kubelet kill it, empty where it was not that. */
function probeKill(container: PodContainer, input: DiagnosisInput): string {
  const killing = input.events.some(
    (event) =>
      event["reason"] === "Killing" &&
      /failed (liveness|startup) probe/i.test(asString(event["message"])) &&
      concerns(event, container),
  );
  return killing ? probeMessage(container, /^(Liveness|Startup) probe/, input) : "";
}

function concerns(event: KubeObject, container: PodContainer): boolean {
  const path = asString(asRecord(event["involvedObject"])["fieldPath"]);
  return path === "" || path.includes(`{${container.name}}`);
}

function probeMessage(container: PodContainer, pattern: RegExp, { events }: DiagnosisInput): string {
  const said = events.filter(
    (event) =>
      event["reason"] === "Unhealthy" && pattern.test(asString(event["message"])) && concerns(event, container),
  );
  const newest = said.toSorted((left, right) =>
    eventSummary(left).lastSeen < eventSummary(right).lastSeen ? 1 : -1,
  )[0];
  return newest === undefined
    ? ""
    : asString(newest["message"])
        .trim()
        .replaceAll(/\s*\n\s*/g, " ");
}

function unreadyFindings(container: PodContainer, status: Fields, input: DiagnosisInput): readonly Finding[] {
  if (status["ready"] === true || container.type === "init" || container.type === "ephemeral") return [];
  const started = status["started"] !== false;
  const [field, name, pattern] = started
    ? (["readinessProbe", "readiness", /^Readiness probe/] as const)
    : (["startupProbe", "startup", /^Startup probe/] as const);
  const probe = container.spec[field];
  if (!isRecord(probe)) return [finding("warning", `${title(container)} runs and is not ready yet`)];
  const said = probeMessage(container, pattern, input);
  const what = `${title(container)} runs, but its ${name} probe does not succeed (${probeTarget(probe)})`;
  return [
    finding(
      said === "" ? "warning" : "error",
      said === "" ? what : `${what}: ${said}`,
      "no traffic is sent to it; ask the address of the probe from a shell in the container",
    ),
  ];
}

function restartFindings(container: PodContainer, last: unknown, { now }: DiagnosisInput): readonly Finding[] {
  if (container.restarts === 0 || !isRecord(last)) return [];
  const finished = parseTime(asString(last["finishedAt"]));
  if (!(now - finished < RECENT_MILLISECONDS)) return [];
  const advice = exitAdvice(last);
  return [
    finding(
      "warning",
      `${title(container)} runs again after ${container.restarts} restarts: it ${exitText(last, now)}`,
      advice,
    ),
  ];
}
