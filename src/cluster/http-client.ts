import { request as requestHttp, type Agent, type ClientRequest, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { Cancel, Clock } from "../lib/clock.ts";
import { errorCode, type KelpieError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import type { Subscribable } from "../lib/subscribable.ts";
import { apiErrorFrom, describe, isApiError, type ApiError, type RequestSubject } from "./api-error.ts";
import { ConnectionError, connectionErrorFrom } from "./connection-error.ts";
import type { ConnectionTarget } from "./connection-target.ts";
import { CredentialError, readPem, type Credential, type CredentialSource } from "./credential.ts";
import { expiryOf } from "./credential-expiry.ts";
import { checkCertificate } from "./key-pair.ts";
import { createHttpAgent } from "./http-agent.ts";
import { proxyFor } from "./proxy.ts";
import { ReadOnlyError } from "./read-only-error.ts";
import { Sleeper } from "./sleeper.ts";

export interface ApiRequest {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path on the server with its query. */
  readonly path: string;
  readonly about: RequestSubject;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal | undefined;
  /**
   * How long silence is taken. `answer`: the request timeout, always. `watch`: the request timeout up to the headers,
   * then for ever. `quiet`: for ever once connected (a followed log sends no headers before its first line).
   */
  readonly patience?: "answer" | "watch" | "quiet";
  /** Less silence than the request timeout of the context. */
  readonly timeoutMilliseconds?: number;
}

/** A successful answer whose body is still to be read. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  /** Decompressed. Destroy it to end the request. */
  readonly body: Readable;
}

/** The connections of a context, for requests and WebSockets alike, and those of its watches. */
interface Agents {
  readonly requests: Agent;
  /**
   * What a watch does not read stays in the system: events that come one by one wake the process once for many, where
   * the reader takes its time.
   */
  readonly watches: Agent;
  readonly certificate: string | undefined;
}

/** What a WebSocket needs to share the client's connection settings. */
export interface SocketSettings {
  readonly url: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly agent: Agent;
  /** Fresh credentials after a 401; `false` where none are to be had. @throws CredentialError */
  refresh(): Promise<boolean>;
}

export interface HttpClientOptions {
  readonly target: ConnectionTarget;
  readonly credentials: CredentialSource;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly readOnly: Subscribable<boolean>;
  /** Default 30 s. */
  readonly timeoutMilliseconds?: number | undefined;
}

/** Reviews are questions asked with POST: they change nothing. */
const HARMLESS_POST =
  /^\/apis\/(?:authorization\.k8s\.io\/v1\/selfsubject(?:access|rules)reviews|authentication\.k8s\.io\/v1\/selfsubjectreviews)(?:\?|$)/;
/** GETs that open a process in a container. */
const SESSION = /\/pods\/[^/]+\/(?:exec|attach)(?:\?|$)/;

const MOST_BUSY_ATTEMPTS = 4;
const MOST_BUSY_WAIT_MILLISECONDS = 5000;

/**
 * Whether priority and fairness turned a request away before anything was done with it, so that a write may be sent
 * again too: it answers in plain words, all else (a disruption budget) with a Status that has a reason.
 */
function isTurnedAway(error: unknown): error is ApiError {
  return isApiError(error, 429) && error.reason === "" && error.retryAfterMilliseconds !== undefined;
}

/**
 * The one way requests leave the process: keep-alive connections with the context's credentials, errors translated,
 * one retry after a 401 with fresh credentials, and the second lock of read-only mode.
 */
export class HttpClient {
  readonly #options: HttpClientOptions;
  #target: ConnectionTarget;
  #credentials: CredentialSource;
  readonly #server: URL;
  readonly #prefix: string;
  readonly #closed = new AbortController();
  #agents: Agents | undefined;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#target = options.target;
    this.#credentials = options.credentials;
    this.#server = new URL(options.target.cluster.server);
    this.#prefix = this.#server.pathname.replace(/\/+$/, "");
  }

  /** Goes on as another user, or by another way, to the same server; requests that run end as they began. */
  renew(target: ConnectionTarget, credentials: CredentialSource): void {
    this.#credentials.close();
    this.#target = target;
    this.#credentials = credentials;
    this.#dropAgents();
  }

  /** Aborts when the client is closed: what does not end with its requests ends with this. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  get server(): string {
    return this.#target.cluster.server;
  }

  /** @throws ApiError, ConnectionError, CredentialError, ReadOnlyError */
  async send(request: ApiRequest): Promise<ApiAnswer> {
    this.#refuseWrites(request.method ?? "GET", request.path, request.about);
    const credentials = this.#credentials;
    const credential = await credentials.current();
    const answer = await this.#answer(request, credential);
    if (answer.status < 300) return answer;
    const error = await this.#errorOf(answer, request.about);
    if (answer.status !== 401) throw error;
    if (!(await credentials.refresh(credential))) throw this.#expired(credential, error) ?? error;
    const again = await this.#answer(request, await this.#credentials.current());
    if (again.status < 300) return again;
    throw await this.#errorOf(again, request.about);
  }

  /** The parsed JSON of the answer, `undefined` for an empty one. Asks again where a server was too busy to begin. */
  async json(request: ApiRequest): Promise<unknown> {
    const { body } = await this.#sendPatiently(request);
    const text = await this.#text(body);
    if (text === "") return undefined;
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      throw new ConnectionError("protocol", `cannot ${describe(request.about)}: the answer is not JSON`, {
        cause: error,
        hint: "check that the server of the context is a Kubernetes API server",
      });
    }
  }

  async #sendPatiently(request: ApiRequest): Promise<ApiAnswer> {
    const signal = this.#signal(request.signal);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.send(request);
      } catch (error) {
        if (attempt === MOST_BUSY_ATTEMPTS || !isTurnedAway(error)) throw error;
        const wait = Math.min(error.retryAfterMilliseconds ?? 0, MOST_BUSY_WAIT_MILLISECONDS);
        await new Sleeper(this.#options.clock).sleep(wait, signal);
        if (signal.aborted) throw error;
      }
    }
  }

  /** @throws ReadOnlyError for exec and attach in read-only mode */
  async socketSettings(path: string, about: RequestSubject): Promise<SocketSettings> {
    this.#refuseWrites("GET", path, about);
    const credentials = this.#credentials;
    const credential = await credentials.current();
    return {
      url: `${this.#server.protocol === "https:" ? "wss" : "ws"}://${this.#server.host}${this.#prefix}${path}`,
      headers: this.#headers(credential),
      agent: (await this.#agentsFor(credential)).requests,
      refresh: () => credentials.refresh(credential),
    };
  }

  /** Ends every request and connection; later requests fail. */
  close(): void {
    this.#closed.abort(new ConnectionError("cut", "the context was closed"));
    for (const agent of this.#pools) agent.destroy();
    this.#credentials.close();
  }

  async #answer(request: ApiRequest, credential: Credential): Promise<ApiAnswer> {
    const message = await this.#exchange(request, credential);
    return { status: message.statusCode ?? 0, headers: message.headers, body: decoded(message) };
  }

  async #errorOf({ status, headers, body }: ApiAnswer, about: RequestSubject): Promise<KelpieError> {
    const text = await this.#text(body, 65_536).catch(() => "");
    return apiErrorFrom(status, text, about, headers["retry-after"]);
  }

  /** The server says no more than that it does not accept it. */
  #expired(credential: Credential, cause: KelpieError): CredentialError | undefined {
    const expiry = expiryOf(credential);
    if (expiry === undefined || expiry.at > this.#options.clock.now()) return undefined;
    const since = `${new Date(expiry.at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
    const refused = `${this.#server.host} does not accept user "${this.#target.user.name}"`;
    return new CredentialError(`${refused}: its ${expiry.what} expired at ${since}`, {
      hint: "log in again with the tool that wrote the kubeconfig",
      cause,
    });
  }

  #refuseWrites(method: string, path: string, about: RequestSubject): void {
    if (!this.#options.readOnly.get()) return;
    const harmless = method === "GET" ? !SESSION.test(path) : method === "POST" && HARMLESS_POST.test(path);
    if (!harmless) throw new ReadOnlyError(describe(about));
  }

  async #agentsFor(credential: Credential): Promise<Agents> {
    const held = this.#agents;
    if (held !== undefined && held.certificate === credential.certificate) return held;
    const { env, clock } = this.#options;
    const target = this.#target;
    const ca = await readPem(target.cluster.certificateAuthority, "certificate authority");
    if (ca !== undefined) checkCertificate(ca, "certificate authority in the kubeconfig");
    const transport = {
      server: this.#server,
      ca,
      certificate: credential.certificate,
      key: credential.key,
      tlsServerName: target.cluster.tlsServerName,
      insecureSkipTlsVerify: target.cluster.insecureSkipTlsVerify,
      proxy: proxyFor(this.#server, target.cluster.proxyUrl, env),
      clock,
    };
    const requests = createHttpAgent(transport);
    const agents = { requests, watches: createHttpAgent(transport, 1), certificate: credential.certificate };
    // Two requests may have come here at once: the first agents stay.
    if (this.#agents !== undefined && this.#agents.certificate === credential.certificate) return this.#agents;
    if (this.#target !== target) return this.#agentsFor(credential);
    this.#dropAgents();
    this.#agents = agents;
    return agents;
  }

  get #pools(): readonly Agent[] {
    return this.#agents === undefined ? [] : [this.#agents.requests, this.#agents.watches];
  }

  #dropAgents(): void {
    for (const agent of this.#pools) retire(agent);
    this.#agents = undefined;
  }

  #headers(credential: Credential): Record<string, string | string[]> {
    const { user, uid, groups, extra } = this.#target.impersonate;
    const headers: Record<string, string | string[]> = { "user-agent": "kelpie", ...credential.headers };
    if (user !== undefined) headers["impersonate-user"] = user;
    if (uid !== undefined) headers["impersonate-uid"] = uid;
    for (const [key, values] of Object.entries(extra)) {
      headers[`impersonate-extra-${encodeURIComponent(key.toLowerCase())}`] = [...values];
    }
    if (groups.length > 0) headers["impersonate-group"] = [...groups];
    return headers;
  }

  async #exchange(request: ApiRequest, credential: Credential): Promise<IncomingMessage> {
    const { requests, watches } = await this.#agentsFor(credential);
    const agent = request.patience === "watch" ? watches : requests;
    try {
      return await this.#attempt(request, credential, agent);
    } catch (error) {
      const safe = (request.method ?? "GET") === "GET";
      if (!(error instanceof ReusedSocketError) || !safe) throw this.#translate(error);
    }
    // The server had closed an idle connection just as it was taken again.
    try {
      return await this.#attempt(request, credential, agent);
    } catch (error) {
      throw this.#translate(error);
    }
  }

  #translate(error: unknown): KelpieError {
    const translated = connectionErrorFrom(error instanceof ReusedSocketError ? error.cause : error, this.server);
    if (translated instanceof ConnectionError && translated.fault === "tls") {
      // The files of the authority and of the client certificate may be mended: the next request reads them again.
      this.#dropAgents();
      this.#credentials.reread();
    }
    return translated;
  }

  #attempt(request: ApiRequest, credential: Credential, agent: Agent): Promise<IncomingMessage> {
    const { method = "GET", path, body, patience = "answer" } = request;
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const signal = this.#signal(request.signal);
    return new Promise((resolve, reject) => {
      const send = this.#server.protocol === "https:" ? requestHttps : requestHttp;
      const outgoing = send({
        protocol: this.#server.protocol,
        hostname: this.#server.hostname.replace(/^\[|\]$/g, ""),
        port: this.#server.port || undefined,
        path: `${this.#prefix}${path}`,
        method,
        agent,
        signal,
        headers: {
          ...this.#headers(credential),
          accept: request.accept ?? "application/json",
          ...(patience === "answer" ? { "accept-encoding": "gzip" } : {}),
          ...(payload === undefined
            ? {}
            : { "content-type": request.contentType ?? "application/json", "content-length": payload.length }),
        },
      });
      const limitSilence = this.#watchSilence(outgoing, request);
      outgoing.on("error", (error) => {
        limitSilence.end();
        if (signal.aborted) reject(asError(signal.reason));
        else if (outgoing.reusedSocket && errorCode(error) === "ECONNRESET") reject(new ReusedSocketError(error));
        else reject(error);
      });
      outgoing.on("response", (message) => {
        // Whoever reads the body hears of errors; one that comes when nobody reads must not end the process.
        message.on("error", () => undefined);
        message.socket.setKeepAlive(true, 30_000);
        if (patience === "answer") message.on("close", limitSilence.end);
        else limitSilence.end();
        resolve(message);
      });
      outgoing.end(payload);
    });
  }

  /** Ends a request on whose connection nothing has come or gone for the request timeout. */
  #watchSilence(outgoing: ClientRequest, request: ApiRequest): { readonly end: Cancel } {
    const { clock, timeoutMilliseconds: most = 30_000 } = this.#options;
    const timeoutMilliseconds = Math.min(most, request.timeoutMilliseconds ?? most);
    const period = timeoutMilliseconds / 4;
    let moved = -1;
    let since = clock.now();
    const check = (): void => {
      const { socket } = outgoing;
      if (request.patience === "quiet" && socket?.connecting === false) return;
      const bytes = (socket?.bytesRead ?? 0) + (socket?.bytesWritten ?? 0);
      // A clock that was set back begins anew, or the silence would last as long as it went back.
      if ((bytes !== moved && moved !== -1) || clock.now() < since) since = clock.now();
      moved = bytes;
      if (clock.now() - since >= timeoutMilliseconds) outgoing.destroy(this.#silence(timeoutMilliseconds));
      else cancel = clock.after(period, check);
    };
    let cancel = clock.after(period, check);
    return { end: () => cancel() };
  }

  #silence(milliseconds: number): ConnectionError {
    const reason = `no answer in ${milliseconds / 1000} s`;
    // After a sleep of this machine every idle connection is as dead as this one: none must be tried in turn.
    for (const agent of this.#pools) dropIdle(agent);
    return new ConnectionError("timeout", `cannot reach ${this.#server.host}: ${reason}`, {
      hint: "check the network and the VPN, or raise --request-timeout",
    });
  }

  #signal(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#closed.signal : AbortSignal.any([signal, this.#closed.signal]);
  }

  async #text(body: Readable, limit = Number.POSITIVE_INFINITY): Promise<string> {
    const chunks: Buffer[] = [];
    let length = 0;
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        length += chunk.length;
        if (length > limit) break;
      }
    } catch (error) {
      throw this.streamError(error);
    }
    return Buffer.concat(chunks).toString("utf8");
  }

  /** Translates an error met while reading a body. */
  streamError(error: unknown): KelpieError {
    return connectionErrorFrom(error, this.server);
  }
}

/** Connections with an old certificate: idle ones go, requests on the others run to their end. */
function retire(agent: Agent): void {
  agent.maxFreeSockets = 0;
  dropIdle(agent);
}

function dropIdle(agent: Agent): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}

class ReusedSocketError extends Error {
  constructor(cause: unknown) {
    super("the connection was closed while idle", { cause });
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

function decoded(message: IncomingMessage): Readable {
  if (message.headers["content-encoding"] !== "gzip") return message;
  // The callback keeps errors from becoming uncaught; the reader sees them on the decompressor.
  return pipeline(message, createGunzip({ chunkSize: 65_536 }), () => undefined);
}
