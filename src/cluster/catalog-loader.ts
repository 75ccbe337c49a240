import { createValue, type Subscribable } from "../lib/subscribable.ts";
import type { Logger } from "../lib/log.ts";
import type { Catalog } from "./cluster.ts";
import { connectionErrorFrom } from "./connection-error.ts";
import { discover } from "./discovery.ts";
import type { HttpClient } from "./http-client.ts";

/** Holds what the server serves; a failed refresh keeps what was known. */
export class CatalogLoader {
  readonly catalog: Subscribable<Catalog>;
  readonly #catalog = createValue<Catalog>({ state: "loading", resources: [] });
  readonly #client: HttpClient;
  readonly #logger: Logger;
  readonly #stopped = new AbortController();
  #loading: Promise<void> | undefined;
  #again = false;

  constructor(client: HttpClient, logger: Logger) {
    this.#client = client;
    this.#logger = logger;
    this.catalog = this.#catalog;
  }

  /** Asks the server anew, once more where it is being asked: its answer may be older than the question. */
  load(): void {
    if (this.#loading !== undefined) {
      this.#again = true;
      return;
    }
    this.#loading = this.#load().finally(() => {
      this.#loading = undefined;
      if (!this.#again || this.#stopped.signal.aborted) return;
      this.#again = false;
      this.load();
    });
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #load(): Promise<void> {
    try {
      const resources = await discover(this.#client, this.#logger, this.#stopped.signal);
      this.#catalog.set({ state: "ready", resources });
    } catch (error) {
      if (this.#stopped.signal.aborted) return;
      const known = this.#catalog.get();
      // What was discovered once is still the best knowledge there is.
      if (known.state === "ready") return;
      this.#catalog.set({
        state: "failed",
        resources: [],
        error: connectionErrorFrom(error, this.#client.server),
      });
    }
  }
}
