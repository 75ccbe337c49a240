import type { LogBatch } from "../../cluster/log-batch.ts";
import { timeOfKey } from "../../cluster/log-time.ts";
import { LineBytes } from "./line-bytes.ts";
import { LogIndex } from "./log-index.ts";

/** One line held by a log view, as text: made when it is asked for. */
export interface LogEntry {
  /** RFC 3339 with nanoseconds, as the server sent it. */
  readonly time: string;
  /** As the container wrote it, not sanitised. */
  readonly text: string;
  /** Index of the stream it came from; negative for what kelpie says itself. */
  readonly source: number;
  readonly kind: "line" | "note" | "marker";
}

/** Sources of what kelpie says itself. */
export const NOTE = -1;
export const MARKER = -2;

export interface SourcedBatch {
  /** Index of the stream, {@link NOTE} or {@link MARKER}. */
  readonly source: number;
  readonly batch: LogBatch;
}

/** What a change did to the lines, as a pager wants to know it. */
export interface BufferChange {
  /** Lines that went away at the head. */
  readonly dropped: number;
  /** So many lines at the head are the same as before, but for the dropped ones; those behind them may be new. */
  readonly stable: number;
}

/** Lines as they were at some time. */
export interface HeldLines {
  readonly length: number;
  at(index: number): LogEntry;
  /** Time key of a line. */
  keyAt(index: number): number;
  sourceAt(index: number): number;
  /** As it came, with its timestamp; to be read at once. */
  bytesAt(index: number): Buffer;
}

/** A line among those held, whatever its index becomes. */
export interface LineMark {
  readonly key: number;
  readonly id: number;
}

/** What the index keeps of a line beside its bytes, half of its spare room included. */
const OVERHEAD_BYTES = 32;
/** More than any offset in a segment that has others. */
const SEGMENT_STEP = 2 ** 17;

/**
 * Lines of several streams in the order of their timestamps, bounded by bytes: when full, the oldest go and are counted.
 * Lines of one stream keep the order in which they came. Lines are kept as the bytes that came.
 */
export class LogBuffer implements HeldLines {
  readonly #limit: number;
  readonly #lines = new LineBytes();
  readonly #index = new LogIndex();
  #bytes = 0;
  #dropped = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  get length(): number {
    return this.#index.length;
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

  at(index: number): LogEntry {
    return entryOf(this.#index, index, this.#lines.bytesOf(this.#index.segment(index)));
  }

  keyAt(index: number): number {
    return this.#index.key(index);
  }

  sourceAt(index: number): number {
    return this.#index.source(index);
  }

  bytesAt(index: number): Buffer {
    return bytesOf(this.#index, index, this.#lines.bytesOf(this.#index.segment(index)));
  }

  /** Tells a line from all others held. */
  idAt(index: number): number {
    return this.#index.segment(index) * SEGMENT_STEP + this.#index.offset(index);
  }

  textAt(index: number): string {
    return textOf(this.#index, index, this.#lines.bytesOf(this.#index.segment(index)));
  }

  markAt(index: number): LineMark {
    return { key: this.keyAt(index), id: this.idAt(index) };
  }

  /** Where a line stands now; where it would, if it is held no more. */
  indexOf({ key, id }: LineMark): number {
    const first = this.#firstFrom(key, true);
    for (let index = first; index < this.length && this.keyAt(index) === key; index += 1) {
      if (this.idAt(index) === id) return index;
    }
    return first;
  }

  /** What is held now, for reading at leisure: `release` when that is done. */
  snapshot(): HeldLines & { readonly release: () => void } {
    const index = this.#index.copy();
    const segments = this.#lines.pin();
    return {
      length: index.length,
      at: (line) => entryOf(index, line, segments.get(index.segment(line))),
      keyAt: (line) => index.key(line),
      sourceAt: (line) => index.source(line),
      bytesAt: (line) => bytesOf(index, line, segments.get(index.segment(line))),
      release: () => this.#lines.unpin(),
    };
  }

  clear(): void {
    this.#index.dropFirst(this.#index.length);
    this.#lines.clear();
    this.#bytes = 0;
    this.#dropped = 0;
  }

  /**
   * Adds lines of any streams. Those that are older than what is held are put in their place: behind what is held of
   * the same moment, or before it where they are `earlier` ones, read after what followed them.
   */
  add(batches: readonly SourcedBatch[], earlier = false): BufferChange {
    const added = this.#take(batches);
    const count = added.keys.length;
    const held = this.length;
    if (count === 0) return { dropped: 0, stable: held };
    const first = added.keys[added.order[0] ?? 0] ?? 0;
    const last = added.keys[added.order[count - 1] ?? 0] ?? 0;
    let stable = held;
    if (earlier && held > 0 && last <= this.keyAt(0)) {
      stable = 0;
      this.#index.growFront(count);
      for (let index = 0; index < count; index += 1) this.#set(index, added, index);
    } else {
      if (held > 0) stable = this.#firstFrom(first, earlier);
      this.#merge(added, held, stable, earlier);
    }
    const dropped = this.#trim();
    return { dropped, stable: Math.max(0, stable - dropped) };
  }

  /** Copies the bytes of lines and puts the lines themselves in order. */
  #take(batches: readonly SourcedBatch[]): AddedLines {
    const added = new AddedLines();
    let ordered = true;
    let last = Number.NEGATIVE_INFINITY;
    for (const { source, batch } of batches) {
      const { bytes, starts, textStarts, ends, keys } = batch;
      for (let line = 0; line < starts.length; line += 1) {
        const start = starts[line] ?? 0;
        const end = ends[line] ?? 0;
        const key = keys[line] ?? 0;
        this.#lines.write(source, bytes, start, end);
        this.#bytes += end - start + OVERHEAD_BYTES;
        added.add(key, this.#lines.segment, this.#lines.offset, end - start, (textStarts[line] ?? 0) - start, source);
        if (key < last) ordered = false;
        last = key;
      }
    }
    if (!ordered) added.sort();
    return added;
  }

  /** Puts lines among those from `from` on, from behind, so that each is moved once at most. */
  #merge(added: AddedLines, held: number, from: number, earlier: boolean): void {
    let next = added.keys.length - 1;
    this.#index.grow(added.keys.length);
    let old = held - 1;
    for (let to = this.length - 1; next >= 0; to -= 1) {
      const key = added.keys[added.order[next] ?? 0] ?? 0;
      const oldKey = old >= from ? this.keyAt(old) : Number.NEGATIVE_INFINITY;
      if (oldKey > key || (earlier && oldKey === key)) {
        this.#index.move(old, to);
        old -= 1;
      } else {
        this.#set(to, added, next);
        next -= 1;
      }
    }
  }

  #set(index: number, added: AddedLines, place: number): void {
    const line = added.order[place] ?? 0;
    this.#index.set(
      index,
      added.keys[line] ?? 0,
      added.segments[line] ?? 0,
      added.offsets[line] ?? 0,
      added.sizes[line] ?? 0,
      added.leads[line] ?? 0,
      added.sources[line] ?? 0,
    );
  }

  /** The first index whose key is above `key`, or not below it where `equal`. */
  #firstFrom(key: number, equal: boolean): number {
    let low = 0;
    let high = this.length;
    // Nearly always it is the end.
    if (high > 0 && this.keyAt(high - 1) < key) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const found = this.keyAt(middle);
      if (found > key || (equal && found === key)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** @returns how many went */
  #trim(): number {
    let gone = 0;
    while (this.#bytes > this.#limit && gone < this.length - 1) {
      this.#bytes -= this.#index.size(gone) + OVERHEAD_BYTES;
      this.#lines.free(this.#index.segment(gone));
      gone += 1;
    }
    this.#index.dropFirst(gone);
    this.#dropped += gone;
    return gone;
  }
}

/** Lines on their way into the index. */
class AddedLines {
  readonly keys: number[] = [];
  readonly segments: number[] = [];
  readonly offsets: number[] = [];
  readonly sizes: number[] = [];
  readonly leads: number[] = [];
  readonly sources: number[] = [];
  order: number[] = [];

  add(key: number, segment: number, offset: number, size: number, lead: number, source: number): void {
    this.order.push(this.keys.length);
    this.keys.push(key);
    this.segments.push(segment);
    this.offsets.push(offset);
    this.sizes.push(size);
    this.leads.push(lead);
    this.sources.push(source);
  }

  /** By time; lines of one moment stay in the order in which they came. */
  sort(): void {
    const { keys } = this;
    this.order.sort((left, right) => (keys[left] ?? 0) - (keys[right] ?? 0) || left - right);
  }
}

function bytesOf(index: LogIndex, line: number, bytes: Buffer = NO_BYTES): Buffer {
  const start = index.offset(line);
  return bytes.subarray(start, start + index.size(line));
}

const NO_BYTES = Buffer.alloc(0);

function textOf(index: LogIndex, line: number, bytes: Buffer | undefined): string {
  const start = index.offset(line);
  return bytes?.toString("utf8", start + index.lead(line), start + index.size(line)) ?? "";
}

function entryOf(index: LogIndex, line: number, bytes: Buffer | undefined): LogEntry {
  const source = index.source(line);
  const lead = index.lead(line);
  const start = index.offset(line);
  return {
    time: lead === 0 ? timeOfKey(index.key(line)) : (bytes?.toString("latin1", start, start + lead - 1) ?? ""),
    text: textOf(index, line, bytes),
    source,
    kind: source === NOTE ? "note" : source === MARKER ? "marker" : "line",
  };
}
