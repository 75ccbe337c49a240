import type { Socket } from "node:net";
import type { Cancel, Clock } from "../lib/clock.ts";
import { errorMessage, KelpieError } from "../lib/errors.ts";
import { apiPath, groupResource } from "../lib/kube/gvr.ts";
import { asRecords, asString, at, type KubeObject } from "../lib/kube/object.ts";
import { createValue } from "../lib/subscribable.ts";
import { isApiError } from "./api-error.ts";
import type { ForwardRequest, ListQuery, PortForward, PortForwards, ResourceStore } from "./cluster.ts";
import { dialChannels, type PodEnd } from "./forward-connection.ts";
import { ForwardPods, targetPortOf, type ReadyPod } from "./forward-pods.ts";
import { isServiceTarget, targetWords, type ForwardTarget } from "./forward-target.ts";
import type { HttpClient } from "./http-client.ts";
import { listenLocally, type LocalListener } from "./local-listener.ts";
import { readWholeObject } from "./row-reader.ts";

const PODS = { group: "", version: "v1", resource: "pods" } as const;
/** A new connection waits so long for a pod: a rollout replaces one within this time. */
const POD_WAIT_MILLISECONDS = 10_000;
/** Opening does not wait longer for the lists of a slow server. */
const FIRST_LOOK_MILLISECONDS = 3000;
/** Traffic figures are published at most so often. */
const PUBLISH_MILLISECONDS = 250;

interface Entry {
  forward: PortForward;
  readonly pods: ForwardPods;
  listener: LocalListener | undefined;
  /** What went wrong with the last connection. */
  fault: string | undefined;
  readonly connections: Set<Connection>;
  /** Those who wait for a pod. */
  readonly waiters: Set<() => void>;
}

interface Connection {
  readonly local: Socket;
  /** The pod it goes to. */
  pod: ReadyPod | undefined;
  /** The pod has left the list, and was asked for once. */
  checked: boolean;
  cut: () => void;
}

export interface PortForwarderOptions {
  readonly client: HttpClient;
  readonly clock: Clock;
  readonly context: string;
  store(query: ListQuery): ResourceStore;
}

/** Listeners on this machine that carry connections to ports of pods, each to whichever pod is ready. */
export class PortForwarder implements PortForwards {
  readonly #options: PortForwarderOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #value = createValue<readonly PortForward[]>([]);
  #cancelPublish: Cancel | undefined;
  #next = 1;
  #closed = false;
  /** What the server is known to speak. */
  #wire: "channels" | "tunnel" | undefined;

  constructor(options: PortForwarderOptions) {
    this.#options = options;
  }

  get(): readonly PortForward[] {
    return this.#value.get();
  }

  subscribe(listener: () => void): () => void {
    return this.#value.subscribe(listener);
  }

  async open({ target, port, localPort, pod }: ForwardRequest): Promise<PortForward> {
    await this.#check(target, port);
    const { context } = this.#options;
    const id = `${context} ${this.#next}`;
    this.#next += 1;
    const listener = await listenLocally(
      localPort,
      (local) => void this.#carry(id, local),
      (error) => this.#fail(id, errorMessage(error)),
    );
    if (this.#closed) {
      listener.close();
      throw new KelpieError("the context was closed");
    }
    const pods = new ForwardPods({
      target,
      port,
      preferred: pod,
      store: (query) => this.#options.store(query),
      looked: () => this.#look(id),
    });
    const entry: Entry = {
      forward: {
        id,
        context,
        target,
        port,
        localPort: listener.port,
        state: "waiting",
        connections: 0,
        open: 0,
        bytes: 0,
      },
      pods,
      listener,
      fault: undefined,
      connections: new Set(),
      waiters: new Set(),
    };
    this.#entries.set(id, entry);
    pods.start();
    await this.#waitFor(entry, () => pods.settled, FIRST_LOOK_MILLISECONDS);
    return entry.forward;
  }

  stop(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#end(entry);
    this.#publish();
  }

  close(): void {
    this.#closed = true;
    this.#cancelPublish?.();
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const entry of entries) this.#end(entry);
    this.#publish();
  }

  #end(entry: Entry): void {
    entry.listener?.close();
    entry.listener = undefined;
    entry.pods.stop();
    for (const connection of Array.from(entry.connections)) connection.cut();
    this.#wake(entry);
  }

  #fail(id: string, error: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.forward = { ...entry.forward, state: "failed", error };
    this.#end(entry);
    this.#publish();
  }

  /** @throws ApiError where there is no such target, KelpieError where a service has no such port */
  async #check(target: ForwardTarget, port: number | string): Promise<void> {
    const { resource, namespace, name } = target;
    let object: KubeObject | undefined;
    try {
      const about = { verb: "forward a port to", resource: groupResource(resource), namespace, name };
      const answer = await this.#options.client.json({ path: apiPath(resource, { namespace, name }), about });
      object = readWholeObject(answer, resource);
    } catch (error) {
      // Who may not look may still forward.
      if (!isApiError(error, 403)) throw error;
    }
    if (object === undefined) return;
    if (target.uid !== undefined && object.metadata.uid !== target.uid) {
      throw new KelpieError(`${targetWords(target)} is another one by now`, { hint: "look at the list again" });
    }
    if (!isServiceTarget(target) || targetPortOf(object, port) !== undefined) return;
    const ports = asRecords(at(object, "spec", "ports")).map((one) => {
      const named = asString(one["name"]);
      return named === "" ? String(one["port"]) : `${String(one["port"])} (${named})`;
    });
    throw new KelpieError(`service ${name} has no port ${port}: it has ${ports.join(", ") || "none"}`);
  }

  #look(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.forward.state === "failed") return;
    const { place } = entry.pods;
    if (place.state === "gone") {
      this.#fail(id, place.reason);
      return;
    }
    const before = entry.forward;
    if (place.state === "waiting") entry.forward = { ...before, state: "waiting", error: place.reason };
    else {
      const { name, port } = place.pod;
      // What went wrong with another pod tells nothing of this one.
      if (before.pod?.name !== name) entry.fault = undefined;
      entry.forward = { ...before, state: "listening", pod: { name, port }, error: entry.fault ?? place.note };
    }
    for (const connection of Array.from(entry.connections)) void this.#cutGone(entry, connection);
    this.#wake(entry);
    if (JSON.stringify(before) !== JSON.stringify(entry.forward)) this.#publish();
    else entry.forward = before;
  }

  /** Ends a connection whose pod is no more. One that only lost a label goes on. */
  async #cutGone(entry: Entry, connection: Connection): Promise<void> {
    const { pod } = connection;
    if (pod === undefined || connection.checked || !entry.pods.hasLeft(pod.uid)) return;
    connection.checked = true;
    const { namespace } = entry.forward.target;
    try {
      const about = { verb: "get", resource: "pods", namespace, name: pod.name };
      const found = await this.#options.client.json({ path: apiPath(PODS, { namespace, name: pod.name }), about });
      const ended = ["Succeeded", "Failed"].includes(asString(at(found, "status", "phase")));
      if (at(found, "metadata", "uid") !== pod.uid || ended) connection.cut();
    } catch (error) {
      // Where nothing is known of the pod, its end of the connection tells.
      if (isApiError(error, 404)) connection.cut();
    }
  }

  #setFault(entry: Entry, fault: string | undefined): void {
    if (entry.fault === fault || entry.forward.state === "failed") return;
    entry.fault = fault;
    this.#look(entry.forward.id);
  }

  async #carry(id: string, local: Socket): Promise<void> {
    const entry = this.#entries.get(id);
    local.on("error", () => local.destroy());
    if (entry === undefined || entry.listener === undefined) {
      local.destroy();
      return;
    }
    local.pause();
    const connection: Connection = { local, pod: undefined, checked: false, cut: () => local.destroy() };
    entry.connections.add(connection);
    this.#count(entry, 1, 1);
    let counted = true;
    const finished = (): void => {
      if (counted) this.#count(entry, 0, -1);
      counted = false;
    };
    local.on("close", () => {
      entry.connections.delete(connection);
      finished();
      this.#wake(entry);
    });
    const podEnd = await this.#dial(entry, connection);
    if (podEnd === undefined) {
      local.destroy();
      return;
    }
    // Either end may have gone while the other was opened: nothing would tell of it any more.
    if (local.destroyed || entry.listener === undefined) {
      local.destroy();
      podEnd.close();
      return;
    }
    connection.cut = podEnd.join(local, this.#options.clock, {
      moved: (bytes, fromPod) => {
        if (fromPod) this.#setFault(entry, undefined);
        entry.forward = { ...entry.forward, bytes: entry.forward.bytes + bytes };
        this.#publishSoon();
      },
      failed: (message) => this.#setFault(entry, message),
      finished,
    });
  }

  /** Opens the way to a pod; to another one where the first has just gone. */
  async #dial(entry: Entry, connection: Connection): Promise<PodEnd | undefined> {
    const { namespace } = entry.forward.target;
    const tried = new Set<string>();
    for (;;) {
      const pod = await this.#pod(entry, connection, tried);
      if (pod === undefined) return undefined;
      connection.pod = pod;
      try {
        return await this.#dialPod(namespace, pod);
      } catch (error) {
        this.#setFault(entry, errorMessage(error));
        // 404: it is gone, 400: it does not run any more. The watch tells of it soon, and of the pod that follows.
        if (!isApiError(error, 400, 404) || pod.uid === "") return undefined;
        tried.add(pod.uid);
      }
    }
  }

  /** By channels; where a server refuses those, by the tunnel that kubectl takes. What worked once is what it speaks. */
  async #dialPod(namespace: string, pod: ReadyPod): Promise<PodEnd> {
    const { client } = this.#options;
    // Few servers want it.
    const dialTunnel = async (): Promise<PodEnd> => {
      const tunnel = await import("./forward-tunnel.ts");
      return tunnel.dialTunnel(client, namespace, pod);
    };
    if (this.#wire === "tunnel") return dialTunnel();
    try {
      const podEnd = await dialChannels(client, namespace, pod);
      this.#wire = "channels";
      return podEnd;
    } catch (error) {
      if (this.#wire === "channels" || isApiError(error, 401, 403, 404)) throw error;
      let podEnd: PodEnd;
      try {
        podEnd = await dialTunnel();
      } catch {
        throw error;
      }
      this.#wire = "tunnel";
      return podEnd;
    }
  }

  async #pod(entry: Entry, { local }: Connection, tried: ReadonlySet<string>): Promise<ReadyPod | undefined> {
    const over = (): boolean => local.destroyed || entry.listener === undefined;
    const found = (): boolean => over() || entry.pods.choose(tried) !== undefined;
    await this.#waitFor(entry, found, POD_WAIT_MILLISECONDS);
    return over() ? undefined : entry.pods.choose(tried);
  }

  /** Resolves when a condition holds, or after some time. */
  #waitFor(entry: Entry, holds: () => boolean, most: number): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => {
      const settle = (): void => {
        cancel();
        entry.waiters.delete(check);
        resolve();
      };
      const check = (): void => {
        if (holds() || entry.listener === undefined) settle();
      };
      const cancel = this.#options.clock.after(most, settle, { background: true });
      entry.waiters.add(check);
    });
  }

  #wake(entry: Entry): void {
    for (const check of Array.from(entry.waiters)) check();
  }

  #count(entry: Entry, connections: number, open: number): void {
    const { forward } = entry;
    entry.forward = { ...forward, connections: forward.connections + connections, open: forward.open + open };
    this.#publishSoon();
  }

  #publishSoon(): void {
    if (this.#closed) return;
    this.#cancelPublish ??= this.#options.clock.after(PUBLISH_MILLISECONDS, () => this.#publish(), {
      background: true,
    });
  }

  #publish(): void {
    this.#cancelPublish?.();
    this.#cancelPublish = undefined;
    this.#value.set([...this.#entries.values()].map((entry) => entry.forward));
  }
}
