import { nextTurn, type Cancel, type Clock } from "../../../lib/clock.ts";
import { errorMessage } from "../../../lib/errors.ts";
import type { Logger } from "../../../lib/log.ts";
import { isAlreadyExists, isConflict, isNotFound } from "../../machinery/status-error.ts";

/** Back-off of an item that failed: 5 ms, doubled each time, at most 1000 s (client-go DefaultItemBasedRateLimiter). */
const BASE_DELAY = 5;
const MAX_DELAY = 1_000_000;

/** Keys to work on. A key is in it once at most and never worked on twice at the same time (client-go workqueue). */
export interface WorkQueue {
  add(key: string): void;
  /** Adds the key in `milliseconds`, or when it was already to come sooner, then. */
  addAfter(key: string, milliseconds: number): void;
  /** Adds the key after its back-off, which grows until the key has been processed without error. */
  addRateLimited(key: string): void;
  /** Begins to work; until then keys are only collected. */
  start(): void;
  /** Keys waiting or being worked on; those added for later do not count. */
  readonly length: number;
}

export interface WorkQueueOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the queue: nothing is begun after it. */
  readonly signal: AbortSignal;
  /** Keys worked on at a time; default 5. */
  readonly concurrency?: number;
  /** What it throws is logged and the key tried again after its back-off. */
  process(key: string): Promise<void>;
}

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  return new RateLimitedQueue(options);
}

class RateLimitedQueue implements WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #concurrency: number;
  /** In order of arrival. */
  readonly #waiting = new Set<string>();
  readonly #processing = new Set<string>();
  /** Added while being worked on. */
  readonly #again = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #later = new Map<string, { readonly at: number; readonly cancel: Cancel }>();
  #started = false;
  #scheduled = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    this.#concurrency = options.concurrency ?? 5;
    const { signal } = options;
    const end = (): void => {
      for (const { cancel } of this.#later.values()) cancel();
      this.#later.clear();
      this.#waiting.clear();
      this.#again.clear();
    };
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  }

  get length(): number {
    return this.#waiting.size + this.#processing.size;
  }

  add(key: string): void {
    if (this.#options.signal.aborted) return;
    if (this.#processing.has(key)) {
      this.#again.add(key);
      return;
    }
    this.#waiting.add(key);
    this.#schedule();
  }

  addAfter(key: string, milliseconds: number): void {
    const { clock, signal } = this.#options;
    if (signal.aborted) return;
    if (milliseconds <= 0) {
      this.add(key);
      return;
    }
    const at = clock.now() + milliseconds;
    const planned = this.#later.get(key);
    if (planned !== undefined && planned.at <= at) return;
    planned?.cancel();
    const ring = (): void => {
      this.#later.delete(key);
      this.add(key);
    };
    this.#later.set(key, { at, cancel: clock.after(milliseconds, ring, { background: true }) });
  }

  addRateLimited(key: string): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.addAfter(key, Math.min(BASE_DELAY * 2 ** failures, MAX_DELAY));
  }

  start(): void {
    this.#started = true;
    this.#schedule();
  }

  // One turn of the event loop per round: a burst of events for a key becomes one piece of work, and a long queue
  // does not keep requests from being read.
  #schedule(): void {
    if (!this.#started || this.#scheduled || this.#waiting.size === 0) return;
    if (this.#processing.size >= this.#concurrency) return;
    this.#scheduled = true;
    nextTurn(() => {
      this.#scheduled = false;
      this.#begin();
    });
  }

  #begin(): void {
    for (const key of this.#waiting) {
      if (this.#processing.size >= this.#concurrency) return;
      this.#waiting.delete(key);
      this.#processing.add(key);
      void this.#work(key);
    }
  }

  async #work(key: string): Promise<void> {
    const { name, logger, signal } = this.#options;
    try {
      await this.#options.process(key);
      this.#failures.delete(key);
    } catch (error) {
      if (!signal.aborted) {
        // These are the everyday ways to learn that the cache is behind.
        const level = isConflict(error) || isAlreadyExists(error) || isNotFound(error) ? "debug" : "warn";
        logger[level](`${name}: will try again`, { key, error: errorMessage(error) });
        this.addRateLimited(key);
      }
    } finally {
      this.#processing.delete(key);
      if (this.#again.delete(key)) this.add(key);
      this.#schedule();
    }
  }
}
