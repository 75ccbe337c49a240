import { asArray, asNumber, asRecords, asString, at, type KubeObject } from "../lib/kube/object.ts";
import { formatLabelSelector, selectorFromObject } from "../lib/kube/selector.ts";
import { errorMessage } from "../lib/errors.ts";
import type { ApiResource } from "../lib/kube/gvr.ts";
import type { ListQuery, ResourceStore } from "./cluster.ts";
import { isPodTarget, isServiceTarget, targetWords, type ForwardTarget } from "./forward-target.ts";

const PODS: ApiResource = {
  group: "",
  version: "v1",
  resource: "pods",
  kind: "Pod",
  singular: "pod",
  namespaced: true,
  verbs: ["get", "list", "watch"],
  shortNames: ["po"],
  categories: [],
  subresources: [],
};

/** A pod that takes connections, and its port. */
export interface ReadyPod {
  readonly name: string;
  /** `""` where the pod cannot be read. */
  readonly uid: string;
  readonly port: number;
}

/** Where new connections go. */
export type ForwardPlace =
  | { readonly state: "ready"; readonly pod: ReadyPod; readonly note?: string }
  | { readonly state: "waiting"; readonly reason: string }
  | { readonly state: "gone"; readonly reason: string };

export interface ForwardPodsOptions {
  readonly target: ForwardTarget;
  /** Of the service, else of the pod's containers: a number or a name. */
  readonly port: number | string;
  /** The pod to begin with, where it is ready. */
  readonly preferred?: string | undefined;
  store(query: ListQuery): ResourceStore;
  /** Called after every change of the lists: the place may be another, pods may be gone. */
  looked(): void;
}

const LOADING = "looking for a pod";

/** Follows by watch which pods behind a target are ready, and stays with one of them as long as it is. */
export class ForwardPods {
  readonly #options: ForwardPodsOptions;
  #targets: Followed | undefined;
  #pods: Followed | undefined;
  #place: ForwardPlace = { state: "waiting", reason: LOADING };
  #candidates: readonly ReadyPod[] = [];

  constructor(options: ForwardPodsOptions) {
    this.#options = options;
  }

  get place(): ForwardPlace {
    return this.#place;
  }

  /** The first lists have come, or were refused. */
  get settled(): boolean {
    return this.#place.state !== "waiting" || this.#place.reason !== LOADING;
  }

  start(): void {
    const { target } = this.#options;
    const { resource, namespace, name } = target;
    const one = { namespace, fieldSelector: `metadata.name=${name}`, form: "objects" } as const;
    if (isPodTarget(target)) this.#pods = this.#follow({ ...one, resource: PODS });
    else this.#targets = this.#follow({ ...one, resource });
    this.#read();
  }

  stop(): void {
    this.#targets?.end();
    this.#pods?.end();
    this.#targets = undefined;
    this.#pods = undefined;
  }

  /** The pod for a new connection, other than those that were tried in vain. */
  choose(tried: ReadonlySet<string>): ReadyPod | undefined {
    if (this.#place.state !== "ready") return undefined;
    const { pod } = this.#place;
    return tried.has(pod.uid) ? this.#candidates.find(({ uid }) => !tried.has(uid)) : pod;
  }

  /** Whether a pod has left the list, by its end or by another label; a list that is not live knows nothing. */
  hasLeft(uid: string): boolean {
    const snapshot = this.#pods?.store.get();
    if (uid === "" || snapshot?.status.state !== "live") return false;
    return ![...snapshot.rows.values()].some(({ object }) => object.metadata.uid === uid && !hasEnded(object));
  }

  #follow(query: ListQuery): Followed {
    const store = this.#options.store(query);
    const end = store.subscribe(() => this.#read());
    return { store, query, end };
  }

  #read(): void {
    const next = this.#find();
    // The same place stays the same object.
    if (JSON.stringify(next) !== JSON.stringify(this.#place)) this.#place = next;
    this.#options.looked();
  }

  #find(): ForwardPlace {
    const { target } = this.#options;
    return isPodTarget(target) ? this.#findPod(target) : this.#findBehind(target);
  }

  #findPod(target: ForwardTarget): ForwardPlace {
    const read = objectsOf(this.#pods);
    if (read.state !== "known") return this.#without(read, target);
    const pod = read.objects.find(({ metadata: { name, uid } }) =>
      target.uid === undefined ? name === target.name : uid === target.uid,
    );
    if (target.uid !== undefined) {
      const gone = `pod ${target.name} is gone, and nothing makes it anew: the forward ended with it`;
      if (pod === undefined) return { state: "gone", reason: gone };
      if (hasEnded(pod)) return { state: "gone", reason: `pod ${target.name} has ended, and the forward with it` };
    }
    if (pod === undefined) return { state: "waiting", reason: `there is no pod ${target.name} now` };
    // Who asks for one pod by its name may want to look into why it is not ready.
    const usable = target.uid === undefined ? isReady(pod) : at(pod, "status", "phase") === "Running";
    if (!usable) return { state: "waiting", reason: `pod ${target.name} is not ready` };
    return this.#settle([pod], this.#options.port, read.note);
  }

  #findBehind(target: ForwardTarget): ForwardPlace {
    const words = targetWords(target);
    const read = objectsOf(this.#targets);
    if (read.state !== "known") return this.#without(read, target);
    const object = read.objects.find(({ metadata }) => metadata.name === target.name);
    if (object === undefined) return this.#wait(`there is no ${words} now`);
    const selector = selectorFromObject(at(object, "spec", "selector"));
    if (selector === undefined || selector.length === 0) return this.#wait(`${words} selects no pods`);
    const port = isServiceTarget(target) ? targetPortOf(object, this.#options.port) : this.#options.port;
    if (port === undefined) return this.#wait(`${words} has no port ${this.#options.port} now`);
    this.#select(target.namespace, formatLabelSelector(selector));
    const pods = objectsOf(this.#pods);
    if (pods.state !== "known") return this.#without(pods, target);
    const unready = isServiceTarget(target) && at(object, "spec", "publishNotReadyAddresses") === true;
    const ready = pods.objects.filter(
      (pod) => isReady(pod) || (unready && pod.metadata.deletionTimestamp === undefined && !hasEnded(pod)),
    );
    if (ready.length > 0) return this.#settle(ready, port, pods.note ?? read.note);
    const living = pods.objects.filter((pod) => !hasEnded(pod)).length;
    const none = living === 1 ? "the only pod" : `none of the ${living} pods`;
    const verb = living === 1 ? "is not ready" : "is ready";
    return this.#wait(living === 0 ? `${words} has no pods now` : `${none} of ${words} ${verb}`);
  }

  /** Follows the pods of a selector: that of a service may change. */
  #select(namespace: string, labelSelector: string): void {
    if (this.#pods?.query.labelSelector === labelSelector) return;
    this.#pods?.end();
    this.#pods = this.#follow({ resource: PODS, namespace, labelSelector, form: "objects" });
  }

  /** One of these pods: the one in use, else the one asked for, else the newest, which lives longest in a rollout. */
  #settle(ready: readonly KubeObject[], port: number | string, note: string | undefined): ForwardPlace {
    const inUse = this.#place.state === "ready" ? this.#place.pod.uid : undefined;
    const newest = ready.toSorted((left, right) => createdAt(right) - createdAt(left));
    this.#candidates = newest.flatMap((pod) => {
      const number = portOf(pod, port);
      return number === undefined ? [] : [{ name: pod.metadata.name ?? "", uid: pod.metadata.uid ?? "", port: number }];
    });
    const pod =
      this.#candidates.find(({ uid }) => uid === inUse) ??
      (inUse === undefined ? this.#candidates.find(({ name }) => name === this.#options.preferred) : undefined) ??
      this.#candidates[0];
    if (pod === undefined) return this.#wait(`no ready pod has a port named ${port}`);
    return { state: "ready", pod, ...(note === undefined ? {} : { note }) };
  }

  #wait(reason: string): ForwardPlace {
    this.#candidates = [];
    return { state: "waiting", reason };
  }

  /** The lists say nothing: what is known stays, and what may not be listed is used as it was named. */
  #without(read: Unknown, target: ForwardTarget): ForwardPlace {
    if (read.state === "loading") {
      return this.settled || read.reason === undefined ? this.#place : this.#wait(read.reason);
    }
    const { preferred, port } = this.#options;
    const name = isPodTarget(target) ? target.name : preferred;
    if (name === undefined || typeof port !== "number" || isServiceTarget(target)) return this.#wait(read.reason);
    const pod = { name, uid: "", port };
    this.#candidates = [pod];
    return { state: "ready", pod, note: `bound to pod ${name} without following it: ${read.reason}` };
  }
}

interface Followed {
  readonly store: ResourceStore;
  readonly query: ListQuery;
  end(): void;
}

type Unknown =
  | { readonly state: "loading"; readonly reason?: string }
  | { readonly state: "denied"; readonly reason: string };

function objectsOf(
  followed: Followed | undefined,
): Unknown | { readonly state: "known"; readonly objects: readonly KubeObject[]; readonly note?: string } {
  const snapshot = followed?.store.get();
  if (snapshot === undefined || snapshot.status.state === "loading") return { state: "loading" };
  const { status } = snapshot;
  if (status.state === "denied") return { state: "denied", reason: errorMessage(status.error) };
  const objects = [...snapshot.rows.values()].map(({ object }) => object);
  if (status.state === "live") return { state: "known", objects };
  // An empty list that is not live was perhaps never read.
  if (objects.length === 0) return { state: "loading", reason: errorMessage(status.error) };
  return { state: "known", objects, note: `its pods are not followed now: ${errorMessage(status.error)}` };
}

function hasEnded(pod: KubeObject): boolean {
  return ["Succeeded", "Failed"].includes(asString(at(pod, "status", "phase")));
}

/** Ready as services mean it: no pod that is being deleted takes new connections. */
export function isReady(pod: KubeObject): boolean {
  if (pod.metadata.deletionTimestamp !== undefined || at(pod, "status", "phase") !== "Running") return false;
  const conditions = asRecords(at(pod, "status", "conditions"));
  const ready = conditions.find((condition) => condition["type"] === "Ready");
  if (ready !== undefined) return ready["status"] === "True";
  const statuses = asRecords(at(pod, "status", "containerStatuses"));
  return statuses.length > 0 && statuses.every((status) => status["ready"] === true);
}

function createdAt(pod: KubeObject): number {
  const time = Date.parse(pod.metadata.creationTimestamp ?? "");
  return Number.isNaN(time) ? 0 : time;
}

/** A port of a pod as a number: named ones stand in its containers. */
export function portOf(pod: KubeObject, port: number | string): number | undefined {
  if (typeof port === "number") return port;
  const containers = [...asArray(at(pod, "spec", "containers")), ...asArray(at(pod, "spec", "initContainers"))];
  const named = asRecords(containers)
    .flatMap((container) => asRecords(container["ports"]))
    .find((one) => one["name"] === port);
  return named === undefined ? undefined : asNumber(named["containerPort"]) || undefined;
}

/** What a port of a service, by its number or name, leads to in a pod; `undefined` where it has no such port. */
export function targetPortOf(service: KubeObject, port: number | string): number | string | undefined {
  const found = asRecords(at(service, "spec", "ports")).find((one) => one["port"] === port || one["name"] === port);
  if (found === undefined) return undefined;
  const target = found["targetPort"];
  if (typeof target === "string" && target !== "") return /^\d+$/.test(target) ? Number(target) : target;
  return asNumber(target) || asNumber(found["port"]) || undefined;
}
