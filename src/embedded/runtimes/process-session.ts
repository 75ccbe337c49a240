import { spawn } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { constants } from "node:os";
import { PassThrough, pipeline, Readable, Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { spawn as spawnTerminal } from "@lydell/node-pty";
import type { Clock } from "../../lib/clock.ts";
import { errorMessage } from "../../lib/errors.ts";
import { findTool } from "./host-tools.ts";
import { signalProcess } from "./process-identity.ts";
import { runCommand } from "./run-command.ts";
import { RuntimeError } from "./runtime-error.ts";
import type { ExecSpec, Session } from "./runtime.ts";

const HANGUP_GRACE_MILLISECONDS = 2000;
const FIRST_SIZE = { columns: 80, rows: 24 };

export interface SessionProcess {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock;
}

/** Starts a process whose streams are a session's, with a terminal if asked for. */
export function openSession(start: SessionProcess, spec: ExecSpec): Promise<Session> {
  return spec.tty ? openTerminal(start, spec) : openPipes(start, spec).then(({ session }) => session);
}

/** 128 + signal for a killed process, as shells report it. */
export function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  if (code !== null) return code;
  return 128 + (signal === null ? 0 : constants.signals[signal]);
}

/** HUP to the whole process group, then KILL to what stays. */
function closer(pid: number | undefined, exited: Promise<number>, clock: Clock): () => void {
  let closed = false;
  return () => {
    if (closed || pid === undefined) return;
    closed = true;
    signalProcess(-pid, "SIGHUP");
    const cancel = clock.after(HANGUP_GRACE_MILLISECONDS, () => void signalProcess(-pid, "SIGKILL"), {
      background: true,
    });
    void exited.then(cancel);
  };
}

async function openPipes(
  start: SessionProcess,
  spec: ExecSpec,
): Promise<{ readonly session: Session; readonly pid: number | undefined }> {
  const [program = "", ...args] = start.command;
  const child = spawn(program, args, {
    detached: true,
    env: { ...start.environment },
    stdio: [spec.stdin ? "pipe" : "ignore", "pipe", "pipe"],
  });
  const { stdin, stdout, stderr } = child;
  const exited = new Promise<number>((resolve) => {
    child.once("exit", (code, signal) => resolve(exitCodeOf(code, signal)));
    child.once("error", () => resolve(126));
  });
  // A client that goes away, or a command that does not read: the exit code tells all there is to tell.
  for (const stream of [stdin, stdout, stderr]) stream?.on("error", () => {});
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) => reject(new RuntimeError("ExecFailed", errorMessage(error), { cause: error })));
  });
  const session: Session = {
    stdin: stdin ?? undefined,
    stdout: kept(stdout),
    stderr: kept(stderr),
    resize() {},
    exited,
    close: closer(child.pid, exited, start.clock),
  };
  return { session, pid: child.pid };
}

/**
 * What a child says, for whoever comes to read it. At its exit Node lets go of what nobody reads yet, and a client may
 * still be opening its streams then.
 */
function kept(output: Readable | null): Readable {
  const held = new PassThrough();
  pipeline(output ?? Readable.from([]), held, () => undefined);
  return held;
}

async function openTerminal(start: SessionProcess, spec: ExecSpec): Promise<Session> {
  const library = await loadTerminalLibrary();
  return library === undefined ? openScriptTerminal(start, spec) : openLibraryTerminal(library, start, spec);
}

interface TerminalLibrary {
  readonly spawn: typeof spawnTerminal;
}

/** Its native part exists for some platforms only. */
async function loadTerminalLibrary(): Promise<TerminalLibrary | undefined> {
  try {
    return await import("@lydell/node-pty");
  } catch {
    return undefined;
  }
}

function openLibraryTerminal(library: TerminalLibrary, start: SessionProcess, spec: ExecSpec): Session {
  const [program = "", ...args] = start.command;
  const size = spec.size ?? FIRST_SIZE;
  const terminal = library.spawn(program, args, {
    cols: Math.max(1, size.columns),
    rows: Math.max(1, size.rows),
    env: { TERM: "xterm", ...start.environment },
    encoding: null,
  });
  const stdout = new Readable({
    read() {
      terminal.resume();
    },
  });
  let over = false;
  terminal.onData((data: string | Buffer) => {
    if (!stdout.push(typeof data === "string" ? Buffer.from(data) : data)) terminal.pause();
  });
  const exited = new Promise<number>((resolve) => {
    terminal.onExit(({ exitCode, signal }) => {
      over = true;
      stdout.push(null);
      resolve(signal === undefined || signal === 0 ? exitCode : 128 + signal);
    });
  });
  // The library takes text; a character may be cut in two by the network.
  const decoder = new StringDecoder("utf8");
  const stdin = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!over) terminal.write(decoder.write(chunk));
      done();
    },
    final(done) {
      // The end of input, as a terminal spells it.
      if (!over) terminal.write("\u0004");
      done();
    },
  });
  stdin.on("error", () => {});
  stdout.on("error", () => {});
  return {
    stdin: spec.stdin ? stdin : undefined,
    stdout,
    stderr: undefined,
    resize(columns, rows) {
      if (!over && columns > 0 && rows > 0) terminal.resize(columns, rows);
    },
    exited,
    close: closer(terminal.pid, exited, start.clock),
  };
}

/** script(1) owns the terminal; its size is changed from outside by stty(1). */
async function openScriptTerminal(start: SessionProcess, spec: ExecSpec): Promise<Session> {
  const script = findTool("script");
  if (script === undefined) {
    throw new RuntimeError("TerminalUnavailable", "a terminal needs the program script, which is not on this machine", {
      hint: "Install util-linux (on Debian also the package bsdutils)",
    });
  }
  const size = spec.size ?? FIRST_SIZE;
  const line = `stty rows ${size.rows} cols ${size.columns}; exec ${start.command.map(quoteForShell).join(" ")}`;
  const { session, pid } = await openPipes(
    {
      ...start,
      command: [script, "-qefc", line, "/dev/null"],
      environment: { SHELL: "/bin/sh", TERM: "xterm", ...start.environment },
    },
    { ...spec, stdin: true },
  );
  return {
    ...session,
    stderr: undefined,
    stdin: spec.stdin ? session.stdin : undefined,
    resize(columns, rows) {
      const terminal = pid === undefined ? undefined : terminalOf(pid);
      if (terminal !== undefined && columns > 0 && rows > 0) void resizeTerminal(terminal, columns, rows);
    },
  };
}

/** The terminal of the first child of script(1). */
function terminalOf(scriptPid: number): string | undefined {
  try {
    const [child] = readFileSync(`/proc/${scriptPid}/task/${scriptPid}/children`, "utf8").trim().split(" ");
    return readlinkSync(`/proc/${child ?? ""}/fd/0`);
  } catch {
    return undefined;
  }
}

export async function resizeTerminal(terminal: string, columns: number, rows: number): Promise<void> {
  await runCommand(["stty", "-F", terminal, "rows", String(rows), "cols", String(columns)]).catch(() => {});
}

export function quoteForShell(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
