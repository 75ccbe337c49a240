import type { Socket } from "node:net";
import { KelpieError } from "../../lib/errors.ts";

const MAX_HEADER_BYTES = 16 * 2 ** 20;

/**
 * Reads the first line of a connection as JSON and leaves the rest to be read: how netd and the engine say what a
 * connection between them is for.
 */
export function readHeaderLine(socket: Socket): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let pending: Buffer[] = [];
    let size = 0;
    const end = (finish: () => void): void => {
      socket.removeListener("readable", onReadable);
      socket.removeListener("close", onClose);
      finish();
    };
    const onClose = (): void => end(() => reject(new KelpieError("the connection closed before it said anything")));
    const onReadable = (): void => {
      for (let chunk = readChunk(socket); chunk !== undefined; chunk = readChunk(socket)) {
        const newline = chunk.indexOf(10);
        size += chunk.length;
        if (newline === -1 && size <= MAX_HEADER_BYTES) {
          pending.push(chunk);
          continue;
        }
        if (newline === -1) {
          end(() => reject(new KelpieError("the first line of the connection is too long")));
          return;
        }
        pending.push(chunk.subarray(0, newline));
        const text = Buffer.concat(pending).toString("utf8");
        pending = [];
        const rest = chunk.subarray(newline + 1);
        end(() => {
          if (rest.length > 0) socket.unshift(rest);
          try {
            resolve(JSON.parse(text));
          } catch (error) {
            reject(new KelpieError("the first line of the connection is not JSON", { cause: error }));
          }
        });
        return;
      }
    };
    socket.on("readable", onReadable);
    socket.on("close", onClose);
  });
}

function readChunk(socket: Socket): Buffer | undefined {
  const chunk: unknown = socket.read();
  return Buffer.isBuffer(chunk) ? chunk : undefined;
}

export function writeHeaderLine(socket: Socket, value: unknown): void {
  socket.write(`${JSON.stringify(value)}\n`);
}

/** Carries bytes both ways until both ends are done; a failure of one side ends the other. */
export function join(left: Socket, right: Socket): void {
  for (const [from, to] of [
    [left, right],
    [right, left],
  ] as const) {
    from.on("error", () => to.destroy());
    from.on("close", () => {
      if (!from.readableEnded) to.destroy();
    });
    from.pipe(to);
  }
}
