import { PassThrough, Writable } from "node:stream";
import { callbackify } from "node:util";
import type { WebSocket } from "ws";
import { asNumber, asRecord } from "../../../lib/kube/object.ts";
import { CHANNEL } from "../../../lib/kube/remote-command-channel.ts";
import type { RemoteStreams } from "./remote-command.ts";

export interface CommandStreamOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

export function webSocketStreams(socket: WebSocket, options: CommandStreamOptions): RemoteStreams {
  const stdin = new PassThrough();
  const resizeListeners: Array<(columns: number, rows: number) => void> = [];
  const goneListeners: Array<() => void> = [];
  const output = (channel: number): Writable =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        callbackify(() => sendOn(socket, channel, chunk))((error) => done(error));
      },
    });
  socket.on("message", (data: Buffer) => {
    const channel = data[0];
    const payload = data.subarray(1);
    if (channel === CHANNEL.stdin) {
      if (!stdin.writableEnded && !stdin.write(payload)) {
        socket.pause();
        stdin.once("drain", () => socket.resume());
      }
    } else if (channel === CHANNEL.close && payload[0] === CHANNEL.stdin) stdin.end();
    else if (channel === CHANNEL.resize) {
      const size = parseSize(payload.toString("utf8"));
      if (size !== undefined) for (const listener of resizeListeners) listener(size.columns, size.rows);
    }
  });
  socket.on("close", () => {
    stdin.end();
    for (const listener of goneListeners) listener();
  });
  return {
    stdin: options.stdin ? stdin : undefined,
    stdout: options.stdout ? output(CHANNEL.stdout) : undefined,
    stderr: options.stderr ? output(CHANNEL.stderr) : undefined,
    async finish(status) {
      await sendOn(socket, CHANNEL.error, Buffer.from(JSON.stringify(status))).catch(() => undefined);
      socket.close(1000);
    },
    onResize: (listener) => void resizeListeners.push(listener),
    onGone: (listener) => void goneListeners.push(listener),
  };
}

/** Resolves when the bytes have left this process. */
export function sendOn(socket: WebSocket, channel: number, payload: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(Buffer.concat([Buffer.from([channel]), payload]), (error) => {
      if (error === undefined || error === null) resolve();
      else reject(error);
    });
  });
}

/** `{"Width":80,"Height":24}`; `undefined` for anything else. */
export function parseSize(text: string): { readonly columns: number; readonly rows: number } | undefined {
  try {
    const size = asRecord(JSON.parse(text));
    const columns = asNumber(size["Width"]);
    const rows = asNumber(size["Height"]);
    return columns > 0 && rows > 0 ? { columns, rows } : undefined;
  } catch {
    return undefined;
  }
}
