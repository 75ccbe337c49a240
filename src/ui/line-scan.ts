const FIRST_CAPACITY = 256;
/** Lines looked at between two looks at the clock. */
const LINES_A_LOOK = 16;

/**
 * Finds the lines of a growing text that meet a condition, a slice of time at a go: first those at and after the place
 * it began, then those before. What was found is kept while lines go away at the head or come at either end.
 */
export class LineScan {
  /** Positions that do not change when lines go away at the head: index plus `#base`. */
  #found = new Float64Array(FIRST_CAPACITY);
  #head = 0;
  #length = 0;
  #base = 0;
  #from: number;
  #to: number;

  /** @param start index where looking begins */
  constructor(start: number) {
    this.#from = start;
    this.#to = start;
  }

  /** Lines found so far. */
  get length(): number {
    return this.#length;
  }

  /** Index of the line that was found at a place. */
  at(place: number): number {
    return (this.#found[(this.#head + place) & (this.#found.length - 1)] ?? 0) - this.#base;
  }

  /** The place of the first line found at or after an index; `length` where there is none. */
  placeOf(index: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle) < index) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whether every one of `length` lines was looked at. */
  complete(length: number): boolean {
    return this.#from <= this.#base && this.#to >= this.#base + length;
  }

  /** Share of `length` lines that was looked at, 0 to 1. */
  progress(length: number): number {
    return length === 0 ? 1 : Math.min(1, (this.#to - Math.max(this.#from, this.#base)) / length);
  }

  /**
   * The lines have changed: `dropped` went away at the head (came, where negative), and of the others the first `stable`
   * are as they were.
   *
   * @returns how many of the lines found went away at the head
   */
  change(dropped: number, stable: number): number {
    this.#base += dropped;
    let gone = 0;
    while (gone < this.#length && this.at(gone) < 0) gone += 1;
    this.#head = (this.#head + gone) & (this.#found.length - 1);
    this.#length -= gone;
    const end = this.#base + stable;
    while (this.#length > 0 && this.at(this.#length - 1) >= stable) this.#length -= 1;
    this.#from = Math.min(Math.max(this.#from, this.#base), end);
    this.#to = Math.max(Math.min(this.#to, end), this.#from);
    return gone;
  }

  /**
   * Looks at lines that were not looked at, until all were or the time has come.
   *
   * @param until `performance.now()` at which to stop
   * @returns how many lines were found before those that were there
   */
  work(length: number, meets: (index: number) => boolean, until: number): number {
    let looks = 0;
    const late = (): boolean => {
      looks += 1;
      return looks % LINES_A_LOOK === 0 && performance.now() >= until;
    };
    for (const end = this.#base + length; this.#to < end;) {
      if (meets(this.#to - this.#base)) this.#push(this.#to);
      this.#to += 1;
      if (late()) return 0;
    }
    let before = 0;
    while (this.#from > this.#base) {
      this.#from -= 1;
      if (meets(this.#from - this.#base)) {
        this.#unshift(this.#from);
        before += 1;
      }
      if (late()) break;
    }
    return before;
  }

  #push(position: number): void {
    this.#grow();
    this.#found[(this.#head + this.#length) & (this.#found.length - 1)] = position;
    this.#length += 1;
  }

  #unshift(position: number): void {
    this.#grow();
    this.#head = (this.#head - 1) & (this.#found.length - 1);
    this.#found[this.#head] = position;
    this.#length += 1;
  }

  #grow(): void {
    const { length } = this.#found;
    if (this.#length < length) return;
    const larger = new Float64Array(length * 2);
    larger.set(this.#found.subarray(this.#head));
    larger.set(this.#found.subarray(0, this.#head), length - this.#head);
    this.#found = larger;
    this.#head = 0;
  }
}
