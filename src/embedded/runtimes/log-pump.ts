import { spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { nextTurn, type Clock } from "../../lib/clock.ts";
import { errorMessage } from "../../lib/errors.ts";
import type { Logger } from "../../lib/log.ts";
import { findTool } from "./host-tools.ts";
import { criTime, encodeCriLines, MAX_PIECE_BYTES } from "./cri-log.ts";

const READ_BYTES = 256 * 1024;
/** Consumed raw output is given back to the file system in steps of this size. */
const FREE_STEP_BYTES = 4 * 2 ** 20;

const RETRY_MILLISECONDS = 1000;

type Stream = "stdout" | "stderr";
const STREAMS: readonly Stream[] = ["stdout", "stderr"];

interface RawFile {
  fd: number | undefined;
  /** Bytes that are in the CRI log. */
  offset: number;
  freed: number;
  /** End of what attached clients have seen. */
  shown: number;
}

export interface LogPumpOptions {
  /** Holds `stdout` and `stderr`, which the supervisor appends to, and `log.position`, the pump's memory. */
  readonly directory: string;
  readonly logPath: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly maxBytes?: number;
  /** Rotated files kept, beside the current one. */
  readonly keep?: number;
  /** Gets every piece of raw output read from now on. */
  readonly onRaw?: (stream: Stream, chunk: Buffer) => void;
}

/**
 * Copies a container's raw output into its CRI log. The raw files outlive the engine; `log.position` says how far each
 * has been copied and how long the log was then, so that after a crash at any point the copy goes on without a line
 * lost or doubled: what was appended after the last position is cut off and copied again.
 */
export class LogPump {
  readonly #options: LogPumpOptions;
  readonly #raw: Readonly<Record<Stream, RawFile>>;
  readonly #buffer = Buffer.allocUnsafe(READ_BYTES);
  #log: number | undefined;
  #logSize = 0;
  #position: number | undefined;
  #scheduled: (() => void) | undefined;
  #sequence = 0;
  #canFree = true;

  constructor(options: LogPumpOptions) {
    this.#options = options;
    const position = this.#readPosition();
    const file = (offset: number): RawFile => ({ fd: undefined, offset, freed: 0, shown: offset });
    this.#raw = { stdout: file(position.stdout), stderr: file(position.stderr) };
    mkdirSync(dirname(options.logPath), { recursive: true, mode: 0o755 });
    this.#log = openSync(options.logPath, "a", 0o640);
    const size = fstatSync(this.#log).size;
    // Shorter than remembered: it was rotated, and the crash came before that was remembered.
    this.#logSize = Math.min(size, position.log);
    if (size > this.#logSize) ftruncateSync(this.#log, this.#logSize);
  }

  /** Copies soon, once, however often it is called before that. */
  schedule(): void {
    this.#scheduled ??= nextTurn(() => {
      this.#scheduled = undefined;
      try {
        if (this.#copyOnce(false)) this.schedule();
      } catch (error) {
        this.#retry(error);
      }
    });
  }

  /** A full disk must not end the engine: what has not been copied stays in the raw file until it can be. */
  #retry(error: unknown): void {
    const { logger, clock, logPath } = this.#options;
    logger.error("cannot write a container's log", { path: logPath, error: errorMessage(error) });
    this.#scheduled = clock.after(
      RETRY_MILLISECONDS,
      () => {
        this.#scheduled = undefined;
        this.schedule();
      },
      { background: true },
    );
  }

  /** Copies everything there is, an unfinished last line too, and closes. */
  finish(): void {
    while (this.#copyOnce(false));
    this.#copyOnce(true);
    this.close();
  }

  close(): void {
    this.#scheduled?.();
    this.#scheduled = undefined;
    for (const fd of [this.#log, this.#position, this.#raw.stdout.fd, this.#raw.stderr.fd]) {
      if (fd !== undefined) closeSync(fd);
    }
    this.#log = undefined;
    this.#position = undefined;
    this.#raw.stdout.fd = undefined;
    this.#raw.stderr.fd = undefined;
  }

  /** One buffer of each stream. Returns whether there may be more. */
  #copyOnce(final: boolean): boolean {
    if (this.#log === undefined) return false;
    let more = false;
    for (const stream of STREAMS) {
      const file = this.#raw[stream];
      file.fd ??= openExisting(join(this.#options.directory, stream));
      if (file.fd === undefined) continue;
      const length = readSync(file.fd, this.#buffer, 0, READ_BYTES, file.offset);
      if (length === 0) continue;
      const raw = this.#buffer.subarray(0, length);
      this.#show(stream, file, raw);
      const { output, consumed } = encodeCriLines(raw, stream, this.#now(), final);
      if (consumed === 0) continue;
      this.#append(this.#log, output);
      this.#logSize += output.length;
      file.offset += consumed;
      this.#savePosition();
      more ||= length === READ_BYTES || (consumed < length && length - consumed > MAX_PIECE_BYTES);
      this.#free(stream, file);
      if (this.#logSize > (this.#options.maxBytes ?? 10 * 2 ** 20)) this.#rotate();
    }
    return more;
  }

  /** All or nothing. */
  #append(log: number, bytes: Buffer): void {
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(log, bytes, done);
    } catch (error) {
      ftruncateSync(log, this.#logSize);
      throw error;
    }
  }

  #show(stream: Stream, file: RawFile, raw: Buffer): void {
    const end = file.offset + raw.length;
    if (end <= file.shown) return;
    const fresh = raw.subarray(Math.max(0, file.shown - file.offset));
    file.shown = end;
    this.#options.onRaw?.(stream, Buffer.from(fresh));
  }

  #now(): string {
    this.#sequence = (this.#sequence + 1) % 1_000_000;
    return criTime(this.#options.clock.now(), this.#sequence);
  }

  #rotate(): void {
    const { logPath, keep = 4 } = this.#options;
    if (this.#log !== undefined) closeSync(this.#log);
    rmSync(`${logPath}.${keep}`, { force: true });
    for (let index = keep - 1; index >= 1; index -= 1) {
      if (existsSync(`${logPath}.${index}`)) renameSync(`${logPath}.${index}`, `${logPath}.${index + 1}`);
    }
    renameSync(logPath, `${logPath}.1`);
    this.#log = openSync(logPath, "a", 0o640);
    this.#logSize = 0;
    this.#savePosition();
  }

  /** One write of fixed length: a kill between two system calls leaves either the old or the new position. */
  #savePosition(): void {
    this.#position ??= openSync(join(this.#options.directory, "log.position"), "r+", 0o600);
    const text = [this.#raw.stdout.offset, this.#raw.stderr.offset, this.#logSize]
      .map((value) => String(value).padStart(16, "0"))
      .join(" ");
    writeSync(this.#position, `${text}\n`, 0);
  }

  #readPosition(): { readonly stdout: number; readonly stderr: number; readonly log: number } {
    const path = join(this.#options.directory, "log.position");
    if (!existsSync(path)) {
      closeSync(openSync(path, "a", 0o600));
      // A container that starts anew appends to what its log path already holds.
      const log = statSync(this.#options.logPath, { throwIfNoEntry: false })?.size ?? 0;
      return { stdout: 0, stderr: 0, log };
    }
    const [stdout = 0, stderr = 0, log = 0] = readFileSync(path, "utf8").split(" ").map(Number);
    return { stdout, stderr, log };
  }

  /** Punches out what has been copied, so that a chatty container does not fill the disk twice. */
  #free(stream: Stream, file: RawFile): void {
    if (!this.#canFree || file.offset - file.freed < FREE_STEP_BYTES) return;
    file.freed = file.offset - (file.offset % 4096);
    const path = join(this.#options.directory, stream);
    const tool = findTool("fallocate");
    this.#canFree = tool !== undefined;
    if (tool === undefined) return;
    const child = spawn(tool, ["-p", "-o", "0", "-l", String(file.freed), path], { stdio: "ignore" });
    child.on("error", () => (this.#canFree = false));
    child.on("exit", (code) => (this.#canFree &&= code === 0));
  }
}

function openExisting(path: string): number | undefined {
  return existsSync(path) ? openSync(path, "r") : undefined;
}
