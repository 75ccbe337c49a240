import type { Cancel, Clock } from "../../src/lib/clock.ts";

interface Timer {
  at: number;
  readonly every: number | undefined;
  readonly callback: () => void;
  handle: NodeJS.Timeout | undefined;
}

/** Real time that a test moves on by minutes: for what waits long between two events on real sockets. */
export class JumpingClock implements Clock {
  #ahead = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return Date.now() + this.#ahead;
  }

  after(milliseconds: number, callback: () => void): Cancel {
    return this.#add({ at: this.now() + milliseconds, every: undefined, callback, handle: undefined });
  }

  every(milliseconds: number, callback: () => void): Cancel {
    return this.#add({ at: this.now() + milliseconds, every: milliseconds, callback, handle: undefined });
  }

  /** Milliseconds from now to each timer, soonest first. */
  get pending(): readonly number[] {
    return [...this.#timers].map((timer) => timer.at - this.now()).toSorted((left, right) => left - right);
  }

  /** Moves time on and runs what falls due, each at its time. */
  advance(milliseconds: number): void {
    const end = this.now() + milliseconds;
    for (;;) {
      const [next] = [...this.#timers].filter((timer) => timer.at <= end).toSorted((left, right) => left.at - right.at);
      if (next === undefined) break;
      this.#ahead += Math.max(0, next.at - this.now());
      this.#run(next);
    }
    this.#ahead += Math.max(0, end - this.now());
    for (const timer of this.#timers) this.#arm(timer);
  }

  #add(timer: Timer): Cancel {
    this.#timers.add(timer);
    this.#arm(timer);
    return () => {
      clearTimeout(timer.handle);
      this.#timers.delete(timer);
    };
  }

  #arm(timer: Timer): void {
    clearTimeout(timer.handle);
    timer.handle = setTimeout(() => this.#run(timer), Math.max(0, timer.at - this.now()));
  }

  #run(timer: Timer): void {
    clearTimeout(timer.handle);
    if (timer.every === undefined) this.#timers.delete(timer);
    else {
      timer.at = Math.max(timer.at + timer.every, this.now());
      this.#arm(timer);
    }
    timer.callback();
  }
}
