import type { Cluster } from "../../cluster/cluster.ts";
import type { LogBatch } from "../../cluster/log-batch.ts";
import type { HeldLines, LogEntry } from "./log-buffer.ts";
import type { LogPart } from "./log-streams.ts";
import { LinesBefore, type FirstLine } from "./older-lines.ts";

/** Batches read ahead of each container before its stream has to wait for the others. */
const READ_AHEAD = 4;

/**
 * All lines of some logs from their beginning: what is held, and before that what the server still has, merged by time
 * while it is read, so that a log of any length takes little memory.
 *
 * @param parts the instances read, those of one container in the order in which they began
 * @param where names of the containers by source, for what cannot be read
 */
export async function* wholeLog(
  cluster: Cluster,
  parts: readonly LogPart[],
  held: HeldLines,
  where: (source: number) => string,
  signal: AbortSignal,
): AsyncGenerator<LogEntry> {
  const first = firstHeld(held);
  const bySource = Map.groupBy(parts, ({ source }) => source);
  const readers = Array.from(
    bySource,
    ([source, own]) => new BeforeReader(cluster, own, first.get(source), where(source), signal),
  );
  let next = 0;
  for (;;) {
    let oldest: BeforeReader | undefined;
    for (const reader of readers) {
      if (reader.key === undefined && !reader.done) await reader.fill();
      if (reader.key !== undefined && (oldest?.key === undefined || reader.key < oldest.key)) oldest = reader;
    }
    if (signal.aborted) return;
    const heldKey = next < held.length ? held.keyAt(next) : undefined;
    if (oldest?.key !== undefined && (heldKey === undefined || oldest.key <= heldKey)) yield oldest.take();
    else if (heldKey === undefined) return;
    else {
      yield held.at(next);
      next += 1;
    }
  }
}

/** Of each source the first line held, and how many equal ones of its moment there are. */
function firstHeld(held: HeldLines): ReadonlyMap<number, FirstLine> {
  const first = new Map<number, FirstLine>();
  for (let index = 0; index < held.length; index += 1) {
    const source = held.sourceAt(index);
    if (source < 0) continue;
    const known = first.get(source);
    if (known === undefined) first.set(source, { key: held.keyAt(index), bytes: held.bytesAt(index), count: 1 });
    else if (known.key === held.keyAt(index) && known.bytes.equals(held.bytesAt(index)))
      first.set(source, { ...known, count: known.count + 1 });
  }
  return first;
}

const NOTHING_HELD: FirstLine = { key: Number.POSITIVE_INFINITY, bytes: Buffer.alloc(0), count: 0 };

/** Reads what the instances of one container wrote before a line, one instance after the other. */
class BeforeReader {
  readonly #cluster: Cluster;
  readonly #parts: LogPart[];
  readonly #first: FirstLine | undefined;
  readonly #where: string;
  readonly #signal: AbortSignal;
  readonly #ready: LogBatch[] = [];
  readonly #faults: string[] = [];
  #index = 0;
  #reading = false;
  #source = 0;
  #lastTime = new Date(0).toISOString();
  #wakeReader: (() => void) | undefined;
  #wakeStream: (() => void) | undefined;

  constructor(
    cluster: Cluster,
    parts: readonly LogPart[],
    first: FirstLine | undefined,
    where: string,
    signal: AbortSignal,
  ) {
    this.#cluster = cluster;
    this.#parts = [...parts];
    this.#first = first;
    this.#where = where;
    this.#signal = signal;
    this.#source = parts[0]?.source ?? 0;
  }

  /** Time key of the next line; `undefined` where none is there yet, or none comes. */
  get key(): number | undefined {
    return this.#faults.length > 0 && this.#ready.length === 0
      ? Date.parse(this.#lastTime)
      : this.#ready[0]?.keys[this.#index];
  }

  get done(): boolean {
    return !this.#reading && this.#parts.length === 0 && this.#ready.length === 0 && this.#faults.length === 0;
  }

  /** Resolves when a line is there, or none comes. */
  async fill(): Promise<void> {
    while (this.key === undefined && !this.done && !this.#signal.aborted) {
      if (!this.#reading) this.#readNext();
      else {
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve;
        });
      }
    }
  }

  take(): LogEntry {
    const batch = this.#ready[0];
    const line = batch?.at(this.#index);
    if (batch === undefined || line === undefined) {
      return { time: this.#lastTime, text: this.#faults.shift() ?? "", source: -1, kind: "note" };
    }
    this.#lastTime = line.time;
    this.#index += 1;
    if (this.#index === batch.length) {
      this.#index = 0;
      this.#ready.shift();
      this.#wakeStream?.();
    }
    return { ...line, source: this.#source, kind: "line" };
  }

  #readNext(): void {
    const part = this.#parts.shift();
    if (part === undefined) return;
    this.#reading = true;
    const { tailLines: _tail, sinceSeconds: _since, containerId: _id, ...query } = part.query;
    const before = new LinesBefore(this.#first ?? NOTHING_HELD);
    const ended = new AbortController();
    const end = (fault?: string): void => {
      if (ended.signal.aborted) return;
      ended.abort();
      this.#push(before.lines());
      if (fault !== undefined) this.#faults.push(`${this.#where}: not all of its log can be read: ${fault}`);
      this.#reading = false;
      this.#wakeStream?.();
      this.#wakeReader?.();
    };
    this.#signal.addEventListener("abort", () => end(), { signal: ended.signal });
    this.#cluster.logs(
      { ...query, follow: false },
      {
        lines: (batch) => {
          if (ended.signal.aborted) return undefined;
          if (before.take(batch)) {
            end();
            return undefined;
          }
          this.#push(before.drain());
          if (this.#ready.length < READ_AHEAD) return undefined;
          return new Promise<void>((resolve) => {
            this.#wakeStream = resolve;
          });
        },
        interrupted: (error) => end(error.message),
        ended: () => end(),
        failed: (error) => end(error.message),
      },
      ended.signal,
    );
  }

  #push(batches: readonly LogBatch[]): void {
    for (const batch of batches) if (batch.length > 0) this.#ready.push(batch);
    if (this.#ready.length > 0) this.#wakeReader?.();
  }
}
