import { cpus } from "node:os";
import { delay, type Clock } from "../../lib/clock.ts";
import type { ContainerRuntime, ResourceUsage } from "../runtimes/runtime.ts";
import type { UsageSample } from "./node-agent.ts";
import { machineFacts } from "./node-status.ts";

/** Samples younger than this serve again. */
const FRESH_MILLISECONDS = 1000;
/** An earlier reading older than this says nothing of now. */
const STALE_MILLISECONDS = 90_000;
/** Between two readings where there is no recent earlier one. */
const SHORT_WINDOW_MILLISECONDS = 250;

/** One running container. */
export interface SampledContainer {
  readonly podUid: string;
  readonly name: string;
  readonly id: string;
}

interface Reading {
  readonly at: number;
  /** CPU time used so far, seconds. */
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

interface Series {
  reading: Reading;
  sample: UsageSample | undefined;
}

/**
 * CPU rates and memory, read only when somebody asks: an idle cluster costs nothing. The window of a rate is the time
 * since the last question, or a quarter of a second where that is too long ago.
 */
export class UsageSampler {
  readonly #runtime: ContainerRuntime;
  readonly #clock: Clock;
  readonly #containers: () => readonly SampledContainer[];
  /** By container id; the node's is `""`. */
  readonly #series = new Map<string, Series>();
  #refreshing: Promise<void> | undefined;
  #refreshedAt = Number.NEGATIVE_INFINITY;

  constructor(options: {
    readonly runtime: ContainerRuntime;
    readonly clock: Clock;
    readonly containers: () => readonly SampledContainer[];
  }) {
    this.#runtime = options.runtime;
    this.#clock = options.clock;
    this.#containers = options.containers;
  }

  /** Brings the samples up to date. Never throws. */
  refresh(): Promise<void> {
    if (this.#clock.now() - this.#refreshedAt < FRESH_MILLISECONDS) return Promise.resolve();
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
      this.#refreshedAt = this.#clock.now();
    });
    return this.#refreshing;
  }

  /** By container name. */
  podUsage(uid: string): ReadonlyMap<string, UsageSample> {
    const samples = new Map<string, UsageSample>();
    for (const { podUid, name, id } of this.#containers()) {
      const sample = podUid === uid ? this.#series.get(id)?.sample : undefined;
      if (sample !== undefined) samples.set(name, sample);
    }
    return samples;
  }

  nodeUsage(): UsageSample | undefined {
    return this.#series.get("")?.sample;
  }

  async #refresh(): Promise<void> {
    const containers = this.#containers();
    const known = new Set(["", ...containers.map(({ id }) => id)]);
    for (const id of this.#series.keys()) if (!known.has(id)) this.#series.delete(id);
    const needsSecond = await this.#readAll(containers);
    if (!needsSecond) return;
    await delay(this.#clock, SHORT_WINDOW_MILLISECONDS);
    await this.#readAll(containers);
  }

  /** @returns whether some have no earlier reading to compare with */
  async #readAll(containers: readonly SampledContainer[]): Promise<boolean> {
    const results = await Promise.all(
      containers.map(async ({ id }) => {
        const usage = await this.#runtime.stats(id).catch(() => undefined);
        return usage !== undefined && !this.#take(id, readingOf(usage));
      }),
    );
    const nodeIsNew = !this.#take("", nodeReading(this.#clock.now()));
    return nodeIsNew || results.includes(true);
  }

  /** @returns whether a rate could be computed */
  #take(id: string, reading: Reading): boolean {
    const series = this.#series.get(id);
    const before = series?.reading;
    const window = before === undefined ? 0 : reading.at - before.at;
    if (series === undefined || before === undefined || window <= 0 || window > STALE_MILLISECONDS) {
      this.#series.set(id, { reading, sample: series?.sample });
      return false;
    }
    series.reading = reading;
    series.sample = {
      cpu: Math.max(0, (reading.cpuSeconds - before.cpuSeconds) / (window / 1000)),
      workingSetBytes: reading.memoryBytes,
      at: reading.at,
      windowMilliseconds: window,
    };
    return true;
  }
}

function readingOf(usage: ResourceUsage): Reading {
  return { at: usage.at, cpuSeconds: Number(usage.cpuNanos / 1000n) / 1e6, memoryBytes: usage.workingSetBytes };
}

/** The whole machine: pods share it with everything else. */
function nodeReading(now: number): Reading {
  const busy = cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
  const facts = machineFacts({ total: 0, available: 0 });
  return { at: now, cpuSeconds: busy / 1000, memoryBytes: facts.memoryBytes - facts.availableMemoryBytes };
}
