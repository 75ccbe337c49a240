import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { errorMessage } from "../../../lib/errors.ts";
import type { SpdySession, SpdyStream } from "../../../lib/spdy/spdy-session.ts";
import { sendOn } from "./web-socket-command.ts";

/** Connects to a port of the pod. */
export type DialPort = (port: number) => Promise<Duplex>;

interface Pair {
  data?: SpdyStream;
  error?: SpdyStream;
}

/**
 * Port-forward over SPDY, plain or inside a WebSocket: a pair of streams per connection, `data` and `error`, that
 * share the header `requestID` (upstream: k8s.io/cri-streaming portforward).
 */
export function forwardOverSpdy(session: SpdySession, podName: string, dial: DialPort): void {
  const pairs = new Map<string, Pair>();
  session.on("stream", (stream) => {
    const id = stream.headers["requestid"] ?? stream.headers["port"] ?? "";
    const pair = pairs.get(id) ?? {};
    pairs.set(id, pair);
    if (stream.headers["streamtype"] === "error") {
      pair.error = stream;
      stream.resume();
    } else pair.data = stream;
    const { data, error } = pair;
    if (data === undefined || error === undefined) return;
    pairs.delete(id);
    void forwardPair(data, error, podName, dial);
  });
}

async function forwardPair(data: SpdyStream, error: SpdyStream, podName: string, dial: DialPort): Promise<void> {
  const port = Number(data.headers["port"] ?? "0");
  const fail = (cause: unknown): void => {
    error.end(`error forwarding port ${port} to pod ${podName}: ${errorMessage(cause)}`);
    data.resume();
    data.end();
  };
  let connection: Duplex;
  try {
    connection = await dial(port);
  } catch (cause) {
    fail(cause);
    return;
  }
  connection.on("error", fail);
  data.on("close", () => connection.destroy());
  data.pipe(connection);
  connection.pipe(data);
  connection.on("end", () => error.end());
}

/**
 * `v4.channel.k8s.io` with `?ports=`: channel 2n carries the data of the n-th port, 2n+1 its errors. Both begin with
 * the port, 16 bits, least significant byte first.
 */
export function forwardOverChannels(
  socket: WebSocket,
  ports: readonly number[],
  podName: string,
  dial: DialPort,
): void {
  const connections = ports.map((port, index) => openChannel(socket, port, index, podName, dial));
  socket.on("message", (message: Buffer) => {
    const channel = message[0] ?? 0;
    const connection = channel % 2 === 0 ? connections[channel / 2] : undefined;
    void connection?.then((stream) => {
      if (stream?.writable === true && !stream.write(message.subarray(1))) {
        socket.pause();
        stream.once("drain", () => socket.resume());
      }
    });
  });
  socket.on("close", () => {
    for (const connection of connections) void connection.then((stream) => stream?.destroy());
  });
}

async function openChannel(
  socket: WebSocket,
  port: number,
  index: number,
  podName: string,
  dial: DialPort,
): Promise<Duplex | undefined> {
  const dataChannel = index * 2;
  const errorChannel = dataChannel + 1;
  const fail = (cause: unknown): void => {
    const text = `error forwarding port ${port} to pod ${podName}: ${errorMessage(cause)}`;
    sendOn(socket, errorChannel, Buffer.from(text)).then(
      () => socket.close(1000),
      () => undefined,
    );
  };
  try {
    const header = Buffer.from([port & 0xff, port >> 8]);
    await sendOn(socket, dataChannel, header);
    await sendOn(socket, errorChannel, header);
    const stream = await dial(port);
    stream.on("error", fail);
    void copyToChannel(stream, socket, dataChannel).catch(fail);
    return stream;
  } catch (cause) {
    fail(cause);
    return undefined;
  }
}

async function copyToChannel(stream: Duplex, socket: WebSocket, channel: number): Promise<void> {
  for await (const chunk of stream as AsyncIterable<Buffer>) await sendOn(socket, channel, chunk);
  socket.close(1000);
}
