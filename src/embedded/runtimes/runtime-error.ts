import { KelpieError, type KelpieErrorOptions } from "../../lib/errors.ts";

/** A failure of a runtime; `reason` is CamelCase and becomes a waiting reason, an event reason or a node condition. */
export class RuntimeError extends KelpieError {
  override readonly name = "RuntimeError";
  readonly reason: string;

  constructor(reason: string, message: string, options: KelpieErrorOptions = {}) {
    super(message, options);
    this.reason = reason;
  }
}
