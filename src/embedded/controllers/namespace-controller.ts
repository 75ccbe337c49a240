import type { ApiResource } from "../../lib/kube/gvr.ts";
import { asArray, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { keyOf, RESOURCES } from "../machinery/registry.ts";
import { isConflict, isNotFound } from "../machinery/status-error.ts";
import { formatTime } from "../machinery/time.ts";
import { errorMessage } from "../../lib/errors.ts";
import { isSemanticallyEqual } from "./runtime/semantic-equality.ts";
import type { Controller, ControllerContext } from "./runtime/controller.ts";
import type { Informer } from "./runtime/informer.ts";
import { conditionsOf, type Condition } from "./runtime/pod-state.ts";
import { createWorkQueue, type WorkQueue } from "./runtime/work-queue.ts";

/** The finalizer in `spec.finalizers` that this controller is responsible for. */
const KUBERNETES = "kubernetes";
/** When nothing is heard of the last objects of a namespace they are counted again after this. */
const RECHECK = 15_000;

/** Empties namespaces that are being deleted, then lets them go (pkg/controller/namespace). */
export function createNamespaceController(context: ControllerContext): Controller {
  return new NamespaceController(context);
}

interface Remaining {
  /** `pods.`, `deployments.apps` by how many are left. */
  readonly resources: ReadonlyMap<string, number>;
  readonly finalizers: ReadonlyMap<string, number>;
  readonly errors: readonly string[];
}

class NamespaceController implements Controller {
  readonly #context: ControllerContext;
  readonly #namespaces: Informer;
  readonly #queue: WorkQueue;

  constructor(context: ControllerContext) {
    const { informers, registry, clock, signal } = context;
    const logger = context.logger.child("namespace-controller");
    this.#context = context;
    this.#namespaces = informers.get(RESOURCES.namespaces);
    this.#queue = createWorkQueue({ name: "namespace", clock, logger, signal, process: (name) => this.#sync(name) });
    const consider = (namespace: KubeObject): void => {
      if (namespace.metadata.deletionTimestamp !== undefined) this.#queue.add(namespace.metadata.name ?? "");
    };
    this.#namespaces.listen({ added: consider, updated: (_old, namespace) => consider(namespace) });
    for (const resource of deletableResources(registry.resources())) {
      informers.get(resource).listen({ deleted: (object) => this.#contentDeleted(object) });
    }
  }

  start(): void {
    this.#queue.start();
  }

  #contentDeleted(object: KubeObject): void {
    const name = object.metadata.namespace ?? "";
    if (this.#namespaces.get(name)?.metadata.deletionTimestamp !== undefined) this.#queue.add(name);
  }

  async #sync(name: string): Promise<void> {
    const namespace = this.#namespaces.get(name);
    if (namespace?.metadata.deletionTimestamp === undefined) return;
    const finalizers = asArray(at(namespace, "spec", "finalizers")).map((finalizer) => asString(finalizer));
    if (!finalizers.includes(KUBERNETES)) return;
    const remaining = await this.#deleteContent(name);
    if (remaining.resources.size === 0 && remaining.errors.length === 0) {
      try {
        const others = finalizers.filter((finalizer) => finalizer !== KUBERNETES);
        await this.#context.registry.finalizeNamespace(name, others);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      return;
    }
    await this.#report(namespace, remaining);
    this.#queue.addAfter(name, RECHECK);
  }

  async #deleteContent(name: string): Promise<Remaining> {
    const { registry } = this.#context;
    const resources = new Map<string, number>();
    const finalizers = new Map<string, number>();
    const errors: string[] = [];
    for (const resource of deletableResources(registry.resources())) {
      try {
        const { items } = await registry.list(resource, { namespace: name });
        await Promise.all(items.map(async (object) => this.#deleteObject(resource, object)));
        const left = items.length === 0 ? [] : (await registry.list(resource, { namespace: name })).items;
        if (left.length > 0) resources.set(`${resource.resource}.${resource.group}`, left.length);
        for (const finalizer of left.flatMap((object) => object.metadata.finalizers ?? [])) {
          finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
        }
      } catch (error) {
        errors.push(errorMessage(error));
      }
    }
    return { resources, finalizers, errors };
  }

  async #deleteObject(resource: ApiResource, object: KubeObject): Promise<void> {
    if (object.metadata.deletionTimestamp !== undefined) return;
    try {
      await this.#context.registry.delete(resource, keyOf(object), { propagationPolicy: "Background" });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  /** Says in the status why the namespace is still there (upstream namespaceConditionUpdater). */
  async #report(namespace: KubeObject, remaining: Remaining): Promise<void> {
    const known = conditionsOf(namespace);
    const time = formatTime(this.#context.clock.now());
    const conditions = deletionConditions(remaining).map((condition) => withTransition(condition, known, time));
    if (isSemanticallyEqual(known, conditions)) return;
    const status = { phase: "Terminating", conditions };
    try {
      await this.#context.registry.updateStatus(RESOURCES.namespaces, keyOf(namespace), { ...namespace, status });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** What a namespace may hold. */
function deletableResources(resources: readonly ApiResource[]): readonly ApiResource[] {
  return resources.filter(({ namespaced, verbs }) => namespaced && verbs.includes("list") && verbs.includes("delete"));
}

function withTransition(condition: Condition, known: readonly Condition[], time: string): Condition {
  const before = known.find((each) => each.type === condition.type);
  const same = before?.status === condition.status && before.reason === condition.reason;
  return { ...condition, lastTransitionTime: same ? (before.lastTransitionTime ?? time) : time };
}

function deletionConditions(remaining: Remaining): readonly Condition[] {
  const { resources, finalizers, errors } = remaining;
  const content = Array.from(resources, ([name, count]) => `${name} has ${count} resource instances`).toSorted();
  const held = Array.from(finalizers, ([name, count]) => `${name} in ${count} resource instances`).toSorted();
  return [
    condition(
      "NamespaceDeletionDiscoveryFailure",
      false,
      "ResourcesDiscovered",
      "All resources successfully discovered",
    ),
    condition(
      "NamespaceDeletionGroupVersionParsingFailure",
      false,
      "ParsedGroupVersions",
      "All legacy kube types successfully parsed",
    ),
    errors.length === 0
      ? condition(
          "NamespaceDeletionContentFailure",
          false,
          "ContentDeleted",
          "All content successfully deleted, may be waiting on finalization",
        )
      : condition("NamespaceDeletionContentFailure", true, "ContentDeletionFailed", errors.join("; ")),
    content.length === 0
      ? condition("NamespaceContentRemaining", false, "ContentRemoved", "All content successfully removed")
      : condition(
          "NamespaceContentRemaining",
          true,
          "SomeResourcesRemain",
          `Some resources are remaining: ${content.join(", ")}`,
        ),
    held.length === 0
      ? condition(
          "NamespaceFinalizersRemaining",
          false,
          "ContentHasNoFinalizers",
          "All content-preserving finalizers finished",
        )
      : condition(
          "NamespaceFinalizersRemaining",
          true,
          "SomeFinalizersRemain",
          `Some content in the namespace has finalizers remaining: ${held.join(", ")}`,
        ),
  ];
}

function condition(type: string, holds: boolean, reason: string, message: string): Condition {
  return { type, status: holds ? "True" : "False", reason, message };
}
