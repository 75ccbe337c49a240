import type { Cluster, LogQuery } from "../../cluster/cluster.ts";
import type { LogBatch } from "../../cluster/log-batch.ts";
import type { KelpieError } from "../../lib/errors.ts";

/** The most that is asked for at once: each request reads what is held already before it comes to what is new. */
const MOST_AT_ONCE = 50_000;

/**
 * Reads what a container wrote before the part that is held, a piece at a time. The API can only count lines from the
 * end: a piece is read with as many lines as are held and some more, up to the first that is held.
 */
export class OlderLines {
  readonly #cluster: Pick<Cluster, "logs">;
  readonly #query: LogQuery;
  #received = 0;
  #first: FirstLine | undefined;
  #want: number;
  #complete: boolean;
  #loading = false;

  /** @param query what was asked for first @param step lines of the first piece; the next ones are larger */
  constructor(cluster: Pick<Cluster, "logs">, query: LogQuery, step: number) {
    this.#cluster = cluster;
    this.#query = query;
    this.#want = Math.max(1, step);
    this.#complete = query.tailLines === undefined && query.sinceSeconds === undefined;
  }

  /** Everything from the beginning is held. */
  get complete(): boolean {
    return this.#complete;
  }

  /** No line has come yet. */
  get empty(): boolean {
    return this.#received === 0;
  }

  /** Whether there may be more than what came, as far as is known without asking. */
  get maybeMore(): boolean {
    const { tailLines, sinceSeconds } = this.#query;
    return !this.#complete && (sinceSeconds !== undefined || tailLines === undefined || this.#received >= tailLines);
  }

  /** Told of lines that the stream brought. */
  count(batch: LogBatch): void {
    this.#received += batch.length;
    this.#first = firstLineOf(batch, this.#first);
  }

  /** Reads the next piece; tells `done` of its lines, oldest first, or of what stands in the way. */
  load(signal: AbortSignal, done: (lines: readonly LogBatch[], error?: KelpieError) => void): void {
    const first = this.#first;
    if (this.#complete || this.#loading || first === undefined) {
      done([]);
      return;
    }
    this.#loading = true;
    const { sinceSeconds: _since, containerId: _id, ...query } = this.#query;
    const ended = new AbortController();
    const before = new LinesBefore(first);
    let settled = false;
    const settle = (error?: KelpieError): void => {
      if (settled) return;
      settled = true;
      ended.abort();
      this.#loading = false;
      const older = before.lines();
      // What began after the first held line has not reached it: more lines came meanwhile than were asked for.
      const reached = before.found || (before.begun !== undefined && before.begun <= first.key);
      if (error === undefined && reached && older.length === 0) this.#complete = true;
      this.#want = Math.min(MOST_AT_ONCE, this.#want * 2);
      this.#hold(older);
      done(older, error);
    };
    this.#cluster.logs(
      { ...query, follow: false, tailLines: this.#received + this.#want },
      {
        lines: (batch) => {
          if (!settled && before.take(batch)) settle();
          return undefined;
        },
        interrupted: (error) => settle(error),
        ended: () => settle(),
        failed: (error) => settle(error),
      },
      AbortSignal.any([signal, ended.signal]),
    );
  }

  #hold(older: readonly LogBatch[]): void {
    const known = this.#first;
    let first: FirstLine | undefined;
    for (const batch of older) {
      this.#received += batch.length;
      first = firstLineOf(batch, first);
    }
    if (first === undefined) return;
    const same = known !== undefined && known.key === first.key && known.bytes.equals(first.bytes);
    this.#first = same ? { ...first, count: first.count + known.count } : first;
  }
}

/** The first line of a log that is held. */
export interface FirstLine {
  /** Its time key. */
  readonly key: number;
  readonly bytes: Buffer;
  /** How many lines of its moment are equal to it. */
  readonly count: number;
}

/** With one more batch of a log: its first line, and how many equal ones there are. */
function firstLineOf(batch: LogBatch, known: FirstLine | undefined): FirstLine | undefined {
  const key = known?.key ?? batch.keys[0];
  if (key === undefined) return known;
  const bytes = known?.bytes ?? Buffer.from(bytesAt(batch, 0));
  let count = known?.count ?? 0;
  for (let line = 0; line < batch.length && batch.keys[line] === key; line += 1) {
    if (bytesAt(batch, line).equals(bytes)) count += 1;
  }
  return { key, bytes, count };
}

function bytesAt({ bytes, starts, ends }: LogBatch, line: number): Buffer {
  return bytes.subarray(starts[line], ends[line]);
}

/** How far the times of lines may be out of order: those of both outputs of a container are taken before it writes them. */
const JITTER_MILLISECONDS = 1000;

/**
 * Of the lines of a log those before a line that is held: those of an earlier moment, and of those of its moment, or of a
 * later one, what was written before it.
 */
export class LinesBefore {
  readonly #first: FirstLine;
  readonly #older: LogBatch[] = [];
  /** Lines that are not of an earlier moment. */
  readonly #later: LogBatch[] = [];
  /** Places in `#later` of lines equal to the one that is held. */
  readonly #equal: number[] = [];
  #laterLines = 0;
  /** The time key up to which lines may still be equal to it. */
  #until: number;
  /** Time key of the first line that came. */
  begun: number | undefined;

  constructor(first: FirstLine) {
    this.#first = first;
    this.#until = first.key + JITTER_MILLISECONDS;
  }

  /** The line that is held has come. */
  get found(): boolean {
    return this.#equal.length > 0;
  }

  /** @returns whether nothing that follows can be among them */
  take(batch: LogBatch): boolean {
    const { keys } = batch;
    this.begun ??= keys[0];
    const same = indexFrom(keys, (key) => key >= this.#first.key);
    if (same > 0) this.#older.push(batch.slice(0, same));
    let end = same;
    for (; end < keys.length; end += 1) {
      const key = keys[end] ?? 0;
      if (key > this.#until) break;
      if (!bytesAt(batch, end).equals(this.#first.bytes)) continue;
      this.#equal.push(this.#laterLines + end - same);
      this.#until = key;
    }
    if (end > same) this.#later.push(batch.slice(same, end));
    this.#laterLines += end - same;
    return end < keys.length;
  }

  /** What came so far and is taken away with this call; of the last moment nothing, as long as more of it may come. */
  drain(): readonly LogBatch[] {
    return this.#older.splice(0);
  }

  /** What came, at the end. */
  lines(): readonly LogBatch[] {
    const lines = this.drain().slice();
    const place = this.#equal[Math.max(0, this.#equal.length - this.#first.count)];
    let left = place ?? Number.POSITIVE_INFINITY;
    for (const batch of this.#later) {
      // Where the line itself is not there, what was written in its moment is another instance's.
      const end = place === undefined ? indexFrom(batch.keys, (key) => key > this.#first.key) : left;
      if (end <= 0) break;
      lines.push(batch.slice(0, end));
      left -= batch.length;
    }
    return lines;
  }
}

function indexFrom(keys: readonly number[], holds: (key: number) => boolean): number {
  const found = keys.findIndex(holds);
  return found === -1 ? keys.length : found;
}
