import type { Readable } from "node:stream";
import type { Clock } from "../../../lib/clock.ts";
import { StatusError } from "../../machinery/status-error.ts";
import type { RemoteStreams } from "./remote-command.ts";
import type { SpdySession, SpdyStream } from "../../../lib/spdy/spdy-session.ts";
import { parseSize } from "./web-socket-command.ts";

const STREAM_TIMEOUT_MILLISECONDS = 30_000;

export interface SpdyCommandOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
  readonly clock: Clock;
}

/**
 * Waits until the client has opened the streams it asked for, each named by its header `streamType`.
 * @throws StatusError where they do not come within 30 s
 */
export function spdyStreams(session: SpdySession, options: SpdyCommandOptions): Promise<RemoteStreams> {
  const wanted = new Set(["error"]);
  for (const name of ["stdin", "stdout", "stderr"] as const) if (options[name]) wanted.add(name);
  if (options.tty) wanted.add("resize");
  const streams = new Map<string, SpdyStream>();
  const goneListeners: Array<() => void> = [];
  session.on("error", () => {
    for (const listener of goneListeners) listener();
  });
  return new Promise((resolve, reject) => {
    const cancel = options.clock.after(STREAM_TIMEOUT_MILLISECONDS, () => {
      reject(new StatusError(408, "Timeout", "the client did not open its streams in time"));
    });
    session.on("stream", (stream) => {
      streams.set(stream.headers["streamtype"] ?? "", stream);
      if (![...wanted].every((name) => streams.has(name))) return;
      cancel();
      resolve(remoteStreams(streams, goneListeners));
    });
  });
}

function remoteStreams(streams: ReadonlyMap<string, SpdyStream>, goneListeners: Array<() => void>): RemoteStreams {
  const error = streams.get("error");
  // The client sends nothing on these: reading them lets them end.
  for (const name of ["error", "stdout", "stderr"]) streams.get(name)?.resume();
  error?.on("close", () => {
    if (!error.writableFinished) for (const listener of goneListeners) listener();
  });
  return {
    stdin: streams.get("stdin"),
    stdout: streams.get("stdout"),
    stderr: streams.get("stderr"),
    async finish(status) {
      await new Promise<void>((resolve) => {
        if (error === undefined || error.destroyed) resolve();
        else error.end(JSON.stringify(status), () => resolve());
      });
      streams.get("resize")?.end();
      streams.get("stdin")?.end();
    },
    onResize(listener) {
      const resize = streams.get("resize");
      if (resize !== undefined) listenForSizes(resize, listener);
    },
    onGone: (listener) => void goneListeners.push(listener),
  };
}

/** Sizes come as JSON texts, one after the other, split anyhow. */
function listenForSizes(stream: Readable, listener: (columns: number, rows: number) => void): void {
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text += chunk.toString("utf8");
    for (let end = text.indexOf("}"); end !== -1; end = text.indexOf("}")) {
      const size = parseSize(text.slice(0, end + 1));
      text = text.slice(end + 1).trimStart();
      if (size !== undefined) listener(size.columns, size.rows);
    }
  });
}
