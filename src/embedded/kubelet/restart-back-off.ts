import type { Clock } from "../../lib/clock.ts";

const INITIAL_MILLISECONDS = 10_000;
const MAXIMUM_MILLISECONDS = 300_000;

interface Entry {
  milliseconds: number;
  lastUpdate: number;
}

/**
 * Back-off as the kubelet's (client-go util/flowcontrol.Backoff): 10 s doubling to 5 min, forgotten after 10 quiet
 * minutes. The first failure is retried at once.
 */
export class RestartBackOff {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds still to wait after a failure at `since` (milliseconds since the epoch); 0: go. */
  remaining(key: string, since: number): number {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#expired(since, entry)) return 0;
    return Math.max(0, since + entry.milliseconds - this.#clock.now());
  }

  /** The whole delay in force for a key, in milliseconds. */
  current(key: string): number {
    return this.#entries.get(key)?.milliseconds ?? 0;
  }

  /** Notes a retry of something that failed at `since`: the next failure waits longer. */
  next(key: string, since: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#expired(since, entry)) {
      this.#entries.set(key, { milliseconds: INITIAL_MILLISECONDS, lastUpdate: this.#clock.now() });
      return;
    }
    entry.milliseconds = Math.min(entry.milliseconds * 2, MAXIMUM_MILLISECONDS);
    entry.lastUpdate = this.#clock.now();
  }

  /**
   * Goes on where an earlier engine was: `restarts` have been made, the last at `lastUpdate` (milliseconds since the
   * epoch). Upstream forgets instead, and every restart of the kubelet restarts all failing containers at once.
   */
  resume(key: string, restarts: number, lastUpdate: number): void {
    if (restarts < 1 || this.#entries.has(key)) return;
    const milliseconds = Math.min(INITIAL_MILLISECONDS * 2 ** (restarts - 1), MAXIMUM_MILLISECONDS);
    this.#entries.set(key, { milliseconds, lastUpdate });
  }

  /** Drops the keys that begin with `prefix`. */
  forget(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#entries.delete(key);
  }

  #expired(since: number, entry: Entry): boolean {
    return since - entry.lastUpdate > MAXIMUM_MILLISECONDS * 2;
  }
}

/** A delay as Go prints a duration: `10s`, `1m20s`, `5m0s`. */
export function formatDelay(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.trunc(seconds / 60)}m${seconds % 60}s`;
}
