import type { Socket } from "node:net";
import type { RawData, WebSocket } from "ws";
import type { Cancel, Clock } from "../lib/clock.ts";
import { apiPath } from "../lib/kube/gvr.ts";
import { openChannelSocket } from "./channel-socket.ts";
import type { ReadyPod } from "./forward-pods.ts";
import type { HttpClient } from "./http-client.ts";

const PODS = { group: "", version: "v1", resource: "pods" } as const;
/**
 * The channel protocol of the kubelet: one WebSocket for each connection, channel 0 data, channel 1 errors, each opened
 * by two bytes with the port. API servers of every supported version pass it through.
 */
const PROTOCOL = "v4.channel.k8s.io";
/** After the local end has said all, the answer may take so long between two pieces. */
const DRAIN_MILLISECONDS = 10_000;
/** Where the answer had come before, the local end has most probably closed both halves: curl does. */
const ANSWERED_DRAIN_MILLISECONDS = 2000;
/** After the pod's end has said all, the local end may take so long to close. */
export const LINGER_MILLISECONDS = 5000;

/** The pod's end of a connection, still to be joined with the local one. */
export interface PodEnd {
  /** Carries bytes both ways. @returns what cuts both ends */
  join(local: Socket, clock: Clock, events: ConnectionEvents): () => void;
  close(): void;
}

/** Opens the way to a port of a pod. @throws ApiError with the server's words, ConnectionError */
export async function dialChannels(client: HttpClient, namespace: string, pod: ReadyPod): Promise<PodEnd> {
  const path = apiPath(PODS, { namespace, name: pod.name, subresource: "portforward" });
  const about = { verb: "forward a port to", resource: "pods", namespace, name: pod.name };
  const socket = await openChannelSocket(client, `${path}?ports=${pod.port}`, [PROTOCOL], about);
  return {
    join: (local, clock, events) => joinChannels(local, socket, clock, events),
    close: () => socket.terminate(),
  };
}

/** What a connection tells while it lives. */
export interface ConnectionEvents {
  /** So many bytes went one way; `fromPod` is true where they came from the pod. */
  moved(bytes: number, fromPod: boolean): void;
  /** The pod's end says what went wrong. */
  failed(message: string): void;
  /** The local end has its answer and has said its last; the pod's end is closed a little later. */
  finished(): void;
}

/**
 * Carries bytes between a local socket and a pod until either ends. Neither end is read faster than the other takes.
 * @returns what cuts both ends
 */
function joinChannels(local: Socket, socket: WebSocket, clock: Clock, events: ConnectionEvents): () => void {
  const opened = new Set<number>();
  let cancelTimer: Cancel | undefined;
  let localEnded = false;
  let answered = false;
  let drain = DRAIN_MILLISECONDS;
  const close = (): void => {
    cancelTimer?.();
    local.destroy();
    socket.terminate();
  };
  const closeAfter = (milliseconds: number): void => {
    cancelTimer?.();
    cancelTimer = clock.after(milliseconds, close, { background: true });
  };
  socket.on("message", (data) => {
    const { channel, payload } = unpack(data);
    const first = !opened.has(channel);
    opened.add(channel);
    const bytes = first ? payload.subarray(2) : payload;
    if (bytes.length === 0) return;
    if (channel === 1) {
      events.failed(bytes.toString("utf8"));
      return;
    }
    answered = true;
    events.moved(bytes.length, true);
    if (localEnded) closeAfter(drain);
    if (!local.write(bytes)) socket.pause();
  });
  local.on("drain", () => socket.resume());
  local.on("data", (chunk: Buffer) => {
    // The pod has ended: nobody is there to read this.
    if (socket.readyState !== socket.OPEN) return;
    answered = false;
    events.moved(chunk.length, false);
    local.pause();
    socket.send(Buffer.concat([Buffer.from([0]), chunk]), (error) => {
      if (error === undefined || error === null) local.resume();
      else close();
    });
  });
  local.on("end", () => {
    localEnded = true;
    // Half-closing cannot be told over this protocol: the other end is given time to finish its answer.
    if (answered) {
      drain = ANSWERED_DRAIN_MILLISECONDS;
      events.finished();
    }
    closeAfter(drain);
  });
  local.on("close", close);
  socket.on("close", () => {
    // What was written is flushed before the end; a local end that never closes its half must not stay for ever.
    closeAfter(LINGER_MILLISECONDS);
    local.end();
    local.resume();
  });
  socket.resume();
  local.resume();
  return close;
}

function unpack(data: RawData): { readonly channel: number; readonly payload: Buffer } {
  const bytes = Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
  return { channel: bytes[0] ?? 0, payload: bytes.subarray(1) };
}
