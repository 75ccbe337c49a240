import type { FakeClock } from "../../support/fake-clock.ts";
import { PATIENCE } from "../../support/patience.ts";
import { nextTurn, systemClock, type Clock } from "../../../src/lib/clock.ts";
import type { Gvr } from "../../../src/lib/kube/gvr.ts";
import { gvrKey } from "../../../src/lib/kube/gvr.ts";
import { at, objectPath, type Json, type KubeObject } from "../../../src/lib/kube/object.ts";
import { silentLogger, type Logger } from "../../../src/lib/log.ts";
import { startControllers } from "../../../src/embedded/controllers/start-controllers.ts";
import { keyOf, RESOURCES, type Registry, type WatchEvent } from "../../../src/embedded/machinery/registry.ts";
import { forbidden, internalError, isConflict, isNotFound } from "../../../src/embedded/machinery/status-error.ts";
import { startScheduler } from "../../../src/embedded/scheduler/start-scheduler.ts";
import { bootstrapNamespaces } from "../../../src/embedded/server/bootstrap.ts";
import { createRegistry, type ClusterRegistry } from "../../../src/embedded/server/create-registry.ts";
import { openStore } from "../../../src/embedded/store/sqlite-store.ts";

/** A registry in memory with controllers, scheduler, one node and a kubelet that runs nothing. */
export interface TestCluster {
  readonly registry: ClusterRegistry;
  readonly signal: AbortSignal;
  readonly kubelet: TestKubelet;
  /** Every change of a resource since the start, in order. */
  history(resource: Gvr): readonly WatchEvent[];
  /** Objects of a resource as last heard of, in `namespace/name` order. */
  all(resource: Gvr, namespace?: string): readonly KubeObject[];
  get(resource: Gvr, path: string): KubeObject | undefined;
  /** Resolves when the condition holds: it is looked at after every change of anything that is served. */
  until(what: string, condition: () => boolean): Promise<void>;
  /** Calls back after every change, before waiting conditions are looked at. */
  onChange(listener: () => void): void;
  /** Tells the controllers what they were to hear late. */
  deliver(): void;
  apply(resource: Gvr, object: KubeObject): Promise<KubeObject>;
  patch(resource: Gvr, path: string, patch: Json): Promise<KubeObject>;
  dispose(): void;
}

export interface TestClusterOptions {
  readonly clock?: Clock;
  readonly controllers?: boolean;
  readonly scheduler?: boolean;
  readonly node?: boolean;
  readonly logger?: Logger;
  /** Resources whose changes the controllers hear of late: only after `deliver`. */
  readonly late?: readonly Gvr[];
  /** Objects that the controllers may not create: they get a 403. */
  readonly refuses?: (object: KubeObject) => boolean;
  /** Whether the next write of the controllers ends with a 500. */
  readonly fails?: () => boolean;
  /** Makes a pod that has a node ready; default all. */
  readonly becomesReady?: (pod: KubeObject) => boolean;
}

export async function startTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const { clock = systemClock, logger = silentLogger } = options;
  const abort = new AbortController();
  const { signal } = abort;
  const store = await openStore(":memory:");
  const registry = createRegistry({ store, clock, logger });
  await bootstrapNamespaces(registry);
  const objects = new Map<string, Map<string, KubeObject>>();
  const histories = new Map<string, WatchEvent[]>();
  const waiters = new Set<() => void>();
  const listeners: Array<() => void> = [];
  for (const resource of registry.resources()) {
    if (!resource.verbs.includes("watch")) continue;
    const known = new Map<string, KubeObject>();
    const history: WatchEvent[] = [];
    objects.set(gvrKey(resource), known);
    histories.set(gvrKey(resource), history);
    const event = (change: WatchEvent): void => {
      history.push(change);
      if (change.type === "DELETED") known.delete(objectPath(change.object));
      else known.set(objectPath(change.object), change.object);
      for (const listener of listeners) listener();
      for (const waiter of Array.from(waiters)) waiter();
    };
    registry.watch(resource, {}, { event }, signal);
  }
  const held: Array<() => void> = [];
  const kubelet = new TestKubelet(registry, options.becomesReady ?? (() => true));
  registry.watch(RESOURCES.pods, {}, { event: (event) => kubelet.event(event) }, signal);
  const cluster: TestCluster = {
    registry,
    signal,
    kubelet,
    history: (resource) => histories.get(gvrKey(resource)) ?? [],
    all(resource, namespace) {
      const found = Array.from(objects.get(gvrKey(resource))?.values() ?? []);
      return found
        .filter((object) => namespace === undefined || object.metadata.namespace === namespace)
        .toSorted((a, b) => (objectPath(a) < objectPath(b) ? -1 : 1));
    },
    get: (resource, path) => objects.get(gvrKey(resource))?.get(path),
    until(what, condition) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiters.delete(check);
          const pods = cluster
            .all(RESOURCES.pods)
            .map((pod) => `${objectPath(pod)} ${String(at(pod, "status", "phase"))}`);
          reject(new Error(`it did not come to this: ${what}; pods: ${pods.join(", ")}`));
        }, PATIENCE);
        const check = (): void => {
          if (!condition()) return;
          clearTimeout(timer);
          waiters.delete(check);
          resolve();
        };
        waiters.add(check);
        check();
      });
    },
    deliver() {
      for (const tell of held.splice(0)) tell();
    },
    onChange: (listener) => listeners.push(listener),
    apply: (resource, object) => registry.create(resource, object.metadata.namespace ?? "", object),
    patch: (resource, path, patch) => registry.patch(resource, keyFromPath(path), "merge", patch),
    dispose() {
      abort.abort();
      store.close();
    },
  };
  if (options.node !== false) await cluster.apply(RESOURCES.nodes, readyNode("node-1"));
  const door = impaired(registry, options, held);
  if (options.controllers !== false) await startControllers({ registry: door, clock, logger, signal });
  if (options.scheduler !== false) await startScheduler({ registry, clock, logger, signal });
  return cluster;
}

function keyFromPath(path: string): { namespace: string; name: string } {
  const slash = path.indexOf("/");
  return slash === -1
    ? { namespace: "", name: path }
    : { namespace: path.slice(0, slash), name: path.slice(slash + 1) };
}

/** Runs nothing: a pod with a node is Running at once, and ready when it is told so; a deleted pod goes at once. */
export class TestKubelet {
  readonly #registry: ClusterRegistry;
  readonly #pods = new Map<string, KubeObject>();
  #becomesReady: (pod: KubeObject) => boolean;
  #addresses = 0;
  /** Pods being deleted stay until `release`. */
  holdsTermination = false;

  constructor(registry: ClusterRegistry, becomesReady: (pod: KubeObject) => boolean) {
    this.#registry = registry;
    this.#becomesReady = becomesReady;
  }

  event({ type, object }: WatchEvent): void {
    if (type === "DELETED") this.#pods.delete(objectPath(object));
    else this.#pods.set(objectPath(object), object);
    if (type !== "DELETED") void this.#sync(object);
  }

  /** Another rule of readiness from now on, for pods that run already too. */
  async makeReady(becomesReady: (pod: KubeObject) => boolean): Promise<void> {
    this.#becomesReady = becomesReady;
    await Promise.all(Array.from(this.#pods.values(), (pod) => this.#sync(pod)));
  }

  async release(): Promise<void> {
    this.holdsTermination = false;
    await Promise.all(Array.from(this.#pods.values(), (pod) => this.#sync(pod)));
  }

  async #sync(pod: KubeObject): Promise<void> {
    try {
      if (pod.metadata.deletionTimestamp !== undefined) {
        if (this.holdsTermination || at(pod, "spec", "nodeName") === undefined) return;
        const preconditions = { uid: pod.metadata.uid ?? "" };
        await this.#registry.delete(RESOURCES.pods, keyOf(pod), { gracePeriodSeconds: 0, preconditions });
        return;
      }
      if (at(pod, "spec", "nodeName") === undefined) return;
      const phase = at(pod, "status", "phase");
      if (phase === "Succeeded" || phase === "Failed") return;
      const ready = this.#becomesReady(pod);
      const conditions = at(pod, "status", "conditions");
      const isReady =
        Array.isArray(conditions) && conditions.some((each) => each.type === "Ready" && each.status === "True");
      if (phase === "Running" && ready === isReady) return;
      const fresh = await this.#registry.get(RESOURCES.pods, keyOf(pod));
      const podIP = at(fresh, "status", "podIP") ?? this.#nextAddress();
      const status = {
        phase: "Running",
        podIP,
        podIPs: [{ ip: podIP }],
        conditions: [
          { type: "PodScheduled", status: "True" },
          { type: "Ready", status: ready ? "True" : "False", lastTransitionTime: new Date().toISOString() },
        ],
      };
      await this.#registry.updateStatus(RESOURCES.pods, keyOf(pod), { ...fresh, status });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  #nextAddress(): string {
    this.#addresses += 1;
    return `10.244.${Math.floor(this.#addresses / 250)}.${(this.#addresses % 250) + 1}`;
  }
}

const WRITES: ReadonlySet<unknown> = new Set(["create", "update", "updateStatus", "patch", "delete"]);

/** The registry with changes of some resources held back (but not what is there at the start) and writes that fail. */
function impaired(registry: ClusterRegistry, options: TestClusterOptions, held: Array<() => void>): Registry {
  const keys = new Set(options.late?.map(gvrKey));
  const watch: Registry["watch"] = (resource, selection, handler, signal) => {
    let live = false;
    const event = (change: WatchEvent): void => {
      if (live && keys.has(gvrKey(resource))) held.push(() => handler.event(change));
      else handler.event(change);
    };
    registry.watch(resource, selection, { event, synced: () => handler.synced?.() }, signal);
    live = true;
  };
  const create: Registry["create"] = async (resource, namespace, object, writing) => {
    if (options.refuses?.(object) === true) throw forbidden(resource, "", "exceeded quota: test");
    return registry.create(resource, namespace, object, writing);
  };
  return new Proxy(registry, {
    get(target, property) {
      if (property === "watch") return watch;
      if (WRITES.has(property) && options.fails?.() === true) {
        return async () => {
          throw internalError("disk I/O error");
        };
      }
      if (property === "create") return create;
      const value: unknown = Reflect.get(target, property);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Lets everything happen that waits for nothing but its turn. */
export async function turns(count = 50): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise<void>((resolve) => void nextTurn(resolve));
}

/** Moves a fake clock on by 5 ms in every turn of the event loop, so that back-offs end. */
export function keepMoving(clock: FakeClock, signal: AbortSignal): void {
  const step = (): void => {
    if (signal.aborted) return;
    clock.advance(5);
    nextTurn(step);
  };
  step();
}

export function readyNode(name: string, allocatable: Json = { cpu: "4", memory: "8Gi", pods: "110" }): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/hostname": name } },
    status: { allocatable, capacity: allocatable, conditions: [{ type: "Ready", status: "True" }] },
  };
}

/** A deployment of pods with the label `app: <name>`. */
export function deployment(
  name: string,
  spec: Readonly<Record<string, Json>> = {},
  image = "localhost/host",
): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "default" },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "web", image }] } },
      ...spec,
    },
  };
}

export function replicaSet(
  name: string,
  replicas: number,
  labels: Readonly<Record<string, string>> = { app: name },
): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name, namespace: "default" },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "web", image: "localhost/host" }] } },
    },
  };
}

export function pod(
  name: string,
  spec: Readonly<Record<string, Json>> = {},
  labels: Record<string, string> = {},
): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", labels },
    spec: { containers: [{ name: "web", image: "localhost/host" }], ...spec },
  };
}

export function isReady(object: KubeObject): boolean {
  const conditions = at(object, "status", "conditions");
  return Array.isArray(conditions) && conditions.some((each) => each.type === "Ready" && each.status === "True");
}

/** Messages of the events about an object, in the order they were written. */
export function eventTexts(cluster: TestCluster, reason: string): readonly string[] {
  return cluster
    .history(RESOURCES.events)
    .filter(({ type, object }) => type === "ADDED" && object["reason"] === reason)
    .map(({ object }) => String(object["message"]));
}
