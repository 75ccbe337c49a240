import { asString, at, controllerOf, objectPath, type KubeObject } from "../../../lib/kube/object.ts";
import { matchesLabels, selectorFromObject } from "../../../lib/kube/selector.ts";
import { createEventRecorder, type EventRecorder } from "../../machinery/event-recorder.ts";
import { keyOf, RESOURCES } from "../../machinery/registry.ts";
import { BY_CONTROLLER, indexByController } from "../runtime/controller-index.ts";
import type { Controller, ControllerContext } from "../runtime/controller.ts";
import type { Informer } from "../runtime/informer.ts";
import { claimObjects } from "../runtime/owner-claims.ts";
import { createWorkQueue, type WorkQueue } from "../runtime/work-queue.ts";
import { DeploymentSync } from "./deployment-sync.ts";
import { statusCount } from "./deployment-spec.ts";

/** Rolls deployments out through ReplicaSets (pkg/controller/deployment). */
export function createDeploymentController(context: ControllerContext): Controller {
  return new DeploymentController(context);
}

class DeploymentController implements Controller {
  readonly #context: ControllerContext;
  readonly #deployments: Informer;
  readonly #replicaSets: Informer;
  readonly #pods: Informer;
  readonly #recorder: EventRecorder;
  readonly #queue: WorkQueue;

  constructor(context: ControllerContext) {
    const { registry, informers, clock, signal } = context;
    const logger = context.logger.child("deployment-controller");
    this.#context = context;
    this.#deployments = informers.get(RESOURCES.deployments);
    this.#replicaSets = informers.get(RESOURCES.replicasets);
    this.#pods = informers.get(RESOURCES.pods);
    this.#recorder = createEventRecorder({ registry, component: "deployment-controller", clock, logger });
    this.#queue = createWorkQueue({
      name: "deployment",
      clock,
      logger,
      signal,
      process: (path) => this.#sync(path),
    });
    indexByController(this.#replicaSets);
    indexByController(this.#pods);
    this.#deployments.listen({
      added: (deployment) => this.#queue.add(objectPath(deployment)),
      updated: (_old, deployment) => this.#queue.add(objectPath(deployment)),
      deleted: (deployment) => this.#queue.add(objectPath(deployment)),
    });
    this.#replicaSets.listen({
      added: (set) => this.#setChanged(set),
      updated: (old, set) => {
        const oldOwner = controllerOf(old);
        if (oldOwner !== undefined && oldOwner.uid !== controllerOf(set)?.uid) this.#setChanged(old);
        this.#setChanged(set);
      },
      deleted: (set) => this.#setChanged(set),
    });
    this.#pods.listen({ updated: (_old, pod) => this.#podEnded(pod), deleted: (pod) => this.#podEnded(pod) });
  }

  start(): void {
    this.#queue.start();
  }

  #setChanged(set: KubeObject): void {
    const reference = controllerOf(set);
    const namespace = set.metadata.namespace ?? "";
    if (reference !== undefined) {
      if (reference.kind !== "Deployment") return;
      const owner = this.#deployments.get(`${namespace}/${reference.name}`);
      if (owner?.metadata.uid === reference.uid) this.#queue.add(objectPath(owner));
      return;
    }
    for (const deployment of this.#deployments.listNamespace(namespace)) {
      const selector = selectorFromObject(at(deployment, "spec", "selector"));
      if (selector === undefined || selector.length === 0) continue;
      if (matchesLabels(selector, set.metadata.labels)) this.#queue.add(objectPath(deployment));
    }
  }

  /** Recreate waits for the last old pod to end, which no ReplicaSet's status tells. */
  #podEnded(pod: KubeObject): void {
    const reference = controllerOf(pod);
    if (reference?.kind !== "ReplicaSet") return;
    const set = this.#replicaSets.get(`${pod.metadata.namespace ?? ""}/${reference.name}`);
    const owner = set === undefined ? undefined : controllerOf(set);
    if (owner === undefined) return;
    const deployment = this.#deployments.get(`${pod.metadata.namespace ?? ""}/${owner.name}`);
    if (deployment === undefined || asString(at(deployment, "spec", "strategy", "type")) !== "Recreate") return;
    this.#queue.add(objectPath(deployment));
  }

  async #sync(path: string): Promise<void> {
    const deployment = this.#deployments.get(path);
    if (deployment === undefined) return;
    const selector = selectorFromObject(at(deployment, "spec", "selector")) ?? [];
    if (selector.length === 0) {
      await this.#refuseEmptySelector(deployment);
      return;
    }
    const namespace = deployment.metadata.namespace ?? "";
    const candidates = this.#replicaSets.listNamespace(namespace).filter((set) => {
      const owner = controllerOf(set);
      return owner === undefined || owner.uid === deployment.metadata.uid;
    });
    const sets = await claimObjects({
      registry: this.#context.registry,
      owner: deployment,
      ownerResource: RESOURCES.deployments,
      resource: RESOURCES.replicasets,
      selector,
      candidates,
    });
    const sync = new DeploymentSync({
      registry: this.#context.registry,
      recorder: this.#recorder,
      clock: this.#context.clock,
      deployment,
      sets,
      podsOf: (set) => this.#pods.byIndex(BY_CONTROLLER, set.metadata.uid ?? ""),
    });
    const again = await sync.run();
    if (again !== undefined) this.#queue.addAfter(path, Math.max(again, 1000));
  }

  async #refuseEmptySelector(deployment: KubeObject): Promise<void> {
    const message = "This deployment is selecting all pods. A non-empty selector is required.";
    this.#recorder.event(deployment, "Warning", "SelectingAll", message);
    const { generation = 0 } = deployment.metadata;
    if (statusCount(deployment, "observedGeneration") >= generation) return;
    const status = { observedGeneration: generation };
    await this.#context.registry.updateStatus(RESOURCES.deployments, keyOf(deployment), { ...deployment, status });
  }
}
