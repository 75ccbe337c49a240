import type { KubeObject } from "../../lib/kube/object.ts";
import type { Tone } from "../../lib/tone.ts";
import { SlicedVisit } from "../sliced-visit.ts";

/** How many objects of a kind are well, busy, suspicious, broken, and out of use. */
export interface HealthCounts {
  readonly ok: number;
  readonly progress: number;
  readonly warning: number;
  readonly error: number;
  readonly off: number;
  readonly total: number;
}

type Counted = Exclude<keyof HealthCounts, "total">;

const COUNTED: Readonly<Record<Tone, Counted>> = {
  ok: "ok",
  done: "ok",
  accent: "ok",
  added: "ok",
  progress: "progress",
  warning: "warning",
  error: "error",
  muted: "off",
};

interface Rows {
  get(key: string): { readonly object: KubeObject } | undefined;
  keys(): Iterator<string>;
}

/** Counts the health of a list with work proportional to what changed. */
export class KindHealth {
  readonly #healthOf: (object: KubeObject) => Tone;
  readonly #known = new Map<string, Counted>();
  readonly #filling = new SlicedVisit();
  readonly #counts: Record<Counted, number> = { ok: 0, progress: 0, warning: 0, error: 0, off: 0 };

  constructor(healthOf: (object: KubeObject) => Tone) {
    this.#healthOf = healthOf;
  }

  /** A whole list is being counted anew. */
  get counting(): boolean {
    return this.#filling.running;
  }

  get counts(): HealthCounts {
    return { ...this.#counts, total: this.#known.size };
  }

  /** Counts a whole list anew. @param done runs when all is counted */
  fill(rows: Rows, done: () => void): void {
    for (const key of this.#known.keys()) this.#take(key);
    this.#filling.start(rows.keys(), (key) => this.apply(rows, { changed: [key], removed: [] }), done);
  }

  stop(): void {
    this.#filling.stop();
  }

  apply(rows: Rows, changes: { readonly changed: Iterable<string>; readonly removed: Iterable<string> }): void {
    for (const key of changes.removed) this.#take(key);
    for (const key of changes.changed) {
      const row = rows.get(key);
      this.#take(key);
      if (row !== undefined) this.#put(key, row.object);
    }
  }

  #put(key: string, object: KubeObject): void {
    const counted = COUNTED[this.#healthOf(object)];
    this.#known.set(key, counted);
    this.#counts[counted] += 1;
  }

  #take(key: string): void {
    const counted = this.#known.get(key);
    if (counted === undefined) return;
    this.#known.delete(key);
    this.#counts[counted] -= 1;
  }
}
