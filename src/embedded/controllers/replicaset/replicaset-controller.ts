import { asNumber, at, controllerOf, objectPath, type KubeObject } from "../../../lib/kube/object.ts";
import { matchesLabels, selectorFromObject } from "../../../lib/kube/selector.ts";
import { createEventRecorder } from "../../machinery/event-recorder.ts";
import { keyOf, RESOURCES } from "../../machinery/registry.ts";
import { BY_CONTROLLER, indexByController } from "../runtime/controller-index.ts";
import type { Controller, ControllerContext } from "../runtime/controller.ts";
import { createExpectations, type Expectations } from "../runtime/expectations.ts";
import type { Informer } from "../runtime/informer.ts";
import { claimObjects } from "../runtime/owner-claims.ts";
import { createPodControl, isNamespaceTerminating, type PodControl } from "../runtime/pod-control.ts";
import { availableIn, isPodActive } from "../runtime/pod-state.ts";
import { slowStartBatch } from "../runtime/slow-start.ts";
import { createWorkQueue, type WorkQueue } from "../runtime/work-queue.ts";
import { podsToDelete } from "./pod-ranking.ts";
import { replicaSetStatus, statusChanged, type ManageFailure } from "./replicaset-status.ts";

/** Pods created or deleted in one go. */
const BURST_REPLICAS = 500;

/** Keeps as many pods as `spec.replicas` says (pkg/controller/replicaset). */
export function createReplicaSetController(context: ControllerContext): Controller {
  return new ReplicaSetController(context);
}

class ReplicaSetController implements Controller {
  readonly #context: ControllerContext;
  readonly #replicaSets: Informer;
  readonly #pods: Informer;
  readonly #expectations: Expectations;
  readonly #podControl: PodControl;
  readonly #queue: WorkQueue;

  constructor(context: ControllerContext) {
    const { registry, informers, clock, signal } = context;
    const logger = context.logger.child("replicaset-controller");
    this.#context = context;
    this.#replicaSets = informers.get(RESOURCES.replicasets);
    this.#pods = informers.get(RESOURCES.pods);
    this.#expectations = createExpectations(clock);
    const recorder = createEventRecorder({ registry, component: "replicaset-controller", clock, logger });
    this.#podControl = createPodControl(registry, recorder);
    this.#queue = createWorkQueue({
      name: "replicaset",
      clock,
      logger,
      signal,
      process: (path) => this.#sync(path),
    });
    indexByController(this.#replicaSets);
    indexByController(this.#pods);
    this.#listen();
  }

  start(): void {
    this.#queue.start();
  }

  #listen(): void {
    this.#replicaSets.listen({
      added: (set) => this.#queue.add(objectPath(set)),
      updated: (_old, set) => this.#queue.add(objectPath(set)),
      deleted: (set) => {
        this.#expectations.forget(objectPath(set));
        this.#queue.add(objectPath(set));
      },
    });
    this.#pods.listen({
      added: (pod) => this.#podAdded(pod),
      updated: (old, pod) => this.#podUpdated(old, pod),
      deleted: (pod) => this.#podDeleted(pod),
    });
  }

  #podAdded(pod: KubeObject): void {
    // After a restart a pod may show up for the first time while it is being deleted.
    if (pod.metadata.deletionTimestamp !== undefined) {
      this.#podDeleted(pod);
      return;
    }
    const owner = this.#ownerOf(pod);
    if (owner === undefined) {
      if (controllerOf(pod) === undefined) this.#enqueueMatching(pod);
      return;
    }
    this.#expectations.creationObserved(objectPath(owner));
    this.#queue.add(objectPath(owner));
  }

  #podUpdated(old: KubeObject, pod: KubeObject): void {
    if (pod.metadata.deletionTimestamp !== undefined) {
      this.#podDeleted(pod);
      return;
    }
    const oldOwner = this.#ownerOf(old);
    const owner = this.#ownerOf(pod);
    if (oldOwner !== undefined && oldOwner !== owner) this.#queue.add(objectPath(oldOwner));
    if (owner !== undefined) this.#queue.add(objectPath(owner));
    else if (controllerOf(pod) === undefined) this.#enqueueMatching(pod);
  }

  #podDeleted(pod: KubeObject): void {
    const owner = this.#ownerOf(pod);
    if (owner === undefined) return;
    this.#expectations.deletionObserved(objectPath(owner), objectPath(pod));
    this.#queue.add(objectPath(owner));
  }

  #enqueueMatching(pod: KubeObject): void {
    for (const set of this.#replicaSets.listNamespace(pod.metadata.namespace ?? "")) {
      const selector = selectorFromObject(at(set, "spec", "selector"));
      if (selector === undefined || selector.length === 0) continue;
      if (matchesLabels(selector, pod.metadata.labels)) this.#queue.add(objectPath(set));
    }
  }

  #ownerOf(pod: KubeObject): KubeObject | undefined {
    const reference = controllerOf(pod);
    if (reference === undefined || reference.kind !== "ReplicaSet") return undefined;
    const owner = this.#replicaSets.get(`${pod.metadata.namespace ?? ""}/${reference.name}`);
    return owner?.metadata.uid === reference.uid ? owner : undefined;
  }

  async #sync(path: string): Promise<void> {
    const set = this.#replicaSets.get(path);
    if (set === undefined) {
      this.#expectations.forget(path);
      return;
    }
    const maySync = this.#expectations.satisfied(path);
    const { pods, activePods } = await this.#claimPods(set);
    let failure: ManageFailure | undefined;
    if (maySync && set.metadata.deletionTimestamp === undefined) failure = await this.#manage(set, activePods);
    await this.#updateStatus(set, pods, activePods, failure);
    if (failure !== undefined) throw failure.error;
    this.#wakeWhenAvailable(set, activePods);
  }

  async #claimPods(set: KubeObject): Promise<{ pods: readonly KubeObject[]; activePods: readonly KubeObject[] }> {
    const selector = selectorFromObject(at(set, "spec", "selector")) ?? [];
    const namespace = set.metadata.namespace ?? "";
    const orphans = this.#pods.byIndex(BY_CONTROLLER, "").filter((pod) => pod.metadata.namespace === namespace);
    const owned = this.#pods.byIndex(BY_CONTROLLER, set.metadata.uid ?? "");
    const pods = await claimObjects({
      registry: this.#context.registry,
      owner: set,
      ownerResource: RESOURCES.replicasets,
      resource: RESOURCES.pods,
      selector,
      candidates: selector.length === 0 ? owned : [...owned, ...orphans.filter(isPodActive)],
    });
    return { pods, activePods: pods.filter(isPodActive) };
  }

  async #manage(set: KubeObject, activePods: readonly KubeObject[]): Promise<ManageFailure | undefined> {
    const missing = asNumber(at(set, "spec", "replicas")) - activePods.length;
    if (missing > 0) return this.#createPods(set, Math.min(missing, BURST_REPLICAS));
    if (missing < 0) return this.#deletePods(set, activePods, Math.min(-missing, BURST_REPLICAS));
    return undefined;
  }

  async #createPods(set: KubeObject, count: number): Promise<ManageFailure | undefined> {
    const path = objectPath(set);
    this.#expectations.expectCreations(path, count);
    const template = at(set, "spec", "template");
    const { done, error } = await slowStartBatch(count, async () => {
      try {
        await this.#podControl.create(set, template);
      } catch (failure) {
        if (!isNamespaceTerminating(failure)) throw failure;
      }
    });
    for (let index = done; index < count; index += 1) this.#expectations.creationObserved(path);
    return error === undefined ? undefined : { reason: "FailedCreate", error };
  }

  async #deletePods(
    set: KubeObject,
    activePods: readonly KubeObject[],
    count: number,
  ): Promise<ManageFailure | undefined> {
    const path = objectPath(set);
    const doomed = podsToDelete(activePods, this.#relatedPods(set), count, this.#context.clock.now());
    this.#expectations.expectDeletions(path, doomed.map(objectPath));
    const results = await Promise.allSettled(
      doomed.map(async (pod) => {
        try {
          // A pod that is not there will not be seen to go.
          if (!(await this.#podControl.delete(set, pod))) this.#expectations.deletionObserved(path, objectPath(pod));
        } catch (error) {
          this.#expectations.deletionObserved(path, objectPath(pod));
          throw error;
        }
      }),
    );
    const failed = results.find((result) => result.status === "rejected");
    return failed === undefined ? undefined : { reason: "FailedDelete", error: failed.reason };
  }

  /** Pods of every ReplicaSet that has the same controller: old and new pods of a deployment count together. */
  #relatedPods(set: KubeObject): readonly KubeObject[] {
    const controller = controllerOf(set);
    const sets = controller === undefined ? [set] : this.#replicaSets.byIndex(BY_CONTROLLER, controller.uid);
    return sets.flatMap((related) => this.#pods.byIndex(BY_CONTROLLER, related.metadata.uid ?? ""));
  }

  async #updateStatus(
    set: KubeObject,
    pods: readonly KubeObject[],
    activePods: readonly KubeObject[],
    failure: ManageFailure | undefined,
  ): Promise<void> {
    const now = this.#context.clock.now();
    const status = replicaSetStatus({ replicaSet: set, activePods, pods, failure, now });
    if (!statusChanged(set, status)) return;
    await this.#context.registry.updateStatus(RESOURCES.replicasets, keyOf(set), { ...set, status });
  }

  /** Pods become available by the passing of time alone, which no event tells. */
  #wakeWhenAvailable(set: KubeObject, activePods: readonly KubeObject[]): void {
    const minReadySeconds = asNumber(at(set, "spec", "minReadySeconds"));
    if (minReadySeconds === 0) return;
    const now = this.#context.clock.now();
    const waits = activePods.map((pod) => availableIn(pod, minReadySeconds, now) ?? 0).filter((wait) => wait > 0);
    if (waits.length > 0) this.#queue.addAfter(objectPath(set), Math.min(...waits));
  }
}
