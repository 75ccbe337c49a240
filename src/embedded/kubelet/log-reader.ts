import { watch } from "node:fs";
import { open, readdir, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import type { Clock } from "../../lib/clock.ts";
import { LogFormatter, parseCriLine, type LogFormat } from "./cri-log.ts";

const CHUNK_BYTES = 64 * 1024;
/** Only where the system refuses to watch files. */
const POLL_MILLISECONDS = 500;

export interface LogSource {
  /** The log being written; rotated parts lie beside it as `<path>.<anything>`. */
  readonly path: string;
  readonly format: LogFormat;
  readonly tailLines?: number;
  readonly follow?: {
    /** Nothing more will be written. */
    readonly finished: () => boolean;
    /** Calls back when `finished` may have changed. */
    readonly onChange: (listener: () => void) => () => void;
  };
  readonly clock: Clock;
}

/** The text of a container's log as `kubectl logs` prints it. Ends when `signal` aborts, without an error. */
export function readLog(source: LogSource, signal: AbortSignal): Readable {
  const ended = new AbortController();
  const stop = AbortSignal.any([signal, ended.signal]);
  const stream = Readable.from(logChunks(source, stop), { objectMode: false });
  stream.once("close", () => ended.abort());
  return stream;
}

async function* logChunks(source: LogSource, signal: AbortSignal): AsyncGenerator<Buffer> {
  const formatter = new LogFormatter(source.format);
  // Watching begins before reading, so that nothing written in between is missed.
  using changes = source.follow === undefined ? undefined : new Changes(source, signal);
  const rotated = await rotatedFiles(source.path);
  const files = [...rotated, source.path];
  const start = await startOf(files, source.tailLines);
  const first = await open(files[start.file] ?? source.path, "r").catch(() => undefined);
  yield* readOn(first, start.offset, { source, formatter, changes, signal });
}

/** Oldest first. */
async function rotatedFiles(path: string): Promise<readonly string[]> {
  const folder = dirname(path);
  const prefix = `${basename(path)}.`;
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith(prefix));
  const dated = await Promise.all(
    names.map(async (name) => {
      const file = join(folder, name);
      return { file, time: (await stat(file).catch(() => undefined))?.mtimeMs };
    }),
  );
  return dated
    .filter(({ time }) => time !== undefined)
    .sort((a, b) => (a.time ?? 0) - (b.time ?? 0))
    .map(({ file }) => file);
}

/** Reads to the end of the file; `position.offset` moves along. */
async function* readFrom(
  handle: FileHandle,
  position: { offset: number },
  formatter: LogFormatter,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  while (!signal.aborted && !formatter.full) {
    const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, position.offset);
    if (bytesRead === 0) return;
    position.offset += bytesRead;
    const text = formatter.push(chunk.subarray(0, bytesRead));
    if (text.length > 0) yield text;
  }
}

interface Following {
  readonly source: LogSource;
  readonly formatter: LogFormatter;
  /** Absent where the log is not followed: reading ends with the file. */
  readonly changes: Changes | undefined;
  readonly signal: AbortSignal;
}

/** Reads a file, those that were begun after it, and with `changes` what is written later. */
async function* readOn(
  first: FileHandle | undefined,
  offset: number,
  { source, formatter, changes, signal }: Following,
): AsyncGenerator<Buffer> {
  let handle = first;
  const position = { offset };
  try {
    while (!signal.aborted && !formatter.full) {
      // Asked before reading: what was written before the end is read after it was seen.
      const finished = changes === undefined || source.follow?.finished() === true;
      if (handle !== undefined) yield* readFrom(handle, position, formatter, signal);
      const next = await successor(source.path, handle);
      if (next !== undefined) {
        if (handle !== undefined) {
          yield* readFrom(handle, position, formatter, signal);
          await handle.close();
        }
        handle = next;
        position.offset = 0;
        continue;
      }
      if (finished) return;
      await changes.next();
    }
  } finally {
    await handle?.close();
  }
}

/** Renames may come between looking and opening; so often in a row they do not. */
const OPEN_ATTEMPTS = 50;

/**
 * The file that was begun next after the one of `handle`; `undefined` where that one is still written to. A container
 * that writes fast may rotate its log several times while one part is read: none of them may be skipped.
 */
async function successor(path: string, handle: FileHandle | undefined): Promise<FileHandle | undefined> {
  if (handle === undefined) return await open(path, "r").catch(() => undefined);
  const own = (await handle.stat()).ino;
  for (let attempt = 0; attempt < OPEN_ATTEMPTS; attempt += 1) {
    const files = [...(await rotatedFiles(path)), path];
    const inodes = await Promise.all(files.map(async (file) => (await stat(file).catch(() => undefined))?.ino));
    // A file that is not among them was removed as the oldest: the oldest now is what followed, or the nearest to it.
    const index = inodes.lastIndexOf(own) + 1;
    if (index === files.length) return undefined;
    const opened = await open(files[index] ?? path, "r").catch(() => undefined);
    if (opened !== undefined && (await opened.stat()).ino === inodes[index]) return opened;
    await opened?.close();
  }
  return undefined;
}

/** Where the last `lines` lines begin, looking from the end, so that a long log is not read wholly. */
async function startOf(
  files: readonly string[],
  lines: number | undefined,
): Promise<{ readonly file: number; readonly offset: number }> {
  if (lines === undefined) return { file: 0, offset: 0 };
  let missing = lines;
  for (let index = files.length - 1; index >= 0; index -= 1) {
    const handle = await open(files[index] ?? "", "r").catch(() => undefined);
    if (handle === undefined) continue;
    try {
      const found = await tailOffset(handle, missing);
      if (found.counted >= missing) return { file: index, offset: found.offset };
      missing -= found.counted;
    } finally {
      await handle.close();
    }
  }
  return { file: 0, offset: 0 };
}

/** Looks back from the end for the start of the `wanted`-th whole line. */
async function tailOffset(
  handle: FileHandle,
  wanted: number,
): Promise<{ readonly offset: number; readonly counted: number }> {
  const { size } = await handle.stat();
  if (wanted === 0) return { offset: size, counted: 0 };
  let counted = 0;
  let position = size;
  // Start of the line last seen that belongs to the lines counted so far.
  let lineStart = size;
  let carry: Buffer = Buffer.alloc(0);
  while (position > 0) {
    const length = Math.min(CHUNK_BYTES, position);
    position -= length;
    const block = Buffer.allocUnsafe(length);
    await handle.read(block, 0, length, position);
    const window = Buffer.concat([block, carry]);
    let end = window.length;
    for (let at = window.lastIndexOf(0x0a, end - 1); end > 0; at = window.lastIndexOf(0x0a, end - 1)) {
      if (at === -1 && position > 0) break;
      const line = window.subarray(at + 1, end);
      const whole = parseCriLine(line)?.partial === false;
      // A whole line ends what came before it: one more than wanted has been seen.
      if (whole && counted === wanted) return { offset: lineStart, counted };
      if (whole) counted += 1;
      if (line.length > 0) lineStart = position + at + 1;
      if (at <= 0) {
        end = 0;
        break;
      }
      end = at;
    }
    carry = window.subarray(0, end);
  }
  return { offset: 0, counted };
}

/** Wakes the reader when the file or the container's state may have changed. */
class Changes implements Disposable {
  readonly #disposers: Array<() => void> = [];
  #pending = false;
  #wake: (() => void) | undefined;

  constructor(source: LogSource, signal: AbortSignal) {
    const notify = (): void => {
      this.#pending = true;
      this.#wake?.();
    };
    const poll = (): void => {
      this.#disposers.push(source.clock.every(POLL_MILLISECONDS, notify, { background: true }));
    };
    try {
      const watcher = watch(dirname(source.path), { persistent: false }, notify);
      watcher.on("error", poll);
      this.#disposers.push(() => watcher.close());
    } catch {
      poll();
    }
    if (source.follow !== undefined) this.#disposers.push(source.follow.onChange(notify));
    signal.addEventListener("abort", notify, { once: true });
    this.#disposers.push(() => signal.removeEventListener("abort", notify));
  }

  async next(): Promise<void> {
    if (!this.#pending) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    this.#pending = false;
  }

  [Symbol.dispose](): void {
    for (const dispose of this.#disposers) dispose();
  }
}
