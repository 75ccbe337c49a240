import type { Cancel, Clock } from "../../lib/clock.ts";
import { memoryOf } from "./proc-usage.ts";

const LOOK_MILLISECONDS = 1000;

interface Watched {
  readonly limit: number;
  readonly pids: () => readonly number[];
  readonly kill: () => void;
}

/** Memory limits without control groups: looks every second and kills what is above its limit. Can be late. */
export class MemoryWatch {
  readonly #clock: Clock;
  readonly #watched = new Map<string, Watched>();
  readonly #killed = new Set<string>();
  #cancel: Cancel | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(id: string, watched: Watched): void {
    this.#watched.set(id, watched);
    this.#cancel ??= this.#clock.every(LOOK_MILLISECONDS, () => this.#look(), { background: true });
  }

  /** Ends the watch over a container. Whether it was killed is remembered until then. */
  remove(id: string): void {
    this.#watched.delete(id);
    this.#killed.delete(id);
    if (this.#watched.size === 0) this.close();
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  killed(id: string): boolean {
    return this.#killed.has(id);
  }

  #look(): void {
    for (const [id, watched] of this.#watched) {
      if (this.#killed.has(id)) continue;
      const used = watched.pids().reduce((sum, pid) => sum + memoryOf(pid), 0);
      if (used <= watched.limit) continue;
      this.#killed.add(id);
      watched.kill();
    }
  }
}
