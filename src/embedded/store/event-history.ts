import type { StoreEvent } from "./store.ts";

const MAX_EVENTS = 8192;
/** Text of the events kept: bounds the memory of a cluster that rewrites large objects. */
const MAX_BYTES = 16 * 2 ** 20;

/** The last events, oldest first, so that watches resume from an older resourceVersion. */
export class EventHistory {
  #events: StoreEvent[] = [];
  #start = 0;
  #bytes = 0;
  /** Everything after this resourceVersion is here. */
  #compacted: number;

  constructor(compacted: number) {
    this.#compacted = compacted;
  }

  get compacted(): number {
    return this.#compacted;
  }

  add(event: StoreEvent): void {
    this.#events.push(event);
    this.#bytes += event.current.json.length;
    while (this.#events.length - this.#start > MAX_EVENTS || this.#bytes > MAX_BYTES) this.#dropOldest();
  }

  /** Events after `since`; `undefined` where some of them are gone. */
  after(since: number): readonly StoreEvent[] | undefined {
    if (since < this.#compacted) return undefined;
    let low = this.#start;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#events[middle]?.resourceVersion ?? 0) <= since) low = middle + 1;
      else high = middle;
    }
    return this.#events.slice(low);
  }

  #dropOldest(): void {
    const oldest = this.#events[this.#start];
    if (oldest === undefined) return;
    this.#compacted = oldest.resourceVersion;
    this.#bytes -= oldest.current.json.length;
    this.#start += 1;
    // Shifting an array of thousands for every write would be quadratic: cut it now and then.
    if (this.#start > 1024) {
      this.#events = this.#events.slice(this.#start);
      this.#start = 0;
    }
  }
}
