import type { Cluster, JournalEntry } from "../cluster/cluster.ts";
import type { Paths } from "../config/paths.ts";
import type { Settings } from "../config/settings-schema.ts";
import type { AppDoors } from "../hotkeys/action.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import type { Closing } from "./closing.ts";
import type { Suspend } from "./suspend.ts";

/**
 * What operations (`operations/<name>.ts`, one each) work with. An operation is made once by
 * `create<Name>(services): Operations["<name>"]`; it asks, acts, reports by `app.flash` and never throws.
 */
export interface AppServices {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: Settings;
  readonly paths: Paths;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The namespace in use; `""` is all. */
  namespace(): string;
  /** Work that must come to its end although the program ends: cleaning up on a cluster. */
  readonly closing: Closing;
  /** The open cluster. Actions that need one are off while there is none. */
  cluster(): Cluster | undefined;
  /** Writes of this and earlier sessions, as far as they were read. */
  journal(): readonly JournalEntry[];
  readonly app: Omit<AppDoors, "operations">;
  /** Hands the whole terminal to something else until `body` settles, then draws the screen anew. */
  readonly suspend: Suspend;
}
