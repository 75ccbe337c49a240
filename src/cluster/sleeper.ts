import type { Clock } from "../lib/clock.ts";

/** A wait that can be cut short. One at a time. */
export class Sleeper {
  readonly #clock: Clock;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves after `milliseconds`, when `wake` is called, or when the signal aborts. Never rejects. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = (): void => {
        cancel();
        signal.removeEventListener("abort", finish);
        this.#wake = undefined;
        resolve();
      };
      const cancel = this.#clock.after(milliseconds, finish);
      signal.addEventListener("abort", finish, { once: true });
      this.#wake = finish;
    });
  }

  /** Ends the wait that runs, if one does. */
  wake(): void {
    this.#wake?.();
  }
}
