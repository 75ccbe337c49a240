import type { LogLine } from "./cluster.ts";
import { timeKey, timeOfKey } from "./log-time.ts";

/**
 * Lines of one container's log as they came: bytes, and where each line stands in them. Most lines of a busy log are
 * never looked at, so a line becomes text only when it is asked for.
 */
export class LogBatch implements Iterable<LogLine> {
  readonly bytes: Buffer;
  /** Where each line begins, with its timestamp. */
  readonly starts: readonly number[];
  /** Where what the container wrote begins; the line's start where the server sent no timestamp with it. */
  readonly textStarts: readonly number[];
  readonly ends: readonly number[];
  /** {@link timeKey} of each line. */
  readonly keys: readonly number[];

  constructor(bytes: Buffer, places: Pick<LogBatch, "starts" | "textStarts" | "ends" | "keys">) {
    this.bytes = bytes;
    this.starts = places.starts;
    this.textStarts = places.textStarts;
    this.ends = places.ends;
    this.keys = places.keys;
  }

  /** Lines that are there as text. */
  static of(lines: readonly LogLine[]): LogBatch {
    const places = new LogPlaces();
    const parts: string[] = [];
    let position = 0;
    for (const { time, text } of lines) {
      const textStart = position + time.length + 1;
      const end = textStart + Buffer.byteLength(text);
      places.add(position, textStart, end, timeKey(time));
      parts.push(`${time} ${text}`);
      position = end;
    }
    return new LogBatch(Buffer.from(parts.join("")), places);
  }

  get length(): number {
    return this.starts.length;
  }

  at(index: number): LogLine | undefined {
    const start = this.starts[index];
    const textStart = this.textStarts[index] ?? 0;
    if (start === undefined) return undefined;
    return {
      time:
        textStart === start ? timeOfKey(this.keys[index] ?? 0) : this.bytes.toString("latin1", start, textStart - 1),
      text: this.bytes.toString("utf8", textStart, this.ends[index]),
    };
  }

  /** The lines from one index up to another. */
  slice(from: number, to: number): LogBatch {
    return new LogBatch(this.bytes, {
      starts: this.starts.slice(from, to),
      textStarts: this.textStarts.slice(from, to),
      ends: this.ends.slice(from, to),
      keys: this.keys.slice(from, to),
    });
  }

  *[Symbol.iterator](): IterableIterator<LogLine> {
    for (let index = 0; index < this.length; index += 1) {
      const line = this.at(index);
      if (line !== undefined) yield line;
    }
  }
}

/** Where the lines of a batch stand, while it is made. */
export class LogPlaces {
  readonly starts: number[] = [];
  readonly textStarts: number[] = [];
  readonly ends: number[] = [];
  readonly keys: number[] = [];

  add(start: number, textStart: number, end: number, key: number): void {
    this.starts.push(start);
    this.textStarts.push(textStart);
    this.ends.push(end);
    this.keys.push(key);
  }
}
