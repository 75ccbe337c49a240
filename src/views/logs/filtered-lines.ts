import { LineScan } from "../../ui/line-scan.ts";
import type { BufferChange, LogBuffer } from "./log-buffer.ts";
import type { LogFilter } from "./log-filter.ts";
import { plainText } from "./log-line.ts";
import type { StreamLabel } from "./log-streams.ts";
import { readLevel, readRecord, type LogRecord } from "./log-record.ts";

/** More than twice the most context, so that lines near each other are looked at once. */
const REMEMBERED = 512;

/**
 * What a filter lets through of a buffer, kept up to date at the cost of what changed. Looking
 * through what is held takes its time: `work` does a piece.
 */
export class FilteredLines {
  readonly filter: LogFilter;
  readonly #buffer: LogBuffer;
  readonly #scan: LineScan;
  readonly #label: (source: number) => StreamLabel | undefined;
  /** Index in the buffer of each line looked at last, counted so that it does not change, and whether it matched. */
  readonly #places = new Float64Array(REMEMBERED).fill(Number.NaN);
  readonly #matched = new Uint8Array(REMEMBERED);
  #base = 0;

  /** @param start index in the buffer of the line to look at first; then come those below it, then those above @param label whose lines those of a source are */
  constructor(
    buffer: LogBuffer,
    filter: LogFilter,
    start: number,
    label: (source: number) => StreamLabel | undefined = () => undefined,
  ) {
    this.#buffer = buffer;
    this.filter = filter;
    this.#label = label;
    this.#scan = new LineScan(start);
  }

  /** Lines known to pass so far. */
  get length(): number {
    return this.#scan.length;
  }

  get complete(): boolean {
    return this.#scan.complete(this.#buffer.length);
  }

  /** Share of what is held that was looked at, 0 to 1. */
  get progress(): number {
    return this.#scan.progress(this.#buffer.length);
  }

  /** Index in the buffer of a line that passes. */
  indexAt(place: number): number {
    return this.#scan.at(place);
  }

  /** Where a line of the buffer stands among those that pass, or would. */
  placeOf(index: number): number {
    return this.#scan.placeOf(index);
  }

  /** The buffer has changed; `work` looks at what is new. @returns the change to what passes */
  change({ dropped, stable }: BufferChange): BufferChange {
    this.#base += dropped;
    const end = this.#base + stable;
    for (let slot = 0; slot < REMEMBERED; slot += 1) {
      if ((this.#places[slot] ?? 0) >= end) this.#places[slot] = Number.NaN;
    }
    // Before a new match stand lines that were not shown until now.
    const gone = this.#scan.change(dropped, Math.max(0, stable - this.filter.context));
    return { dropped: gone, stable: this.#scan.length };
  }

  /** @param until `performance.now()` at which to stop @returns how many lines came before those that were there */
  work(until: number): number {
    return this.#scan.work(this.#buffer.length, (index) => this.#passes(index), until);
  }

  #passes(index: number): boolean {
    const { context } = this.filter;
    if (context === 0) return this.#matches(index);
    const last = Math.min(this.#buffer.length - 1, index + context);
    for (let near = Math.max(0, index - context); near <= last; near += 1) if (this.#remembered(near)) return true;
    return false;
  }

  #remembered(index: number): boolean {
    const place = index + this.#base;
    const slot = ((place % REMEMBERED) + REMEMBERED) % REMEMBERED;
    if (this.#places[slot] !== place) {
      this.#places[slot] = place;
      this.#matched[slot] = this.#matches(index) ? 1 : 0;
    }
    return this.#matched[slot] === 1;
  }

  #matches(index: number): boolean {
    // What kelpie says itself stands in every filtered log: a break is a break of that one too.
    const source = this.#buffer.sourceAt(index);
    if (source < 0) return true;
    const text = plainText(this.#buffer.textAt(index));
    let record: LogRecord | undefined;
    return this.filter.matches({
      text,
      label: this.#label(source),
      record: () => (record ??= readRecord(text)),
      level: () => (record === undefined ? readLevel(text) : record.level),
    });
  }
}
