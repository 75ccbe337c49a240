import { createSocket, type RemoteInfo, type Socket as DatagramSocket } from "node:dgram";
import { createServer, type Server, type Socket } from "node:net";
import type { Cancel, Clock } from "../../lib/clock.ts";
import { errorMessage } from "../../lib/errors.ts";
import { join } from "./header-line.ts";
import type { Backend, Listener } from "./network-table.ts";

/** How long a UDP client is remembered after its last datagram, as kube-proxy's default. */
const UDP_IDLE_MILLISECONDS = 60_000;

/** Opens a connection to a backend; those outside the pod network go through the engine. */
export type ConnectBackend = (backend: Backend) => Promise<Socket>;

interface OpenListener {
  current: Listener;
  readonly close: () => void;
}

/**
 * The service proxy: one socket for every address and port. A new table changes backends in place; connections that
 * exist go on.
 */
export class ServiceProxy {
  readonly #connect: ConnectBackend;
  readonly #clock: Clock;
  readonly #open = new Map<string, OpenListener>();

  constructor(connect: ConnectBackend, clock: Clock) {
    this.#connect = connect;
    this.#clock = clock;
  }

  /** Answers what could not be listened on and why. */
  async apply(listeners: readonly Listener[]): Promise<string[]> {
    const wanted = new Map(listeners.map((listener) => [keyOf(listener), listener]));
    for (const [key, open] of this.#open) {
      if (wanted.has(key)) continue;
      this.#open.delete(key);
      open.close();
    }
    const problems: string[] = [];
    for (const [key, listener] of wanted) {
      const open = this.#open.get(key);
      if (open !== undefined) {
        open.current = listener;
        continue;
      }
      try {
        this.#open.set(key, await (listener.protocol === "TCP" ? this.#openTcp(listener) : this.#openUdp(listener)));
      } catch (error) {
        problems.push(`${key}: ${errorMessage(error)}`);
      }
    }
    return problems;
  }

  close(): void {
    for (const open of this.#open.values()) open.close();
    this.#open.clear();
  }

  async #openTcp(listener: Listener): Promise<OpenListener> {
    let turn = 0;
    const server: Server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (client) => {
      client.on("error", () => client.destroy());
      void this.#serve(client, order(open.current, client.remoteAddress ?? "", turn));
      turn += 1;
    });
    const open: OpenListener = { current: listener, close: () => server.close() };
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: listener.address, port: listener.port }, () => {
        server.removeListener("error", reject);
        server.on("error", () => {});
        resolve();
      });
    });
    return open;
  }

  /** Takes the first backend that answers; without one the client is refused. */
  async #serve(client: Socket, backends: readonly Backend[]): Promise<void> {
    for (const backend of backends) {
      try {
        const upstream = await this.#connect(backend);
        if (client.destroyed) upstream.destroy();
        else join(client, upstream);
        return;
      } catch {
        // The next one.
      }
    }
    client.resetAndDestroy();
  }

  async #openUdp(listener: Listener): Promise<OpenListener> {
    const server = createSocket("udp4");
    const clients = new Map<string, UdpClient>();
    let turn = 0;
    server.on("message", (message, from) => {
      const key = `${from.address}:${from.port}`;
      let client = clients.get(key);
      if (client === undefined) {
        const [backend] = order(open.current, from.address, turn);
        turn += 1;
        if (backend === undefined) return;
        client = this.#openUdpClient(server, from, () => clients.delete(key), backend);
        clients.set(key, client);
      }
      client.send(message);
    });
    const open: OpenListener = {
      current: listener,
      close: () => {
        for (const client of clients.values()) client.close();
        server.close();
      },
    };
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.bind(listener.port, listener.address, () => {
        server.removeListener("error", reject);
        server.on("error", () => {});
        resolve();
      });
    });
    return open;
  }

  #openUdpClient(server: DatagramSocket, from: RemoteInfo, onClose: () => void, backend: Backend): UdpClient {
    const socket = createSocket("udp4");
    let expiry: Cancel = () => {};
    const close = (): void => {
      expiry();
      onClose();
      socket.close();
    };
    const touch = (): void => {
      expiry();
      expiry = this.#clock.after(UDP_IDLE_MILLISECONDS, close, { background: true });
    };
    socket.on("error", () => {});
    socket.on("message", (answer) => {
      touch();
      server.send(answer, from.port, from.address, () => {});
    });
    touch();
    return {
      send(message) {
        touch();
        socket.send(message, backend.port, backend.host, () => {});
      },
      close,
    };
  }
}

interface UdpClient {
  send(message: Buffer): void;
  close(): void;
}

function keyOf({ protocol, address, port }: Listener): string {
  return `${protocol} ${address}:${port}`;
}

/** The backends in the order to try them. */
function order({ backends, sticky }: Listener, client: string, turn: number): Backend[] {
  if (backends.length === 0) return [];
  const first = (sticky ? hash(client) : turn) % backends.length;
  return [...backends.slice(first), ...backends.slice(0, first)];
}

function hash(text: string): number {
  let value = 0;
  for (const char of text) value = (value * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return value;
}
