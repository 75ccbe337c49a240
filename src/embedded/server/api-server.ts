import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { errorCode, errorMessage, KelpieError } from "../../lib/errors.ts";
import { internalError, pathNotFound, StatusError } from "../machinery/status-error.ts";
import type { KeyPair } from "../pki/certificate.ts";
import { authenticate, type User } from "./authentication.ts";
import { AGGREGATED_TYPE } from "./discovery.ts";
import type { Exchange, ServerContext } from "./exchange.ts";
import { wantsAggregatedDiscovery } from "./negotiation.ts";
import { parseResourcePath, requestUrl, withoutTrailingSlashes } from "./request-info.ts";
import { KUBERNETES_VERSION } from "../machinery/kubernetes-version.ts";
import { handleResource } from "./resource-handler.ts";
import { sendAnswer, sendError, sendJson, sendText } from "./response.ts";

const MAX_HEADER_BYTES = 2 ** 20;
const HEALTH_PATHS = new Set(["/healthz", "/livez", "/readyz"]);

export interface ApiServer {
  readonly port: number;
  /** Ends every connection. */
  close(): Promise<void>;
}

export interface ApiServerOptions {
  readonly context: ServerContext;
  readonly certificate: KeyPair;
  /** PEM of the CA that signed the certificates of clients. */
  readonly clientCa: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** WebSocket and SPDY upgrades of exec, attach and port-forward. */
  readonly onUpgrade: (exchange: UpgradeExchange) => Promise<void>;
}

export interface UpgradeExchange {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly user: User;
}

/**
 * The HTTPS server on 127.0.0.1. A request that fails answers a Status; it never ends the process.
 * @throws KelpieError where the port is taken
 */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { context } = options;
  const server = createServer({
    cert: options.certificate.certificate,
    key: options.certificate.key,
    ca: options.clientCa,
    requestCert: true,
    // Without a certificate a token may do: the answer is a 401 Status, not a broken handshake.
    rejectUnauthorized: false,
    minVersion: "TLSv1.2",
    ALPNProtocols: ["http/1.1"],
    keepAliveTimeout: 120_000,
    // As Go's, which upstream is written in: selectors may be long.
    maxHeaderSize: MAX_HEADER_BYTES,
  });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    response.on("error", (error) => context.logger.debug("a response failed", { error }));
    void handle(context, request, response);
  });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", (error) => context.logger.debug("an upgraded connection failed", { error }));
    void upgrade(options, request, socket, head);
  });
  server.on("clientError", refuseNonsense);
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  const sockets = trackSockets(server);
  await listen(server, options.port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** What is no HTTP request gets the answer that HTTP has for it, where the connection still takes one. */
function refuseNonsense(error: Error, socket: Duplex): void {
  if (!socket.writable || socket.destroyed || errorCode(error) === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const answer = errorCode(error) === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : "400 Bad Request";
  socket.on("error", () => socket.destroy());
  socket.end(`HTTP/1.1 ${answer}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  // More of it may come: nobody reads it.
  socket.once("finish", () => socket.destroy());
}

function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("close", () => sockets.delete(socket));
  });
  return sockets;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const taken = errorCode(error) === "EADDRINUSE";
      reject(
        new KelpieError(
          taken ? `port ${port} on 127.0.0.1 is taken by another program` : `cannot listen: ${errorMessage(error)}`,
          { cause: error, ...(taken ? { hint: "end that program, or start the cluster with another --port" } : {}) },
        ),
      );
    });
    server.listen(port, "127.0.0.1", () => resolve());
  });
}

async function handle(context: ServerContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    await route(context, request, response);
  } catch (error) {
    const status = statusOf(context, error, request);
    if (!request.complete && !response.headersSent) {
      // What was not read of the body would be taken for the next request: there is none on this connection.
      response.setHeader("connection", "close");
      const { socket } = request;
      response.once("finish", () => socket.destroySoon());
      request.resume();
    }
    if (response.headersSent) response.destroy();
    else sendError(request, response, status);
  }
}

function statusOf(context: ServerContext, error: unknown, request: IncomingMessage): StatusError {
  if (error instanceof StatusError) return error;
  if (errorCode(error) !== "ECONNRESET") {
    const stack = error instanceof Error ? error.stack : undefined;
    context.logger.error("a request failed", { method: request.method, path: pathOf(request), error, stack });
  }
  return internalError(errorMessage(error));
}

function pathOf(request: IncomingMessage): string {
  return request.url?.split("?")[0] ?? "";
}

async function route(context: ServerContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = requestUrl(request);
  const path = withoutTrailingSlashes(url.pathname) || "/";
  const health = path.split("/", 2).join("/");
  if (HEALTH_PATHS.has(health)) return answerHealth(context, request, response, url);
  if (path === "/version") return sendJson(request, response, 200, versionInfo());
  const user = authenticate(request, context.tokens);
  const exchange: Exchange = { request, response, query: url.searchParams, user };
  const segments = path.split("/").slice(1);
  if (await answerDiscovery(context, exchange, segments)) return;
  if (segments[0] === "openapi" && request.method === "GET") return context.openApi(context, exchange, path);
  const resourcePath = parseResourcePath(segments);
  if (resourcePath === undefined) throw pathNotFound();
  await handleResource(context, exchange, resourcePath);
}

/** The words of apiserver pkg/server/healthz: with `?verbose` one line for each check. */
function answerHealth(context: ServerContext, request: IncomingMessage, response: ServerResponse, url: URL): void {
  const name = url.pathname.split("/")[1] ?? "";
  const problem = name === "readyz" ? context.notReady() : undefined;
  if (problem !== undefined) {
    sendText(request, response, 500, `[+]ping ok\n[-]${problem} failed: reason withheld\n${name} check failed\n`);
    return;
  }
  const verbose = url.searchParams.has("verbose");
  sendText(request, response, 200, verbose ? `[+]ping ok\n${name} check passed\n` : "ok");
}

function versionInfo(): object {
  return {
    major: "1",
    minor: "36",
    emulationMajor: "1",
    emulationMinor: "36",
    minCompatibilityMajor: "1",
    minCompatibilityMinor: "35",
    gitVersion: `${KUBERNETES_VERSION}+kelpie`,
    gitCommit: "",
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: "",
    compiler: "node",
    platform: `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`,
  };
}

async function answerDiscovery(
  context: ServerContext,
  exchange: Exchange,
  segments: readonly string[],
): Promise<boolean> {
  const { request, response } = exchange;
  const [root, first, second] = segments;
  const { discovery } = context;
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (!isRead) return false;
  if (segments.length === 1 && (root === "api" || root === "apis")) {
    if (wantsAggregatedDiscovery(request.headers.accept)) {
      const body = JSON.stringify(discovery.aggregated(root === "api"));
      sendAnswer(request, response, { code: 200, body, type: AGGREGATED_TYPE, headers: { vary: "Accept" } });
    } else {
      const address = `127.0.0.1:${request.socket.localPort ?? 0}`;
      sendJson(request, response, 200, root === "api" ? discovery.apiVersions(address) : discovery.groupList());
    }
    return true;
  }
  if (root === "api" && segments.length === 2) {
    sendJson(request, response, 200, discovery.resourceList("", first ?? ""));
    return true;
  }
  if (root === "apis" && segments.length === 2) {
    sendJson(request, response, 200, discovery.group(first ?? ""));
    return true;
  }
  if (root === "apis" && segments.length === 3) {
    sendJson(request, response, 200, discovery.resourceList(first ?? "", second ?? ""));
    return true;
  }
  return false;
}

async function upgrade(
  options: ApiServerOptions,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  try {
    const user = authenticate(request, options.context.tokens);
    await options.onUpgrade({ request, socket, head, user });
  } catch (error) {
    refuseUpgrade(socket, statusOf(options.context, error, request));
  }
}

/** An answer to an upgrade that is refused: the connection has no response object. */
export function refuseUpgrade(socket: Duplex, error: StatusError): void {
  if (socket.destroyed || socket.writableEnded) return;
  const body = JSON.stringify(error.toStatus());
  socket.end(
    `HTTP/1.1 ${error.code} ${error.reason}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
