import type { ExecSession } from "../../cluster/cluster.ts";
import { delay, type Clock } from "../../lib/clock.ts";
import type { HandedOverTerminal } from "../suspend.ts";

/** Ctrl-] three times in a row leaves a session that does not answer any more. */
const ESCAPE_BYTE = 0x1d;
const ESCAPE_COUNT = 3;
const CTRL_C = 0x03;

/** For output that is still on its way when the exit code has come. */
const DRAIN_MILLISECONDS = 500;

/**
 * What a program may leave switched on when it is cut off: attributes, mouse reports, pasted text in brackets, a hidden
 * cursor, application keys, another character set.
 */
const RESET =
  "\u001B[0m\u001B[?1000l\u001B[?1002l\u001B[?1003l\u001B[?1006l\u001B[?2004l\u001B[?25h\u001B[?1l\u001B>\u001B(B";

export type SessionEnd = { readonly by: "exit"; readonly code: number } | { readonly by: "user" };

/**
 * Joins the terminal and a process in a container until the process ends: bytes both ways, the size, nothing else.
 * With a tty every key goes to the process; without one lines are edited here and Ctrl-C leaves. Where the process takes
 * no input, nothing that is typed is shown.
 * @throws what `session.exited` rejects with
 */
export async function runRemoteSession(
  terminal: HandedOverTerminal,
  session: ExecSession,
  options: { readonly tty: boolean; readonly stdin: boolean; readonly clock: Clock },
): Promise<SessionEnd> {
  const { stdin, stdout } = terminal;
  const { stream } = session;
  const left = Promise.withResolvers<SessionEnd>();
  let escapes = 0;
  const onInput = (data: Buffer | string): void => {
    const bytes = typeof data === "string" ? Buffer.from(data, "utf8") : data;
    for (const byte of bytes) {
      escapes = byte === ESCAPE_BYTE ? escapes + 1 : 0;
      if (escapes === ESCAPE_COUNT || (!options.tty && byte === CTRL_C)) left.resolve({ by: "user" });
    }
    if (options.stdin && stream.writable && !stream.write(bytes)) {
      stdin.pause();
      stream.once("drain", () => stdin.resume());
    }
  };
  const onOutput = (data: Buffer): void => {
    if (stdout.write(data)) return;
    stream.pause();
    stdout.once("drain", () => stream.resume());
  };
  const onError = (data: Buffer): void => {
    stdout.write(data);
  };
  const onResize = (): void => session.resize(stdout.columns, stdout.rows);
  const onInterrupt = (): void => left.resolve({ by: "user" });
  const ended = new Promise<void>((resolve) => {
    stream.once("end", resolve);
    stream.once("close", resolve);
  });
  // The reason is told by `exited`; without a listener the error would end the process.
  const onStreamError = (): void => undefined;
  stream.on("error", onStreamError);
  const raw = options.tty || !options.stdin;
  if (raw) stdin.setRawMode(true);
  else process.on("SIGINT", onInterrupt);
  stdin.on("data", onInput);
  stdin.resume();
  stream.on("data", onOutput);
  session.stderr.on("data", onError);
  stdout.on("resize", onResize);
  onResize();
  try {
    const exited = session.exited.then((code): SessionEnd => ({ by: "exit", code }));
    const end = await Promise.race([exited, left.promise]);
    if (end.by === "user") exited.catch(() => undefined);
    else await Promise.race([ended, delay(options.clock, DRAIN_MILLISECONDS)]);
    return end;
  } finally {
    stdin.off("data", onInput);
    stdin.pause();
    process.off("SIGINT", onInterrupt);
    stdout.off("resize", onResize);
    stream.off("data", onOutput);
    session.stderr.off("data", onError);
    if (raw) stdin.setRawMode(false);
    if (options.tty) stdout.write(RESET);
    session.close();
  }
}
