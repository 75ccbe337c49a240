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
  readonly #cluster: Cluster;
  readonly #query: LogQuery;
  #received = 0;
  /** Time key of the first line. */
  #first: number | undefined;
  /** How many of the lines have the first one's time. */
  #firstCount = 0;
  #want: number;
  #complete: boolean;
  #loading = false;

  /** @param query what was asked for first @param step lines of the first piece; the next ones are larger */
  constructor(cluster: Cluster, query: LogQuery, step: number) {
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
    this.#first ??= batch.keys[0];
    for (const key of batch.keys) {
      if (key !== this.#first) break;
      this.#firstCount += 1;
    }
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
    const before = new LinesBefore(first, this.#firstCount);
    let settled = false;
    const settle = (error?: KelpieError): void => {
      if (settled) return;
      settled = true;
      ended.abort();
      this.#loading = false;
      const older = before.lines();
      // What began after the first held line has not reached it: more lines came meanwhile than were asked for.
      const reached = before.begun !== undefined && before.begun <= first;
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
    const first = older[0]?.keys[0];
    if (first === undefined) return;
    const same = older.reduce((sum, { keys }) => sum + keys.filter((key) => key === first).length, 0);
    for (const { length } of older) this.#received += length;
    this.#firstCount = first === this.#first ? this.#firstCount + same : same;
    this.#first = first;
  }
}

/** Of the lines of a log those before a line that is held, among lines of its very moment included. */
export class LinesBefore {
  readonly #first: number;
  readonly #firstCount: number;
  readonly #older: LogBatch[] = [];
  readonly #same: LogBatch[] = [];
  /** Time key of the first line that came. */
  begun: number | undefined;

  /** @param first time key of the first line that is held @param firstCount how many that are held have that time */
  constructor(first: number, firstCount: number) {
    this.#first = first;
    this.#firstCount = firstCount;
  }

  /** @returns whether nothing that follows can be among them */
  take(batch: LogBatch): boolean {
    const { keys } = batch;
    this.begun ??= keys[0];
    const end = indexFrom(keys, (key) => key > this.#first);
    const same = indexFrom(keys, (key) => key >= this.#first);
    if (same > 0) this.#older.push(batch.slice(0, same));
    if (end > same) this.#same.push(batch.slice(same, end));
    return end < keys.length;
  }

  /** What came so far and is taken away with this call; of the last moment nothing, as long as more of it may come. */
  drain(): readonly LogBatch[] {
    return this.#older.splice(0);
  }

  /** What came, at the end. */
  lines(): readonly LogBatch[] {
    let left = this.#same.reduce((sum, { length }) => sum + length, 0) - this.#firstCount;
    const lines = this.drain().slice();
    for (const batch of this.#same) {
      if (left <= 0) break;
      lines.push(batch.slice(0, left));
      left -= batch.length;
    }
    return lines;
  }
}

function indexFrom(keys: readonly number[], holds: (key: number) => boolean): number {
  const found = keys.findIndex(holds);
  return found === -1 ? keys.length : found;
}
