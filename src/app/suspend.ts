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
