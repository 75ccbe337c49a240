import type { Cluster } from "../../cluster/cluster.ts";
import type { TargetObject } from "../../hotkeys/action.ts";
import type { Clock } from "../../lib/clock.ts";
import { KelpieError } from "../../lib/errors.ts";
import { asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import type { Task } from "../../lib/task.ts";
import { podContainers } from "../../resources/pod-containers.ts";
import { podStatus } from "../../resources/pod-status.ts";
import { LiveObject } from "../../views/live-object.ts";

/**
 * Waits until a container of a pod runs; the last line of the task is what it waits for.
 * @throws KelpieError where it ended at once or the pod is gone; the reason of the task's signal
 */
export function untilContainerRuns(
  cluster: Cluster,
  clock: Clock,
  pod: TargetObject,
  container: string,
  task: Task,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const live = new LiveObject(cluster, clock, pod);
  let told = "";
  const look = (): void => {
    const { object, deleted } = live.state.get();
    if (deleted) return reject(new KelpieError(`pod ${pod.name} is gone`));
    if (object === undefined) return;
    if (pod.uid !== undefined && object.metadata.uid !== pod.uid) {
      return reject(new KelpieError(`pod ${pod.name} is another one by now`));
    }
    const state = stateOf(object, container);
    if (state.running) return resolve();
    if (state.over !== undefined) return reject(new KelpieError(state.over));
    const text = `waiting: ${state.waits}`;
    if (text !== told) task.sayInstead(text, state.bad ? "warning" : undefined);
    told = text;
  };
  const cancelled = (): void => reject(task.signal.reason);
  task.say("waiting");
  const end = live.watch(look);
  task.signal.addEventListener("abort", cancelled, { once: true });
  if (task.signal.aborted) cancelled();
  look();
  return promise.finally(() => {
    end();
    task.signal.removeEventListener("abort", cancelled);
  });
}

interface ContainerWait {
  readonly running: boolean;
  /** Why it will not run any more. */
  readonly over?: string;
  readonly waits: string;
  /** It waits for what does not come by itself. */
  readonly bad: boolean;
}

const STARTING = new Set(["", "ContainerCreating", "PodInitializing"]);

function stateOf(pod: KubeObject, name: string): ContainerWait {
  const found = podContainers(pod, 0).find((container) => container.name === name);
  if (found?.running === true) return { running: true, waits: "", bad: false };
  const statuses = ["containerStatuses", "ephemeralContainerStatuses"].flatMap((list) =>
    asRecords(at(pod, "status", list)),
  );
  const status = statuses.find((each) => each["name"] === name);
  const terminated = at(status, "state", "terminated");
  if (terminated !== undefined) {
    const message = asString(at(terminated, "message")).trim();
    const code = Number(at(terminated, "exitCode") ?? 0);
    const over = `container ${name} ended with exit code ${code}${message === "" ? "" : `: ${message}`}`;
    return { running: false, over, waits: "", bad: true };
  }
  const phase = at(pod, "status", "phase");
  if (phase === "Failed" || phase === "Succeeded") {
    const message = asString(at(pod, "status", "message"));
    const over = `the pod has ended: ${podStatus(pod).status}${message === "" ? "" : `: ${message}`}`;
    return { running: false, over, waits: "", bad: true };
  }
  const reason = asString(at(status, "state", "waiting", "reason"));
  const words = asString(at(status, "state", "waiting", "message"));
  if (!STARTING.has(reason)) return { running: false, waits: words === "" ? reason : `${reason}: ${words}`, bad: true };
  const unscheduled = asRecords(at(pod, "status", "conditions")).find(
    (each) => each["type"] === "PodScheduled" && each["status"] === "False",
  );
  if (unscheduled !== undefined) {
    return {
      running: false,
      waits: `${asString(unscheduled["reason"])}: ${asString(unscheduled["message"])}`,
      bad: true,
    };
  }
  return { running: false, waits: reason === "" ? "the kubelet has not taken it up yet" : reason, bad: false };
}

/** Resolves when somebody looks at the task: its terminal is not taken away from another view. */
export function untilWatched(task: Task): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const look = (): void => {
    if (task.watched.get()) resolve();
  };
  const cancelled = (): void => reject(task.signal.reason);
  const end = task.watched.subscribe(look);
  task.signal.addEventListener("abort", cancelled, { once: true });
  if (task.signal.aborted) cancelled();
  look();
  return promise.finally(() => {
    end();
    task.signal.removeEventListener("abort", cancelled);
  });
}
