import { nextTurn, type Cancel } from "../../lib/clock.ts";

/** Work that may be interrupted at every `yield`. */
export type Interruptible<T> = Generator<undefined, T, undefined>;

/** How long work holds the event loop before input gets a turn. */
const SLICE_MILLISECONDS = 6;
/** Items of a loop between two looks at the time. */
export const ITEMS_PER_LOOK = 512;

/** Runs one interruptible work at a time: as far as one slice goes at once, the rest in later turns of the event loop. */
export class SlicedWork {
  #work: Interruptible<void> | undefined;
  #done: () => void = () => {};
  #cancel: Cancel | undefined;
  #sliceEnds = 0;

  get pending(): boolean {
    return this.#work !== undefined;
  }

  /** Begins `work`, and calls `done` behind it; what ran before is dropped where it stands. */
  start(work: Interruptible<void>, done: () => void): void {
    this.#cancel?.();
    this.#work = work;
    this.#done = done;
    this.#step(SLICE_MILLISECONDS);
  }

  /** For the work itself: what it has brought so far is to be drawn before it goes on. */
  pause(): void {
    if (Number.isFinite(this.#sliceEnds)) this.#sliceEnds = 0;
  }

  /** Does what is left of the work now. */
  finish(): void {
    if (this.#work !== undefined) this.#step(Number.POSITIVE_INFINITY);
  }

  #step(milliseconds: number): void {
    const work = this.#work;
    if (work === undefined) return;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#sliceEnds = performance.now() + milliseconds;
    while (work.next().done !== true) {
      if (performance.now() < this.#sliceEnds) continue;
      this.#cancel = nextTurn(() => this.#step(milliseconds));
      return;
    }
    this.#work = undefined;
    this.#done();
  }
}
