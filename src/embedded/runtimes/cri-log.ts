/** The longest piece of a line in a CRI log, as containerd's default `max_container_log_line_size`. */
export const MAX_PIECE_BYTES = 16 * 1024;

const NEWLINE = 10;

export interface EncodedLines {
  /** What to append to the log. */
  readonly output: Buffer;
  /** How much of the input is in it; the rest is a line that has not ended yet. */
  readonly consumed: number;
}

/**
 * Turns raw output into lines of the CRI log format: `<RFC 3339 time> <stream> <F|P> <text>`. Longer lines are cut into
 * pieces tagged P. With `final` an unfinished last line is written too, tagged P, as containerd does.
 */
export function encodeCriLines(raw: Buffer, stream: "stdout" | "stderr", time: string, final: boolean): EncodedLines {
  const full = Buffer.from(`${time} ${stream} F `);
  const partial = Buffer.from(`${time} ${stream} P `);
  const newline = Buffer.from("\n");
  const pieces: Buffer[] = [];
  let start = 0;
  for (;;) {
    const end = raw.indexOf(NEWLINE, start);
    const length = (end === -1 ? raw.length : end) - start;
    if (length > MAX_PIECE_BYTES) {
      pieces.push(partial, raw.subarray(start, start + MAX_PIECE_BYTES), newline);
      start += MAX_PIECE_BYTES;
    } else if (end === -1) {
      break;
    } else {
      pieces.push(full, raw.subarray(start, end + 1));
      start = end + 1;
    }
  }
  if (final && start < raw.length) {
    pieces.push(partial, raw.subarray(start), newline);
    start = raw.length;
  }
  return { output: Buffer.concat(pieces), consumed: start };
}

/** A time as CRI logs carry it: RFC 3339 with nanoseconds. `subMilliseconds` are nanoseconds below the millisecond. */
export function criTime(milliseconds: number, subMilliseconds: number): string {
  const text = new Date(milliseconds).toISOString();
  return `${text.slice(0, -1)}${String(subMilliseconds % 1_000_000).padStart(6, "0")}Z`;
}
