import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import { asString, at, type KubeObject } from "../../../lib/kube/object.ts";
import { RESOURCES } from "../../machinery/registry.ts";
import { badRequest, internalError, pathNotFound, StatusError } from "../../machinery/status-error.ts";
import type { Session } from "../../runtimes/runtime.ts";
import type { UpgradeExchange } from "../api-server.ts";
import { authorize } from "../authorization.ts";
import type { ServerContext } from "../exchange.ts";
import { containerOf, requireAgent } from "../log-handler.ts";
import { isTrue, parseResourcePath, requestUrl } from "../request-info.ts";
import { forwardOverChannels, forwardOverSpdy } from "./port-forward.ts";
import { runRemoteCommand } from "./remote-command.ts";
import { spdyStreams } from "./spdy-command.ts";
import { SpdySession } from "../../../lib/spdy/spdy-session.ts";
import { webSocketStreams } from "./web-socket-command.ts";

const TUNNEL_PROTOCOL = "SPDY/3.1+portforward.k8s.io";
const COMMAND_PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
const SPDY_COMMAND_PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
const SPDY_FORWARD_PROTOCOL = "portforward.k8s.io";

/** What an upgrade asks for, checked. */
interface Target {
  readonly pod: KubeObject;
  readonly subresource: "exec" | "attach" | "portforward";
  readonly query: URLSearchParams;
  readonly protocols: readonly string[];
}

/** Answers upgrades of `pods/exec`, `pods/attach` and `pods/portforward`: WebSocket, SPDY, and SPDY inside WebSocket. */
export function createUpgradeHandler(context: ServerContext): (exchange: UpgradeExchange) => Promise<void> {
  const webSockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => COMMAND_PROTOCOLS.find((protocol) => offered.has(protocol)) ?? false,
  });
  const tunnels = new WebSocketServer({ noServer: true });
  // "/" is no character of an HTTP token, so that ws refuses this name: it is answered beside ws.
  tunnels.on("headers", (headers) => headers.push(`Sec-WebSocket-Protocol: ${TUNNEL_PROTOCOL}`));

  return async (exchange) => {
    const target = await targetOf(context, exchange);
    const upgrade = (exchange.request.headers.upgrade ?? "").toLowerCase();
    if (upgrade === "websocket") {
      if (target.protocols.includes(TUNNEL_PROTOCOL) && target.subresource === "portforward") {
        return openTunnel(context, exchange, target, tunnels);
      }
      return openWebSocket(context, exchange, target, webSockets);
    }
    if (upgrade.startsWith("spdy/3.1")) return openSpdy(context, exchange, target);
    throw badRequest(`unable to upgrade: the protocol "${upgrade}" is not known`);
  };
}

async function targetOf(context: ServerContext, { request, user }: UpgradeExchange): Promise<Target> {
  const url = requestUrl(request);
  const path = parseResourcePath(url.pathname.split("/").slice(1));
  const subresource = path?.subresource;
  if (path?.gvr.resource !== "pods" || path.gvr.group !== "" || path.name === undefined) throw pathNotFound();
  if (subresource !== "exec" && subresource !== "attach" && subresource !== "portforward") throw pathNotFound();
  authorize(user, { ...path, verb: request.method === "POST" ? "create" : "get" });
  const pod = await context.registry.get(RESOURCES.pods, { namespace: path.namespace ?? "", name: path.name });
  return { pod, subresource, query: url.searchParams, protocols: offeredProtocols(request) };
}

function offeredProtocols(request: IncomingMessage): readonly string[] {
  const names = [request.headers["sec-websocket-protocol"], request.headers["x-stream-protocol-version"]];
  return names
    .flat()
    .flatMap((value) => (value ?? "").split(","))
    .map((value) => value.trim())
    .filter((value) => value !== "");
}

function streamsOf({ query }: Target): { stdin: boolean; stdout: boolean; stderr: boolean; tty: boolean } {
  const tty = isTrue(query.get("tty"));
  const flag = (name: string): boolean => isTrue(query.get(name));
  // With a tty there is one output only.
  return { tty, stdin: flag("stdin"), stdout: flag("stdout"), stderr: flag("stderr") && !tty };
}

/** Starts the command before the connection is upgraded, so that a failure is still an HTTP answer. */
async function startSession(context: ServerContext, target: Target): Promise<Session> {
  const { pod, query } = target;
  const agent = requireAgent(context, pod);
  const container = containerOf(pod, query.get("container") ?? "");
  if (target.subresource === "attach") return agent.attach(pod, container);
  const command = query.getAll("command");
  if (command.length === 0) throw badRequest("you must specify at least 1 command for the container");
  const { tty, stdin } = streamsOf(target);
  return agent.exec(pod, container, { command, tty, stdin });
}

function dialOf(context: ServerContext, { pod }: Target): (port: number) => Promise<Duplex> {
  const agent = requireAgent(context, pod);
  const phase = asString(at(pod, "status", "phase"));
  if (phase !== "Running")
    throw badRequest(`unable to forward port because pod is not running. Current status=${phase}`);
  return (port) => agent.dial(pod, port);
}

/**
 * ws answers at once: by the callback, or with a refusal of its own, or not at all where the client has gone.
 * @throws StatusError 400 where there is no WebSocket
 */
function acceptWebSocket(server: WebSocketServer, { request, socket, head }: UpgradeExchange): WebSocket {
  let accepted: WebSocket | undefined;
  server.handleUpgrade(request, socket, head, (webSocket) => {
    // The close that follows is what everybody listens for.
    webSocket.on("error", () => undefined);
    accepted = webSocket;
  });
  if (accepted === undefined) throw badRequest("unable to upgrade: the handshake of the WebSocket failed");
  return accepted;
}

async function openWebSocket(
  context: ServerContext,
  exchange: UpgradeExchange,
  target: Target,
  server: WebSocketServer,
): Promise<void> {
  if (!target.protocols.some((protocol) => COMMAND_PROTOCOLS.includes(protocol))) {
    throw badRequest(`unable to upgrade: no protocol of ${COMMAND_PROTOCOLS.join(", ")} was offered`);
  }
  if (target.subresource === "portforward") {
    const ports = target.query.getAll("ports").flatMap((value) => value.split(",").map(Number));
    if (ports.length === 0) throw badRequest('query parameter "ports" is required');
    if (ports.some((port) => !Number.isInteger(port) || port < 1 || port > 65_535)) {
      throw badRequest(`unable to parse "ports": ${target.query.getAll("ports").join(",")}`);
    }
    const dial = dialOf(context, target);
    const socket = acceptWebSocket(server, exchange);
    forwardOverChannels(socket, ports, target.pod.metadata.name ?? "", dial);
    return;
  }
  const session = await startSession(context, target);
  let socket: WebSocket;
  try {
    socket = acceptWebSocket(server, exchange);
  } catch (error) {
    // The command runs already, and nobody will ever end it.
    session.close();
    throw error;
  }
  await runRemoteCommand(session, webSocketStreams(socket, streamsOf(target)));
}

async function openTunnel(
  context: ServerContext,
  exchange: UpgradeExchange,
  target: Target,
  server: WebSocketServer,
): Promise<void> {
  const dial = dialOf(context, target);
  delete exchange.request.headers["sec-websocket-protocol"];
  const socket = acceptWebSocket(server, exchange);
  const session = new SpdySession(
    (bytes) =>
      new Promise((resolve) => {
        // A failed send is followed by the close of the socket, which ends the session.
        socket.send(bytes, () => resolve());
      }),
    socket,
  );
  session.on("error", () => socket.close(1011));
  socket.on("message", (data: Buffer) => session.feed(data));
  socket.on("close", () => session.close());
  forwardOverSpdy(session, target.pod.metadata.name ?? "", dial);
}

async function openSpdy(context: ServerContext, exchange: UpgradeExchange, target: Target): Promise<void> {
  if (target.subresource === "portforward") {
    const dial = dialOf(context, target);
    const session = acceptSpdy(exchange, SPDY_FORWARD_PROTOCOL);
    forwardOverSpdy(session, target.pod.metadata.name ?? "", dial);
    return;
  }
  const protocol = SPDY_COMMAND_PROTOCOLS.find((each) => target.protocols.includes(each));
  if (protocol === undefined) {
    throw new StatusError(
      403,
      "Forbidden",
      `unable to upgrade: unable to negotiate protocol: client supports [${target.protocols.join(" ")}], server accepts [${SPDY_COMMAND_PROTOCOLS.join(" ")}]`,
    );
  }
  const command = await startSession(context, target);
  if (exchange.socket.destroyed) {
    command.close();
    return;
  }
  const session = acceptSpdy(exchange, protocol);
  exchange.socket.on("close", () => command.close());
  try {
    const streams = await spdyStreams(session, { ...streamsOf(target), clock: context.clock });
    await runRemoteCommand(command, streams);
  } catch (error) {
    command.close();
    exchange.socket.destroy();
    if (!(error instanceof StatusError)) throw internalError("the streams of the command failed");
  }
}

function acceptSpdy({ socket, head }: UpgradeExchange, protocol: string): SpdySession {
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
  );
  const session = new SpdySession((bytes) => writeTo(socket, bytes), socket);
  session.on("error", () => socket.destroy());
  socket.on("data", (bytes: Buffer) => session.feed(bytes));
  socket.on("close", () => session.close());
  if (head.length > 0) session.feed(head);
  return session;
}

function writeTo(socket: Duplex, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed || socket.writableEnded) resolve();
    else socket.write(bytes, () => resolve());
  });
}
