import { StringDecoder } from "node:string_decoder";
import { KeyParser, type InputEvent } from "../hotkeys/keys.ts";
import { nextTurn, type Cancel, type Clock } from "../lib/clock.ts";

/** The part of a tty's stdin that is used. */
export interface InputStream extends NodeJS.ReadableStream {
  readonly isTTY?: boolean;
  setRawMode?(on: boolean): unknown;
  ref?(): unknown;
  unref?(): unknown;
}

/** Bracketed paste. */
const PASTE_ON = "\u001B[?2004h";
/** Mouse buttons, with positions beyond 223. */
const MOUSE_ON = "\u001B[?1000h\u001B[?1006h";
export const MODES_OFF = "\u001B[?1006l\u001B[?1000l\u001B[?2004l";

/** How long an escape character may stand alone before it is the Escape key: sequences come in one piece or nearly so. */
const ESCAPE_MILLISECONDS = 25;

/** How long after a piece of a paste without marks another piece belongs to it. */
const BURST_MILLISECONDS = 150;

/**
 * Owns stdin, so that one place decides who gets its bytes: keys for the program, or raw bytes for a child or a remote
 * session while it is paused. Ink never reads stdin.
 */
export class TerminalInput {
  readonly #stdin: InputStream;
  readonly #write: (sequence: string) => void;
  readonly #clock: Clock;
  readonly #listener: (event: InputEvent) => void;
  readonly #modes: string;
  readonly #parser = new KeyParser();
  #decoder = new StringDecoder("utf8");
  #escape: Cancel | undefined;
  #running = false;

  constructor(
    stdin: InputStream,
    write: (sequence: string) => void,
    clock: Clock,
    listener: (event: InputEvent) => void,
    options: { readonly mouse: boolean },
  ) {
    this.#stdin = stdin;
    this.#write = write;
    this.#clock = clock;
    this.#listener = listener;
    this.#modes = options.mouse ? PASTE_ON + MOUSE_ON : PASTE_ON;
  }

  /** True while a lone escape character waits for what may follow it. */
  get pending(): boolean {
    return this.#parser.pending;
  }

  /** False while somebody else has the terminal. */
  get running(): boolean {
    return this.#running;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#stdin.setRawMode?.(true);
    this.#write(this.#modes);
    this.#stdin.on("data", this.#read);
    this.#stdin.ref?.();
    this.#stdin.resume();
  }

  /** Leaves stdin to somebody else, in cooked mode and not flowing. */
  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#escape?.();
    this.#stdin.off("data", this.#read);
    this.#stdin.pause();
    this.#write(MODES_OFF);
    this.#stdin.setRawMode?.(false);
    this.#stdin.unref?.();
    this.#decoder = new StringDecoder("utf8");
    this.#parser.flush();
  }

  readonly #read = (chunk: Buffer | string): void => {
    this.#escape?.();
    const text = typeof chunk === "string" ? chunk : this.#decoder.write(chunk);
    this.#emit(this.#parser.parse(text));
    if (!this.#parser.pending) return;
    // What has come already while the program was busy is read first: it belongs to what waits.
    this.#escape = this.#clock.after(this.#parser.bursting ? BURST_MILLISECONDS : ESCAPE_MILLISECONDS, () => {
      this.#escape = nextTurn(() => this.#emit(this.#parser.flush()));
    });
  };

  #emit(events: readonly InputEvent[]): void {
    // Keys typed ahead of a hand-over (a shell, an editor) are lost with it rather than run in the program.
    for (const event of events) if (this.#running) this.#listener(event);
  }
}
