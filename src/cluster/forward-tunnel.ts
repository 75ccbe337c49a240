import type { Socket } from "node:net";
import type { RawData } from "ws";
import type { Cancel, Clock } from "../lib/clock.ts";
import { apiPath } from "../lib/kube/gvr.ts";
import { SpdySession, type SpdyStream } from "../lib/spdy/spdy-session.ts";
import { openChannelSocket } from "./channel-socket.ts";
import { LINGER_MILLISECONDS, type ConnectionEvents, type PodEnd } from "./forward-connection.ts";
import type { ReadyPod } from "./forward-pods.ts";
import type { HttpClient } from "./http-client.ts";

const PODS = { group: "", version: "v1", resource: "pods" } as const;
/** A whole SPDY session inside the messages of a WebSocket: what kubectl speaks from 1.31 on. */
const PROTOCOL = "SPDY/3.1+portforward.k8s.io";

/**
 * Opens the way to a port of a pod as kubectl does: a stream of data and one of errors that share a request id
 * (client-go tools/portforward). Unlike the channels it can close one half.
 * @throws ApiError with the server's words, ConnectionError
 */
export async function dialTunnel(client: HttpClient, namespace: string, pod: ReadyPod): Promise<PodEnd> {
  const path = apiPath(PODS, { namespace, name: pod.name, subresource: "portforward" });
  const about = { verb: "forward a port to", resource: "pods", namespace, name: pod.name };
  const socket = await openChannelSocket(client, path, [PROTOCOL], about);
  const send = (bytes: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      socket.send(bytes, (error) => (error === undefined || error === null ? resolve() : reject(error)));
    });
  const session = new SpdySession(send, { pause: () => socket.pause(), resume: () => socket.resume() });
  socket.on("message", (data) => session.feed(bytesOf(data)));
  socket.on("close", () => session.close());
  session.on("error", () => socket.terminate());
  socket.resume();
  const headers = { port: String(pod.port), requestid: "0" };
  const errors = await session.open({ ...headers, streamtype: "error" });
  // Nothing is ever said there from this side.
  errors.end();
  const data = await session.open({ ...headers, streamtype: "data" });
  const close = (): void => socket.terminate();
  return { join: (local, clock, events) => joinStreams(local, data, errors, clock, events, close), close };
}

function joinStreams(
  local: Socket,
  data: SpdyStream,
  errors: SpdyStream,
  clock: Clock,
  events: ConnectionEvents,
  closeTunnel: () => void,
): () => void {
  let cancelTimer: Cancel | undefined;
  const close = (): void => {
    cancelTimer?.();
    local.destroy();
    closeTunnel();
  };
  let complaint = "";
  errors.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  errors.on("end", () => {
    if (complaint !== "") events.failed(complaint);
  });
  data.on("data", (chunk: Buffer) => {
    events.moved(chunk.length, true);
    if (!local.write(chunk)) data.pause();
  });
  local.on("drain", () => data.resume());
  local.on("data", (chunk: Buffer) => {
    events.moved(chunk.length, false);
    if (data.writable && !data.write(chunk)) local.pause();
  });
  data.on("drain", () => local.resume());
  local.on("end", () => data.end());
  // What was written is flushed before the end; a local end that never closes its half must not stay for ever.
  const ended = (): void => {
    cancelTimer ??= clock.after(LINGER_MILLISECONDS, close, { background: true });
    local.end();
    local.resume();
  };
  data.on("end", ended);
  data.on("close", ended);
  local.on("close", close);
  local.resume();
  return close;
}

function bytesOf(data: RawData): Buffer {
  return Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
