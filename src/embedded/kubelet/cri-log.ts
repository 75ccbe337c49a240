const NEWLINE = 0x0a;
const SPACE = 0x20;
const PARTIAL = 0x50;

/** One line of a log file in the CRI format: `2026-01-02T03:04:05.678901234Z stdout F text`. */
export interface CriLine {
  /** RFC 3339 with nanoseconds, as written. */
  readonly time: string;
  readonly stream: "stdout" | "stderr";
  /** The container's line goes on in the next entry. */
  readonly partial: boolean;
  readonly text: Buffer;
}

/** Reads one line without its newline; `undefined` where it is not in the CRI format. */
export function parseCriLine(line: Buffer): CriLine | undefined {
  const first = line.indexOf(SPACE);
  const second = first === -1 ? -1 : line.indexOf(SPACE, first + 1);
  const third = second === -1 ? -1 : line.indexOf(SPACE, second + 1);
  if (third === -1) return undefined;
  return {
    time: line.toString("latin1", 0, first),
    stream: line.toString("latin1", first + 1, second) === "stderr" ? "stderr" : "stdout",
    // Tags are separated by colons; the first tells whether the line is partial.
    partial: line[second + 1] === PARTIAL,
    text: line.subarray(third + 1),
  };
}

/** Splits a stream of bytes into whole lines; what follows the last newline waits for more. */
export class LineSplitter {
  #rest: Buffer[] = [];

  /** The lines completed by `chunk`, without newlines. */
  push(chunk: Buffer): Buffer[] {
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const piece = chunk.subarray(start, end);
      lines.push(this.#rest.length === 0 ? piece : Buffer.concat([...this.#rest, piece]));
      this.#rest = [];
      start = end + 1;
    }
    // A copy: the caller reads the next chunk into the same memory.
    if (start < chunk.length) this.#rest.push(Buffer.from(chunk.subarray(start)));
    return lines;
  }
}

export interface LogFormat {
  readonly timestamps: boolean;
  /** Milliseconds since the epoch: earlier lines are left out. */
  readonly since?: number;
  readonly limitBytes?: number;
}

/** Turns CRI lines into what `kubectl logs` prints: partial lines joined, times added, cut at a number of bytes. */
export class LogFormatter {
  readonly #format: LogFormat;
  readonly #splitter = new LineSplitter();
  #remaining: number;
  #sinceReached: boolean;
  #midLine = false;

  constructor(format: LogFormat) {
    this.#format = format;
    this.#remaining = format.limitBytes ?? Number.POSITIVE_INFINITY;
    this.#sinceReached = format.since === undefined;
  }

  /** Nothing more will come out. */
  get full(): boolean {
    return this.#remaining <= 0;
  }

  push(chunk: Buffer): Buffer {
    const out: Buffer[] = [];
    for (const line of this.#splitter.push(chunk)) {
      if (this.full) break;
      const entry = parseCriLine(line);
      if (entry === undefined || !this.#isWanted(entry)) continue;
      if (this.#format.timestamps && !this.#midLine) this.#emit(out, Buffer.from(`${entry.time} `));
      this.#emit(out, entry.text);
      if (!entry.partial) this.#emit(out, NEWLINE_BUFFER);
      this.#midLine = entry.partial;
    }
    return Buffer.concat(out);
  }

  /** Lines are in order of time: once one is wanted, all that follow are. */
  #isWanted(entry: CriLine): boolean {
    if (!this.#sinceReached) this.#sinceReached = Date.parse(entry.time) >= (this.#format.since ?? 0);
    return this.#sinceReached;
  }

  #emit(out: Buffer[], bytes: Buffer): void {
    const taken = bytes.length > this.#remaining ? bytes.subarray(0, this.#remaining) : bytes;
    this.#remaining -= taken.length;
    out.push(taken);
  }
}

const NEWLINE_BUFFER = Buffer.from("\n");
