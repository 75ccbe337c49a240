import type { LogLine } from "./cluster.ts";

/**
 * Remembers the lines of the last two seconds of a log, so that a resumed stream can leave out exactly those. The API
 * takes `sinceTime` in whole seconds, and lines of one moment may come in any order and be equal: counting equal lines
 * is the only way to lose none and to show none twice.
 */
export class ResumeWindow {
  #last: string | undefined;
  #second = "";
  #previousSecond = "";
  #current: LogLine[] = [];
  #previous: LogLine[] = [];
  /** How often each line of the window must still be left out. */
  #known: Map<string, number> | undefined;

  /** The newest timestamp seen. */
  get last(): string | undefined {
    return this.#last;
  }

  /** Begins a resumed stream. Returns the `sinceTime` to ask for, `undefined` where nothing was read yet. */
  resume(): string | undefined {
    if (this.#last === undefined) return undefined;
    this.#known = new Map();
    for (const line of [...this.#previous, ...this.#current]) {
      const key = keyOf(line);
      this.#known.set(key, (this.#known.get(key) ?? 0) + 1);
    }
    const start = this.#previousSecond === "" ? this.#second : this.#previousSecond;
    return new Date(start).toISOString().replace(".000", "");
  }

  /** Whether a line was not delivered before. */
  isNew(line: LogLine): boolean {
    if (this.#known !== undefined) {
      const key = keyOf(line);
      const count = this.#known.get(key) ?? 0;
      if (count > 0) {
        this.#known.set(key, count - 1);
        return false;
      }
    }
    this.#remember(line);
    return true;
  }

  /** Whether a line that was cut off, its time included, may be the beginning of one sent again. */
  maybeKnown(cut: string): boolean {
    for (const [line, count] of this.#known ?? []) if (count > 0 && line.startsWith(cut)) return true;
    return false;
  }

  #remember(line: LogLine): void {
    this.#last = line.time;
    const second = wholeSecond(line.time);
    if (second !== this.#second) {
      if (second < this.#second) {
        // Late by a moment: it belongs to the window all the same.
        this.#current.push(line);
        return;
      }
      this.#previous = this.#current;
      this.#previousSecond = this.#second;
      this.#current = [];
      this.#second = second;
    }
    this.#current.push(line);
  }
}

function keyOf(line: LogLine): string {
  return `${line.time} ${line.text}`;
}

/** The timestamp without its fraction, its zone kept. */
function wholeSecond(time: string): string {
  return time.slice(0, 19) + time.slice(19).replace(/^\.\d+/, "");
}
