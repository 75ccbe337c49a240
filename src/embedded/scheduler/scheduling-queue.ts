import type { Cancel, Clock } from "../../lib/clock.ts";

/** Back-off of a pod that did not fit: 1 s, doubled each time, at most 10 s (scheduler podInitialBackoffSeconds). */
const INITIAL_BACKOFF = 1000;
const MAX_BACKOFF = 10_000;

interface Waiting {
  readonly priority: number;
  readonly arrival: number;
}

interface Parked {
  readonly attempts: number;
  /** Milliseconds since the epoch; not tried again before. */
  readonly notBefore: number;
  /** Something has happened that may make room. */
  readonly moved: boolean;
}

/**
 * The pods to schedule: higher priority first, then in order of arrival. A pod that fitted nowhere is parked until something
 * happens that may help, and then for its back-off (pkg/scheduler/backend/queue).
 */
export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #wake: () => void;
  readonly #waiting = new Map<string, Waiting>();
  readonly #parked = new Map<string, Parked>();
  readonly #attempts = new Map<string, number>();
  #arrivals = 0;
  #timer: { readonly at: number; readonly cancel: Cancel } | undefined;

  /** @param wake called when `pop` may have something new */
  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  isParked(path: string): boolean {
    return this.#parked.has(path);
  }

  parked(): readonly string[] {
    return Array.from(this.#parked.keys());
  }

  add(path: string, priority: number): void {
    this.#parked.delete(path);
    if (this.#waiting.has(path)) return;
    this.#arrivals += 1;
    this.#waiting.set(path, { priority, arrival: this.#arrivals });
    this.#wake();
  }

  delete(path: string): void {
    this.#waiting.delete(path);
    this.#parked.delete(path);
    this.#attempts.delete(path);
  }

  pop(): string | undefined {
    let first: { readonly path: string; readonly entry: Waiting } | undefined;
    for (const [path, entry] of this.#waiting) {
      if (first === undefined || comesBefore(entry, first.entry)) first = { path, entry };
    }
    if (first !== undefined) this.#waiting.delete(first.path);
    return first?.path;
  }

  /** The pod fitted nowhere. */
  park(path: string): void {
    const attempts = (this.#attempts.get(path) ?? 0) + 1;
    this.#attempts.set(path, attempts);
    const backoff = Math.min(INITIAL_BACKOFF * 2 ** (attempts - 1), MAX_BACKOFF);
    this.#parked.set(path, { attempts, notBefore: this.#clock.now() + backoff, moved: false });
  }

  /** Something has happened that may help a parked pod: it is tried again as soon as its back-off is over. */
  move(path: string, priority: number): void {
    const parked = this.#parked.get(path);
    if (parked === undefined) return;
    const now = this.#clock.now();
    if (parked.notBefore <= now) {
      this.add(path, priority);
      return;
    }
    this.#parked.set(path, { ...parked, moved: true });
    this.#arm(parked.notBefore);
  }

  /** Tries every pod again whose back-off is over; `priorityOf` says where it goes. */
  flush(priorityOf: (path: string) => number): void {
    const now = this.#clock.now();
    for (const [path, { moved, notBefore }] of this.#parked) {
      if (!moved) continue;
      if (notBefore <= now) this.add(path, priorityOf(path));
      else this.#arm(notBefore);
    }
  }

  close(): void {
    this.#timer?.cancel();
    this.#waiting.clear();
    this.#parked.clear();
  }

  #arm(at: number): void {
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    this.#timer?.cancel();
    const ring = (): void => {
      this.#timer = undefined;
      this.#wake();
    };
    this.#timer = { at, cancel: this.#clock.after(at - this.#clock.now(), ring, { background: true }) };
  }
}

function comesBefore(a: Waiting, b: Waiting): boolean {
  return a.priority === b.priority ? a.arrival < b.arrival : a.priority > b.priority;
}
