import type { ExecSession } from "../../cluster/cluster.ts";
import type { Clock } from "../../lib/clock.ts";
import type { HandedOverTerminal } from "../suspend.ts";
import { runRemoteSession, type SessionEnd } from "./remote-session.ts";

const CTRL_C = 0x03;

/**
 * Opens a session on a terminal that is handed over already, and runs it: keys that are typed before it is there are
 * meant for it, and must not act on what the screen showed before. Ctrl-C gives up waiting.
 * @param open makes the session; the one that comes too late is closed
 * @throws what `open` and `session.exited` reject with
 */
export async function openRemoteSession(
  terminal: HandedOverTerminal,
  open: () => Promise<ExecSession>,
  options: {
    readonly tty: boolean;
    readonly stdin: boolean;
    readonly clock: Clock;
    /** What is being opened, and what to know when it is. */
    readonly opening: string;
    readonly opened: string;
  },
): Promise<SessionEnd | { readonly by: "impatience" }> {
  const { stdin, stdout } = terminal;
  const typed: Buffer[] = [];
  const gaveUp = Promise.withResolvers<undefined>();
  const onInput = (data: Buffer | string): void => {
    const bytes = Buffer.from(data);
    if (bytes.includes(CTRL_C)) gaveUp.resolve(undefined);
    else typed.push(bytes);
  };
  stdout.write(`kelpie: ${options.opening}; Ctrl-C gives up\r\n`);
  stdin.setRawMode(true);
  stdin.on("data", onInput);
  stdin.resume();
  let session: ExecSession | undefined;
  const coming = open();
  try {
    session = await Promise.race([coming, gaveUp.promise]);
  } finally {
    stdin.off("data", onInput);
    stdin.pause();
    stdin.setRawMode(false);
  }
  if (session === undefined) {
    coming.then(
      (late) => late.close(),
      () => undefined,
    );
    return { by: "impatience" };
  }
  stdout.write(`kelpie: ${options.opened}\r\n`);
  if (options.stdin) for (const bytes of typed) session.stream.write(bytes);
  return runRemoteSession(terminal, session, options);
}
