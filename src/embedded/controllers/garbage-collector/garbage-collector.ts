import type { ApiResource } from "../../../lib/kube/gvr.ts";
import { apiVersionOf } from "../../../lib/kube/gvr.ts";
import type { KubeObject, OwnerReference } from "../../../lib/kube/object.ts";
import { keyOf, RESOURCES } from "../../machinery/registry.ts";
import { isConflict, isNotFound } from "../../machinery/status-error.ts";
import { createEventRecorder, type EventRecorder } from "../../machinery/event-recorder.ts";
import type { Controller, ControllerContext } from "../runtime/controller.ts";
import { createWorkQueue, type WorkQueue } from "../runtime/work-queue.ts";
import {
  DependencyGraph,
  FOREGROUND,
  graphNode,
  ORPHAN,
  waitsForDependents,
  waitsForOrphaning,
  type GraphNode,
} from "./dependency-graph.ts";

/**
 * Deletes objects whose owners are gone, holds owners that are deleted in the foreground until their dependents are
 * gone, and cuts the ties of dependents that are to be orphaned (pkg/controller/garbagecollector).
 */
export function createGarbageCollector(context: ControllerContext): Controller {
  return new GarbageCollector(context);
}

/** Resources whose objects the collector knows; events are ignored as upstream ignores them. */
function collectableResources(resources: readonly ApiResource[]): readonly ApiResource[] {
  return resources.filter(
    ({ resource, verbs }) =>
      resource !== RESOURCES.events.resource && verbs.includes("watch") && verbs.includes("delete"),
  );
}

type OwnerState = "solid" | "dangling" | "waiting";

class GarbageCollector implements Controller {
  readonly #context: ControllerContext;
  readonly #graph = new DependencyGraph();
  readonly #recorder: EventRecorder;
  /** Uids of objects whose owners may be gone, or whose dependents may be. */
  readonly #deletions: WorkQueue;
  /** Uids of owners whose dependents are to forget them. */
  readonly #orphanings: WorkQueue;
  #started = false;

  constructor(context: ControllerContext) {
    const { registry, informers, clock, signal } = context;
    const logger = context.logger.child("garbage-collector");
    this.#context = context;
    this.#recorder = createEventRecorder({ registry, component: "garbage-collector-controller", clock, logger });
    const shared = { clock, logger, signal, concurrency: 20 };
    this.#deletions = createWorkQueue({ ...shared, name: "garbage", process: (uid) => this.#collect(uid) });
    this.#orphanings = createWorkQueue({ ...shared, name: "orphaning", process: (uid) => this.#orphan(uid) });
    for (const resource of collectableResources(registry.resources())) {
      informers.get(resource).listen({
        added: (object) => this.#changed(graphNode(resource, object)),
        updated: (_old, object) => this.#changed(graphNode(resource, object)),
        deleted: (object) => this.#deleted(object),
      });
    }
  }

  start(): void {
    this.#started = true;
    // The graph is complete now: only now is a missing owner a reason to look closer.
    for (const node of this.#graph.nodes()) this.#consider(node, undefined);
    this.#deletions.start();
    this.#orphanings.start();
  }

  #changed(node: GraphNode): void {
    const before = this.#graph.set(node);
    if (this.#started) this.#consider(node, before);
  }

  #deleted(object: KubeObject): void {
    const uid = object.metadata.uid ?? "";
    const node = this.#graph.get(uid);
    this.#graph.delete(uid);
    if (!this.#started) return;
    for (const dependent of this.#graph.dependentsOf(uid)) this.#deletions.add(dependent.uid);
    this.#wakeOwners(node?.owners ?? []);
  }

  #consider(node: GraphNode, before: GraphNode | undefined): void {
    if (waitsForOrphaning(node)) this.#orphanings.add(node.uid);
    if (waitsForDependents(node)) {
      this.#deletions.add(node.uid);
      if (before === undefined || !waitsForDependents(before)) {
        for (const dependent of this.#graph.dependentsOf(node.uid)) this.#deletions.add(dependent.uid);
      }
    }
    const missing = node.owners.some((owner) => {
      const known = this.#graph.get(owner.uid);
      return known === undefined || waitsForDependents(known);
    });
    if (missing) this.#deletions.add(node.uid);
    // An owner in the foreground may wait for a tie that is cut now.
    if (before !== undefined) this.#wakeOwners(before.owners);
  }

  #wakeOwners(owners: readonly OwnerReference[]): void {
    for (const { uid } of owners) {
      const owner = this.#graph.get(uid);
      if (owner !== undefined && waitsForDependents(owner)) this.#deletions.add(uid);
    }
  }

  async #collect(uid: string): Promise<void> {
    const node = this.#graph.get(uid);
    const object = node === undefined ? undefined : await this.#fetch(node);
    if (node === undefined || object === undefined) return;
    const live = graphNode(node.resource, object);
    if (waitsForDependents(live)) {
      await this.#releaseWhenAlone(live);
      return;
    }
    if (live.deleting || live.owners.length === 0) return;
    const states = await Promise.all(live.owners.map(async (owner) => this.#stateOf(live, owner)));
    const ownersThatAre = (wanted: OwnerState): readonly OwnerReference[] =>
      live.owners.filter((_owner, index) => states[index] === wanted);
    if (ownersThatAre("solid").length > 0) {
      const lost = new Set(live.owners.filter((_owner, index) => states[index] !== "solid").map((owner) => owner.uid));
      if (lost.size > 0) await this.#removeOwners(live, lost);
      return;
    }
    const waiting = ownersThatAre("waiting").length > 0;
    if (waiting && this.#graph.dependentsOf(uid).length > 0) {
      await this.#breakCycles(live);
      await this.#delete(live, object, "Foreground");
      return;
    }
    if (live.finalizers.includes(ORPHAN)) await this.#delete(live, object, "Orphan");
    else await this.#delete(live, object, live.finalizers.includes(FOREGROUND) ? "Foreground" : "Background");
  }

  async #fetch(node: GraphNode): Promise<KubeObject | undefined> {
    try {
      const object = await this.#context.registry.get(node.resource, node);
      return object.metadata.uid === node.uid ? object : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Asks the store: the graph may be behind, and a wrong answer deletes what should stay. */
  async #stateOf(node: GraphNode, owner: OwnerReference): Promise<OwnerState> {
    const resource = this.#context.registry.resourceForKind(owner.apiVersion, owner.kind);
    // Of a kind that is not served nothing is known: it stays.
    if (resource === undefined) return "solid";
    if (resource.namespaced && node.namespace === "") {
      const text = `ownerRef [${owner.apiVersion}/${owner.kind}, namespace: , name: ${owner.name}, uid: ${owner.uid}] does not exist in namespace ""`;
      this.#recorder.event(referenceOf(node), "Warning", "OwnerRefInvalidNamespace", text);
      return "solid";
    }
    const namespace = resource.namespaced ? node.namespace : "";
    try {
      const found = await this.#context.registry.get(resource, { namespace, name: owner.name });
      if (found.metadata.uid !== owner.uid) return "dangling";
      return waitsForDependents(graphNode(resource, found)) ? "waiting" : "solid";
    } catch (error) {
      if (isNotFound(error)) return "dangling";
      throw error;
    }
  }

  /** The foreground finalizer goes when no dependent that blocks is left. */
  async #releaseWhenAlone(owner: GraphNode): Promise<void> {
    const blocking = this.#graph
      .dependentsOf(owner.uid)
      .filter((node) => node.owners.some((each) => each.uid === owner.uid && each.blockOwnerDeletion === true));
    if (blocking.length === 0) {
      await this.#removeFinalizer(owner, FOREGROUND);
      return;
    }
    for (const dependent of blocking) if (!waitsForDependents(dependent)) this.#deletions.add(dependent.uid);
  }

  /** Dependents that wait for their own dependents would wait for ever in a circle of owners. */
  async #breakCycles(node: GraphNode): Promise<void> {
    if (!this.#graph.dependentsOf(node.uid).some(waitsForDependents)) return;
    await this.#patch(node, (object) => ({
      ...object,
      metadata: {
        ...object.metadata,
        ownerReferences: (object.metadata.ownerReferences ?? []).map((owner) =>
          Object.assign({}, owner, { blockOwnerDeletion: false }),
        ),
      },
    }));
  }

  async #delete(
    node: GraphNode,
    object: KubeObject,
    propagationPolicy: "Background" | "Foreground" | "Orphan",
  ): Promise<void> {
    const { resourceVersion } = object.metadata;
    const preconditions = { uid: node.uid, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
    try {
      await this.#context.registry.delete(node.resource, node, { preconditions, propagationPolicy });
    } catch (error) {
      if (isNotFound(error)) return;
      throw error;
    }
  }

  async #orphan(uid: string): Promise<void> {
    const owner = this.#graph.get(uid);
    if (owner === undefined) return;
    for (const dependent of this.#graph.dependentsOf(uid)) {
      await this.#removeOwners(dependent, new Set([uid]));
    }
    await this.#removeFinalizer(owner, ORPHAN);
  }

  async #removeOwners(node: GraphNode, uids: ReadonlySet<string>): Promise<void> {
    await this.#patch(node, (object) => ({
      ...object,
      metadata: {
        ...object.metadata,
        ownerReferences: (object.metadata.ownerReferences ?? []).filter((owner) => !uids.has(owner.uid)),
      },
    }));
  }

  async #removeFinalizer(node: GraphNode, finalizer: string): Promise<void> {
    await this.#patch(node, (object) => ({
      ...object,
      metadata: {
        ...object.metadata,
        finalizers: (object.metadata.finalizers ?? []).filter((name) => name !== finalizer),
      },
    }));
  }

  /** Changes the stored object, again where somebody else was faster. An object that is gone needs no change. */
  async #patch(node: GraphNode, change: (object: KubeObject) => KubeObject): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const object = await this.#fetch(node);
      if (object === undefined) return;
      try {
        await this.#context.registry.update(node.resource, keyOf(object), change(object));
        return;
      } catch (error) {
        if (isNotFound(error)) return;
        if (!isConflict(error) || attempt >= 5) throw error;
      }
    }
  }
}

function referenceOf(node: GraphNode): KubeObject {
  const metadata = { name: node.name, uid: node.uid, ...(node.namespace === "" ? {} : { namespace: node.namespace }) };
  return { apiVersion: apiVersionOf(node.resource), kind: node.resource.kind, metadata };
}
