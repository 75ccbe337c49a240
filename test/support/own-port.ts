import { once } from "node:events";
import { createServer } from "node:net";

/** Those above are handed out by the system, to listeners and to connections. */
const FIRST_PORT = 10_000;
const PORTS = 20_000;

/** A free local port that other processes of tests do not choose at the same time. */
export async function ownPort(): Promise<number> {
  for (let port = FIRST_PORT + ((process.pid * 7) % PORTS); ; port += 1) {
    const server = createServer();
    try {
      await once(server.listen(port, "127.0.0.1"), "listening");
      return port;
    } catch {
      // Somebody else's: the next one.
    } finally {
      server.close();
    }
  }
}
