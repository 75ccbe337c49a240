import { Agent as HttpAgent, type AgentOptions, type ClientRequestArgs } from "node:http";
import { Agent as HttpsAgent, type RequestOptions } from "node:https";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import type { Clock } from "../lib/clock.ts";
import { connectThrough } from "./proxy.ts";

/** How to reach a server, TLS material included. PEM texts. */
export interface TransportOptions {
  readonly server: URL;
  readonly ca?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly tlsServerName?: string | undefined;
  readonly insecureSkipTlsVerify: boolean;
  readonly proxy?: URL | undefined;
  readonly clock: Clock;
}

type Done = (error: Error | null, stream: Duplex) => void;

const AGENT_OPTIONS: AgentOptions = {
  keepAlive: true,
  // Also the first TCP keep-alive probe: a peer that is gone is noticed some 40 s later.
  keepAliveMsecs: 30_000,
  scheduling: "lifo",
  maxFreeSockets: 8,
};

/**
 * A keep-alive pool of connections.
 * @param unread how many bytes nobody has asked for a connection takes from the system before it waits: default Node's
 */
export function createHttpAgent(transport: TransportOptions, unread?: number): HttpAgent {
  const { server, proxy } = transport;
  const options = { ...AGENT_OPTIONS, ...(unread === undefined ? {} : { highWaterMark: unread }) };
  if (server.protocol === "http:") {
    return proxy === undefined ? new HttpAgent(options) : new ProxiedHttpAgent(transport, proxy);
  }
  const tls = {
    ...options,
    ...(transport.ca === undefined ? {} : { ca: transport.ca }),
    ...(transport.certificate === undefined ? {} : { cert: transport.certificate, key: transport.key }),
    servername: serverName(transport),
    rejectUnauthorized: !transport.insecureSkipTlsVerify,
    minVersion: "TLSv1.2" as const,
  };
  return proxy === undefined ? new HttpsAgent(tls) : new ProxiedHttpsAgent(tls, transport, proxy);
}

/** SNI must not be an address; the certificate is then checked against the host itself. */
function serverName({ server, tlsServerName }: TransportOptions): string {
  if (tlsServerName !== undefined) return tlsServerName;
  return isIP(hostOf(server)) === 0 ? server.hostname : "";
}

function hostOf(server: URL): string {
  return server.hostname.replace(/^\[|\]$/g, "");
}

function portOf(server: URL): number {
  return Number(server.port || (server.protocol === "https:" ? 443 : 80));
}

class ProxiedHttpAgent extends HttpAgent {
  readonly #transport: TransportOptions;
  readonly #proxy: URL;

  constructor(transport: TransportOptions, proxy: URL) {
    super(AGENT_OPTIONS);
    this.#transport = transport;
    this.#proxy = proxy;
  }

  override createConnection(_options: ClientRequestArgs, done?: Done): undefined {
    const { server } = this.#transport;
    const proxy = { ...this.#transport, url: this.#proxy };
    void settle(connectThrough(proxy, hostOf(server), portOf(server), this.#transport.clock), done);
  }
}

class ProxiedHttpsAgent extends HttpsAgent {
  readonly #transport: TransportOptions;
  readonly #proxy: URL;

  constructor(options: AgentOptions, transport: TransportOptions, proxy: URL) {
    super(options);
    this.#transport = transport;
    this.#proxy = proxy;
  }

  override createConnection(options: RequestOptions, done?: Done): undefined {
    const { server } = this.#transport;
    const connect = async (): Promise<Duplex> => {
      const proxy = { ...this.#transport, url: this.#proxy };
      const socket = await connectThrough(proxy, hostOf(server), portOf(server), this.#transport.clock);
      const stream = connectTls({
        socket,
        host: hostOf(server),
        servername: serverName(this.#transport),
        rejectUnauthorized: options.rejectUnauthorized ?? true,
        ...(this.#transport.ca === undefined ? {} : { ca: this.#transport.ca }),
        ...(this.#transport.certificate === undefined
          ? {}
          : { cert: this.#transport.certificate, key: this.#transport.key }),
      });
      // The request listens as soon as it has the stream, which takes a turn.
      return stream.on("error", () => undefined);
    };
    void settle(connect(), done);
  }
}

async function settle(connecting: Promise<Duplex>, done: Done | undefined): Promise<void> {
  let stream: Duplex;
  try {
    stream = await connecting;
  } catch (error) {
    // Node looks at the error only; its type asks for a stream all the same.
    (done as ((error: unknown) => void) | undefined)?.(error);
    return;
  }
  done?.(null, stream);
}
