import { createValue, type Subscribable } from "./subscribable.ts";

/** Ends one piece of work; calling it again does nothing. */
export type Done = () => void;

/**
 * Counts the work that is under way on behalf of the last key press, so that a test can wait until the program is idle
 * instead of sleeping. Long-lived things (a watch, a followed log) are not work, and neither is waiting for an answer.
 */
export class Busy {
  readonly #count = createValue(0);

  /** Pieces of work; 0 or less is idle. */
  get count(): Subscribable<number> {
    return this.#count;
  }

  begin(): Done {
    return this.#add(1);
  }

  /** Counts a promise until it settles. */
  async during<T>(work: Promise<T>): Promise<T> {
    const done = this.begin();
    try {
      return await work;
    } finally {
      done();
    }
  }

  /** Work that waits for the user is not work until the user has answered. */
  async waiting<T>(answer: Promise<T>): Promise<T> {
    const done = this.#add(-1);
    try {
      return await answer;
    } finally {
      done();
    }
  }

  #add(by: 1 | -1): Done {
    this.#count.update((count) => count + by);
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      this.#count.update((count) => count - by);
    };
  }
}
