const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
/** `2026-01-01T00:00:` */
const MINUTE_LENGTH = 17;
const LONGEST = 64;
const SPACE = 0x20;
const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const COLON = 0x3a;
const Z = 0x5a;

/**
 * Milliseconds since the epoch with a fraction, exact to a quarter of a microsecond: `Date.parse` alone stops at
 * milliseconds, in which a container writes many lines. 0 for what is no time.
 */
export function timeKey(time: string): number {
  const milliseconds = Date.parse(time);
  if (Number.isNaN(milliseconds)) return 0;
  const point = time.indexOf(".");
  if (point === -1) return milliseconds;
  const digits = /^\d{3}(\d{1,6})/.exec(time.slice(point + 1))?.[1];
  return digits === undefined ? milliseconds : milliseconds + Number(`0.${digits}`);
}

/** A time key as RFC 3339, for lines that came without a timestamp of their own. */
export function timeOfKey(key: number): string {
  return new Date(key).toISOString();
}

/**
 * Reads the timestamps that stand before the lines of one log. They follow each other closely: what they say up to the
 * minute is compared with the one before, and parsed only where it differs.
 */
export class LogTimeReader {
  readonly #minute = Buffer.alloc(MINUTE_LENGTH);
  #minuteKey = Number.NaN;
  /** Where the timestamp read last ended. */
  end = 0;

  /** The time key of the line in `bytes` from `start` to `limit`; NaN where no timestamp with a space after it begins it. */
  read(bytes: Buffer, start: number, limit: number): number {
    if (limit - start < MINUTE_LENGTH + 3) return Number.NaN;
    for (let index = 0; index < MINUTE_LENGTH; index += 1) {
      if (bytes[start + index] !== this.#minute[index]) return this.#readAnew(bytes, start, limit);
    }
    const seconds = digit(bytes, start + MINUTE_LENGTH) * 10 + digit(bytes, start + MINUTE_LENGTH + 1);
    let at = start + MINUTE_LENGTH + 2;
    let fraction = 0;
    if (bytes[at] === POINT) {
      let unit = 1e8;
      for (at += 1; unit >= 1; at += 1, unit /= 10) {
        const one = digit(bytes, at);
        if (Number.isNaN(one)) break;
        fraction += one * unit;
      }
      if (unit === 1e8) return Number.NaN;
      while (!Number.isNaN(digit(bytes, at))) at += 1;
    }
    const zone = this.#zone(bytes, at);
    this.end = bytes[at] === Z ? at + 1 : at + 6;
    if (this.end > limit || (this.end < limit && bytes[this.end] !== SPACE)) return Number.NaN;
    return this.#minuteKey + seconds * 1000 + fraction / 1e6 - zone;
  }

  /** Milliseconds east of Greenwich; NaN where no zone stands. */
  #zone(bytes: Buffer, at: number): number {
    const sign = bytes[at];
    if (sign === Z) return 0;
    if ((sign !== PLUS && sign !== MINUS) || bytes[at + 3] !== COLON) return Number.NaN;
    const minutes =
      (digit(bytes, at + 1) * 10 + digit(bytes, at + 2)) * 60 + digit(bytes, at + 4) * 10 + digit(bytes, at + 5);
    return (sign === PLUS ? minutes : -minutes) * 60_000;
  }

  /** Another minute than before, or no timestamp at all. */
  #readAnew(bytes: Buffer, start: number, limit: number): number {
    const head = bytes.toString("latin1", start, Math.min(limit, start + LONGEST));
    const space = head.indexOf(" ");
    const time = space === -1 ? head : head.slice(0, space);
    if (!TIMESTAMP.test(time)) return Number.NaN;
    const minute = Date.parse(`${time.slice(0, MINUTE_LENGTH)}00Z`);
    if (Number.isNaN(minute)) return Number.NaN;
    this.#minute.write(time.slice(0, MINUTE_LENGTH), "latin1");
    this.#minuteKey = minute;
    return this.read(bytes, start, limit);
  }
}

/** The value of the digit at a place; NaN where none stands. */
function digit(bytes: Buffer, at: number): number {
  const value = (bytes[at] ?? 0) - 0x30;
  return value >= 0 && value <= 9 ? value : Number.NaN;
}
