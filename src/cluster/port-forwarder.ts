import { createServer, type Server, type Socket } from "node:net";
import type { RawData, WebSocket } from "ws";
import type { Cancel, Clock } from "../lib/clock.ts";
import { errorCode, errorMessage, KelpieError } from "../lib/errors.ts";
import { apiPath } from "../lib/kube/gvr.ts";
import { createValue } from "../lib/subscribable.ts";
import { isApiError } from "./api-error.ts";
import { openChannelSocket } from "./channel-socket.ts";
import type { PortForward, PortForwards } from "./cluster.ts";
import type { HttpClient } from "./http-client.ts";

const PODS = { group: "", version: "v1", resource: "pods" } as const;
/**
 * The channel protocol of the kubelet: one WebSocket for each connection, channel 0 data, channel 1 errors, each opened
 * by two bytes with the port. API servers of every supported version pass it through.
 */
const PROTOCOL = "v4.channel.k8s.io";
/** After the local end has said all, the answer may take so long between two pieces. */
const DRAIN_MILLISECONDS = 10_000;
/** Traffic figures are published at most so often. */
const PUBLISH_MILLISECONDS = 250;

interface Entry {
  forward: PortForward;
  readonly server: Server;
  readonly closers: Set<() => void>;
}

/** Listeners on 127.0.0.1 that carry connections to ports of pods. */
export class PortForwarder implements PortForwards {
  readonly #client: HttpClient;
  readonly #clock: Clock;
  readonly #context: string;
  readonly #entries = new Map<string, Entry>();
  readonly #value = createValue<readonly PortForward[]>([]);
  #cancelPublish: Cancel | undefined;
  #next = 1;

  constructor(client: HttpClient, clock: Clock, context: string) {
    this.#client = client;
    this.#clock = clock;
    this.#context = context;
  }

  get(): readonly PortForward[] {
    return this.#value.get();
  }

  subscribe(listener: () => void): () => void {
    return this.#value.subscribe(listener);
  }

  async open(options: {
    readonly namespace: string;
    readonly pod: string;
    readonly remotePort: number;
    readonly localPort: number;
  }): Promise<PortForward> {
    const { namespace, pod, remotePort } = options;
    await this.#checkPod(namespace, pod);
    const id = String(this.#next);
    this.#next += 1;
    const server = createServer({ allowHalfOpen: true }, (local) => {
      void this.#carry(id, local);
    });
    const localPort = await listen(server, options.localPort);
    const forward: PortForward = {
      id,
      context: this.#context,
      namespace,
      pod,
      localPort,
      remotePort,
      state: "listening",
      connections: 0,
      bytes: 0,
    };
    server.on("error", (error) => this.#change(id, { state: "failed", error: errorMessage(error) }));
    this.#entries.set(id, { forward, server, closers: new Set() });
    this.#publish();
    return forward;
  }

  stop(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#end(entry);
    this.#entries.delete(id);
    this.#publish();
  }

  close(): void {
    this.#cancelPublish?.();
    for (const entry of this.#entries.values()) this.#end(entry);
    this.#entries.clear();
    this.#publish();
  }

  #end(entry: Entry): void {
    entry.server.close();
    for (const close of Array.from(entry.closers)) close();
  }

  async #checkPod(namespace: string, pod: string): Promise<void> {
    try {
      const about = { verb: "forward a port to", resource: "pods", namespace, name: pod };
      await this.#client.json({ path: apiPath(PODS, { namespace, name: pod }), about });
    } catch (error) {
      // Who may not look may still forward.
      if (!isApiError(error, 403)) throw error;
    }
  }

  async #carry(id: string, local: Socket): Promise<void> {
    const entry = this.#entries.get(id);
    local.on("error", () => local.destroy());
    if (entry === undefined) {
      local.destroy();
      return;
    }
    this.#change(id, { connections: entry.forward.connections + 1 });
    local.pause();
    const { namespace, pod, remotePort } = entry.forward;
    let socket: WebSocket;
    try {
      socket = await openChannelSocket(
        this.#client,
        `${apiPath(PODS, { namespace, name: pod, subresource: "portforward" })}?ports=${remotePort}`,
        [PROTOCOL],
        { verb: "forward a port to", resource: "pods", namespace, name: pod },
      );
    } catch (error) {
      local.destroy();
      this.#change(id, { error: errorMessage(error) });
      // The pod is gone for good: nothing will ever answer behind this listener.
      if (isApiError(error, 404)) {
        this.#end(entry);
        this.#change(id, { state: "failed" });
      }
      return;
    }
    // Either end may have gone while the other was opened: nothing would tell of it any more.
    if (local.destroyed || this.#entries.get(id) !== entry) {
      local.destroy();
      socket.terminate();
      return;
    }
    this.#join(id, entry, local, socket);
  }

  #join(id: string, entry: Entry, local: Socket, socket: WebSocket): void {
    const opened = new Set<number>();
    let cancelDrain: Cancel | undefined;
    let localEnded = false;
    const close = (): void => {
      cancelDrain?.();
      entry.closers.delete(close);
      local.destroy();
      socket.terminate();
    };
    // Half-closing cannot be told over this protocol: the other end is given time to finish its answer.
    const drain = (): void => {
      cancelDrain?.();
      cancelDrain = this.#clock.after(DRAIN_MILLISECONDS, close, { background: true });
    };
    entry.closers.add(close);
    socket.on("message", (data) => {
      const { channel, payload } = unpack(data);
      const first = !opened.has(channel);
      opened.add(channel);
      const bytes = first ? payload.subarray(2) : payload;
      if (bytes.length === 0) return;
      if (channel === 1) {
        this.#change(id, { error: bytes.toString("utf8") });
        return;
      }
      this.#count(id, bytes.length);
      if (localEnded) drain();
      if (!local.write(bytes)) socket.pause();
    });
    local.on("drain", () => socket.resume());
    local.on("data", (chunk: Buffer) => {
      this.#count(id, chunk.length);
      local.pause();
      socket.send(Buffer.concat([Buffer.from([0]), chunk]), (error) => {
        if (error === undefined || error === null) local.resume();
        else close();
      });
    });
    local.on("end", () => {
      localEnded = true;
      drain();
    });
    local.on("close", close);
    socket.on("close", () => {
      cancelDrain?.();
      entry.closers.delete(close);
      // What was written is flushed before the end.
      local.end();
      local.off("close", close);
      local.resume();
    });
    socket.resume();
    local.resume();
  }

  #count(id: string, bytes: number): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.forward = { ...entry.forward, bytes: entry.forward.bytes + bytes };
    this.#cancelPublish ??= this.#clock.after(PUBLISH_MILLISECONDS, () => this.#publish(), { background: true });
  }

  #change(id: string, change: Partial<PortForward>): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    entry.forward = { ...entry.forward, ...change };
    this.#publish();
  }

  #publish(): void {
    this.#cancelPublish?.();
    this.#cancelPublish = undefined;
    this.#value.set([...this.#entries.values()].map((entry) => entry.forward));
  }
}

function unpack(data: RawData): { readonly channel: number; readonly payload: Buffer } {
  const bytes = Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
  return { channel: bytes[0] ?? 0, payload: bytes.subarray(1) };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      const code = errorCode(error);
      const reason =
        code === "EADDRINUSE"
          ? "it is in use"
          : code === "EACCES"
            ? "ports below 1024 need privileges"
            : errorMessage(error);
      reject(
        new KelpieError(`cannot listen on 127.0.0.1:${port}: ${reason}`, {
          hint: "choose another local port, or 0 for a free one",
          cause: error,
        }),
      );
    };
    server.once("error", fail);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", fail);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}
