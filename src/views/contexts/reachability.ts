import type { ContextProbes } from "../../cluster/cluster.ts";
import { createValue, type Subscribable } from "../../lib/subscribable.ts";
import type { Reach } from "./model.ts";

/** Servers that are asked at the same time. */
const AT_ONCE = 4;

/** Asks the contexts of a list one after the other, a few at a time, while somebody looks. */
export class ContextReachability {
  readonly #open: () => ContextProbes;
  readonly #reaches = createValue<ReadonlyMap<string, Reach>>(new Map());
  #probes: ContextProbes | undefined;
  #waiting: string[] = [];
  #running = new Set<string>();

  constructor(open: () => ContextProbes) {
    this.#open = open;
  }

  get reaches(): Subscribable<ReadonlyMap<string, Reach>> {
    return this.#reaches;
  }

  /** Asks these again, each once. */
  ask(contexts: readonly string[]): void {
    this.#probes ??= this.#open();
    const fresh = contexts.filter((name) => !this.#waiting.includes(name) && !this.#running.has(name));
    this.#waiting.push(...fresh);
    while (this.#running.size < AT_ONCE && this.#waiting.length > 0) void this.#next(this.#probes);
  }

  /** Those of a list that were never asked. */
  askNew(contexts: readonly string[]): void {
    this.ask(contexts.filter((name) => !this.#reaches.get().has(name)));
  }

  stop(): void {
    this.#waiting = [];
    this.#running = new Set();
    this.#probes?.close();
    this.#probes = undefined;
  }

  async #next(probes: ContextProbes): Promise<void> {
    const name = this.#waiting.shift();
    if (name === undefined) return;
    this.#running.add(name);
    // What was known stays until there is an answer.
    if (!this.#reaches.get().has(name)) this.#set(name, { state: "asking" });
    const reach = await probes.ask(name);
    // Nobody looks any more: the answer is that of a connection that was closed.
    if (this.#probes !== probes) return;
    this.#running.delete(name);
    this.#set(name, reach);
    this.ask([]);
  }

  #set(name: string, reach: Reach): void {
    this.#reaches.update((reaches) => new Map([...reaches, [name, reach]]));
  }
}
