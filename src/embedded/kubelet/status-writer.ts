import { isDeepStrictEqual } from "node:util";
import type { Cancel, Clock } from "../../lib/clock.ts";
import { errorMessage } from "../../lib/errors.ts";
import { asRecord, type KubeObject } from "../../lib/kube/object.ts";
import type { Logger } from "../../lib/log.ts";
import { RESOURCES, type Registry } from "../machinery/registry.ts";
import { isConflict, isNotFound } from "../machinery/status-error.ts";
import { withForeignConditions } from "./pod-conditions.ts";

type Fields = Readonly<Record<string, unknown>>;

const RETRY_MILLISECONDS = 1000;
const MAX_CONFLICTS = 10;

export interface StatusWriterOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The stored pod as last seen. */
  readonly current: () => KubeObject;
}

/** Writes one pod's status in the background: only changes, one write at a time, the latest wins. */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  #wanted: Fields | undefined;
  #written: Fields | undefined;
  #running: Promise<void> | undefined;
  #retry: Cancel | undefined;
  #stopped = false;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** The status last given to be written. */
  get wanted(): Fields | undefined {
    return this.#wanted;
  }

  publish(status: Fields): void {
    if (isDeepStrictEqual(status, this.#wanted)) return;
    this.#wanted = status;
    this.#start();
  }

  /** Resolves when the status given last is stored or cannot be. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  stop(): void {
    this.#stopped = true;
    this.#retry?.();
  }

  #start(): void {
    if (this.#running !== undefined || this.#stopped) return;
    this.#retry?.();
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#options;
    while (this.#wanted !== undefined && this.#wanted !== this.#written && !this.#stopped) {
      const status = this.#wanted;
      try {
        await this.#write(status);
        this.#written = status;
      } catch (error) {
        logger.warn("the status of a pod was not written", { error: errorMessage(error) });
        this.#retry = clock.after(RETRY_MILLISECONDS, () => this.#start(), { background: true });
        return;
      }
    }
  }

  async #write(status: Fields): Promise<void> {
    const { registry, current } = this.#options;
    let object = current();
    const { namespace = "", name = "", uid } = object.metadata;
    for (let attempt = 0; ; attempt += 1) {
      const next = withForeignConditions(status, asRecord(object["status"]));
      if (isDeepStrictEqual(next, object["status"])) return;
      try {
        await registry.updateStatus(RESOURCES.pods, { namespace, name }, { ...object, status: next });
        return;
      } catch (error) {
        if (isNotFound(error)) return;
        if (!isConflict(error) || attempt >= MAX_CONFLICTS) throw error;
      }
      const fresh = await registry.get(RESOURCES.pods, { namespace, name }).catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      });
      // Another pod of the same name: this one is gone.
      if (fresh === undefined || fresh.metadata.uid !== uid) return;
      object = fresh;
    }
  }
}
