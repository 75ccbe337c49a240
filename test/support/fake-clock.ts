import type { Cancel, Clock } from "../../src/lib/clock.ts";

interface Timer {
  at: number;
  readonly every: number | undefined;
  readonly callback: () => void;
}

/** A clock that a test moves by hand. Timers run in order of their time, within `advance`. */
export class FakeClock implements Clock {
  #now: number;
  readonly #timers = new Set<Timer>();
  readonly #waiters = new Set<() => void>();

  constructor(start: number = Date.parse("2026-01-01T00:00:00Z")) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, callback: () => void): Cancel {
    return this.#add({ at: this.#now + milliseconds, every: undefined, callback });
  }

  every(milliseconds: number, callback: () => void): Cancel {
    return this.#add({ at: this.#now + milliseconds, every: milliseconds, callback });
  }

  /** Milliseconds from now to each timer, soonest first. */
  get pending(): readonly number[] {
    return [...this.#timers].map((timer) => timer.at - this.#now).toSorted((left, right) => left - right);
  }

  /** Moves time on and runs what falls due. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const [next] = [...this.#timers].filter((timer) => timer.at <= end).toSorted((left, right) => left.at - right.at);
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      if (next.every === undefined) this.#timers.delete(next);
      else next.at += next.every;
      next.callback();
    }
    this.#now = end;
  }

  /** Resolves once a timer runs out within the given range from now: what to wait for before `advance`. */
  timerWithin(least: number, most: number): Promise<number> {
    const find = (): number | undefined => this.pending.find((wait) => wait >= least && wait <= most);
    const found = find();
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve) => {
      const check = (): void => {
        const wait = find();
        if (wait === undefined) return;
        this.#waiters.delete(check);
        resolve(wait);
      };
      this.#waiters.add(check);
    });
  }

  #add(timer: Timer): Cancel {
    this.#timers.add(timer);
    for (const waiter of Array.from(this.#waiters)) waiter();
    return () => {
      this.#timers.delete(timer);
    };
  }
}
