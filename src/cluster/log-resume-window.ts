/** Half the bits of a hash of 53: all that a number holds exactly. */
const LOW_BITS = 2 ** 21;

/**
 * Remembers the lines of the last two seconds of a log, so that a resumed stream can leave out exactly those. The API
 * takes `sinceTime` in whole seconds, and lines of one moment may come in any order and be equal: counting equal lines
 * is the only way to lose none and to show none twice. Of each line a hash of 53 bits is kept, its timestamp included.
 */
export class ResumeWindow {
  /** Whether the log was asked for from a place on: what stands before its first line is not wanted. */
  readonly #windowed: boolean;
  readonly #seed = Math.floor(Math.random() * 2 ** 31);
  #lastKey: number | undefined;
  #second = Number.NEGATIVE_INFINITY;
  #previousSecond: number | undefined;
  #current = new Hashes();
  #previous = new Hashes();
  /** How often each line of the window must still be left out. */
  #known: Map<number, number> | undefined;
  #knownLeft = 0;
  #knownLast = Number.NEGATIVE_INFINITY;
  /** A line of the window has come again. */
  #matched = false;
  /** A resumed stream began with a line that is newer than all that were known, and none of them came before it. */
  #gap = false;

  constructor(options: { readonly windowed: boolean }) {
    this.#windowed = options.windowed;
  }

  /** Time key of the line that came last; `undefined` before the first. */
  get lastKey(): number | undefined {
    return this.#lastKey;
  }

  /** Begins a resumed stream. Returns the `sinceTime` to ask for, `undefined` where nothing was read yet. */
  resume(): string | undefined {
    if (this.#lastKey === undefined) return undefined;
    const known = new Map<number, number>();
    for (const hashes of [this.#previous, this.#current]) {
      for (let index = 0; index < hashes.length; index += 1) {
        const hash = hashes.at(index);
        known.set(hash, (known.get(hash) ?? 0) + 1);
      }
    }
    this.#known = known;
    this.#knownLeft = this.#previous.length + this.#current.length;
    this.#knownLast = this.#lastKey;
    this.#matched = false;
    const start = this.#previousSecond ?? this.#second;
    return new Date(start * 1000).toISOString().replace(".000", "");
  }

  /** Whether a line was not delivered before. `key` is its time key. */
  isNew(bytes: Buffer, start: number, end: number, key: number): boolean {
    const hash = hashOf(bytes, start, end, this.#seed);
    if (this.#known !== undefined) {
      const count = this.#known.get(hash) ?? 0;
      if (count > 0) {
        this.#known.set(hash, count - 1);
        this.#knownLeft -= 1;
        if (this.#knownLeft === 0) this.#known = undefined;
        this.#matched = true;
        return false;
      }
      // The whole second is sent again, and with it what stands before the window that was asked for.
      if (this.#windowed && !this.#matched && key <= this.#knownLast) return false;
      if (!this.#matched && key > this.#knownLast) {
        this.#gap = true;
        this.#matched = true;
      }
    }
    this.#remember(hash, key);
    return true;
  }

  /** Whether lines may be missing before the first new one since the last call: the server had none of those known. */
  takeGap(): boolean {
    const gap = this.#gap;
    this.#gap = false;
    return gap;
  }

  /**
   * Whether a line of this time that was cut off may be the beginning of one that was delivered already. What was
   * delivered is sent again before anything new, so it may while some of that is still to come.
   *
   * @param key NaN where not even the timestamp is whole
   */
  maybeKnown(key: number): boolean {
    return this.#knownLeft > 0 && !(key > this.#knownLast);
  }

  #remember(hash: number, key: number): void {
    this.#lastKey = key;
    const second = Math.floor(key / 1000);
    // Late by a moment: it belongs to the window all the same.
    if (second > this.#second) {
      const cleared = this.#previous;
      this.#previous = this.#current;
      if (this.#second !== Number.NEGATIVE_INFINITY) this.#previousSecond = this.#second;
      cleared.clear();
      this.#current = cleared;
      this.#second = second;
    }
    this.#current.push(hash);
  }
}

/** A list of numbers that takes eight bytes for each. */
class Hashes {
  #values = new Float64Array(64);
  length = 0;

  at(index: number): number {
    return this.#values[index] ?? 0;
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Float64Array(this.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length] = value;
    this.length += 1;
  }

  clear(): void {
    this.length = 0;
  }
}

/** FNV-1a and another one beside it, mixed at the end. */
function hashOf(bytes: Buffer, start: number, end: number, seed: number): number {
  let one = seed ^ 0x811c9dc5;
  let two = seed ^ 0x9e3779b9;
  for (let index = start; index < end; index += 1) {
    const byte = bytes[index] ?? 0;
    one = Math.imul(one ^ byte, 0x01000193);
    two = Math.imul(two ^ byte, 0x85ebca6b);
    two ^= two >>> 13;
  }
  one = Math.imul(one ^ (one >>> 16), 0x85ebca6b);
  two = Math.imul(two ^ (two >>> 15), 0xc2b2ae35);
  return ((one ^ (one >>> 13)) >>> 0) * LOW_BITS + ((two ^ (two >>> 16)) >>> 11);
}
