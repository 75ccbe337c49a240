import { appendFileSync, mkdirSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { errorMessage } from "./errors.ts";

export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A structured logger. Values are written as JSON; secrets must never be passed. */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** A logger that adds `component` to every line. */
  child(component: string): Logger;
}

export type LogFields = Readonly<Record<string, unknown>>;

/** Discards everything. */
export const silentLogger: Logger = {
  error() {},
  warn() {},
  info() {},
  debug() {},
  child: () => silentLogger,
};

/** Writes `time level component message {fields}` lines. `write` gets one line without its newline. */
export function createLogger(level: LogLevel, write: (line: string) => void, component = "kelpie"): Logger {
  const threshold = LOG_LEVELS.indexOf(level);
  const log = (at: LogLevel, message: string, fields?: LogFields): void => {
    if (LOG_LEVELS.indexOf(at) > threshold) return;
    const extra = fields === undefined ? "" : ` ${JSON.stringify(fields, jsonReplacer)}`;
    write(`${new Date().toISOString()} ${at} ${component}: ${message.replaceAll("\n", "\\n")}${extra}`);
  };
  return {
    error: (message, fields) => log("error", message, fields),
    warn: (message, fields) => log("warn", message, fields),
    info: (message, fields) => log("info", message, fields),
    debug: (message, fields) => log("debug", message, fields),
    child: (name) => createLogger(level, write, name),
  };
}

function jsonReplacer(_key: string, value: unknown): unknown {
  if (value instanceof Error) return errorMessage(value);
  if (typeof value === "bigint") return value.toString();
  return value;
}

/** Appends lines to a file that only its owner may read; at 8 MB the file becomes `<path>.1`. Never throws. */
export function fileWriter(path: string, maxBytes = 8 * 2 ** 20): (line: string) => void {
  let size: number | undefined;
  return (line) => {
    try {
      if (size === undefined) {
        mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
        size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      }
      if (size > maxBytes) {
        renameSync(path, `${path}.1`);
        size = 0;
      }
      appendFileSync(path, `${line}\n`, { mode: 0o600 });
      size += line.length + 1;
    } catch {
      // A log that cannot be written must not stop what it logs.
      size = undefined;
    }
  };
}
