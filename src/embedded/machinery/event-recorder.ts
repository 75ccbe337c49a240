import type { Clock } from "../../lib/clock.ts";
import { errorMessage } from "../../lib/errors.ts";
import type { Json, KubeObject } from "../../lib/kube/object.ts";
import { silentLogger, type Logger } from "../../lib/log.ts";
import { RESOURCES, type ObjectKey, type Registry } from "./registry.ts";
import { isNotFound } from "./status-error.ts";
import { formatTime } from "./time.ts";

/** Numbers of client-go tools/record/events_cache.go. */
const CACHE_SIZE = 4096;
const SIMILAR_EVENTS = 10;
const SIMILAR_WINDOW = 600_000;
const BURST = 25;
const REFILL_INTERVAL = 300_000;

export interface EventRecorder {
  /**
   * Writes a `v1` Event about an object, which must carry `apiVersion` and `kind`. Returns at once and never throws:
   * what cannot be written is logged. An event equal to an earlier one raises its `count` instead.
   * @param fieldPath the part meant: `spec.containers{web}`
   */
  event(object: KubeObject, type: "Normal" | "Warning", reason: string, message: string, fieldPath?: string): void;
  /** Resolves when everything recorded so far has been written or given up. */
  settled(): Promise<void>;
}

export interface EventRecorderOptions {
  readonly registry: Registry;
  /** `deployment-controller`: the `From` of `kubectl describe`. */
  readonly component: string;
  /** The node, for a component that runs on one. */
  readonly host?: string;
  readonly clock: Clock;
  readonly logger?: Logger;
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new AggregatingRecorder(options);
}

interface Written {
  readonly key: ObjectKey;
  count: number;
}

interface Similar {
  readonly messages: Set<string>;
  since: number;
}

class AggregatingRecorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #logger: Logger;
  /** By everything that makes events equal. The most recently used come last. */
  readonly #written = new Map<string, Written>();
  /** By everything but the message. */
  readonly #similar = new Map<string, Similar>();
  /** What each object may still write: one more every five minutes. */
  readonly #budgets = new Map<string, { tokens: number; at: number }>();
  #queue: Promise<void> = Promise.resolve();
  #lastNanoseconds = 0n;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
  }

  event(object: KubeObject, type: "Normal" | "Warning", reason: string, message: string, fieldPath?: string): void {
    const involved = {
      kind: object.kind ?? "",
      ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
      name: object.metadata.name ?? "",
      ...(object.metadata.uid === undefined ? {} : { uid: object.metadata.uid }),
      apiVersion: object.apiVersion ?? "",
      ...(object.metadata.resourceVersion === undefined ? {} : { resourceVersion: object.metadata.resourceVersion }),
      ...(fieldPath === undefined ? {} : { fieldPath }),
    };
    const { namespace = "", name = "", uid = "" } = object.metadata;
    const aboutKey = [object.kind, namespace, name, uid].join("\u0000");
    if (!this.#spend(aboutKey)) return;
    const similarKey = [aboutKey, fieldPath ?? "", type, reason].join("\u0000");
    const text = this.#isOneOfMany(similarKey, message) ? `(combined from similar events): ${message}` : message;
    const combined = text !== message;
    // Combined events are equal whatever they say, so that one object counts them all.
    const equalKey = combined ? similarKey : [similarKey, message].join("\u0000");
    const at = this.#options.clock.now();
    this.#queue = this.#queue.then(() => this.#write(equalKey, { involved, type, reason, message: text, at }));
  }

  settled(): Promise<void> {
    return this.#queue;
  }

  /** A token bucket per object: an object that fails in a loop must not fill the store. */
  #spend(aboutKey: string): boolean {
    const now = this.#options.clock.now();
    const budget = this.#budgets.get(aboutKey) ?? { tokens: BURST, at: now };
    const refilled = Math.floor((now - budget.at) / REFILL_INTERVAL);
    if (refilled > 0) {
      budget.tokens = Math.min(BURST, budget.tokens + refilled);
      budget.at += refilled * REFILL_INTERVAL;
    }
    remember(this.#budgets, aboutKey, budget);
    if (budget.tokens <= 0) return false;
    budget.tokens -= 1;
    return true;
  }

  #isOneOfMany(similarKey: string, message: string): boolean {
    const now = this.#options.clock.now();
    const known = this.#similar.get(similarKey);
    const similar = known === undefined || now - known.since > SIMILAR_WINDOW ? freshSimilar(now) : known;
    similar.since = now;
    similar.messages.add(message);
    remember(this.#similar, similarKey, similar);
    if (similar.messages.size < SIMILAR_EVENTS) return false;
    // Upstream forgets one too: the set must not grow with every new message.
    for (const oldest of similar.messages) {
      similar.messages.delete(oldest);
      break;
    }
    return true;
  }

  async #write(equalKey: string, event: Recorded): Promise<void> {
    const { registry, component } = this.#options;
    const written = this.#written.get(equalKey);
    try {
      if (written !== undefined) {
        const patch: Json = {
          count: written.count + 1,
          lastTimestamp: formatTime(event.at),
          message: event.message,
        };
        try {
          await registry.patch(RESOURCES.events, written.key, "strategic", patch);
          written.count += 1;
          remember(this.#written, equalKey, written);
          return;
        } catch (error) {
          // It outlived its time to live: begin again.
          if (!isNotFound(error)) throw error;
        }
      }
      const object = this.#newEvent(event);
      await registry.create(RESOURCES.events, object.metadata.namespace ?? "default", object);
      const key = { namespace: object.metadata.namespace ?? "default", name: object.metadata.name ?? "" };
      remember(this.#written, equalKey, { key, count: 1 });
    } catch (error) {
      // Usual while a namespace is being deleted.
      this.#logger.debug("an event was not recorded", {
        component,
        reason: event.reason,
        about: event.involved.name,
        error: errorMessage(error),
      });
    }
  }

  #newEvent(event: Recorded): KubeObject {
    const { component, host } = this.#options;
    const namespace = event.involved.namespace ?? "default";
    const time = formatTime(event.at);
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: `${event.involved.name}.${this.#nanoseconds(event.at).toString(16)}`, namespace },
      involvedObject: event.involved,
      reason: event.reason,
      message: event.message,
      source: { component, ...(host === undefined ? {} : { host }) },
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      type: event.type,
      eventTime: null,
      reportingComponent: component,
      reportingInstance: host ?? "",
    };
  }

  /** Unique within the process: events of the same millisecond need different names. */
  #nanoseconds(at: number): bigint {
    const now = BigInt(Math.trunc(at)) * 1_000_000n;
    this.#lastNanoseconds = now > this.#lastNanoseconds ? now : this.#lastNanoseconds + 1n;
    return this.#lastNanoseconds;
  }
}

interface Recorded {
  readonly involved: { readonly name: string; readonly namespace?: string } & Readonly<Record<string, string>>;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

function freshSimilar(now: number): Similar {
  return { messages: new Set(), since: now };
}

/** Sets an entry as the most recently used and drops the least recently used one where there are too many. */
function remember<T>(cache: Map<string, T>, key: string, value: T): void {
  cache.delete(key);
  cache.set(key, value);
  if (cache.size <= CACHE_SIZE) return;
  for (const oldest of cache.keys()) {
    cache.delete(oldest);
    return;
  }
}
