import { nextTurn } from "../lib/clock.ts";

/** How long work may hold the event loop before input and output get a turn. */
const SLICE_MILLISECONDS = 6;

/** Gives up the event loop when the work since the last turn took too long: `await slice.breathe()` in loops. */
export class TimeSlice {
  #started = performance.now();

  /** Resolves at once, or in the next turn when the slice is used up. */
  async breathe(): Promise<void> {
    if (performance.now() - this.#started < SLICE_MILLISECONDS) return;
    await oneTurn();
    this.#started = performance.now();
  }

  /** A new slice begins: call after waiting for something else. */
  restart(): void {
    this.#started = performance.now();
  }
}

/** Resolves in the next turn of the event loop, before new input is looked for. */
export function oneTurn(): Promise<void> {
  return new Promise((resolve) => {
    nextTurn(resolve);
  });
}
