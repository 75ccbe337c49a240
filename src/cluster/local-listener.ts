import { createServer, type Server, type Socket } from "node:net";
import { errorCode, errorMessage, KelpieError } from "../lib/errors.ts";

/** A port of this machine cannot be listened on. */
export class LocalPortError extends KelpieError {
  override readonly name = "LocalPortError";
  readonly port: number;

  constructor(port: number, cause: unknown) {
    const code = errorCode(cause);
    const reason =
      code === "EADDRINUSE"
        ? "it is in use"
        : code === "EACCES"
          ? "ports below 1024 need privileges"
          : errorMessage(cause);
    super(`cannot listen on 127.0.0.1:${port}: ${reason}`, {
      hint: "choose another local port, or 0 for a free one",
      cause,
    });
    this.port = port;
  }
}

export interface LocalListener {
  readonly port: number;
  close(): void;
}

/** Where both addresses of the loopback are asked for a free port, the other one may have it taken. */
const FREE_PORT_TRIES = 8;

/**
 * Listens on 127.0.0.1, and on ::1 where this machine has it and the port is free there too.
 * @param port 0 takes a free one
 * @throws LocalPortError
 */
export async function listenLocally(
  port: number,
  connected: (socket: Socket) => void,
  failed: (error: Error) => void,
): Promise<LocalListener> {
  for (let tries = 1; ; tries += 1) {
    const first = await listen(port, "127.0.0.1", connected);
    let second: Server | undefined;
    try {
      second = (await listen(first.port, "::1", connected)).server;
    } catch (error) {
      // Of a free port, both addresses: `localhost` may mean either.
      if (port === 0 && errorCode(error) === "EADDRINUSE" && tries < FREE_PORT_TRIES) {
        first.server.close();
        continue;
      }
    }
    const servers = second === undefined ? [first.server] : [first.server, second];
    for (const server of servers) server.on("error", failed);
    return {
      port: first.port,
      close: () => {
        for (const server of servers) server.close();
      },
    };
  }
}

/** A port above `near` that nothing listens on now; 0 where none was found soon. */
export async function freePortNear(near: number): Promise<number> {
  for (let port = near + 1; port <= Math.min(near + 20, 65_535); port += 1) {
    try {
      const { server } = await listen(port, "127.0.0.1", (socket) => socket.destroy());
      await new Promise<void>((resolve) => void server.close(() => resolve()));
      return port;
    } catch {
      // The next one.
    }
  }
  return 0;
}

function listen(
  port: number,
  host: string,
  connected: (socket: Socket) => void,
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer({ allowHalfOpen: true }, connected);
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(new LocalPortError(port, error));
    server.once("error", fail);
    server.listen({ port, host, ipv6Only: host === "::1" }, () => {
      server.off("error", fail);
      const address = server.address();
      resolve({ server, port: typeof address === "object" && address !== null ? address.port : port });
    });
  });
}
