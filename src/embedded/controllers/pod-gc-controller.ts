import { asRecord, objectPath, type KubeObject } from "../../lib/kube/object.ts";
import { keyOf, RESOURCES } from "../machinery/registry.ts";
import { isNotFound } from "../machinery/status-error.ts";
import { formatTime } from "../machinery/time.ts";
import type { Controller, ControllerContext } from "./runtime/controller.ts";
import { conditionsOf, isPodTerminal, nodeNameOf, timeOf } from "./runtime/pod-state.ts";
import { createWorkQueue } from "./runtime/work-queue.ts";

/** Finished pods kept in the whole cluster (kube-controller-manager --terminated-pod-gc-threshold). */
const FINISHED_THRESHOLD = 12_500;
/** A node may come back: its pods are orphans only after this. */
const QUARANTINE = 40_000;
const BY_NODE = "node";
const FINISHED = "finished";

/**
 * Deletes for good what nobody else will: pods of nodes that are gone, pods that are being deleted and never got a
 * node, and the oldest finished pods beyond the threshold (pkg/controller/podgc). It acts on events and does not poll.
 */
export function createPodGcController(context: ControllerContext): Controller {
  const { registry, informers, clock, signal } = context;
  const pods = informers.get(RESOURCES.pods);
  const nodes = informers.get(RESOURCES.nodes);
  pods.addIndex(BY_NODE, (pod) => [nodeNameOf(pod)]);
  pods.addIndex(FINISHED, (pod) => (isPodTerminal(pod) ? [""] : []));
  const queue = createWorkQueue({
    name: "podgc",
    clock,
    logger: context.logger.child("pod-garbage-collector"),
    signal,
    process: (key) => (key.startsWith("node/") ? collectNode(key.slice("node/".length)) : collectPod(key)),
  });

  async function collectNode(node: string): Promise<void> {
    if (nodes.get(node) !== undefined) return;
    for (const pod of pods.byIndex(BY_NODE, node)) {
      if (!isPodTerminal(pod)) await markFailed(pod);
      await deleteNow(pod);
    }
  }

  async function collectPod(path: string): Promise<void> {
    const pod = pods.get(path);
    if (pod !== undefined && isNeverScheduled(pod)) await deleteNow(pod);
    const finished = pods.byIndex(FINISHED, "");
    if (finished.length <= FINISHED_THRESHOLD) return;
    const oldestFirst = finished.toSorted((a, b) => created(a) - created(b));
    for (const each of oldestFirst.slice(0, finished.length - FINISHED_THRESHOLD)) await deleteNow(each);
  }

  async function markFailed(pod: KubeObject): Promise<void> {
    const condition = {
      type: "DisruptionTarget",
      status: "True",
      lastTransitionTime: formatTime(clock.now()),
      reason: "DeletionByPodGC",
      message: "PodGC: node no longer exists",
    };
    const conditions = [...conditionsOf(pod).filter(({ type }) => type !== condition.type), condition];
    const status = { ...asRecord(pod["status"]), phase: "Failed", conditions };
    try {
      await registry.updateStatus(RESOURCES.pods, keyOf(pod), { ...pod, status });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async function deleteNow(pod: KubeObject): Promise<void> {
    const { uid } = pod.metadata;
    const preconditions = uid === undefined ? {} : { preconditions: { uid } };
    try {
      await registry.delete(RESOURCES.pods, keyOf(pod), { gracePeriodSeconds: 0, ...preconditions });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  const consider = (pod: KubeObject): void => {
    const node = nodeNameOf(pod);
    if (node !== "" && nodes.synced && nodes.get(node) === undefined) queue.addAfter(`node/${node}`, QUARANTINE);
    if (isNeverScheduled(pod) || isPodTerminal(pod)) queue.add(objectPath(pod));
  };
  pods.listen({ added: consider, updated: (_old, pod) => consider(pod) });
  nodes.listen({ deleted: (node) => queue.addAfter(`node/${node.metadata.name ?? ""}`, QUARANTINE) });
  return {
    start() {
      for (const pod of pods.list()) consider(pod);
      queue.start();
    },
  };
}

function isNeverScheduled(pod: KubeObject): boolean {
  return pod.metadata.deletionTimestamp !== undefined && nodeNameOf(pod) === "";
}

function created(pod: KubeObject): number {
  return timeOf(pod.metadata.creationTimestamp);
}
