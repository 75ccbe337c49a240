import { nextTurn, type Clock } from "../../lib/clock.ts";
import { errorMessage } from "../../lib/errors.ts";
import { asArray, asNumber, asRecord, asString, at, objectPath, type KubeObject } from "../../lib/kube/object.ts";
import type { Logger } from "../../lib/log.ts";
import { createInformers, type Informer } from "../controllers/runtime/informer.ts";
import { conditionOf, isPodTerminal, nodeNameOf } from "../controllers/runtime/pod-state.ts";
import { isSemanticallyEqual } from "../controllers/runtime/semantic-equality.ts";
import { createEventRecorder, type EventRecorder } from "../machinery/event-recorder.ts";
import { keyOf, RESOURCES, type Registry } from "../machinery/registry.ts";
import { isConflict, isNotFound } from "../machinery/status-error.ts";
import { formatTime } from "../machinery/time.ts";
import { filterNode, unschedulableMessage, type FilterFault } from "./filters.ts";
import type { Topology } from "./pod-affinity.ts";
import { SchedulingQueue } from "./scheduling-queue.ts";
import { bestNode } from "./scoring.ts";

const NAME = "default-scheduler";
const BY_NODE = "node of unfinished pod";

export interface SchedulerOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the scheduler. */
  readonly signal: AbortSignal;
}

/**
 * Starts the scheduler: gives every pod of `default-scheduler` a node that has room for it, at once.
 * @returns resolves when the caches are complete and pods are scheduled
 */
export async function startScheduler(options: SchedulerOptions): Promise<void> {
  const { registry, signal } = options;
  const logger = options.logger.child("scheduler");
  const informers = createInformers({ registry, logger, signal });
  const scheduler = new Scheduler({
    ...options,
    logger,
    pods: informers.get(RESOURCES.pods),
    nodes: informers.get(RESOURCES.nodes),
    namespaces: informers.get(RESOURCES.namespaces),
  });
  await informers.whenSynced();
  scheduler.start();
}

interface SchedulerParts extends SchedulerOptions {
  readonly pods: Informer;
  readonly nodes: Informer;
  readonly namespaces: Informer;
}

class Scheduler {
  readonly #parts: SchedulerParts;
  readonly #recorder: EventRecorder;
  readonly #queue: SchedulingQueue;
  /** Pods given a node that the cache does not show there yet, by uid. They take room already. */
  readonly #assumed = new Map<string, { readonly pod: KubeObject; readonly node: string }>();
  #started = false;
  #scheduled = false;

  constructor(parts: SchedulerParts) {
    const { registry, clock, logger, signal, pods, nodes } = parts;
    this.#parts = parts;
    this.#recorder = createEventRecorder({ registry, component: NAME, clock, logger });
    this.#queue = new SchedulingQueue(clock, () => this.#wake());
    signal.addEventListener("abort", () => this.#queue.close(), { once: true });
    pods.addIndex(BY_NODE, (pod) => (isPodTerminal(pod) ? [] : [nodeNameOf(pod)]));
    pods.listen({
      added: (pod) => this.#podChanged(undefined, pod),
      updated: (old, pod) => this.#podChanged(old, pod),
      deleted: (pod) => this.#podDeleted(pod),
    });
    nodes.listen({
      added: () => this.#roomMayBe(),
      updated: (old, node) => {
        if (changesScheduling(old, node)) this.#roomMayBe();
      },
    });
  }

  start(): void {
    this.#started = true;
    this.#wake();
  }

  #podChanged(old: KubeObject | undefined, pod: KubeObject): void {
    const path = objectPath(pod);
    if (nodeNameOf(pod) !== "") {
      this.#assumed.delete(pod.metadata.uid ?? "");
      this.#queue.delete(path);
      const ended = isPodTerminal(pod) && old !== undefined && !isPodTerminal(old);
      // Others may wait for this one: for its room, or to be beside it.
      if (ended) this.#roomMayBe();
      else if (old === undefined || nodeNameOf(old) === "") this.#roomMayBe(hasPodAffinity);
      return;
    }
    if (!isResponsible(pod)) {
      this.#queue.delete(path);
      return;
    }
    if (this.#assumed.has(pod.metadata.uid ?? "")) return;
    // A change of status is our own word that it does not fit.
    const same = old !== undefined && sameWishes(old, pod);
    if (same && (this.#queue.isParked(path) || isResponsible(old))) return;
    this.#queue.add(path, priorityOf(pod));
  }

  #podDeleted(pod: KubeObject): void {
    this.#assumed.delete(pod.metadata.uid ?? "");
    this.#queue.delete(objectPath(pod));
    if (nodeNameOf(pod) !== "") this.#roomMayBe();
  }

  /** Something has changed that may let parked pods fit. */
  #roomMayBe(concerns: (pod: KubeObject) => boolean = () => true): void {
    for (const path of this.#queue.parked()) {
      const pod = this.#parts.pods.get(path);
      if (pod !== undefined && concerns(pod)) this.#queue.move(path, priorityOf(pod));
    }
  }

  #wake(): void {
    if (!this.#started || this.#scheduled || this.#parts.signal.aborted) return;
    this.#scheduled = true;
    nextTurn(() => {
      this.#scheduled = false;
      this.#scheduleAll();
    });
  }

  #scheduleAll(): void {
    const { pods, signal, logger } = this.#parts;
    this.#queue.flush((path) => priorityOf(pods.get(path) ?? { metadata: {} }));
    for (let path = this.#queue.pop(); path !== undefined && !signal.aborted; path = this.#queue.pop()) {
      const pod = pods.get(path);
      if (pod === undefined || nodeNameOf(pod) !== "" || !isResponsible(pod)) continue;
      try {
        this.#schedule(pod);
      } catch (error) {
        logger.error("a pod could not be scheduled", { pod: path, error: errorMessage(error) });
        this.#queue.park(path);
      }
    }
  }

  #schedule(pod: KubeObject): void {
    const topology = this.#topology();
    const faults: FilterFault[] = [];
    const feasible: KubeObject[] = [];
    for (const node of topology.nodes) {
      const fault = filterNode(pod, node, topology);
      if (fault === undefined) feasible.push(node);
      else faults.push(fault);
    }
    const node = bestNode(pod, feasible, topology);
    if (node === undefined) {
      this.#queue.park(objectPath(pod));
      void this.#reportUnschedulable(pod, unschedulableMessage(faults));
      return;
    }
    const name = node.metadata.name ?? "";
    this.#assumed.set(pod.metadata.uid ?? "", { pod, node: name });
    void this.#bind(pod, name);
  }

  #topology(): Topology {
    const { pods, nodes, namespaces } = this.#parts;
    const assumed = Array.from(this.#assumed.values());
    return {
      nodes: nodes.list(),
      podsOn: (node) => {
        const name = node.metadata.name ?? "";
        const bound = pods.byIndex(BY_NODE, name);
        const coming = assumed.filter((each) => each.node === name).map((each) => each.pod);
        return coming.length === 0 ? bound : [...bound, ...coming];
      },
      namespaceLabels: (namespace) => namespaces.get(namespace)?.metadata.labels,
    };
  }

  async #bind(pod: KubeObject, node: string): Promise<void> {
    const { registry, logger, signal } = this.#parts;
    const path = objectPath(pod);
    try {
      await registry.bindPod(keyOf(pod), node);
      this.#recorder.event(pod, "Normal", "Scheduled", `Successfully assigned ${path} to ${node}`);
    } catch (error) {
      this.#assumed.delete(pod.metadata.uid ?? "");
      // It is gone or has a node: its own events tell.
      if (isNotFound(error) || isConflict(error) || signal.aborted) return;
      logger.warn("a pod could not be bound", { pod: path, node, error: errorMessage(error) });
      this.#recorder.event(pod, "Warning", "FailedScheduling", `binding rejected: ${errorMessage(error)}`);
      this.#queue.park(path);
      this.#queue.move(path, priorityOf(pod));
    }
  }

  async #reportUnschedulable(pod: KubeObject, message: string): Promise<void> {
    const { registry, clock, logger } = this.#parts;
    this.#recorder.event(pod, "Warning", "FailedScheduling", message);
    const known = conditionOf(pod, "PodScheduled");
    if (known?.status === "False" && known.reason === "Unschedulable" && known.message === message) return;
    const since = known?.status === "False" ? known.lastTransitionTime : undefined;
    const condition = {
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message,
      lastTransitionTime: since ?? formatTime(clock.now()),
    };
    const patch = { status: { conditions: [condition] } };
    try {
      await registry.patch(RESOURCES.pods, keyOf(pod), "strategic", patch, { subresource: "status" });
    } catch (error) {
      if (isNotFound(error)) return;
      logger.warn("the condition PodScheduled was not written", { pod: objectPath(pod), error: errorMessage(error) });
    }
  }
}

/** Waits for a node from this scheduler. */
function isResponsible(pod: KubeObject): boolean {
  return (
    nodeNameOf(pod) === "" &&
    asString(at(pod, "spec", "schedulerName"), NAME) === NAME &&
    pod.metadata.deletionTimestamp === undefined &&
    !isPodTerminal(pod) &&
    asArray(at(pod, "spec", "schedulingGates")).length === 0
  );
}

function priorityOf(pod: KubeObject): number {
  return asNumber(at(pod, "spec", "priority"));
}

function hasPodAffinity(pod: KubeObject): boolean {
  return Object.keys(asRecord(at(pod, "spec", "affinity", "podAffinity"))).length > 0;
}

function sameWishes(old: KubeObject, pod: KubeObject): boolean {
  if (old["spec"] === pod["spec"] && old.metadata.labels === pod.metadata.labels) return true;
  return isSemanticallyEqual(old["spec"], pod["spec"]) && isSemanticallyEqual(old.metadata.labels, pod.metadata.labels);
}

/** Whether a change of a node can let a pod fit: heartbeats do not. */
function changesScheduling(old: KubeObject, node: KubeObject): boolean {
  return !(
    isSemanticallyEqual(at(old, "status", "allocatable"), at(node, "status", "allocatable")) &&
    isSemanticallyEqual(old.metadata.labels, node.metadata.labels) &&
    isSemanticallyEqual(at(old, "spec", "taints"), at(node, "spec", "taints")) &&
    at(old, "spec", "unschedulable") === at(node, "spec", "unschedulable") &&
    conditionOf(old, "Ready")?.status === conditionOf(node, "Ready")?.status
  );
}
