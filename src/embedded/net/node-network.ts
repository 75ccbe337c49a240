import { spawn } from "node:child_process";
import { chmodSync, closeSync, existsSync, openSync, readdirSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join as joinPath } from "node:path";
import type { Clock } from "../../lib/clock.ts";
import { errorCode, errorMessage } from "../../lib/errors.ts";
import { asNumber, asString, isRecord } from "../../lib/kube/object.ts";
import type { Logger } from "../../lib/log.ts";
import { programPath } from "../assets.ts";
import { readText, writeAtomically } from "../runtimes/container-files.ts";
import { identify, isAlive, signalProcess, type ProcessIdentity } from "../runtimes/process-identity.ts";
import { TOOL_ENVIRONMENT } from "../runtimes/run-command.ts";
import { RuntimeError } from "../runtimes/runtime-error.ts";
import { connectTo, request } from "./connect.ts";
import { forwardDatagram, readMessage } from "./dns-forward.ts";
import { withLength } from "./dns-server.ts";
import { join, readHeaderLine, writeHeaderLine } from "./header-line.ts";
import type { Backend, NetworkTable } from "./network-table.ts";
import type { PodNetwork } from "./pod-network.ts";
import { NETD_SOCKET, NETD_VERSION, UPSTREAM_SOCKET } from "./netd-sockets.ts";

/** Which process netd is. */
const NETD_RECORD = "netd.json";
const RESTART_MILLISECONDS = 500;
/** Small heaps: it holds no more than tables and buffers. */
const NODE_OPTIONS = ["--max-semi-space-size=1", "--max-old-space-size=96"];

export interface NodeNetworkOptions {
  /** The runtime's directory: sockets, `netd.json`, `netd.log`. */
  readonly directory: string;
  /** The command line that enters the sandbox's network, up to `--`. */
  readonly enter: readonly string[];
  /** Id to run as; 0 where the engine has no other. */
  readonly runAs: number;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** The engine's side of netd: starts it, takes over one that runs, starts it again when it dies. */
export class NodeNetwork implements PodNetwork {
  readonly #options: NodeNetworkOptions;
  /** Sockets are named below this descriptor: a path of theirs may not be longer than 107 bytes. */
  readonly #directoryFd: number;
  #table: NetworkTable | undefined;
  #upstream: Server | undefined;
  #ready: Promise<void> = Promise.resolve();
  #greeting: Socket | undefined;
  #closed = false;
  readonly #relays = new Map<string, Promise<void>>();

  constructor(options: NodeNetworkOptions) {
    this.#options = options;
    this.#directoryFd = openSync(options.directory, "r");
  }

  /** Returns at once; what needs netd waits for it. `fresh`: the sandbox is new, an older netd is of no use. */
  start(fresh: boolean): void {
    this.#watch(this.#open(fresh));
  }

  /** Makes others wait for an attempt to open netd, and tries again after a failed one. */
  #watch(attempt: Promise<void>): void {
    this.#ready = attempt;
    attempt.catch((error: unknown) => {
      if (this.#closed) return;
      this.#options.logger.error("the network of pods does not start", { error: errorMessage(error) });
      this.#reopen();
    });
  }

  async #open(fresh: boolean): Promise<void> {
    await this.#listenUpstream();
    if (fresh) this.#kill(NETD_RECORD);
    if (!(await this.#hello())) {
      this.#kill(NETD_RECORD);
      await this.#spawn(["daemon", String(this.#options.runAs)], NETD_RECORD);
      if (!(await this.#hello())) throw new RuntimeError("NetworkUnavailable", "netd does not answer");
    }
  }

  async program(table: NetworkTable): Promise<readonly string[]> {
    this.#table = table;
    await this.#ready;
    return this.#send(table);
  }

  async #send(table: NetworkTable): Promise<readonly string[]> {
    const { reply, socket } = await request(this.#socket(NETD_SOCKET), { op: "program", table });
    socket.destroy();
    return Array.isArray(reply["problems"]) ? reply["problems"].map(String) : [];
  }

  async dialAddress(host: string, port: number): Promise<Socket> {
    await this.#ready;
    const { socket } = await request(this.#socket(NETD_SOCKET), { op: "dial", host, port });
    return socket;
  }

  /** Connects to the loopback of a pod through a relay in its network. `enter` is its command line. */
  async dialLoopback(pod: string, enter: readonly string[], port: number): Promise<Socket> {
    const name = `relay-${pod}.sock`;
    const open = async (): Promise<Socket> => {
      await this.#relays.get(pod);
      const { socket } = await request(this.#socket(name), { op: "dial", port });
      return socket;
    };
    try {
      return await open();
    } catch (error) {
      if (!["ENOENT", "ECONNREFUSED"].includes(errorCode(error) ?? "") || this.#closed) throw error;
    }
    const starting = this.#relays.get(pod);
    if (starting !== undefined) return open();
    const started = this.#spawn(["relay", String(this.#options.runAs), name], relayRecord(pod), enter);
    this.#relays.set(pod, started);
    try {
      return await open();
    } finally {
      this.#relays.delete(pod);
    }
  }

  /** Lets go: netd runs on with the table it has. */
  detach(): void {
    this.#closed = true;
    this.#upstream?.close();
    this.#upstream = undefined;
    this.#greeting?.destroy();
    closeSync(this.#directoryFd);
  }

  /** Ends netd. */
  async destroy(): Promise<void> {
    this.#closed = true;
    await this.#ready.catch(() => {});
    await Promise.allSettled(this.#relays.values());
    for (const name of readdirSync(this.#options.directory)) {
      if (name === NETD_RECORD || /^relay-.*\.json$/.test(name)) this.#kill(name);
    }
    this.detach();
  }

  /** Ends the relay of a pod that goes, if it has one. */
  forgetPod(pod: string): void {
    this.#kill(relayRecord(pod));
    rmSync(joinPath(this.#options.directory, `relay-${pod}.sock`), { force: true });
  }

  #socket(name: string): string {
    return `/proc/self/fd/${this.#directoryFd}/${name}`;
  }

  #kill(record: string): void {
    const file = joinPath(this.#options.directory, record);
    const known = readIdentity(readText(file));
    if (known !== undefined && isAlive(known)) signalProcess(known.pid, "SIGKILL");
    rmSync(file, { force: true });
  }

  /** Greets netd and stays connected, so as to see its end. */
  async #hello(): Promise<boolean> {
    if (!existsSync(joinPath(this.#options.directory, NETD_SOCKET))) return false;
    try {
      const { socket, reply } = await request(this.#socket(NETD_SOCKET), { op: "hello" });
      if (reply["version"] !== NETD_VERSION) {
        socket.destroy();
        return false;
      }
      socket.resume();
      socket.unref();
      // Half-open: the end of the other side alone does not close it.
      socket.on("end", () => socket.destroy());
      socket.on("close", () => this.#lost());
      this.#greeting = socket;
      return true;
    } catch {
      return false;
    }
  }

  #lost(): void {
    if (this.#closed) return;
    this.#options.logger.warn("netd ended, starting it again");
    this.#reopen();
  }

  #reopen(): void {
    const later = new Promise<void>((resolve) => {
      this.#options.clock.after(RESTART_MILLISECONDS, () => resolve(), { background: true });
    });
    const again = later.then(async () => {
      if (this.#closed) return;
      await this.#open(false);
      if (this.#table !== undefined) await this.#send(this.#table);
    });
    this.#watch(again);
  }

  /** Runs netd until it says that it is ready. */
  #spawn(args: readonly string[], record: string, enter = this.#options.enter): Promise<void> {
    const { directory } = this.#options;
    const log = openSync(joinPath(directory, "netd.log"), "a", 0o600);
    const [program = "", ...rest] = [...enter, process.execPath, ...NODE_OPTIONS, programPath("netd"), ...args];
    const child = spawn(program, rest, {
      cwd: directory,
      detached: true,
      env: { ...TOOL_ENVIRONMENT, NODE_NO_WARNINGS: "1" },
      stdio: ["ignore", "pipe", log],
    });
    closeSync(log);
    // Before it says a word: an engine that dies meanwhile leaves a netd that the next one must find.
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    if (identity !== undefined) writeAtomically(joinPath(directory, record), JSON.stringify(identity));
    return new Promise((resolve, reject) => {
      const fail = (why: string): void =>
        reject(
          new RuntimeError("NetworkUnavailable", `netd did not start: ${why}; ${joinPath(directory, "netd.log")}`),
        );
      child.on("error", (error) => fail(errorMessage(error)));
      child.on("exit", (code) => fail(`exit code ${String(code)}`));
      child.stdout?.once("data", () => {
        child.stdout?.destroy();
        child.unref();
        resolve();
      });
    });
  }

  /** What netd asks of the engine: connections to the API server and to backends outside, names outside. */
  async #listenUpstream(): Promise<void> {
    if (this.#upstream !== undefined) return;
    const path = joinPath(this.#options.directory, UPSTREAM_SOCKET);
    rmSync(path, { force: true });
    const server = createServer({ allowHalfOpen: true }, (client) => {
      client.on("error", () => client.destroy());
      this.#serveUpstream(client).catch((error: unknown) => {
        client.end(`${JSON.stringify({ ok: false, code: errorCode(error) ?? "EIO", message: errorMessage(error) })}\n`);
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#socket(UPSTREAM_SOCKET), resolve);
    });
    server.on("error", () => {});
    server.unref();
    // netd has other rights; everybody else is kept out by the cluster's directory.
    chmodSync(path, 0o666);
    this.#upstream = server;
  }

  async #serveUpstream(client: Socket): Promise<void> {
    const header = await readHeaderLine(client);
    if (!isRecord(header)) throw new RuntimeError("NetworkUnavailable", "not a request");
    if (header["op"] === "dns") {
      writeHeaderLine(client, { ok: true });
      const answer = await forwardDatagram(await readMessage(client), this.#options.clock);
      client.end(answer === undefined ? Buffer.alloc(0) : withLength(answer));
      return;
    }
    const backend = { host: asString(header["host"]), port: asNumber(header["port"]) };
    if (header["op"] !== "connect" || !this.#isBackend(backend)) {
      throw new RuntimeError("NetworkUnavailable", `${backend.host}:${backend.port} is no backend of a service`);
    }
    const upstream = await connectTo(backend);
    writeHeaderLine(client, { ok: true });
    join(client, upstream);
  }

  #isBackend(wanted: Backend): boolean {
    const listeners = this.#table?.listeners ?? [];
    return listeners.some(({ backends }) =>
      backends.some(({ host, port }) => host === wanted.host && port === wanted.port),
    );
  }
}

function relayRecord(pod: string): string {
  return `relay-${pod}.json`;
}

function readIdentity(text: string | undefined): ProcessIdentity | undefined {
  const value: unknown = text === undefined ? undefined : JSON.parse(text);
  if (!isRecord(value)) return undefined;
  return { pid: asNumber(value["pid"]), startTime: asString(value["startTime"]), bootId: asString(value["bootId"]) };
}
