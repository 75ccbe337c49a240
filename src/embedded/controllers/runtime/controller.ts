import type { Clock } from "../../../lib/clock.ts";
import type { Logger } from "../../../lib/log.ts";
import type { Registry } from "../../machinery/registry.ts";
import type { Informers } from "./informer.ts";

/** What every controller is made from. The signal ends it. */
export interface ControllerContext {
  readonly registry: Registry;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** A controller listens from its creation and acts from `start`, when the caches are complete. */
export interface Controller {
  start(): void;
}
