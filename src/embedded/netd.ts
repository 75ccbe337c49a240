import { chmodSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { systemClock } from "../lib/clock.ts";
import { errorCode, errorMessage } from "../lib/errors.ts";
import { asNumber, asString, isRecord } from "../lib/kube/object.ts";
import { connectTo, request } from "./net/connect.ts";
import { startDnsServer, withLength, type DnsServer } from "./net/dns-server.ts";
import { join, readHeaderLine, writeHeaderLine } from "./net/header-line.ts";
import { parseNetworkTable, type Backend, type NetworkTable } from "./net/network-table.ts";
import { NETD_SOCKET, NETD_VERSION, UPSTREAM_SOCKET } from "./net/netd-sockets.ts";
import { ServiceProxy } from "./net/service-proxy.ts";

/**
 * The program in the node sandbox's network: service proxy, cluster DNS, and the relay by which the engine reaches
 * pods. It runs in the runtime's directory, knows nothing but the table it is given, and outlives the engine.
 * `netd relay ID SOCKET` is the same program inside one pod's network: it connects to the pod's loopback.
 */

const EMPTY: NetworkTable = {
  listeners: [],
  dnsAddress: undefined,
  zone: { domain: "cluster.local", addresses: {}, services: {}, aliases: {}, names: {} },
};
/** A relay of one pod that nobody used for so long ends. */
const RELAY_IDLE_MILLISECONDS = 30_000;
const POD_NETWORK = /^10\.(?:244|96)\./;

function connectBackend(backend: Backend): Promise<Socket> {
  if (POD_NETWORK.test(backend.host)) return connectTo(backend);
  return request(UPSTREAM_SOCKET, { op: "connect", ...backend }).then(({ socket }) => socket);
}

class Daemon {
  readonly #proxy = new ServiceProxy(connectBackend, systemClock);
  #table = EMPTY;
  #dns: DnsServer | undefined;
  #dnsAddress: string | undefined;
  /** Tables are applied one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  program(table: NetworkTable): Promise<string[]> {
    const applied = this.#turn.then(() => this.#apply(table));
    this.#turn = applied.catch(() => {});
    return applied;
  }

  async #apply(table: NetworkTable): Promise<string[]> {
    this.#table = table;
    const problems = await this.#proxy.apply(
      table.listeners.filter(({ address, port }) => address !== table.dnsAddress || port !== 53),
    );
    if (table.dnsAddress === this.#dnsAddress) return problems;
    this.#dns?.close();
    this.#dns = undefined;
    this.#dnsAddress = table.dnsAddress;
    if (table.dnsAddress === undefined) return problems;
    try {
      this.#dns = await startDnsServer(table.dnsAddress, () => this.#table.zone, forwardDns, systemClock);
    } catch (error) {
      this.#dnsAddress = undefined;
      problems.push(`DNS: ${errorMessage(error)}`);
    }
    return problems;
  }
}

/** Asks the engine, which asks the machine's name server. */
async function forwardDns(message: Buffer): Promise<Buffer | undefined> {
  try {
    const { socket } = await request(UPSTREAM_SOCKET, { op: "dns" });
    socket.end(withLength(message));
    const chunks: Buffer[] = [];
    for await (const chunk of socket) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const answer = Buffer.concat(chunks).subarray(2);
    return answer.length === 0 ? undefined : answer;
  } catch {
    return undefined;
  }
}

async function relay(client: Socket, host: string, port: number): Promise<void> {
  try {
    const upstream = await connectTo({ host, port });
    writeHeaderLine(client, { ok: true });
    join(client, upstream);
  } catch (error) {
    client.end(`${JSON.stringify({ ok: false, code: errorCode(error) ?? "EIO", message: errorMessage(error) })}\n`);
  }
}

async function serve(daemon: Daemon, client: Socket): Promise<void> {
  const header = await readHeaderLine(client);
  if (!isRecord(header)) throw new Error("not a request");
  switch (header["op"]) {
    case "dial":
      await relay(client, asString(header["host"]), asNumber(header["port"]));
      return;
    case "program": {
      const table = parseNetworkTable(header["table"]);
      if (table === undefined) throw new Error("not a table");
      client.end(`${JSON.stringify({ ok: true, problems: await daemon.program(table) })}\n`);
      return;
    }
    case "hello":
      // Left open: its end tells the engine that this process has ended.
      writeHeaderLine(client, { ok: true, version: NETD_VERSION, pid: process.pid });
      client.resume();
      client.on("end", () => client.end());
      return;
    default:
      throw new Error("an unknown request");
  }
}

/** Ids that files of the machine do not belong to: what reads the packets of pods needs no rights. */
function dropRights(id: number): void {
  if (process.getuid?.() !== 0 || id <= 0) return;
  process.setgroups?.([]);
  process.setgid?.(id);
  process.setuid?.(id);
}

function listen(path: string, onConnection: (client: Socket) => void, onListening: () => void): void {
  rmSync(path, { force: true });
  const server = createServer({ allowHalfOpen: true }, (client) => {
    client.on("error", () => client.destroy());
    onConnection(client);
  });
  server.listen(path, () => {
    chmodSync(path, 0o600);
    onListening();
  });
}

function runDaemon(announce: () => void): void {
  const daemon = new Daemon();
  listen(
    NETD_SOCKET,
    (client) => {
      serve(daemon, client).catch((error: unknown) => {
        client.end(`${JSON.stringify({ ok: false, code: "EPROTO", message: errorMessage(error) })}\n`);
      });
    },
    announce,
  );
}

function runRelay(path: string, announce: () => void): void {
  let open = 0;
  let cancel = (): void => {};
  const rest = (): void => {
    cancel();
    cancel = systemClock.after(RELAY_IDLE_MILLISECONDS, () => process.exit(0));
  };
  listen(
    path,
    (client) => {
      open += 1;
      cancel();
      client.on("close", () => {
        open -= 1;
        if (open === 0) rest();
      });
      readHeaderLine(client).then(
        (header) => void relay(client, "127.0.0.1", isRecord(header) ? asNumber(header["port"]) : 0),
        () => client.destroy(),
      );
    },
    () => {
      rest();
      announce();
    },
  );
}

// Until it is ready a failure ends it and says why; after that one broken connection must not end the network of all.
let ready = false;
process.stdout.on("error", () => {});
process.on("uncaughtException", (error) => {
  process.stderr.write(`${new Date().toISOString()} netd: ${errorMessage(error)}\n`);
  if (!ready) process.exit(1);
});
const [mode = "", id = "", argument = ""] = process.argv.slice(2);
const announce = (): void => {
  dropRights(Number(id));
  ready = true;
  process.stdout.write("ready\n");
};
if (mode === "relay") runRelay(argument, announce);
else runDaemon(announce);
