import { KelpieError } from "../lib/errors.ts";

/** A write, or a session that could write, was asked for in read-only mode. Nothing was sent. */
export class ReadOnlyError extends KelpieError {
  override readonly name = "ReadOnlyError";

  constructor(what: string) {
    super(`${what}: refused in read-only mode`, { hint: "switch read-only mode off to change the cluster" });
  }
}
