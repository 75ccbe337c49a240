/** One line held by a log view. Never changed once made. */
export interface LogEntry {
  /** RFC 3339 with nanoseconds, as the server sent it. */
  readonly time: string;
  /** As the container wrote it, not sanitised. */
  readonly text: string;
  /** Index of the stream it came from; -1 for what kelpie says itself. */
  readonly source: number;
  readonly kind: "line" | "note" | "marker";
}

/** What a change did to the entries, as a pager wants to know it. */
export interface BufferChange {
  /** Entries that went away at the head, oldest first. */
  readonly dropped: readonly LogEntry[];
  /** So many entries at the head are the same as before, but for the dropped ones; those behind them may be new. */
  readonly stable: number;
}

/** What V8 keeps for a line beside its characters: measured, 222 bytes in all for one of 63 characters and its time. */
const OVERHEAD_BYTES = 128;
const COMPACT_AT = 4096;

/**
 * Lines of several streams in the order of their timestamps, bounded by bytes: when full, the oldest go and are counted.
 * Lines of one stream keep the order in which they came.
 */
export class LogBuffer {
  readonly #limit: number;
  readonly #sizeOf = (entry: LogEntry): number => OVERHEAD_BYTES + entry.text.length + entry.time.length;
  #entries: Array<LogEntry | undefined> = [];
  /** Places before this one are empty; cut off now and then. */
  #head = 0;
  #bytes = 0;
  #dropped = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  get length(): number {
    return this.#entries.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Lines that are older than all others would be dropped at once, or nearly so. */
  get full(): boolean {
    return this.#dropped > 0 || this.#bytes > this.#limit * 0.9;
  }

  /** Lines dropped for want of room since the last `clear`. */
  get dropped(): number {
    return this.#dropped;
  }

  at(index: number): LogEntry | undefined {
    return this.#entries[this.#head + index];
  }

  *[Symbol.iterator](): IterableIterator<LogEntry> {
    for (let index = this.#head; index < this.#entries.length; index += 1) {
      const entry = this.#entries[index];
      if (entry !== undefined) yield entry;
    }
  }

  clear(): void {
    this.#entries = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#dropped = 0;
  }

  /**
   * Adds entries of any streams. Those that are older than what is held are put in their place: behind what is held of
   * the same moment, or before it where they are `earlier` ones, read after what followed them.
   */
  add(batch: readonly LogEntry[], earlier = false): BufferChange {
    const sorted = batch.length > 1 && !inOrder(batch) ? batch.toSorted(byTime) : batch;
    const [first] = sorted;
    if (first === undefined) return { dropped: [], stable: this.length };
    for (const entry of sorted) this.#bytes += this.#sizeOf(entry);
    const last = this.#entries.at(-1);
    const appended = this.length === 0 || last === undefined || (!earlier && timeKey(last.time) <= timeKey(first.time));
    let stable = this.length;
    if (appended) for (const entry of sorted) this.#entries.push(entry);
    else stable = this.#merge(sorted, timeKey(first.time), earlier);
    const dropped = this.#trim();
    return { dropped, stable: Math.max(0, stable - dropped.length) };
  }

  /** @returns how many entries before the first new one stayed as they were */
  #merge(sorted: readonly LogEntry[], from: number, earlier: boolean): number {
    const isBehind = (held: number, added: number): boolean => held > added || (earlier && held === added);
    let at = this.#entries.length;
    while (at > this.#head && isBehind(timeKey(this.#entries[at - 1]?.time ?? ""), from)) at -= 1;
    const stable = at - this.#head;
    const tail = this.#entries.splice(at);
    let index = 0;
    for (const entry of sorted) {
      const key = timeKey(entry.time);
      for (let next = tail[index]; next !== undefined && !isBehind(timeKey(next.time), key); next = tail[index]) {
        this.#entries.push(next);
        index += 1;
      }
      this.#entries.push(entry);
    }
    for (; index < tail.length; index += 1) {
      const next = tail[index];
      if (next !== undefined) this.#entries.push(next);
    }
    return stable;
  }

  /** @returns what went */
  #trim(): readonly LogEntry[] {
    const gone: LogEntry[] = [];
    while (this.#bytes > this.#limit && this.length > 1) {
      const oldest = this.#entries[this.#head];
      if (oldest !== undefined) {
        this.#bytes -= this.#sizeOf(oldest);
        gone.push(oldest);
      }
      this.#entries[this.#head] = undefined;
      this.#head += 1;
    }
    this.#dropped += gone.length;
    if (this.#head > COMPACT_AT && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    return gone;
  }
}

function inOrder(batch: readonly LogEntry[]): boolean {
  let last = Number.NEGATIVE_INFINITY;
  for (const entry of batch) {
    const key = timeKey(entry.time);
    if (key < last) return false;
    last = key;
  }
  return true;
}

function byTime(left: LogEntry, right: LogEntry): number {
  return timeKey(left.time) - timeKey(right.time);
}

/**
 * Milliseconds since the epoch with a fraction, exact to a quarter of a microsecond: `Date.parse` alone stops at
 * milliseconds, in which a container writes many lines.
 */
export function timeKey(time: string): number {
  const milliseconds = Date.parse(time);
  if (Number.isNaN(milliseconds)) return 0;
  const point = time.indexOf(".");
  if (point === -1) return milliseconds;
  const digits = /^\d{3}(\d{1,6})/.exec(time.slice(point + 1))?.[1];
  return digits === undefined ? milliseconds : milliseconds + Number(`0.${digits}`);
}
