import { Duplex, PassThrough } from "node:stream";
import type { RawData, WebSocket } from "ws";
import { asArray, asString, at } from "../lib/kube/object.ts";
import { KelpieError } from "../lib/errors.ts";
import { apiPath } from "../lib/kube/gvr.ts";
import { CHANNEL } from "../lib/kube/remote-command-channel.ts";
import { describe, type RequestSubject } from "./api-error.ts";
import { openChannelSocket } from "./channel-socket.ts";
import type { ExecSession } from "./cluster.ts";
import { ConnectionError } from "./connection-error.ts";
import type { HttpClient } from "./http-client.ts";

const PODS = { group: "", version: "v1", resource: "pods" } as const;

/** v5 adds the closing of single channels; servers before 1.30 speak v4. */
const V5 = "v5.channel.k8s.io";
const PROTOCOLS = [V5, "v4.channel.k8s.io"] as const;

/** What to run or to attach to. Without a command it is an attach. */
export interface SessionRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly command?: readonly string[];
  readonly tty: boolean;
  readonly stdin: boolean;
}

/** Opens a process in a container, or attaches to its main one (remotecommand over WebSocket). */
export async function openExecSession(client: HttpClient, request: SessionRequest): Promise<ExecSession> {
  const { namespace, pod, container, command, tty, stdin } = request;
  const parameters = new URLSearchParams({ container, stdout: "true" });
  for (const word of command ?? []) parameters.append("command", word);
  if (stdin) parameters.set("stdin", "true");
  if (tty) parameters.set("tty", "true");
  else parameters.set("stderr", "true");
  const action = command === undefined ? "attach" : "exec";
  const about = {
    verb: command === undefined ? "attach to" : "run a command in",
    resource: "pods",
    namespace,
    name: `${pod} (${container})`,
  };
  const path = `${apiPath(PODS, { namespace, name: pod, subresource: action })}?${parameters.toString()}`;
  const socket = await openChannelSocket(client, path, PROTOCOLS, about);
  return new ChannelSession(socket, about, action === "attach");
}

class ChannelSession implements ExecSession {
  readonly stream: Duplex;
  readonly stderr = new PassThrough();
  readonly exited: Promise<number>;
  readonly #socket: WebSocket;
  readonly #about: RequestSubject;
  #closedByUs = false;
  #settled = false;
  #resolve: (code: number) => void = () => undefined;
  #reject: (error: KelpieError) => void = () => undefined;

  constructor(socket: WebSocket, about: RequestSubject, endMayBeSilent: boolean) {
    this.#socket = socket;
    this.#about = about;
    this.exited = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Nobody has to wait for the exit.
    this.exited.catch(() => undefined);
    this.stream = this.#createStream();
    this.stderr.on("error", () => undefined);
    socket.on("message", (data) => this.#receive(data));
    socket.on("close", (code) => this.#ended(code, endMayBeSilent));
    socket.resume();
  }

  get endsInput(): boolean {
    return this.#socket.protocol === V5;
  }

  resize(columns: number, rows: number): void {
    this.#send(CHANNEL.resize, Buffer.from(JSON.stringify({ Width: columns, Height: rows })));
  }

  close(): void {
    this.#closedByUs = true;
    this.#socket.close(1000);
    this.stream.destroy();
  }

  #createStream(): Duplex {
    const socket = this.#socket;
    const stream = new Duplex({
      allowHalfOpen: true,
      read: () => {
        if (socket.isPaused) socket.resume();
      },
      write: (chunk: Buffer, _encoding, done) => {
        if (socket.readyState !== socket.OPEN) done(new ConnectionError("cut", "the session has ended"));
        else socket.send(Buffer.concat([Buffer.from([CHANNEL.stdin]), chunk]), done);
      },
      final: (done) => {
        // Before v5 there is no way to say that the input has ended.
        if (socket.protocol === V5) this.#send(CHANNEL.close, Buffer.from([CHANNEL.stdin]));
        done();
      },
    });
    stream.on("error", () => undefined);
    return stream;
  }

  #send(channel: number, data: Buffer): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(Buffer.concat([Buffer.from([channel]), data]), () => undefined);
  }

  #receive(data: RawData): void {
    const bytes = Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
    const payload = bytes.subarray(1);
    switch (bytes[0]) {
      case CHANNEL.stdout:
        if (payload.length > 0 && !this.stream.push(payload)) this.#socket.pause();
        break;
      case CHANNEL.stderr:
        if (payload.length > 0) this.stderr.write(payload);
        break;
      case CHANNEL.error:
        this.#status(payload.toString("utf8"));
        break;
      default:
    }
  }

  #status(text: string): void {
    if (text === "" || this.#settled) return;
    this.#settled = true;
    const code = exitCodeOf(text);
    if (typeof code === "number") this.#resolve(code);
    else this.#reject(new KelpieError(`cannot ${describe(this.#about)}: ${code}`));
  }

  #ended(code: number, endMayBeSilent: boolean): void {
    this.stream.push(null);
    this.stderr.end();
    if (this.#settled) return;
    this.#settled = true;
    if (this.#closedByUs || (endMayBeSilent && code === 1000)) this.#resolve(0);
    else this.#reject(new ConnectionError("cut", `cannot ${describe(this.#about)}: the connection was cut`));
  }
}

/** The exit code of a status message, or the server's words where the process never ran. */
function exitCodeOf(text: string): number | string {
  let status: unknown;
  try {
    status = JSON.parse(text);
  } catch {
    // v4 servers may say a plain sentence.
    return text;
  }
  if (at(status, "status") === "Success") return 0;
  const cause = asArray(at(status, "details", "causes")).find((entry) => at(entry, "reason") === "ExitCode");
  const code = Number(at(cause, "message") ?? Number.NaN);
  return Number.isInteger(code) ? code : asString(at(status, "message"), text);
}
