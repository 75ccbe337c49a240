import { spawn as spawnPty } from "@lydell/node-pty";
import xterm from "@xterm/headless";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { PATIENCE } from "./patience.ts";

const ROOT = join(import.meta.dirname, "../..");

/** The built command line. `npm test` builds before it runs the tests. */
export const PROGRAM = join(ROOT, "dist", "kelpie.js");

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end without a terminal. */
export function runCommand(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = execFile(command, args, { env, maxBuffer: 2 ** 26 }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? 128, stdout, stderr });
    });
    child.stdin?.end();
  });
}

/** Runs the built program without a terminal. */
export function runKelpie(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<CommandResult> {
  if (!existsSync(PROGRAM)) throw new Error("dist/kelpie.js is missing: run the tests with `npm test`, or build first");
  return runCommand(process.execPath, [PROGRAM, ...args], env);
}

/** The built program in a pseudo-terminal, with a terminal emulator that keeps its screen. */
export class PtyProgram {
  readonly #pty;
  readonly #terminal;
  readonly exited: Promise<number>;
  #cursorHidden = false;
  #waiters: Array<() => void> = [];

  constructor(
    args: readonly string[],
    options: {
      readonly env: Readonly<Record<string, string | undefined>>;
      readonly columns: number;
      readonly rows: number;
      readonly command?: string;
    },
  ) {
    const { columns, rows, env } = options;
    this.#terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
    const command = options.command ?? process.execPath;
    const commandArgs = options.command === undefined ? [PROGRAM, ...args] : [...args];
    this.#pty = spawnPty(command, commandArgs, {
      cols: columns,
      rows,
      name: "xterm-256color",
      env: { ...env, TERM: "xterm-256color" },
      cwd: ROOT,
    });
    for (const [final, hidden] of [
      ["h", false],
      ["l", true],
    ] as const) {
      this.#terminal.parser.registerCsiHandler({ prefix: "?", final }, ([mode]) => {
        if (mode === 25) this.#cursorHidden = hidden;
        return false;
      });
    }
    this.#pty.onData((data) => this.#terminal.write(data, () => this.#wake()));
    this.exited = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode }) => {
        resolve(exitCode);
        this.#wake();
      });
    });
  }

  /** Text of every row of the screen, without trailing blanks. */
  lines(): string[] {
    const { active } = this.#terminal.buffer;
    return Array.from({ length: this.#terminal.rows }, (_, row) => {
      return active.getLine(active.viewportY + row)?.translateToString(true) ?? "";
    });
  }

  /** The first row whose first cell has a background colour: the one under the cursor. -1 where there is none. */
  highlightedRow(): number {
    const { active } = this.#terminal.buffer;
    for (let row = 0; row < this.#terminal.rows; row += 1) {
      if (
        active
          .getLine(active.viewportY + row)
          ?.getCell(0)
          ?.isBgDefault() === false
      )
        return row;
    }
    return -1;
  }

  text(): string {
    return this.lines().join("\n");
  }

  get pid(): number {
    return this.#pty.pid;
  }

  /** Calls `listener` with every piece of output, before the emulator has taken it. */
  onData(listener: (data: string) => void): () => void {
    const subscription = this.#pty.onData(listener);
    return () => subscription.dispose();
  }

  /** Which screen buffer shows: the UI draws on the alternate one. */
  get buffer(): "normal" | "alternate" {
    return this.#terminal.buffer.active.type;
  }

  /** What the program has asked of the terminal and not taken back: `mouse`, `paste`, `hidden cursor`. */
  get modes(): readonly string[] {
    const { mouseTrackingMode, bracketedPasteMode } = this.#terminal.modes;
    return [
      ...(mouseTrackingMode === "none" ? [] : ["mouse"]),
      ...(bracketedPasteMode ? ["paste"] : []),
      ...(this.#cursorHidden ? ["hidden cursor"] : []),
    ];
  }

  /** Stops taking output, as a terminal whose connection is stuck. */
  pause(): void {
    this.#pty.pause();
  }

  resume(): void {
    this.#pty.resume();
  }

  /** Closes the terminal, as a window that is closed. */
  close(): void {
    // node-pty has it for as long as it is; its types do not.
    const pty: object = this.#pty;
    if ("destroy" in pty && typeof pty.destroy === "function") Reflect.apply(pty.destroy, pty, []);
  }

  write(data: string): void {
    this.#pty.write(data);
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  kill(signal: string): void {
    this.#pty.kill(signal);
  }

  /** Resolves when the screen matches; looks whenever something was drawn. Fails with the screen after `timeout` ms. */
  async waitFor(wanted: RegExp | ((text: string) => boolean), timeout = PATIENCE): Promise<void> {
    const matches = (): boolean => (wanted instanceof RegExp ? wanted.test(this.text()) : wanted(this.text()));
    const deadline = Date.now() + timeout;
    while (!matches()) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`the screen never showed ${String(wanted)}:\n${this.text()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiters.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }
}
