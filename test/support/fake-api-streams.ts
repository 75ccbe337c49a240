import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import { SpdySession } from "../../src/lib/spdy/spdy-session.ts";
import type { RecordedRequest } from "./fake-api-request.ts";

interface LogEntry {
  /** RFC 3339 with nanoseconds. */
  readonly time: string;
  readonly text: string;
}

const LINES_AT_ONCE = 10_000;

/** Logs of containers by `namespace/pod/container`. */
export class FakeLogs {
  readonly #entries = new Map<string, LogEntry[]>();
  readonly #followers = new Map<string, Set<{ readonly send: (bytes: Buffer) => void; readonly end: () => void }>>();

  /** Appends a line and sends it to whoever follows. */
  append(container: string, time: string, text: string): void {
    const entries = this.#entries.get(container) ?? [];
    this.#entries.set(container, entries);
    entries.push({ time, text });
    this.sendRaw(container, Buffer.from(`${time} ${text}\n`));
  }

  /** Sends bytes as they stand to whoever follows, keeping nothing. */
  sendRaw(container: string, bytes: Buffer): void {
    for (const follower of this.#followers.get(container) ?? []) follower.send(bytes);
  }

  /** What was written so far is no longer kept. */
  rotate(container: string): void {
    this.#entries.delete(container);
  }

  followers(container: string): number {
    return this.#followers.get(container)?.size ?? 0;
  }

  /** Ends the streams of those who follow; `cut` breaks the connection. */
  end(container: string, how: "clean" | "cut"): void {
    for (const follower of Array.from(this.#followers.get(container) ?? [])) {
      if (how === "clean") follower.end();
      else follower.send(Buffer.alloc(0));
    }
  }

  serve(request: RecordedRequest, pod: string, response: ServerResponse): void {
    const container = `${pod}/${request.query.get("container") ?? ""}`;
    const since = request.query.get("sinceTime");
    const tail = request.query.get("tailLines");
    const timestamps = request.query.get("timestamps") === "true";
    let entries = this.#entries.get(container) ?? [];
    if (since !== null) entries = entries.filter((entry) => Date.parse(entry.time) >= Date.parse(since));
    if (tail !== null) entries = Number(tail) === 0 ? [] : entries.slice(-Number(tail));
    response.writeHead(200, { "Content-Type": "text/plain" });
    const lines = entries.map(({ time, text }) => (timestamps ? `${time} ${text}\n` : `${text}\n`));
    const follow = request.query.get("follow") === "true";
    if (lines.length <= LINES_AT_ONCE) {
      if (lines.length > 0) response.write(lines.join(""));
      this.#finish(container, response, follow);
    } else void this.#sendPieces(lines, response).then(() => this.#finish(container, response, follow));
  }

  /** A long log, no faster than it is read. */
  async #sendPieces(lines: readonly string[], response: ServerResponse): Promise<void> {
    for (let from = 0; from < lines.length && !response.destroyed; from += LINES_AT_ONCE) {
      if (response.write(lines.slice(from, from + LINES_AT_ONCE).join(""))) continue;
      await new Promise<void>((resolve) => {
        const go = (): void => {
          response.off("drain", go).off("close", go);
          resolve();
        };
        response.on("drain", go).on("close", go);
      });
    }
  }

  #finish(container: string, response: ServerResponse, follow: boolean): void {
    if (!follow) {
      response.end();
      return;
    }
    response.flushHeaders();
    const followers = this.#followers.get(container) ?? new Set();
    this.#followers.set(container, followers);
    const follower = {
      send: (bytes: Buffer) => {
        if (bytes.length === 0) response.destroy();
        else response.write(bytes);
      },
      end: () => void response.end(),
    };
    followers.add(follower);
    response.on("close", () => followers.delete(follower));
  }
}

/** What a test does with one exec, attach or port-forward session. */
export interface FakeSession {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly protocol: string;
  /** Bytes the client sent, by channel. */
  received(channel: number): string;
  send(channel: number, data: string | Buffer): void;
  close(): void;
  /** Calls back once the client is gone. */
  onClose(listener: () => void): void;
  /** Breaks the connection without a closing handshake. */
  cut(): void;
}

const TUNNEL = "SPDY/3.1+portforward.k8s.io";

/** Port-forwards inside a SPDY session: echoes what comes on streams of data. */
function echoTunnel(webSocket: WebSocket): void {
  const session = new SpdySession((bytes) => new Promise((resolve) => webSocket.send(bytes, () => resolve())));
  webSocket.on("message", (bytes: Buffer) => session.feed(bytes));
  webSocket.on("close", () => session.close());
  webSocket.on("error", () => webSocket.terminate());
  session.on("stream", (stream) => {
    if (stream.headers["streamtype"] === "data") stream.pipe(stream);
    else stream.resume().on("end", () => stream.end());
  });
}

/** The WebSocket sessions. By default exec echoes stdin to stdout, and the line `exit N` ends it with code N. */
export class FakeSessions {
  readonly opened: FakeSession[] = [];
  /** Replaces the echo. */
  onSession: ((session: FakeSession) => void) | undefined;
  readonly #server = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => [...offered].find((protocol) => protocol.endsWith("channel.k8s.io")) ?? false,
  });

  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (request.headers["sec-websocket-protocol"] === TUNNEL) {
      // `ws` refuses the name, as it is no token.
      const { "sec-websocket-protocol": _, ...headers } = request.headers;
      request.headers = headers;
      this.#server.once("headers", (lines) => lines.push(`Sec-WebSocket-Protocol: ${TUNNEL}`));
      this.#server.handleUpgrade(request, socket, head, echoTunnel);
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#serve(request, webSocket));
  }

  close(): void {
    for (const client of this.#server.clients) client.terminate();
    this.#server.close();
  }

  #serve(request: IncomingMessage, webSocket: WebSocket): void {
    webSocket.on("error", () => webSocket.terminate());
    const url = new URL(request.url ?? "/", "http://localhost");
    const received = new Map<number, string>();
    const listeners: Array<(channel: number, data: Buffer) => void> = [];
    const session: FakeSession = {
      path: url.pathname,
      query: url.searchParams,
      protocol: webSocket.protocol,
      received: (channel) => received.get(channel) ?? "",
      send: (channel, data) => webSocket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(data)])),
      close: () => webSocket.close(1000),
      onClose: (listener) => void webSocket.on("close", listener),
      cut: () => webSocket.terminate(),
    };
    webSocket.on("message", (message: Buffer) => {
      const channel = message[0] ?? 0;
      received.set(channel, (received.get(channel) ?? "") + message.subarray(1).toString());
      for (const listener of listeners) listener(channel, message.subarray(1));
    });
    this.opened.push(session);
    if (this.onSession !== undefined) this.onSession(session);
    else if (url.pathname.endsWith("/portforward")) echoPorts(session, listeners);
    else echo(session, listeners);
  }
}

function echo(session: FakeSession, listeners: Array<(channel: number, data: Buffer) => void>): void {
  const exit = (code: number): void => {
    const status =
      code === 0
        ? { status: "Success" }
        : {
            status: "Failure",
            reason: "NonZeroExitCode",
            message: `command terminated with non-zero exit code: exit status ${code}`,
            details: { causes: [{ reason: "ExitCode", message: String(code) }] },
          };
    session.send(3, JSON.stringify({ metadata: {}, ...status }));
    session.close();
  };
  listeners.push((channel, data) => {
    if (channel === 255) exit(0);
    if (channel !== 0) return;
    const match = /^exit (\d+)\s*$/.exec(data.toString());
    if (match === null) session.send(1, data);
    else exit(Number(match[1]));
  });
}

function echoPorts(session: FakeSession, listeners: Array<(channel: number, data: Buffer) => void>): void {
  const port = Buffer.alloc(2);
  port.writeUInt16LE(Number(session.query.get("ports") ?? 0));
  session.send(0, port);
  session.send(1, port);
  listeners.push((channel, data) => {
    if (channel === 0) session.send(0, data);
  });
}
