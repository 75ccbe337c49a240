import { once } from "node:events";
import type { Duplex, Writable } from "node:stream";
import { errorMessage, KelpieError } from "../../lib/errors.ts";
import type { Cluster } from "../cluster.ts";

/** A container to run commands in. */
export interface ContainerPlace {
  readonly cluster: Pick<Cluster, "exec">;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  /** The first lines of what it complained of. */
  readonly stderr: string;
}

/** A command that runs. */
export interface RunningCommand {
  readonly stream: Duplex;
  /** Its exit code. @throws NoProgramError, or the server's words */
  readonly exited: Promise<number>;
  /** The first lines of its standard error so far. */
  readonly complaints: () => string;
  /** Whether its input can be ended while it runs: servers before 1.30 cannot say so. */
  readonly endsInput: boolean;
  /** Breaks it off; `exited` is 0 then. */
  readonly close: () => void;
}

/** The program is not in the container's image. */
export class NoProgramError extends KelpieError {
  override readonly name = "NoProgramError";
}

/** What runtimes say where the command itself cannot be started. */
export const NOT_FOUND = /executable file not found|no such file or directory|not found in \$PATH|exec format error/i;
const MOST_OUTPUT_BYTES = 64 * 1024;

/** A text as one line of an error, without what follows the third line. */
export function firstLines(text: string): string {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(0, 3)
    .join("; ");
}

/**
 * Opens a command without a terminal. `exited` says so with a NoProgramError where the program is not there. The session
 * ends with the signal.
 */
export async function openCommand(
  { cluster, ...where }: ContainerPlace,
  command: readonly string[],
  options: { readonly stdin: boolean; readonly signal: AbortSignal },
): Promise<RunningCommand> {
  const { signal, stdin } = options;
  signal.throwIfAborted();
  const session = await cluster.exec({ ...where, command, tty: false, stdin }).catch((error: unknown) => {
    throw NOT_FOUND.test(errorMessage(error)) ? missing(command, error) : error;
  });
  const complaints = collect(session.stderr);
  const end = (): void => session.close();
  if (signal.aborted) end();
  signal.addEventListener("abort", end, { once: true });
  const exited = session.exited
    .finally(() => signal.removeEventListener("abort", end))
    .then(
      (code) => {
        if (code === 127 || (code === 126 && complaints() === "")) throw missing(command);
        return code;
      },
      (error: unknown) => {
        if (NOT_FOUND.test(errorMessage(error))) throw missing(command, error);
        throw error;
      },
    );
  exited.catch(() => undefined);
  return { stream: session.stream, exited, complaints, endsInput: session.endsInput, close: end };
}

/** Runs a command to its end. @throws NoProgramError */
export async function runInContainer(
  place: ContainerPlace,
  command: readonly string[],
  signal: AbortSignal,
): Promise<CommandResult> {
  const running = await openCommand(place, command, { stdin: false, signal });
  const stdout = collect(running.stream);
  const ended = firstOf(running.stream, ["end", "close"]);
  const code = await running.exited;
  // The last output may still be on its way.
  await ended;
  signal.throwIfAborted();
  return { code, stdout: stdout(), stderr: running.complaints() };
}

/** Resolves with the first of some events, and listens to none of them any more. */
export async function firstOf(stream: Duplex | Writable, events: readonly string[]): Promise<void> {
  const heard = new AbortController();
  try {
    await Promise.race(events.map((event) => once(stream, event, { signal: heard.signal })));
  } finally {
    heard.abort();
  }
}

function missing(command: readonly string[], cause?: unknown): NoProgramError {
  return new NoProgramError(`the container has no ${command[0] ?? "program"}`, { cause });
}

/** Reads a stream to its end and keeps its beginning. */
function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on("data", (chunk: Buffer | string) => {
    if (size >= MOST_OUTPUT_BYTES) return;
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    chunks.push(bytes);
  });
  return () => Buffer.concat(chunks).toString("utf8").trim();
}
