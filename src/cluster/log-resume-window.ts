/** Half the bits of a hash of 53: all that a number holds exactly. */
const LOW_BITS = 2 ** 21;
/** Lines remembered at least, where so many came. */
const MOST_REMEMBERED = 8192;
/** How far the clock of a node may be set back while a stream is broken, where so much is remembered. */
const SECONDS_BACK = 10;

/** A resumed stream begins with a line that is not among the last ones that came: the log is rotated, or another one. */
export class OtherLogError extends Error {
  override readonly name = "OtherLogError";
}

/**
 * Remembers the last lines of a log, those of its last two seconds at least, so that a resumed stream can leave out
 * exactly those. The API takes `sinceTime` in whole seconds, and lines of one moment may come in any order and be equal:
 * counting equal lines is the only way to lose none and to show none twice. Of each line a hash of 53 bits is kept, its
 * timestamp included.
 */
export class ResumeWindow {
  readonly #seed = Math.floor(Math.random() * 2 ** 31);
  readonly #lines = new RememberedLines();
  #lastKey: number | undefined;
  #highestKey: number | undefined;
  /** The seconds of the last line and of the last one that was of another second. */
  #second = Number.NaN;
  #previousSecond = Number.POSITIVE_INFINITY;
  /** The latest second of which lines were forgotten. */
  #forgotten = Number.NEGATIVE_INFINITY;
  /** How often each line of the window must still be left out. */
  #known: Map<number, number> | undefined;
  #knownLeft = 0;
  #knownHighest = Number.NEGATIVE_INFINITY;
  /** A line of the window has come again, or none will. */
  #matched = true;
  #refuseGap = false;
  #gap = false;

  /** Time key of the line that came last; `undefined` before the first. */
  get lastKey(): number | undefined {
    return this.#lastKey;
  }

  /** The latest time key that has come: a clock may go back. */
  get highestKey(): number | undefined {
    return this.#highestKey;
  }

  /** Whether a line of the present stream has followed those that came before. */
  get matched(): boolean {
    return this.#matched;
  }

  /**
   * Begins a stream anew. Returns the `sinceTime` to ask for, `undefined` where nothing was read yet.
   *
   * @param refuseGap {@link isNew} throws where the stream turns out to be of another log
   */
  resume(refuseGap: boolean): string | undefined {
    this.#refuseGap = refuseGap;
    this.#matched = false;
    if (this.#lastKey === undefined) return undefined;
    const lines = this.#lines;
    const near = Math.max(this.#forgotten + 1, this.#second - SECONDS_BACK);
    const since = Math.min(this.#second, this.#previousSecond, near);
    const known = new Map<number, number>();
    this.#knownLeft = 0;
    for (let index = 0; index < lines.length; index += 1) {
      if (lines.secondAt(index) < since) continue;
      const hash = lines.hashAt(index);
      known.set(hash, (known.get(hash) ?? 0) + 1);
      this.#knownLeft += 1;
    }
    this.#known = known;
    this.#knownHighest = this.#highestKey ?? Number.NEGATIVE_INFINITY;
    return new Date(since * 1000).toISOString().replace(".000", "");
  }

  /**
   * Whether a line was not delivered before. `key` is its time key.
   *
   * @throws OtherLogError
   */
  isNew(bytes: Buffer, start: number, end: number, key: number): boolean {
    const hash = hashOf(bytes, start, end, this.#seed);
    const known = this.#known;
    if (known !== undefined) {
      const count = known.get(hash) ?? 0;
      if (count > 0) {
        known.set(hash, count - 1);
        this.#knownLeft -= 1;
        if (this.#knownLeft === 0) this.#known = undefined;
        this.#matched = true;
        return false;
      }
      // What stands before the known lines is forgotten, before the part that was asked for, or the rest of a long line.
      if (!this.#matched && key <= this.#knownHighest) return false;
    }
    if (!this.#matched) this.#begin(known !== undefined);
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
    return this.#knownLeft > 0 && !(key > this.#knownHighest);
  }

  /** Takes in the first line of a stream that has none of those known. */
  #begin(wasRead: boolean): void {
    if (this.#refuseGap) throw new OtherLogError("the log begins with a line that does not follow those that came");
    this.#matched = true;
    this.#gap = wasRead;
  }

  #remember(hash: number, key: number): void {
    this.#lastKey = key;
    this.#highestKey = Math.max(key, this.#highestKey ?? key);
    const second = Math.floor(key / 1000);
    if (second !== this.#second) {
      if (this.#lines.length > 0) this.#previousSecond = this.#second;
      this.#second = second;
    }
    const lines = this.#lines;
    while (lines.length >= MOST_REMEMBERED) {
      const first = lines.secondAt(0);
      if (first === this.#second || first === this.#previousSecond) break;
      this.#forgotten = Math.max(this.#forgotten, first);
      lines.dropFirst();
    }
    lines.push(hash, second);
  }
}

/** Hashes and seconds of lines in the order in which they came: a ring that takes 16 bytes for each. */
class RememberedLines {
  #hashes = new Float64Array(64);
  #seconds = new Float64Array(64);
  #head = 0;
  length = 0;

  hashAt(index: number): number {
    return this.#hashes[(this.#head + index) & (this.#hashes.length - 1)] ?? 0;
  }

  secondAt(index: number): number {
    return this.#seconds[(this.#head + index) & (this.#seconds.length - 1)] ?? 0;
  }

  push(hash: number, second: number): void {
    if (this.length === this.#hashes.length) this.#double();
    const at = (this.#head + this.length) & (this.#hashes.length - 1);
    this.#hashes[at] = hash;
    this.#seconds[at] = second;
    this.length += 1;
  }

  dropFirst(): void {
    this.#head = (this.#head + 1) & (this.#hashes.length - 1);
    this.length -= 1;
  }

  #double(): void {
    const unrolled = (from: Float64Array): Float64Array<ArrayBuffer> => {
      const into = new Float64Array(from.length * 2);
      into.set(from.subarray(this.#head), 0);
      into.set(from.subarray(0, this.#head), from.length - this.#head);
      return into;
    };
    this.#hashes = unrolled(this.#hashes);
    this.#seconds = unrolled(this.#seconds);
    this.#head = 0;
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
