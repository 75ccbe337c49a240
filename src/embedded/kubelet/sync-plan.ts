import { exitCodeOf, hasEnded, type ContainerRecord } from "./container-record.ts";
import { specHash } from "./container-spec.ts";
import type { Pod, PodContainer } from "./pod.ts";
import type { Waiting } from "./pod-status.ts";
import { formatDelay, type RestartBackOff } from "./restart-back-off.ts";

/** A container that could not be made: why, and when to try again (milliseconds since the epoch). */
export interface Hold {
  readonly waiting: Waiting;
  readonly until: number;
}

export interface PlanInput {
  readonly pod: Pod;
  readonly latest: (name: string) => ContainerRecord | undefined;
  /** It runs and its start-up probe and postStart hook have succeeded. */
  readonly started: (record: ContainerRecord) => boolean;
  /** Being stopped. */
  readonly stopping: (record: ContainerRecord) => boolean;
  readonly holds: ReadonlyMap<string, Hold>;
  readonly backOff: RestartBackOff;
  readonly now: number;
}

export interface SyncPlan {
  /** To be made and started, in this order. */
  readonly start: readonly PodContainer[];
  /** To be stopped because their spec has changed. */
  readonly replace: readonly PodContainer[];
  /** Nothing but sidecars runs and nothing else will: they are to be stopped. */
  readonly stopSidecars: boolean;
  readonly waiting: ReadonlyMap<string, Waiting>;
  /** Containers in CrashLoopBackOff. */
  readonly backingOff: readonly PodContainer[];
  /** Nothing runs and nothing will. */
  readonly finished: boolean;
  /** When to look again, milliseconds since the epoch. */
  readonly wakeAt: number | undefined;
}

/** The back-off key of a container of a pod. */
export function backOffKey(pod: Pod, container: PodContainer): string {
  return `${pod.uid}/${container.name}/${container.image}`;
}

/** What to do for a pod that shall run (upstream: kuberuntime computePodActions). Pure. */
export function syncPlan(input: PlanInput): SyncPlan {
  return new Planner(input).plan();
}

type Verdict = "running" | "succeeded" | "failed" | "waiting";

class Planner {
  readonly #input: PlanInput;
  readonly #start: PodContainer[] = [];
  readonly #replace: PodContainer[] = [];
  readonly #waiting = new Map<string, Waiting>();
  readonly #backingOff: PodContainer[] = [];
  #wakeAt: number | undefined;

  constructor(input: PlanInput) {
    this.#input = input;
  }

  plan(): SyncPlan {
    const { pod, latest } = this.#input;
    const begun = pod.containers.some(({ name }) => latest(name) !== undefined);
    const mainDone = begun && pod.containers.every((container) => this.#isDone(container));
    const initFailed = !begun && this.#regularInit().some((container) => this.#hasFailedForGood(container));
    const over = mainDone || initFailed;
    let initialized = true;
    if (!over) {
      initialized = this.#planInit(begun);
      if (begun || initialized) for (const container of pod.containers) this.#decide(container);
    }
    for (const container of pod.ephemeralContainers) {
      if (over || latest(container.name) !== undefined) continue;
      const wait = this.#waitFor(container, undefined);
      if (wait === undefined) this.#start.push(container);
      else this.#wake(wait);
    }
    const sidecarsRun = pod.initContainers.some(
      ({ role, name }) => role === "sidecar" && latest(name)?.phase === "running",
    );
    return {
      start: this.#start,
      replace: this.#replace,
      stopSidecars: over && sidecarsRun,
      waiting: this.#waiting,
      backingOff: this.#backingOff,
      finished: over && !sidecarsRun && !this.#anythingRuns(),
      wakeAt: this.#wakeAt,
    };
  }

  #regularInit(): readonly PodContainer[] {
    return this.#input.pod.initContainers.filter(({ role }) => role === "init");
  }

  #anythingRuns(): boolean {
    const { pod, latest } = this.#input;
    return [...pod.initContainers, ...pod.containers].some(({ name }) => latest(name)?.phase === "running");
  }

  /** @returns whether the main containers may start */
  #planInit(begun: boolean): boolean {
    const { pod, latest, started } = this.#input;
    for (const container of pod.initContainers) {
      if (begun && container.role === "init") continue;
      const verdict = this.#decide(container);
      if (begun) continue;
      const record = latest(container.name);
      const passed =
        container.role === "init" ? verdict === "succeeded" : record?.phase === "running" && started(record);
      if (!passed) return false;
    }
    return true;
  }

  /** Ended and not to be restarted. */
  #isDone(container: PodContainer): boolean {
    const record = this.#input.latest(container.name);
    if (record === undefined || !hasEnded(record)) return false;
    return !this.#restarts(container, record);
  }

  #hasFailedForGood(container: PodContainer): boolean {
    const record = this.#input.latest(container.name);
    return record !== undefined && hasEnded(record) && exitCodeOf(record) !== 0 && this.#isDone(container);
  }

  #restarts(container: PodContainer, record: ContainerRecord): boolean {
    const { pod } = this.#input;
    if (container.role === "ephemeral") return false;
    if (container.role === "sidecar") return true;
    if (changed(container, record) && container.role === "main") return true;
    const failed = exitCodeOf(record) !== 0;
    if (pod.restartPolicy === "Never") return false;
    if (container.role === "init" || pod.restartPolicy === "OnFailure") return failed;
    return true;
  }

  #decide(container: PodContainer): Verdict {
    const { latest, stopping } = this.#input;
    const record = latest(container.name);
    if (record !== undefined && stopping(record)) return "running";
    if (record !== undefined && !hasEnded(record)) {
      if (record.phase === "running" && container.role !== "init" && changed(container, record)) {
        this.#replace.push(container);
      }
      return "running";
    }
    if (record !== undefined && !this.#restarts(container, record)) {
      return exitCodeOf(record) === 0 ? "succeeded" : "failed";
    }
    const wait = this.#waitFor(container, record);
    if (wait === undefined) this.#start.push(container);
    else this.#wake(wait);
    return "waiting";
  }

  /** When a container may be made, `undefined` for now. */
  #waitFor(container: PodContainer, record: ContainerRecord | undefined): number | undefined {
    const { pod, holds, backOff, now } = this.#input;
    const hold = holds.get(container.name);
    if (hold !== undefined) {
      this.#waiting.set(container.name, hold.waiting);
      if (hold.until > now) return hold.until;
    }
    if (record === undefined) return undefined;
    const key = backOffKey(pod, container);
    const remaining = backOff.remaining(key, record.finishedAt ?? now);
    if (remaining === 0 || record.finishedAt === undefined) return undefined;
    this.#waiting.set(container.name, {
      reason: "CrashLoopBackOff",
      message: `back-off ${formatDelay(backOff.current(key))} restarting failed container=${container.name} pod=${pod.name}_${pod.namespace}(${pod.uid})`,
    });
    this.#backingOff.push(container);
    return now + remaining;
  }

  #wake(at: number): void {
    this.#wakeAt = this.#wakeAt === undefined ? at : Math.min(this.#wakeAt, at);
  }
}

/** A record without a hash is one whose note was lost: it counts as unchanged. */
function changed(container: PodContainer, record: ContainerRecord): boolean {
  return record.specHash !== "" && record.specHash !== specHash(container);
}
