const FIRST_MILLISECONDS = 500;
const MOST_MILLISECONDS = 30_000;
/** Of what a server may ask for; a timer of months would run out at once. */
const MOST_ASKED_MILLISECONDS = 300_000;

/** Growing, jittered waits between attempts: 0.5 s to 30 s, each 75 % to 125 % of twice the last. */
export class Backoff {
  readonly #random: () => number;
  #failures = 0;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  get failures(): number {
    return this.#failures;
  }

  /** The wait after one more failure. `atLeast` is what the server asked for (`Retry-After`). */
  next(atLeast = 0): number {
    const base = Math.min(MOST_MILLISECONDS, FIRST_MILLISECONDS * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    const jittered = base * (0.75 + this.#random() / 2);
    return Math.max(Math.min(atLeast, MOST_ASKED_MILLISECONDS), Math.min(MOST_MILLISECONDS, Math.round(jittered)));
  }

  reset(): void {
    this.#failures = 0;
  }
}
