import type { Clock } from "../lib/clock.ts";
import type { KelpieError } from "../lib/errors.ts";
import { asString, at } from "../lib/kube/object.ts";
import { createValue, type Subscribable } from "../lib/subscribable.ts";
import { isApiError } from "./api-error.ts";
import { Backoff } from "./backoff.ts";
import type { ConnectionStatus } from "./cluster.ts";
import { connectionErrorFrom } from "./connection-error.ts";
import type { HttpClient } from "./http-client.ts";
import { Sleeper } from "./sleeper.ts";

/** How often a server that answers is asked again. */
const CHECK_MILLISECONDS = 15_000;
/** A server that takes longer for its version is away, for those who look. */
const ANSWER_MILLISECONDS = 10_000;

/** Asks `/version` for ever: tells whether the API answers, and when it will be tried again. */
export class ConnectionProber {
  readonly status: Subscribable<ConnectionStatus>;
  readonly #status;
  readonly #client: HttpClient;
  readonly #clock: Clock;
  readonly #sleeper: Sleeper;
  readonly #backoff: Backoff;
  readonly #stopped = new AbortController();

  constructor(client: HttpClient, clock: Clock, random?: () => number) {
    this.#client = client;
    this.#clock = clock;
    this.#sleeper = new Sleeper(clock);
    this.#backoff = new Backoff(random);
    this.#status = createValue<ConnectionStatus>({ state: "connecting", since: clock.now() });
    this.status = this.#status;
  }

  start(): void {
    void this.#run();
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** Tries at once. */
  retryNow(): void {
    this.#backoff.reset();
    this.#sleeper.wake();
  }

  /** Somebody's connection failed: looks at once when the server is thought to be there. */
  suspect(): void {
    if (this.#status.get().state === "connected") this.#sleeper.wake();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      let wait = CHECK_MILLISECONDS;
      try {
        this.#connected(await this.#version());
      } catch (error) {
        if (this.#stopped.signal.aborted) return;
        wait = this.#unreachable(connectionErrorFrom(error, this.#client.server));
      }
      await this.#sleeper.sleep(wait, signal);
    }
  }

  /** `""` where the server answers and does not say. */
  async #version(): Promise<string> {
    try {
      const version = await this.#client.json({
        path: "/version",
        about: { verb: "read", resource: "/version" },
        signal: this.#stopped.signal,
        timeoutMilliseconds: ANSWER_MILLISECONDS,
      });
      return asString(at(version, "gitVersion"));
    } catch (error) {
      // A server that forbids /version is there all the same.
      if (isApiError(error, 403, 404)) return "";
      throw error;
    }
  }

  #connected(serverVersion: string): void {
    this.#backoff.reset();
    const before = this.#status.get();
    if (before.state === "connected" && before.serverVersion === serverVersion) return;
    this.#status.set({ state: "connected", since: this.#clock.now(), serverVersion });
  }

  #unreachable(error: KelpieError): number {
    const before = this.#status.get();
    const wait = this.#backoff.next(isApiError(error) ? error.retryAfterMilliseconds : 0);
    this.#status.set({
      state: "unreachable",
      since: before.state === "unreachable" ? before.since : this.#clock.now(),
      error,
      attempts: this.#backoff.failures,
      retryAt: this.#clock.now() + wait,
    });
    return wait;
  }
}
