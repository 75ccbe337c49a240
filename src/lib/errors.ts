/** Options of every {@link KelpieError}. */
export interface KelpieErrorOptions {
  /** What the user can do next, one sentence without a final newline. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * The base of every error kelpie raises on purpose. `message` says what failed, on which object and why;
 * `hint` says what to do next. Foreign errors are translated into one of these once, where they enter.
 */
export class KelpieError extends Error {
  override readonly name: string = "KelpieError";
  readonly hint: string | undefined;

  constructor(message: string, options: KelpieErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
  }
}

/** Wrong use of the command line or a bad value in a setting: exit code 2. */
export class UsageError extends KelpieError {
  override readonly name = "UsageError";
}

/** The message of anything that was thrown, in one line, never a stack trace. */
export function errorMessage(error: unknown): string {
  if (error instanceof AggregateError && error.message === "" && error.errors.length > 0) {
    return error.errors.map((inner) => errorMessage(inner)).join("; ");
  }
  const message = error instanceof Error ? error.message || error.name : String(error);
  return message.replaceAll(/\s*\n\s*/g, " ").trim();
}

/** `code` of a Node.js system error (`ENOENT`, `ECONNREFUSED`), looked for along the chain of causes. */
export function errorCode(error: unknown): string | undefined {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth += 1) {
    if ("code" in at && typeof at.code === "string") return at.code;
  }
  return undefined;
}

/** Why a file cannot be read or written, without its path, which the message around it names. */
export function fileFault(error: unknown): string {
  switch (errorCode(error)) {
    case "ENOENT":
      return "no such file";
    case "EACCES":
    case "EPERM":
      return "permission denied";
    case "ENOTDIR":
    case "EEXIST":
      return "a part of its path is a file";
    case "EISDIR":
      return "is a directory";
    case "ENOSPC":
      return "no space left on the disk";
    case "EROFS":
      return "the file system is read-only";
    default:
      return errorMessage(error);
  }
}
