import type { Clock } from "../lib/clock.ts";
import { delay } from "../lib/clock.ts";
import { errorMessage, KelpieError } from "../lib/errors.ts";
import type { ApiResource } from "../lib/kube/gvr.ts";
import { asRecords, at, controllerOf, objectPath, type KubeObject } from "../lib/kube/object.ts";
import type { Task } from "../lib/task.ts";
import { isApiError } from "./api-error.ts";
import type { Cluster, ObjectTarget } from "./cluster.ts";

/** What the user allows beyond evicting what a controller makes anew. */
export interface DrainChoices {
  /** Pods with emptyDir volumes go, and their data with them. */
  readonly deleteEmptyDir: boolean;
  /** Pods that no controller makes anew go for good. */
  readonly force: boolean;
  readonly gracePeriodSeconds?: number;
}

/**
 * What a drain does with a pod, by the rules of `kubectl drain` (k8s.io/kubectl/pkg/drain/filters.go): `emptyDir` and
 * `unmanaged` pods go only where the user allows it, `skip` pods stay.
 */
export type DrainVerdict =
  | { readonly verdict: "evict" | "wait" }
  | { readonly verdict: "skip" | "emptyDir" | "unmanaged"; readonly why: string };

const RETRY_MILLISECONDS = 5000;
const POLL_MILLISECONDS = 1000;

export function drainVerdict(pod: KubeObject): DrainVerdict {
  const phase = at(pod, "status", "phase");
  const finished = phase === "Succeeded" || phase === "Failed";
  if (pod.metadata.annotations?.["kubernetes.io/config.mirror"] !== undefined) {
    return { verdict: "skip", why: "a static pod of the node" };
  }
  const controller = controllerOf(pod);
  if (controller?.kind === "DaemonSet" && !finished) return { verdict: "skip", why: `of daemonset ${controller.name}` };
  if (pod.metadata.deletionTimestamp !== undefined) return { verdict: "wait" };
  if (finished) return { verdict: "evict" };
  if (controller === undefined) return { verdict: "unmanaged", why: "no controller makes it anew" };
  const volume = asRecords(at(pod, "spec", "volumes")).find((each) => each["emptyDir"] !== undefined);
  if (volume !== undefined)
    return { verdict: "emptyDir", why: `the data of emptyDir ${String(volume["name"])} is lost` };
  return { verdict: "evict" };
}

/** Pods bound to a node. */
export function podsOn(cluster: Cluster, pods: ApiResource, node: string): Promise<readonly KubeObject[]> {
  return cluster.list(pods, { fieldSelector: `spec.nodeName=${node}` });
}

/**
 * Cordons a node and evicts its pods, and returns when they are gone. What a disruption budget holds back (429) is tried
 * again until it goes or the task is cancelled.
 * @throws KelpieError where a pod may not go by the choices (nothing is changed then), or could not be evicted
 */
export async function drainNode(
  cluster: Cluster,
  clock: Clock,
  node: ObjectTarget,
  pods: ApiResource,
  choices: DrainChoices,
  task: Task,
): Promise<void> {
  refuseBlocked(await podsOn(cluster, pods, node.name), choices);
  task.signal.throwIfAborted();
  await cluster.writes.patch(node, "merge", { spec: { unschedulable: true } }, { verb: "cordon" });
  task.say(`${node.name} cordoned`, "ok");
  // Listed again: what was bound before the node was cordoned must go too.
  const found = await podsOn(cluster, pods, node.name);
  refuseBlocked(found, choices);
  const going: KubeObject[] = [];
  for (const pod of found) {
    const verdict = drainVerdict(pod);
    if (verdict.verdict === "skip") task.say(`${objectPath(pod)} stays: ${verdict.why}`, "muted");
    else going.push(pod);
  }
  const waiting = new Map(going.map((pod) => [pod.metadata.uid ?? objectPath(pod), pod]));
  const evicting = going
    .filter((pod) => drainVerdict(pod).verdict !== "wait")
    .map((pod) => evictUntilTaken(cluster, clock, pods, pod, choices, task));
  const failures = Promise.all(evicting).then((all) => all.filter((failed) => failed !== undefined));
  const [failed] = await Promise.all([
    failures.then((all) => {
      for (const pod of all) waiting.delete(pod.metadata.uid ?? objectPath(pod));
      return all;
    }),
    untilGone(cluster, clock, pods, node.name, waiting, task),
  ]);
  if (failed.length > 0) {
    throw new KelpieError(`${node.name} not drained: ${failed.length} of ${going.length} pods not evicted`);
  }
  task.say(`${node.name} drained: ${going.length} ${going.length === 1 ? "pod" : "pods"} gone`, "ok");
}

/** Pods that the choices do not let go. */
export function blockedPods(
  pods: readonly KubeObject[],
  choices: DrainChoices,
): ReadonlyArray<{ readonly pod: KubeObject; readonly why: string }> {
  return pods.flatMap((pod) => {
    const verdict = drainVerdict(pod);
    const blocked =
      (verdict.verdict === "emptyDir" && !choices.deleteEmptyDir) ||
      (verdict.verdict === "unmanaged" && !choices.force);
    return blocked && "why" in verdict ? [{ pod, why: verdict.why }] : [];
  });
}

function refuseBlocked(pods: readonly KubeObject[], choices: DrainChoices): void {
  const blocked = blockedPods(pods, choices);
  if (blocked.length === 0) return;
  const list = blocked.map(({ pod, why }) => `${objectPath(pod)} (${why})`).join(", ");
  throw new KelpieError(`refused, nothing was evicted: ${list}`, {
    hint: "The choices of the dialog let them go.",
  });
}

/** @returns the pod where it could not be evicted */
async function evictUntilTaken(
  cluster: Cluster,
  clock: Clock,
  pods: ApiResource,
  pod: KubeObject,
  choices: DrainChoices,
  task: Task,
): Promise<KubeObject | undefined> {
  const { name = "", namespace = "", uid } = pod.metadata;
  const path = objectPath(pod);
  const { gracePeriodSeconds } = choices;
  for (let told = ""; ;) {
    task.signal.throwIfAborted();
    try {
      await cluster.writes.evict(
        { resource: pods, namespace, name, uid },
        gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds },
      );
      task.say(`${path} evicted, ending`);
      return undefined;
    } catch (error) {
      // Gone, or another pod of this name by now (the uid is a precondition): either way it has left.
      if (isApiError(error, 404) || (isApiError(error, 409) && uid !== undefined)) return undefined;
      const message = errorMessage(error);
      if (!isApiError(error, 429)) {
        task.say(`${path} not evicted: ${message}`, "error");
        return pod;
      }
      if (told !== message) task.say(`${path} held back, trying every 5 s: ${message}`, "warning");
      told = message;
    }
    await delay(clock, RETRY_MILLISECONDS, task.signal);
  }
}

/** Returns when none of `waiting` (by uid) is on the node; what goes is taken out of it. */
async function untilGone(
  cluster: Cluster,
  clock: Clock,
  pods: ApiResource,
  node: string,
  waiting: Map<string, KubeObject>,
  task: Task,
): Promise<void> {
  for (let told = ""; waiting.size > 0;) {
    await delay(clock, POLL_MILLISECONDS, task.signal);
    let there: ReadonlySet<string>;
    try {
      there = new Set((await podsOn(cluster, pods, node)).map((pod) => pod.metadata.uid ?? objectPath(pod)));
      told = "";
    } catch (error) {
      const message = errorMessage(error);
      if (told !== message) task.say(`the pods cannot be listed, trying again: ${message}`, "warning");
      told = message;
      continue;
    }
    for (const [key, pod] of waiting) {
      if (there.has(key)) continue;
      waiting.delete(key);
      task.say(`${objectPath(pod)} gone`, "ok");
    }
  }
}
