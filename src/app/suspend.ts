import { nextTurn } from "../lib/clock.ts";
import type { TerminalInput } from "./terminal-input.ts";

/** The terminal while kelpie is away from it. */
export interface HandedOverTerminal {
  /** Raw bytes from and to the terminal. Cooked mode, not flowing: call `setRawMode` for a remote session. */
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
}

/**
 * Leaves the alternate screen, stops reading stdin (so that a child with inherited stdio gets every key), ignores
 * SIGINT meant for the child, runs `body`, and takes the terminal back: raw mode, size, a full redraw.
 */
export type Suspend = <T>(body: (terminal: HandedOverTerminal) => Promise<T>) => Promise<T>;

/** Ink's own part of a hand-over; known once the screen has been drawn first. */
export type SuspendScreen = (body: () => Promise<void>) => Promise<void>;

/**
 * @param screen Ink's `suspendTerminal`
 * @param ownsProcess signals and the terminal's size are those of this process
 */
export function createSuspend(options: {
  readonly input: TerminalInput;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly screen: () => SuspendScreen | undefined;
  readonly ownsProcess: boolean;
}): Suspend {
  const { input, stdin, stdout, screen, ownsProcess } = options;
  return async (body) => {
    const suspendScreen = screen();
    if (suspendScreen === undefined) throw new Error("the screen is not drawn yet");
    let outcome: { readonly value: Awaited<ReturnType<typeof body>> } | undefined;
    await suspendScreen(async () => {
      input.stop();
      // libuv goes on reading a tty until the pause has been through its loop; a child's shell would lose keys or the
      // read would fail with EIO once another process group is in the foreground.
      await turn();
      await turn();
      try {
        outcome = { value: await body({ stdin, stdout }) };
      } finally {
        // Ink draws from where the cursor stands; anything but the first column would shift the first line.
        stdout.write("\r");
        // A resize during the hand-over went to the child's process group only: ask for the size again.
        if (ownsProcess) process.kill(process.pid, "SIGWINCH");
        await turn();
        input.start();
      }
    });
    if (outcome === undefined) throw new Error("the terminal was handed over and nothing came back");
    return outcome.value;
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    nextTurn(resolve);
  });
}
