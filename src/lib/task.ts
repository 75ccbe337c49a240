import { errorMessage, KelpieError } from "./errors.ts";
import { createValue, type Subscribable } from "./subscribable.ts";
import type { Tone } from "./tone.ts";

export interface TaskLine {
  readonly text: string;
  readonly tone?: Tone;
}

export interface TaskState {
  readonly state: "running" | "done" | "failed" | "cancelled";
  readonly lines: readonly TaskLine[];
}

/** Work that takes a while, tells what it does line by line, and can be cancelled. */
export class Task {
  readonly title: string;
  /** Whether somebody looks at it now. */
  readonly watched = createValue(false);
  /** Settles when the work has ended, however it ended. */
  readonly ended: Promise<void>;
  readonly #abort = new AbortController();
  readonly #state = createValue<TaskState>({ state: "running", lines: [] });

  /** @param body the work; what it throws is the last line. It must heed the signal. */
  constructor(title: string, body: (task: Task) => Promise<void>) {
    this.title = title;
    this.ended = this.#run(body);
  }

  get state(): Subscribable<TaskState> {
    return this.#state;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  say(text: string, tone?: Tone): void {
    this.#state.update(({ state, lines }) => ({
      state,
      lines: [...lines, tone === undefined ? { text } : { text, tone }],
    }));
  }

  /** Another text in the place of the last line: progress. */
  sayInstead(text: string, tone?: Tone): void {
    this.#state.update(({ state, lines }) => ({
      state,
      lines: [...lines.slice(0, -1), tone === undefined ? { text } : { text, tone }],
    }));
  }

  cancel(): void {
    if (this.#state.get().state === "running") this.#abort.abort();
  }

  async #run(body: (task: Task) => Promise<void>): Promise<void> {
    // Whoever made the task must hold it before its first line.
    await Promise.resolve();
    try {
      await body(this);
      this.#end("done");
    } catch (error) {
      if (this.signal.aborted) this.#end("cancelled");
      else {
        const hint = error instanceof KelpieError && error.hint !== undefined ? `. ${error.hint}` : "";
        this.say(`${errorMessage(error)}${hint}`, "error");
        this.#end("failed");
      }
    }
  }

  #end(state: TaskState["state"]): void {
    this.#state.update(({ lines }) => ({ state, lines }));
  }
}
