import { EventEmitter } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import xterm, { type IBufferCell } from "@xterm/headless";
import type { LocalClusters } from "../../src/app/local-clusters.ts";
import { runUi, type RunningUi, type UiOptions } from "../../src/app/run-ui.tsx";
import { defaultSettings } from "../../src/config/default-settings.gen.ts";
import { resolvePaths } from "../../src/config/paths.ts";
import type { Settings } from "../../src/config/settings-schema.ts";
import type { Clock } from "../../src/lib/clock.ts";
import { KelpieError } from "../../src/lib/errors.ts";
import type { Logger } from "../../src/lib/log.ts";
import type { Subscribable } from "../../src/lib/subscribable.ts";
import { FakeClock } from "./fake-clock.ts";
import { PATIENCE } from "./patience.ts";

/** What the keyboard sends for a key that is no plain character. */
const BYTES: Readonly<Record<string, string>> = {
  enter: "\r",
  escape: "\u001B",
  tab: "\t",
  "shift-tab": "\u001B[Z",
  backspace: "\u007F",
  space: " ",
  up: "\u001B[A",
  down: "\u001B[B",
  right: "\u001B[C",
  left: "\u001B[D",
  home: "\u001B[H",
  end: "\u001B[F",
  "page-up": "\u001B[5~",
  "page-down": "\u001B[6~",
  "shift-left": "\u001B[1;2D",
  "shift-right": "\u001B[1;2C",
  "shift-up": "\u001B[1;2A",
  "shift-down": "\u001B[1;2B",
  "ctrl-left": "\u001B[1;5D",
  "ctrl-right": "\u001B[1;5C",
  "ctrl-space": "\u0000",
  "ctrl-\\": "\u001C",
};

function bytesOf(key: string): string {
  const known = BYTES[key];
  if (known !== undefined) return known;
  const control = /^ctrl-([a-z])$/.exec(key)?.[1];
  if (control !== undefined) return String.fromCharCode(control.charCodeAt(0) - 96);
  const shifted = /^shift-([a-z])$/.exec(key)?.[1];
  return shifted === undefined ? key : shifted.toUpperCase();
}

/** A clock that goes on when a test says so. */
export interface TestClock extends Clock {
  advance(milliseconds: number): void;
}

export interface ScreenOptions {
  readonly clusters: UiOptions["clusters"];
  readonly local?: LocalClusters;
  readonly columns?: number;
  readonly rows?: number;
  readonly settings?: Partial<Settings>;
  readonly readOnly?: boolean;
  readonly namespace?: string;
  readonly initialCommand?: string;
  readonly autoStart?: boolean;
  /** Default: one that stands still but for `advance`. */
  readonly clock?: TestClock;
  readonly logger?: Logger;
  readonly env?: Readonly<Record<string, string>>;
  /** Files below KELPIE_HOME that are there before the start, by their path in it. */
  readonly files?: Readonly<Record<string, string>>;
}

export const NO_LOCAL: LocalClusters = {
  list: () => Promise.resolve([]),
  start: () => Promise.reject(new KelpieError("there are no local clusters in this test")),
  stop: () => Promise.reject(new KelpieError("there are no local clusters in this test")),
  remove: () => Promise.reject(new KelpieError("there are no local clusters in this test")),
};

/**
 * The whole program in this process on a terminal emulator. Every method waits until the program is idle and everything
 * it drew has arrived; then the cells of the screen are read, never the bytes.
 */
export class TestScreen {
  readonly clock: TestClock;
  readonly ui: RunningUi;
  readonly #terminal: InstanceType<typeof xterm.Terminal>;
  readonly #stdin: PassThrough;
  readonly #stdout: EventEmitter & { columns: number; rows: number };
  readonly #home = mkdtempSync(join(tmpdir(), "kelpie-screen-"));
  #clipboard = "";
  #bytes = "";
  readonly #drawn = new Set<() => void>();
  #writing = 0;
  #written: Array<() => void> = [];

  private constructor(options: ScreenOptions) {
    const { columns = 80, rows = 24 } = options;
    this.clock = options.clock ?? new FakeClock();
    this.#terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, convertEol: true });
    this.#terminal.parser.registerOscHandler(52, (data) => {
      this.#clipboard = Buffer.from(data.slice(data.indexOf(";") + 1), "base64").toString();
      return true;
    });
    const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode() {}, ref() {}, unref() {} });
    const write = (chunk: string, ...rest: unknown[]): boolean => {
      const done = rest.find((each) => typeof each === "function");
      this.#writing += 1;
      this.#bytes += chunk;
      this.#terminal.write(chunk, () => {
        this.#writing -= 1;
        for (const look of Array.from(this.#drawn)) look();
        done?.();
        if (this.#writing === 0) for (const resolve of this.#written.splice(0)) resolve();
      });
      return true;
    };
    const stdout = Object.assign(new EventEmitter(), { isTTY: true, columns, rows, writable: true, write });
    this.#stdin = stdin;
    this.#stdout = stdout;
    const env = { KELPIE_HOME: this.#home, TERM: "xterm-256color", EDITOR: "false", ...options.env };
    for (const [name, text] of Object.entries(options.files ?? {})) {
      mkdirSync(dirname(join(this.#home, name)), { recursive: true });
      writeFileSync(join(this.#home, name), text);
    }
    this.ui = runUi({
      clusters: options.clusters,
      local: options.local ?? NO_LOCAL,
      settings: { ...defaultSettings, ...options.settings },
      paths: resolvePaths(env),
      env,
      clock: this.clock,
      ...(options.logger === undefined ? {} : { logger: options.logger }),
      readOnly: options.readOnly,
      namespace: options.namespace,
      initialCommand: options.initialCommand,
      autoStart: options.autoStart ?? false,
      // The streams of a test: as much of a tty as the program uses.
      stdin: stdin as unknown as NodeJS.ReadStream,
      stdout: stdout as unknown as NodeJS.WriteStream,
      ownsProcess: false,
      maxFps: 1000,
    });
  }

  static async open(options: ScreenOptions): Promise<TestScreen> {
    const screen = new TestScreen(options);
    await screen.idle();
    return screen;
  }

  /** Where KELPIE_HOME is. */
  get home(): string {
    return this.#home;
  }

  /** Presses keys by name (`ctrl-d`), or the key of an action by the action's id (`resource.delete`). */
  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      this.#stdin.write(bytesOf(this.#keyOf(key)));
      await this.idle();
    }
  }

  /** Types characters one chunk each, as a fast typist. */
  async type(text: string): Promise<void> {
    for (const character of text) this.#stdin.write(character);
    await this.idle();
  }

  /** Sends bytes as they stand, in one chunk. */
  async send(bytes: string): Promise<void> {
    this.#stdin.write(bytes);
    await this.idle();
  }

  /** Presses the left button of the mouse on the first of such texts on the screen. */
  async click(text: string): Promise<void> {
    const y = this.lines().findIndex((line) => line.includes(text));
    if (y === -1) throw new Error(`there is no ${text} on the screen:\n${this.text()}`);
    const place = `${this.line(y).indexOf(text) + 1};${y + 1}`;
    await this.send(`\u001B[<0;${place}M\u001B[<0;${place}m`);
  }

  async paste(text: string): Promise<void> {
    await this.send(`\u001B[200~${text}\u001B[201~`);
  }

  async resize(columns: number, rows: number): Promise<void> {
    this.#terminal.resize(columns, rows);
    Object.assign(this.#stdout, { columns, rows });
    this.#stdout.emit("resize");
    await this.idle();
  }

  /** Lets time go on. */
  async advance(milliseconds: number): Promise<void> {
    this.clock.advance(milliseconds);
    await this.idle();
  }

  /** Resolves when no work is under way, no typed byte waits and all that was drawn is on the screen. */
  async idle(): Promise<void> {
    const { controller } = this.ui;
    for (let quiet = 0; quiet < 3;) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.ui.inputPending()) this.clock.advance(30);
      if (controller.busy.count.get() > 0) {
        await new Promise<void>((resolve) => {
          const end = controller.busy.count.subscribe(() => {
            if (controller.busy.count.get() > 0) return;
            end();
            resolve();
          });
        });
        quiet = 0;
      }
      await this.ui.flush();
      if (this.#writing > 0) {
        await new Promise<void>((resolve) => this.#written.push(resolve));
        quiet = 0;
      }
      quiet += 1;
    }
  }

  /** Resolves when a value of the program meets a condition, and the screen shows it. */
  async until<T>(value: Subscribable<T>, holds: (value: T) => boolean): Promise<void> {
    if (!holds(value.get())) {
      await new Promise<void>((resolve) => {
        const end = value.subscribe(() => {
          if (!holds(value.get())) return;
          end();
          resolve();
        });
      });
    }
    await this.idle();
  }

  /** Sends bytes and waits for nothing: another program has the terminal. */
  feed(bytes: string): void {
    this.#stdin.write(bytes);
  }

  /** Resolves when the screen matches; looks after everything that is drawn. Fails with the screen after `PATIENCE`. */
  async untilShown(wanted: RegExp | ((text: string) => boolean)): Promise<void> {
    await this.untilDrawn(wanted);
    await this.idle();
  }

  /** As `untilShown`, while another program has the terminal. */
  async untilDrawn(wanted: RegExp | ((text: string) => boolean)): Promise<void> {
    const matches = (): boolean => (wanted instanceof RegExp ? wanted.test(this.text()) : wanted(this.text()));
    if (!matches()) {
      await new Promise<void>((resolve, reject) => {
        const end = (): void => {
          clearTimeout(late);
          this.#drawn.delete(look);
        };
        const look = (): void => {
          if (!matches()) return;
          end();
          resolve();
        };
        const late = setTimeout(() => {
          end();
          reject(new Error(`the screen never showed ${String(wanted)}:\n${this.text()}`));
        }, PATIENCE);
        this.#drawn.add(look);
      });
    }
  }

  /** The bytes written to the terminal since this was asked last. */
  takeBytes(): string {
    const bytes = this.#bytes;
    this.#bytes = "";
    return bytes;
  }

  /** Every line of the screen, without the spaces at its end. */
  lines(): string[] {
    const buffer = this.#terminal.buffer.active;
    return Array.from({ length: this.#terminal.rows }, (_, y) =>
      (buffer.getLine(buffer.baseY + y)?.translateToString(true) ?? "").trimEnd(),
    );
  }

  text(): string {
    return this.lines().join("\n");
  }

  line(y: number): string {
    return this.lines().at(y) ?? "";
  }

  /** What the program has given the terminal for its clipboard last. */
  get clipboard(): string {
    return this.#clipboard;
  }

  /** The text of each file that was saved, oldest first. */
  saved(): string[] {
    return readdirSync(this.#home, { recursive: true, encoding: "utf8" })
      .filter((name) => /\bsaved\/[^/]+$/.test(name))
      .toSorted()
      .map((name) => readFileSync(join(this.#home, name), "utf8"));
  }

  /** Whether the program asked the terminal to report the mouse. */
  get reportsMouse(): boolean {
    return this.#terminal.modes.mouseTrackingMode !== "none";
  }

  /** The first words of the table's rows; the one under the cursor ends in ` *selected*`. */
  rows(): string[] {
    const lines = this.lines();
    const titles = lines.findIndex((line) => /^ ?(NAMESPACE|NAME)\b/.test(line));
    const wordAt = (lines[titles] ?? "").startsWith("NAMESPACE") ? 1 : 0;
    const rows: string[] = [];
    // Below the table stand the crumbs, where there is room for them, and the flash line.
    const end = lines.length - (lines.length >= 20 ? 2 : 1);
    for (let y = titles + 1; y < end && lines[y] !== ""; y += 1) {
      const word = (lines[y] ?? "").trim().split(/\s+/)[wordAt] ?? "";
      rows.push(this.isSelected(y) ? `${word} *selected*` : word);
    }
    return rows;
  }

  /** Whether a line has the background of the cursor. */
  isSelected(y: number): boolean {
    const buffer = this.#terminal.buffer.active;
    const line = buffer.getLine(buffer.baseY + y);
    // To the end of the line: a cell that has just changed has a background of its own.
    return [1, this.#terminal.cols - 1].every((x) => line?.getCell(x)?.isBgDefault() === false);
  }

  /** Palette number of the text at a place, -1 for the terminal's own colour. */
  colourAt(y: number, x: number): number {
    const buffer = this.#terminal.buffer.active;
    const cell = buffer.getLine(buffer.baseY + y)?.getCell(x);
    return cell === undefined || cell.isFgDefault() ? -1 : cell.getFgColor();
  }

  /** Palette number of what a text stands on, -1 for the terminal's own colour. The text is the first of its like. */
  backgroundOf(text: string): number {
    const cell = this.#cellOf(text);
    return cell.isBgDefault() ? -1 : cell.getBgColor();
  }

  isBold(text: string): boolean {
    return this.#cellOf(text).isBold() !== 0;
  }

  #cellOf(text: string): IBufferCell {
    const y = this.lines().findIndex((line) => line.includes(text));
    const buffer = this.#terminal.buffer.active;
    const cell = buffer.getLine(buffer.baseY + y)?.getCell(this.line(y).indexOf(text));
    if (y === -1 || cell === undefined) throw new Error(`there is no ${text} on the screen:\n${this.text()}`);
    return cell;
  }

  async close(): Promise<void> {
    this.ui.quit();
    await this.ui.finished;
    this.#terminal.dispose();
    rmSync(this.#home, { recursive: true, force: true });
  }

  #keyOf(key: string): string {
    const { bindings } = this.ui.controller;
    const action = bindings.actions.find((each) => each.id === key);
    if (action === undefined && (!key.includes(".") || key.length < 3)) return key;
    const [first] = action === undefined ? [] : bindings.keysOf(action);
    if (first === undefined) throw new Error(`no key does ${key}`);
    return first;
  }
}
