import { closeSync, constants, openSync, readFileSync, readlinkSync, write } from "node:fs";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { delay, type Clock } from "../../lib/clock.ts";
import { errorCode } from "../../lib/errors.ts";
import type { ContainerSupervision } from "./container-supervision.ts";
import { resizeTerminal } from "./process-session.ts";
import { RuntimeError } from "./runtime-error.ts";
import type { Session } from "./runtime.ts";

/** How long to wait before a full pipe is tried again. */
const PIPE_FULL_MILLISECONDS = 10;

/** The live output of a container from now on, and its standard input where it has one. */
export function attachTo(supervision: ContainerSupervision, id: string, clock: Clock): Session {
  const { directory, record, state } = supervision.get(id);
  if (state.state !== "running") {
    throw new RuntimeError("ContainerNotRunning", `container "${record.spec.name}" does not run`);
  }
  const { tty, stdin: hasInput, stdinOnce } = record.spec;
  const stdout = new Readable({ read() {} });
  const stderr = tty ? undefined : new Readable({ read() {} });
  const stop = supervision.onOutput(id, (stream, chunk) => void (stream === "stderr" ? stderr : stdout)?.push(chunk));
  const stdin = hasInput || tty ? inputOf(join(directory, "stdin.pipe"), clock) : undefined;
  let open = true;
  const endInput = (): void => {
    if (stdinOnce === true) supervision.closeStdin(id);
  };
  stdin?.once("close", endInput);
  const close = (): void => {
    if (!open) return;
    open = false;
    stop();
    stdin?.destroy();
    stdout.push(null);
    stderr?.push(null);
  };
  const exited = supervision.waitForExit(id).then(() => {
    close();
    return supervision.has(id) ? (supervision.get(id).state.exitCode ?? 137) : 137;
  });
  return {
    stdin,
    stdout,
    stderr,
    resize(columns, rows) {
      const terminal = state.pid === undefined || !tty ? undefined : terminalOf(state.pid);
      if (terminal !== undefined && columns > 0 && rows > 0) void resizeTerminal(terminal, columns, rows);
    },
    exited,
    close,
  };
}

/** Writes to a named pipe without ever blocking a thread: a container that does not read must not stall the engine. */
function inputOf(path: string, clock: Clock): Writable {
  let fd: number | undefined;
  const aborted = new AbortController();
  const writeAll = async (chunk: Buffer, done: (error: Error | null) => void): Promise<void> => {
    try {
      fd ??= openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
      for (let at = 0; at < chunk.length;) {
        const written = await writeSome(fd, chunk.subarray(at));
        if (written === 0) await delay(clock, PIPE_FULL_MILLISECONDS, aborted.signal);
        at += written;
      }
      done(null);
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  };
  const stream = new Writable({
    write(chunk: Buffer, _encoding, callback) {
      void writeAll(chunk, callback);
    },
    destroy(error, callback) {
      aborted.abort();
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
      callback(error);
    },
  });
  // A container that ended is seen by the end of its output.
  stream.on("error", () => {});
  return stream;
}

function writeSome(fd: number, chunk: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, chunk, (error, written) => {
      if (error === null) resolve(written);
      else if (errorCode(error) === "EAGAIN") resolve(0);
      else reject(error);
    });
  });
}

/** The machine's side of the terminal that script(1) made for a container. */
function terminalOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const parent = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? "";
    return [`/proc/${parent}/fd/0`, `/proc/${pid}/fd/0`]
      .map((path) => readlinkSync(path))
      .find((target) => target.startsWith("/dev/pts/"));
  } catch {
    return undefined;
  }
}
