import { LogBatch, LogPlaces } from "./log-batch.ts";
import { LogTimeReader } from "./log-time.ts";

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Decides on a line of `bytes` from `start` to `end` with its time key: false leaves it out. */
export type KeepLine = (bytes: Buffer, start: number, end: number, key: number) => boolean;

/**
 * Cuts the bytes of a log with timestamps into lines. Characters split over chunks stay whole; a carriage return before
 * the newline is dropped; lines longer than `maxBytes` come in pieces. A line without a timestamp (a complaint of the
 * kubelet's own, a further piece of a giant line) has the time of the one before it.
 */
export class LogLineReader {
  readonly #maxBytes: number;
  readonly #keep: KeepLine;
  readonly #now: () => number;
  readonly #times = new LogTimeReader();
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #lastKey: number | undefined;
  #highestKey: number;

  /** @param lastKey of the line before the first one, where there was one @param highestKey of all lines before it */
  constructor(options: {
    readonly maxBytes: number;
    readonly keep: KeepLine;
    readonly now: () => number;
    readonly lastKey: number | undefined;
    readonly highestKey?: number | undefined;
  }) {
    this.#maxBytes = options.maxBytes;
    this.#keep = options.keep;
    this.#now = options.now;
    this.#lastKey = options.lastKey;
    this.#highestKey = options.highestKey ?? Number.NEGATIVE_INFINITY;
  }

  /** The lines that `chunk` completes. The batch keeps the chunk. */
  push(chunk: Buffer): LogBatch {
    let end = chunk.indexOf(NEWLINE);
    if (end === -1) {
      this.#pending.push(chunk);
      this.#pendingBytes += chunk.length;
      return this.#pendingBytes >= this.#maxBytes ? this.#takePending() : NO_LINES;
    }
    let bytes = chunk;
    if (this.#pendingBytes > 0) {
      bytes = Buffer.concat([...this.#pending, chunk]);
      end += this.#pendingBytes;
    }
    const places = new LogPlaces();
    let start = 0;
    for (; end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      this.#add(places, bytes, start, end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end);
      start = end + 1;
    }
    this.#pending = start < bytes.length ? [bytes.subarray(start)] : [];
    this.#pendingBytes = bytes.length - start;
    if (this.#pendingBytes >= this.#maxBytes) {
      this.#add(places, bytes, start, bytes.length);
      this.#pending = [];
      this.#pendingBytes = 0;
    }
    return new LogBatch(bytes, places);
  }

  /** What stands after the last newline: a line that was cut off, or the last one of a log that ends without. */
  rest(): Buffer | undefined {
    if (this.#pendingBytes === 0) return undefined;
    const [first, ...others] = this.#pending;
    return others.length === 0 ? first : Buffer.concat(this.#pending);
  }

  /** A line that ends where the log does. */
  last(bytes: Buffer): LogBatch {
    const places = new LogPlaces();
    const end = bytes.at(-1) === CARRIAGE_RETURN ? bytes.length - 1 : bytes.length;
    this.#add(places, bytes, 0, end);
    return new LogBatch(bytes, places);
  }

  /** The time key that the line would have, NaN where its timestamp is missing or was cut off. */
  keyOf(bytes: Buffer): number {
    return this.#times.read(bytes, 0, bytes.length);
  }

  #takePending(): LogBatch {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    return this.last(bytes);
  }

  #add(places: LogPlaces, bytes: Buffer, start: number, end: number): void {
    let key = this.#times.read(bytes, start, end);
    let textStart = start;
    if (Number.isNaN(key)) key = this.#lastKey ?? this.#now();
    else textStart = Math.min(end, this.#times.end + 1);
    this.#lastKey = key;
    if (!this.#keep(bytes, start, end, key)) return;
    // Lines of one container stay in their order, even where its clock is set back.
    this.#highestKey = Math.max(this.#highestKey, key);
    places.add(start, textStart, end, this.#highestKey);
  }
}

const NO_LINES = new LogBatch(Buffer.alloc(0), new LogPlaces());
