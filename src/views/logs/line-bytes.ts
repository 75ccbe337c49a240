/** Bytes of a segment of a log that has written much; the first ones are smaller. */
const LARGEST = 128 * 1024;
const SMALLEST = 4096;
/** Segments kept to be used again: giving them back and taking new ones at 50,000 lines a second would fill the heap. */
const MOST_SPARE = 32;

interface Segment {
  readonly bytes: Buffer;
  /** Lines in it that are still held. */
  live: number;
}

interface Writer {
  id: number;
  used: number;
  segment: Segment;
}

/**
 * The bytes of lines in large segments, those of each log in its own, so that lines which go away together lie
 * together. A segment goes when its last line does.
 */
export class LineBytes {
  readonly #segments = new Map<number, Segment>();
  readonly #writers = new Map<number, Writer>();
  readonly #spare: Buffer[] = [];
  #next = 0;
  /** Segments are not used again while somebody reads what was held at some time. */
  #readers = 0;
  /** Where the last line written stands; never the same for two lines that are held. */
  segment = 0;
  offset = 0;

  /** Copies a line of a log; tells its place in `segment` and `offset`. */
  write(log: number, bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    let writer = this.#writers.get(log);
    if (writer === undefined || writer.used + length > writer.segment.bytes.length) writer = this.#begin(log, length);
    bytes.copy(writer.segment.bytes, writer.used, start, end);
    writer.segment.live += 1;
    this.segment = writer.id;
    this.offset = writer.used;
    writer.used += length;
  }

  /** A line is held no more. */
  free(id: number): void {
    const segment = this.#segments.get(id);
    if (segment === undefined) return;
    segment.live -= 1;
    if (segment.live === 0) this.#release(id, segment);
  }

  bytesOf(id: number): Buffer | undefined {
    return this.#segments.get(id)?.bytes;
  }

  /** The segments as they are; they stay so until {@link unpin}. */
  pin(): ReadonlyMap<number, Buffer> {
    this.#readers += 1;
    return new Map(Array.from(this.#segments, ([id, { bytes }]) => [id, bytes]));
  }

  unpin(): void {
    this.#readers -= 1;
  }

  clear(): void {
    this.#segments.clear();
    this.#writers.clear();
  }

  #begin(log: number, length: number): Writer {
    const before = this.#writers.get(log);
    const size = Math.max(length, before === undefined ? SMALLEST : Math.min(LARGEST, before.segment.bytes.length * 2));
    const spare = size === LARGEST ? this.#spare.pop() : undefined;
    const segment = { bytes: spare ?? Buffer.allocUnsafeSlow(size), live: 0 };
    const writer = { id: this.#next, used: 0, segment };
    this.#next += 1;
    this.#segments.set(writer.id, segment);
    this.#writers.set(log, writer);
    if (before !== undefined && before.segment.live === 0) this.#release(before.id, before.segment);
    return writer;
  }

  #release(id: number, segment: Segment): void {
    for (const writer of this.#writers.values()) if (writer.segment === segment) return;
    this.#segments.delete(id);
    const { length } = segment.bytes;
    if (length === LARGEST && this.#readers === 0 && this.#spare.length < MOST_SPARE) this.#spare.push(segment.bytes);
  }
}
