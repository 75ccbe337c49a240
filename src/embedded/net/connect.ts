import { connect, type Socket } from "node:net";
import { systemClock, type Clock } from "../../lib/clock.ts";
import { isRecord } from "../../lib/kube/object.ts";
import { KelpieError } from "../../lib/errors.ts";
import { readHeaderLine, writeHeaderLine } from "./header-line.ts";

const CONNECT_TIMEOUT_MILLISECONDS = 10_000;

/** Connects with half-open sockets, so that one side's end does not cut the other's answer off. */
export function connectTo(
  to: { readonly host: string; readonly port: number } | { readonly path: string },
  clock: Clock = systemClock,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...to, allowHalfOpen: true, noDelay: true });
    const cancel = clock.after(CONNECT_TIMEOUT_MILLISECONDS, () => {
      socket.destroy(Object.assign(new Error("connect ETIMEDOUT"), { code: "ETIMEDOUT" }));
    });
    socket.once("error", (error) => {
      cancel();
      reject(error);
    });
    socket.once("connect", () => {
      cancel();
      socket.on("error", () => {});
      resolve(socket);
    });
  });
}

/** A refusal by the other side; `code` is what its system said (`ECONNREFUSED`). */
export class RelayError extends KelpieError {
  override readonly name = "RelayError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Connects to a socket, says what for, waits for the consent. @throws RelayError */
export async function request(
  path: string,
  header: Readonly<Record<string, unknown>>,
): Promise<{
  readonly socket: Socket;
  readonly reply: Readonly<Record<string, unknown>>;
}> {
  const socket = await connectTo({ path });
  try {
    writeHeaderLine(socket, header);
    const reply = await readHeaderLine(socket);
    if (!isRecord(reply) || reply["ok"] !== true) {
      const code = isRecord(reply) && typeof reply["code"] === "string" ? reply["code"] : "ECONNREFUSED";
      const message = isRecord(reply) && typeof reply["message"] === "string" ? reply["message"] : code;
      throw new RelayError(code, message);
    }
    return { socket, reply };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
