const FIRST_CAPACITY = 1024;

/**
 * Of each line its time and where its bytes stand, in typed arrays used as a ring: adding at the end, putting lines in
 * their place near the end, and taking from either end cost what they change.
 */
export class LogIndex {
  #mask = FIRST_CAPACITY - 1;
  #head = 0;
  #keys = new Float64Array(FIRST_CAPACITY);
  #segments = new Uint32Array(FIRST_CAPACITY);
  #offsets = new Uint32Array(FIRST_CAPACITY);
  #lengths = new Uint32Array(FIRST_CAPACITY);
  /** Length of the timestamp and the space after it, 0 where a line has none. */
  #leads = new Uint8Array(FIRST_CAPACITY);
  #sources = new Int16Array(FIRST_CAPACITY);
  length = 0;

  key(index: number): number {
    return this.#keys[(this.#head + index) & this.#mask] ?? 0;
  }

  segment(index: number): number {
    return this.#segments[(this.#head + index) & this.#mask] ?? 0;
  }

  offset(index: number): number {
    return this.#offsets[(this.#head + index) & this.#mask] ?? 0;
  }

  /** Bytes of the line with its timestamp. */
  size(index: number): number {
    return this.#lengths[(this.#head + index) & this.#mask] ?? 0;
  }

  lead(index: number): number {
    return this.#leads[(this.#head + index) & this.#mask] ?? 0;
  }

  source(index: number): number {
    return this.#sources[(this.#head + index) & this.#mask] ?? 0;
  }

  /** Makes room for more lines at the end; {@link set} fills it. */
  grow(by: number): void {
    while (this.length + by > this.#keys.length) this.#double();
    this.length += by;
  }

  /** Makes room for more lines at the beginning. */
  growFront(by: number): void {
    this.grow(by);
    this.#head = (this.#head - by) & this.#mask;
  }

  dropFirst(count: number): void {
    this.#head = (this.#head + count) & this.#mask;
    this.length -= count;
  }

  set(index: number, key: number, segment: number, offset: number, size: number, lead: number, source: number): void {
    const at = (this.#head + index) & this.#mask;
    this.#keys[at] = key;
    this.#segments[at] = segment;
    this.#offsets[at] = offset;
    this.#lengths[at] = size;
    this.#leads[at] = lead;
    this.#sources[at] = source;
  }

  move(from: number, to: number): void {
    const source = (this.#head + from) & this.#mask;
    const target = (this.#head + to) & this.#mask;
    this.#keys[target] = this.#keys[source] ?? 0;
    this.#segments[target] = this.#segments[source] ?? 0;
    this.#offsets[target] = this.#offsets[source] ?? 0;
    this.#lengths[target] = this.#lengths[source] ?? 0;
    this.#leads[target] = this.#leads[source] ?? 0;
    this.#sources[target] = this.#sources[source] ?? 0;
  }

  /** The same lines, which later changes leave alone. */
  copy(): LogIndex {
    const copy = new LogIndex();
    copy.#mask = this.#mask;
    copy.#head = this.#head;
    copy.#keys = this.#keys.slice();
    copy.#segments = this.#segments.slice();
    copy.#offsets = this.#offsets.slice();
    copy.#lengths = this.#lengths.slice();
    copy.#leads = this.#leads.slice();
    copy.#sources = this.#sources.slice();
    copy.length = this.length;
    return copy;
  }

  #double(): void {
    const capacity = this.#keys.length * 2;
    const head = this.#head;
    const unrolled = <A extends Float64Array | Uint32Array | Uint8Array | Int16Array>(from: A, into: A): A => {
      into.set(from.subarray(head), 0);
      into.set(from.subarray(0, head), from.length - head);
      return into;
    };
    this.#keys = unrolled(this.#keys, new Float64Array(capacity));
    this.#segments = unrolled(this.#segments, new Uint32Array(capacity));
    this.#offsets = unrolled(this.#offsets, new Uint32Array(capacity));
    this.#lengths = unrolled(this.#lengths, new Uint32Array(capacity));
    this.#leads = unrolled(this.#leads, new Uint8Array(capacity));
    this.#sources = unrolled(this.#sources, new Int16Array(capacity));
    this.#head = 0;
    this.#mask = capacity - 1;
  }
}
