import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { gzipSync } from "node:zlib";
import { apiVersionOf, type ApiResource } from "../../src/lib/kube/gvr.ts";
import type { KubeObject } from "../../src/lib/kube/object.ts";
import { serveDiscovery } from "./fake-api-discovery.ts";
import {
  sendStatus,
  statusBody,
  type FakeApiContext,
  type FakeApiServerOptions,
  type FakeWatch,
} from "./fake-api-context.ts";
import type { RecordedRequest } from "./fake-api-request.ts";
import { fakeObjects } from "./fake-api-objects.ts";
import { FAKE_METRICS_RESOURCES, FAKE_RESOURCES, withEveryKind } from "./fake-api-resources.ts";
import { serveResource, type ResourceRequest } from "./fake-api-rest.ts";
import { serveReview } from "./fake-api-reviews.ts";
import { FakeApiStore } from "./fake-api-store.ts";
import { FakeLogs, FakeSessions } from "./fake-api-streams.ts";
import { fakeKubeconfig } from "./fake-kubeconfig.ts";

/** What an interceptor may do to a request instead of answering it properly. */
export type Fault =
  | {
      readonly kind: "status";
      readonly code: number;
      readonly reason?: string;
      readonly message?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Answers after `milliseconds`. */
  | { readonly kind: "slow"; readonly milliseconds: number }
  /** Never answers. */
  | { readonly kind: "hang" }
  /** Ends the connection after so many bytes of the answer. */
  | { readonly kind: "cut"; readonly afterBytes: number }
  /** Writes these bytes to the connection and ends it, or leaves it as it is. */
  | { readonly kind: "bytes"; readonly bytes: Buffer; readonly stays?: boolean }
  /** Answers with this text as it stands. */
  | { readonly kind: "raw"; readonly code: number; readonly body: string; readonly contentType: string };

export interface FakeApiServer {
  readonly url: string;
  readonly port: number;
  /** A kubeconfig text with one context named `fake`. */
  readonly kubeconfig: string;
  readonly requests: readonly RecordedRequest[];
  readonly store: FakeApiStore;
  readonly logs: FakeLogs;
  readonly sessions: FakeSessions;
  /** Open watches. */
  readonly watchCount: number;
  resource(name: string): ApiResource;
  /** Adds or changes an object; tells the watches. */
  push(object: KubeObject): void;
  remove(object: KubeObject): void;
  /** Called for every request; a returned fault replaces or damages the answer. */
  intercept(interceptor: (request: RecordedRequest) => Fault | undefined): () => void;
  /** Answers 403, as RBAC does, from now on. `*` stands for every verb, resource or namespace. */
  deny(verb: string, resource: string, namespace?: string): void;
  allow(): void;
  setToken(token: string | undefined): void;
  /** Sends a line as it stands to every open watch. */
  pushRaw(line: string): void;
  /** Ends the watches: `clean` as after `timeoutSeconds`, `cut` in the middle of a line. */
  endWatches(how: "clean" | "cut"): void;
  /** Stops and starts listening on the same port; open connections end. */
  setOnline(online: boolean): Promise<void>;
  /** Resolves as soon as `condition` holds after a request or an event; checks at each. */
  until(condition: () => boolean): Promise<void>;
  close(): Promise<void>;
}

interface Denial {
  readonly verb: string;
  readonly resource: string;
  readonly namespace: string;
}

class FakeServer implements FakeApiServer, FakeApiContext {
  readonly options: FakeApiServerOptions;
  readonly store = new FakeApiStore();
  readonly logs = new FakeLogs();
  readonly sessions = new FakeSessions();
  readonly resources: readonly ApiResource[];
  readonly watches = new Set<FakeWatch>();
  readonly requests: RecordedRequest[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #interceptors = new Set<(request: RecordedRequest) => Fault | undefined>();
  readonly #waiters = new Set<() => void>();
  #denials: Denial[] = [];
  #token: string | undefined;
  #port = 0;
  #changes: NodeJS.Timeout | undefined;

  constructor(options: FakeApiServerOptions) {
    this.options = options;
    const served = options.everyKind === true ? withEveryKind(FAKE_RESOURCES) : FAKE_RESOURCES;
    const metrics = options.metrics === true ? FAKE_METRICS_RESOURCES : [];
    this.resources = [...served, ...metrics, ...(options.resources ?? [])];
    this.#token = options.token;
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      this.#receive(request, response).catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : undefined);
      });
    };
    const { tls } = options;
    this.#server =
      tls === undefined
        ? createHttpServer(listener)
        : createHttpsServer(
            {
              key: tls.key,
              cert: tls.cert,
              ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: false }),
            },
            listener,
          );
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => this.#sockets.delete(socket));
    });
    this.#server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
      const recorded = record(request, "");
      this.requests.push(recorded);
      const fault = this.#faultFor(recorded);
      if (fault?.kind === "status") {
        const body = JSON.stringify(statusBody(fault.code, fault.reason ?? "", fault.message ?? ""));
        socket.end(
          `HTTP/1.1 ${fault.code} Refused\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
        );
      } else this.sessions.accept(request, socket, head);
      this.changed();
    });
    this.#seed();
  }

  get url(): string {
    return `${this.options.tls === undefined ? "http" : "https"}://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  get kubeconfig(): string {
    return fakeKubeconfig({
      server: this.url,
      ...(this.#token === undefined ? {} : { token: this.#token }),
      ...(this.options.tls === undefined ? {} : { ca: this.options.tls.cert }),
    });
  }

  get watchCount(): number {
    return this.watches.size;
  }

  resource(name: string): ApiResource {
    const found = this.resources.find((candidate) => candidate.resource === name);
    if (found === undefined) throw new Error(`the fake API server has no resource ${name}`);
    return found;
  }

  push(object: KubeObject): void {
    this.store.put(this.#resourceOf(object), object);
  }

  remove(object: KubeObject): void {
    this.store.delete(this.#resourceOf(object), object.metadata.namespace ?? "", object.metadata.name ?? "");
  }

  intercept(interceptor: (request: RecordedRequest) => Fault | undefined): () => void {
    this.#interceptors.add(interceptor);
    return () => this.#interceptors.delete(interceptor);
  }

  deny(verb: string, resource: string, namespace = "*"): void {
    this.#denials.push({ verb, resource, namespace });
  }

  allow(): void {
    this.#denials = [];
  }

  denied(verb: string, resource: string, namespace: string): boolean {
    const same = (pattern: string, value: string): boolean => pattern === "*" || pattern === value;
    return this.#denials.some(
      (denial) => same(denial.verb, verb) && same(denial.resource, resource) && same(denial.namespace, namespace),
    );
  }

  setToken(token: string | undefined): void {
    this.#token = token;
  }

  pushRaw(line: string): void {
    for (const watch of this.watches) watch.write(`${line}\n`);
  }

  endWatches(how: "clean" | "cut"): void {
    for (const watch of Array.from(this.watches)) watch.end(how);
  }

  async setOnline(online: boolean): Promise<void> {
    if (online) {
      await this.listen();
      return;
    }
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#port, "127.0.0.1", () => {
        this.#server.off("error", reject);
        this.#port = (this.#server.address() as AddressInfo).port;
        resolve();
      });
    });
  }

  changed(): void {
    for (const waiter of Array.from(this.#waiters)) waiter();
  }

  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return;
        this.#waiters.delete(check);
        resolve();
      };
      this.#waiters.add(check);
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#changes);
    this.sessions.close();
    if (this.#server.listening) await this.setOnline(false);
  }

  #seed(): void {
    const { pods = 0, namespaces = 3, nodes = Math.max(3, Math.ceil(pods / 100)), changesPerSecond = 0 } = this.options;
    for (const object of fakeObjects({ pods, nodes, namespaces })) this.store.seed(this.#resourceOf(object), object);
    if (changesPerSecond === 0) return;
    const targets = [...this.store.collection(this.resource("pods")).keys()];
    let turn = 0;
    const perTick = Math.max(1, Math.round(changesPerSecond / 20));
    this.#changes = setInterval(
      () => {
        for (let count = 0; count < perTick; count += 1, turn += 1) {
          const key = targets[turn % targets.length] ?? "";
          const found = this.store.collection(this.resource("pods")).get(key);
          if (found === undefined) continue;
          const annotations = { ...found.object.metadata.annotations, "example.com/turn": String(turn) };
          this.push({ ...found.object, metadata: { ...found.object.metadata, annotations } });
        }
      },
      (1000 * perTick) / changesPerSecond,
    );
    this.#changes.unref();
  }

  #resourceOf(object: KubeObject): ApiResource {
    const found = this.resources.find(
      (candidate) => candidate.kind === object.kind && apiVersionOf(candidate) === object.apiVersion,
    );
    if (found === undefined) throw new Error(`the fake API server has no ${object.apiVersion} ${object.kind}`);
    return found;
  }

  #faultFor(request: RecordedRequest): Fault | undefined {
    for (const interceptor of this.#interceptors) {
      const fault = interceptor(request);
      if (fault !== undefined) return fault;
    }
    if (this.#token !== undefined && request.headers.authorization !== `Bearer ${this.#token}`) {
      return { kind: "status", code: 401, reason: "Unauthorized", message: "Unauthorized" };
    }
    return undefined;
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const recorded = record(request, body);
    this.requests.push(recorded);
    response.on("error", () => response.destroy());
    const fault = this.#faultFor(recorded);
    this.changed();
    if (fault?.kind === "hang") return;
    if (fault?.kind === "slow") await new Promise((resolve) => setTimeout(resolve, fault.milliseconds));
    if (fault?.kind === "bytes") {
      const { socket } = request;
      socket.write(fault.bytes, () => {
        if (fault.stays !== true) socket.destroy();
      });
    } else if (fault?.kind === "status") {
      for (const [name, value] of Object.entries(fault.headers ?? {})) response.setHeader(name, value);
      sendStatus(response, fault.code, fault.reason ?? "", fault.message ?? "");
    } else if (fault?.kind === "raw") {
      response.writeHead(fault.code, { "Content-Type": fault.contentType }).end(fault.body);
    } else this.#route(recorded, response, fault?.kind === "cut" ? fault.afterBytes : undefined);
  }

  #route(request: RecordedRequest, response: ServerResponse, cutAfter: number | undefined): void {
    const answer = (code: number, body: string): void => {
      if (cutAfter === undefined) sendBody(request, response, code, body);
      else {
        response.writeHead(code, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) });
        response.write(body.slice(0, cutAfter), () => response.destroy());
      }
    };
    if (serveDiscovery(this, request, response, answer)) return;
    if (serveReview(this, request, answer)) return;
    const parsed = parseResourcePath(this.resources, request);
    if (parsed === undefined) sendStatus(response, 404, "NotFound", "the server could not find the requested resource");
    else serveResource(this, parsed, response, answer);
  }
}

function record(request: IncomingMessage, body: string): RecordedRequest {
  const url = new URL(request.url ?? "/", "http://localhost");
  return {
    method: request.method ?? "GET",
    url: request.url ?? "/",
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    body,
    clientName: request.socket instanceof TLSSocket ? commonName(request.socket) : undefined,
  };
}

function commonName(socket: TLSSocket): string | undefined {
  const name = socket.getPeerX509Certificate()?.subject;
  return /^CN=(.*)$/m.exec(name ?? "")?.[1];
}

function parseResourcePath(resources: readonly ApiResource[], request: RecordedRequest): ResourceRequest | undefined {
  const parts = request.path.split("/").slice(1).map(decodeURIComponent);
  const core = parts[0] === "api";
  if (!core && parts[0] !== "apis") return undefined;
  const group = core ? "" : (parts[1] ?? "");
  const version = core ? parts[1] : parts[2];
  let rest = parts.slice(core ? 2 : 3);
  let namespace = "";
  if (rest[0] === "namespaces" && rest.length > 2 && rest[2] !== "status" && rest[2] !== "finalize") {
    namespace = rest[1] ?? "";
    rest = rest.slice(2);
  }
  const [name, object, subresource] = rest;
  const resource = resources.find(
    (candidate) => candidate.group === group && candidate.version === version && candidate.resource === name,
  );
  if (resource === undefined || (!resource.namespaced && namespace !== "")) return undefined;
  return { request, resource, namespace, name: object, subresource };
}

const GZIP_FROM_BYTES = 128 * 1024;

function sendBody(request: RecordedRequest, response: ServerResponse, code: number, body: string): void {
  response.setHeader("Content-Type", "application/json");
  const acceptEncoding = [request.headers["accept-encoding"]].join(",");
  if (body.length > GZIP_FROM_BYTES && /\bgzip\b/.test(acceptEncoding)) {
    response.writeHead(code, { "Content-Encoding": "gzip" }).end(gzipSync(body, { level: 1 }));
  } else response.writeHead(code).end(body);
}

/** Starts an HTTP server on loopback that answers like a Kubernetes API server. */
export async function startFakeApiServer(options: FakeApiServerOptions = {}): Promise<FakeApiServer> {
  const server = new FakeServer(options);
  await server.listen();
  return server;
}
