import { createValue, type Subscribable } from "../lib/subscribable.ts";

/** What a stack holds: it is told when it comes to the front, is covered, or will never be seen again. */
export interface Place {
  show(): void;
  hide(): void;
  dispose(): void;
}

/** The way to the view in front: the crumbs. */
export interface Trail<T extends Place> {
  /** The last one is in front. */
  readonly places: ReadonlyArray<{ readonly title: string; readonly place: T }>;
}

/** Trails that are kept alive to come back to. */
const KEPT_TRAILS = 10;

/**
 * Where the operator is: trails of views, and the history of trails. A command of the prompt starts a new trail, Enter
 * goes deeper in it, Esc comes back out. Places are kept as they are, never made anew.
 */
export class Navigation<T extends Place> {
  readonly #front = createValue<Trail<T>>({ places: [] });
  #trails: Array<Trail<T>> = [];
  #at = -1;
  #last = -1;

  get trail(): Subscribable<Trail<T>> {
    return this.#front;
  }

  get front(): T | undefined {
    return this.#front.get().places.at(-1)?.place;
  }

  /** Goes deeper in the trail in front. */
  push(title: string, place: T): void {
    this.#replace({ places: [...this.#front.get().places, { title, place }] });
  }

  /** Starts a new trail; what was ahead in the history is given up. */
  start(title: string, place: T): void {
    for (const trail of this.#trails.splice(this.#at + 1)) disposeAll(trail);
    this.#trails.push({ places: [{ title, place }] });
    while (this.#trails.length > KEPT_TRAILS) {
      const [oldest] = this.#trails.splice(0, 1);
      if (oldest !== undefined) disposeAll(oldest);
      this.#at -= 1;
      this.#last -= 1;
    }
    this.#goTo(this.#trails.length - 1);
  }

  /** Out of the place in front: to the one before in its trail, else to the trail before. @returns false at the root */
  back(): boolean {
    const { places } = this.#front.get();
    if (places.length > 1) {
      const left = places.at(-1);
      this.#replace({ places: places.slice(0, -1) });
      left?.place.dispose();
      return true;
    }
    return this.history("back");
  }

  /** @returns false where there is nothing in that direction */
  history(step: "back" | "forward" | "last"): boolean {
    const to = step === "back" ? this.#at - 1 : step === "forward" ? this.#at + 1 : this.#last;
    if (to < 0 || to >= this.#trails.length || to === this.#at) return false;
    this.#goTo(to);
    return true;
  }

  /** Takes a place back to the front of its trail by its index: a click on a crumb. */
  backTo(index: number): void {
    while (this.#front.get().places.length > index + 1) this.back();
  }

  /** Gives up everything: another cluster. */
  clear(): void {
    this.front?.hide();
    for (const trail of this.#trails) disposeAll(trail);
    this.#trails = [];
    this.#at = -1;
    this.#last = -1;
    this.#front.set({ places: [] });
  }

  #replace(trail: Trail<T>): void {
    if (this.#at === -1) {
      this.#at = 0;
      this.#trails = [trail];
    } else this.#trails[this.#at] = trail;
    this.#show(trail);
  }

  #goTo(index: number): void {
    if (this.#at !== index) this.#last = this.#at;
    this.#at = index;
    this.#show(this.#trails[index] ?? { places: [] });
  }

  #show(trail: Trail<T>): void {
    const before = this.front;
    const after = trail.places.at(-1)?.place;
    if (before !== after) before?.hide();
    this.#front.set(trail);
    if (before !== after) after?.show();
  }
}

function disposeAll<T extends Place>(trail: Trail<T>): void {
  for (const { place } of trail.places.toReversed()) place.dispose();
}
