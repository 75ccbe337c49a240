import type { Cancel, Clock } from "../../../src/lib/clock.ts";

interface Timer {
  at: number;
  readonly callback: () => void;
  readonly period: number | undefined;
}

/** A clock that stands still until it is advanced. Starts at 2026-01-01T00:00:00Z. */
export class ManualClock implements Clock {
  readonly #timers = new Set<Timer>();
  readonly #awaited: Array<{ readonly milliseconds: number; readonly resolve: () => void }> = [];
  #now = Date.UTC(2026, 0, 1);

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, callback: () => void): Cancel {
    return this.#add({ at: this.#now + milliseconds, callback, period: undefined });
  }

  every(milliseconds: number, callback: () => void): Cancel {
    return this.#add({ at: this.#now + milliseconds, callback, period: milliseconds });
  }

  /** Resolves when something waits for exactly that long. */
  untilTimer(milliseconds: number): Promise<void> {
    const found = Array.from(this.#timers).some(({ at }) => at === this.#now + milliseconds);
    return found ? Promise.resolve() : new Promise((resolve) => this.#awaited.push({ milliseconds, resolve }));
  }

  /** Runs what falls due, in order. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const due = Array.from(this.#timers)
        .filter(({ at }) => at <= end)
        .sort((a, b) => a.at - b.at);
      const [next] = due;
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      if (next.period === undefined) this.#timers.delete(next);
      else next.at += next.period;
      next.callback();
    }
    this.#now = end;
  }

  #add(timer: Timer): Cancel {
    this.#timers.add(timer);
    for (const { milliseconds, resolve } of this.#awaited) if (timer.at === this.#now + milliseconds) resolve();
    return () => this.#timers.delete(timer);
  }
}
