import { delay, type Clock } from "../lib/clock.ts";

/** How long the end of the program waits for a cluster. */
const MOST_MILLISECONDS = 5000;

/** Work that the end of the program waits for: what it has put on a cluster for a while is taken away again. */
export class Closing {
  readonly #work = new Set<Promise<unknown>>();

  /** @param work tells its failures itself */
  waitsFor(work: Promise<unknown>): void {
    const settled = work
      .catch(() => undefined)
      .finally(() => {
        this.#work.delete(settled);
      });
    this.#work.add(settled);
  }

  async settled(clock: Clock): Promise<void> {
    if (this.#work.size === 0) return;
    const enough = new AbortController();
    const late = delay(clock, MOST_MILLISECONDS, enough.signal).catch(() => undefined);
    await Promise.race([Promise.all(this.#work), late]);
    enough.abort();
  }
}
