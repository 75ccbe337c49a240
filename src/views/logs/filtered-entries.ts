import { plainText } from "./log-line.ts";
import type { BufferChange, LogBuffer, LogEntry } from "./log-buffer.ts";
import type { LogFilter } from "./log-filter.ts";
import { readRecord, type LogRecord } from "./log-record.ts";

/** What a filter lets through of a buffer, kept up to date at the cost of what changed. */
export class FilteredEntries {
  readonly filter: LogFilter;
  readonly #buffer: LogBuffer;
  #entries: LogEntry[] = [];

  constructor(buffer: LogBuffer, filter: LogFilter) {
    this.#buffer = buffer;
    this.filter = filter;
    this.#fill(0);
  }

  get length(): number {
    return this.#entries.length;
  }

  at(index: number): LogEntry | undefined {
    return this.#entries[index];
  }

  [Symbol.iterator](): IterableIterator<LogEntry> {
    return this.#entries[Symbol.iterator]();
  }

  /** Does to the filtered entries what a change did to all of them. */
  apply({ dropped, stable }: BufferChange): BufferChange {
    const gone: LogEntry[] = [];
    for (const entry of dropped) if (entry === this.#entries[gone.length]) gone.push(entry);
    this.#entries.splice(0, gone.length);
    // Before a new match stand lines that were not shown until now.
    const from = Math.max(0, stable - this.filter.context);
    const tail = new Set<LogEntry>();
    for (let index = from; index < this.#buffer.length; index += 1) {
      const entry = this.#buffer.at(index);
      if (entry !== undefined) tail.add(entry);
    }
    for (let last = this.#entries.at(-1); last !== undefined && tail.has(last); last = this.#entries.at(-1)) {
      this.#entries.pop();
    }
    const kept = this.#entries.length;
    this.#fill(from);
    return { dropped: gone, stable: kept };
  }

  /** Adds what is shown of the buffer from a place on. */
  #fill(from: number): void {
    const { context } = this.filter;
    const { length } = this.#buffer;
    let shownTo = -1;
    for (let index = Math.max(0, from - context); index < from; index += 1) {
      if (this.#matches(index)) shownTo = index + context;
    }
    let next = from;
    for (let index = from; index < length; index += 1) {
      if (this.#matches(index)) {
        shownTo = index + context;
        for (next = Math.max(next, index - context); next <= index; next += 1) this.#push(next);
      } else if (index <= shownTo) {
        this.#push(index);
        next = index + 1;
      }
    }
  }

  #push(index: number): void {
    const entry = this.#buffer.at(index);
    if (entry !== undefined) this.#entries.push(entry);
  }

  #matches(index: number): boolean {
    const entry = this.#buffer.at(index);
    if (entry === undefined) return false;
    // What kelpie says itself stands in every filtered log: a break is a break of that one too.
    if (entry.kind !== "line") return true;
    const text = plainText(entry.text);
    let record: LogRecord | undefined;
    return this.filter.matches({ text, record: () => (record ??= readRecord(text)) });
  }
}
