import type { Cluster, LogLine, LogQuery } from "../../cluster/cluster.ts";
import type { KelpieError } from "../../lib/errors.ts";
import { timeKey } from "./log-buffer.ts";

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
  #firstTime: string | undefined;
  /** How many of the held lines have the first one's time. */
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

  /** Told of lines that the stream brought. */
  count(lines: readonly LogLine[]): void {
    this.#received += lines.length;
    const [first] = lines;
    this.#firstTime ??= first?.time;
    for (const { time } of lines) {
      if (time !== this.#firstTime) break;
      this.#firstCount += 1;
    }
  }

  /** Reads the next piece; tells `done` of its lines, oldest first, or of what stands in the way. */
  load(signal: AbortSignal, done: (lines: readonly LogLine[], error?: KelpieError) => void): void {
    const first = this.#firstTime;
    if (this.#complete || this.#loading || first === undefined) {
      done([]);
      return;
    }
    this.#loading = true;
    const { sinceSeconds: _since, containerId: _id, ...query } = this.#query;
    const ended = new AbortController();
    const firstKey = timeKey(first);
    const older: LogLine[] = [];
    const same: LogLine[] = [];
    let begun: number | undefined;
    let settled = false;
    const settle = (error?: KelpieError): void => {
      if (settled) return;
      settled = true;
      ended.abort();
      this.#loading = false;
      older.push(...same.slice(0, Math.max(0, same.length - this.#firstCount)));
      // What began after the first held line has not reached it: more lines came meanwhile than were asked for.
      const reached = begun !== undefined && begun <= firstKey;
      if (error === undefined && reached && older.length === 0) this.#complete = true;
      this.#want = Math.min(MOST_AT_ONCE, this.#want * 2);
      this.#hold(older);
      done(older, error);
    };
    this.#cluster.logs(
      { ...query, follow: false, tailLines: this.#received + this.#want },
      {
        lines: (lines) => {
          for (const line of lines) {
            if (settled) return;
            const key = timeKey(line.time);
            begun ??= key;
            if (key > firstKey) settle();
            else if (line.time === first) same.push(line);
            else older.push(line);
          }
        },
        interrupted: (error) => settle(error),
        ended: () => settle(),
        failed: (error) => settle(error),
      },
      AbortSignal.any([signal, ended.signal]),
    );
  }

  #hold(older: readonly LogLine[]): void {
    const [first] = older;
    if (first === undefined) return;
    this.#received += older.length;
    const same = older.findIndex(({ time }) => time !== first.time);
    const count = same === -1 ? older.length : same;
    this.#firstCount = first.time === this.#firstTime ? this.#firstCount + count : count;
    this.#firstTime = first.time;
  }
}
