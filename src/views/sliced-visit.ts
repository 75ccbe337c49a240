import { nextTurn, type Cancel } from "../lib/clock.ts";

/** Milliseconds that keys wait for at most. */
const SLICE = 8;
/** The clock is looked at once for so many keys. */
const KEYS_PER_LOOK = 32;

/** Visits the keys of a long list a few milliseconds at a time, so that no key press waits for all of them. */
export class SlicedVisit {
  #cancel: Cancel | undefined;

  /** Keys are still to be visited. */
  get running(): boolean {
    return this.#cancel !== undefined;
  }

  /** Begins at once, instead of what runs; a short list is done when this returns. @param done runs after the last key */
  start(keys: Iterator<string>, visit: (key: string) => void, done: () => void): void {
    this.stop();
    const slice = (): void => {
      this.#cancel = undefined;
      const end = performance.now() + SLICE;
      for (let count = 1; ; count += 1) {
        const next = keys.next();
        if (next.done === true) {
          done();
          return;
        }
        visit(next.value);
        if (count % KEYS_PER_LOOK === 0 && performance.now() >= end) break;
      }
      this.#cancel = nextTurn(slice);
    };
    slice();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
