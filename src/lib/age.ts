/**
 * A duration as kubectl prints it in AGE columns (`duration.HumanDuration` of apimachinery): `5s`, `3m20s`, `4h`,
 * `2d3h`, `400d`, `2y35d`. Negative durations up to two seconds (clock skew) are `0s`, more are `<invalid>`.
 * @param milliseconds the duration
 */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 60 * 2) return `${seconds}s`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes < 10) return pair(minutes, "m", seconds % 60, "s");
  if (minutes < 60 * 3) return `${minutes}m`;
  const hours = Math.trunc(minutes / 60);
  if (hours < 8) return pair(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (hours < 24 * 8) return pair(days, "d", hours % 24, "h");
  if (hours < 24 * 365 * 2) return `${days}d`;
  const years = Math.trunc(days / 365);
  if (hours < 24 * 365 * 8) return pair(years, "y", days % 365, "d");
  return `${years}y`;
}

function pair(big: number, bigUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${big}${bigUnit}` : `${big}${bigUnit}${small}${smallUnit}`;
}

/** The age of an RFC 3339 time at `now` (milliseconds since the epoch); `<unknown>` where there is none. */
export function ageOf(timestamp: string | null | undefined, now: number): string {
  if (timestamp === undefined || timestamp === null || timestamp === "") return "<unknown>";
  const then = parseTime(timestamp);
  return Number.isNaN(then) ? "<unknown>" : humanDuration(now - then);
}

const RFC3339_SECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/**
 * Milliseconds since the epoch of an RFC 3339 time, `NaN` where the text is none. Times in whole seconds of UTC, as
 * every `creationTimestamp` is, are read ten times faster than by `Date.parse`: sorting reads one for every row.
 */
export function parseTime(text: string): number {
  if (!RFC3339_SECONDS.test(text)) return Date.parse(text);
  const two = (at: number): number => (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;
  return Date.UTC(two(0) * 100 + two(2), two(5) - 1, two(8), two(11), two(14), two(17));
}
