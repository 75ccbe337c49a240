import { finished, pipeline } from "node:stream/promises";
import type { Readable, Writable } from "node:stream";
import { errorMessage } from "../../../lib/errors.ts";
import type { Session } from "../../runtimes/runtime.ts";
import { internalError, StatusError } from "../../machinery/status-error.ts";

/** The client's ends of an exec or attach, whatever the protocol. */
export interface RemoteStreams {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  /** Sends the outcome and ends the connection. */
  finish(status: object): Promise<void>;
  onResize(listener: (columns: number, rows: number) => void): void;
  /** The client went away. */
  onGone(listener: () => void): void;
}

/** Joins a session of the node agent with a client's streams until it ends or the client goes. */
export async function runRemoteCommand(session: Session, streams: RemoteStreams): Promise<void> {
  let gone = false;
  streams.onGone(() => {
    gone = true;
    session.close();
  });
  streams.onResize((columns, rows) => session.resize(columns, rows));
  connectInput(session, streams);
  const outputs = Promise.all([
    copy(session.stdout, streams.stdout),
    session.stderr === undefined ? undefined : copy(session.stderr, streams.stderr),
  ]);
  const status = await outcome(session, outputs);
  if (!gone) await streams.finish(status);
}

function connectInput(session: Session, streams: RemoteStreams): void {
  const { stdin } = session;
  if (streams.stdin === undefined) {
    stdin?.end();
    return;
  }
  streams.stdin.on("error", () => stdin?.end());
  if (stdin === undefined) {
    streams.stdin.resume();
    return;
  }
  // A command that ends without reading its input breaks the pipe; that is its right.
  stdin.on("error", () => streams.stdin?.resume());
  streams.stdin.pipe(stdin);
}

/** Ends `target` after the last byte. Without one the source is read all the same, so that the command is not held up. */
async function copy(source: Readable, target: Writable | undefined): Promise<void> {
  try {
    if (target === undefined) await finished(source.resume(), { writable: false });
    else await pipeline(source, target);
  } catch {
    // A stream cut short is not the command's failure: its exit code says how it went.
  }
}

async function outcome(session: Session, outputs: Promise<unknown>): Promise<object> {
  try {
    const [code] = await Promise.all([session.exited, outputs]);
    return exitStatus(code);
  } catch (error) {
    const failure = error instanceof StatusError ? error : internalError(errorMessage(error));
    return failure.toStatus();
  }
}

/** Upstream: k8s.io/cri-streaming remotecommand, the v4 protocol's status. */
function exitStatus(code: number): object {
  if (code === 0) return { metadata: {}, status: "Success" };
  return {
    metadata: {},
    status: "Failure",
    message: `command terminated with non-zero exit code: exit status ${code}`,
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: String(code) }] },
  };
}
