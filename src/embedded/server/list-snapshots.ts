import { randomUUID } from "node:crypto";
import type { Clock } from "../../lib/clock.ts";
import { asNumber, asRecord, asString } from "../../lib/kube/object.ts";
import { badRequest, gone } from "../machinery/status-error.ts";
import type { StoredObject } from "../store/stored-object.ts";

const MAX_SNAPSHOTS = 32;
/** As long as upstream keeps old versions at least: after that nobody comes for the rest. */
const LIFETIME_MILLISECONDS = 300_000;

export interface Page {
  readonly items: readonly StoredObject[];
  readonly resourceVersion: number;
  readonly continueToken: string | undefined;
  readonly remaining: number;
}

interface Snapshot {
  readonly items: readonly StoredObject[];
  readonly resourceVersion: number;
}

/**
 * Lists read in pages: the rest of each is kept (references only), so that all pages show the same moment, as
 * upstream's do. Each goes after five minutes, the oldest beyond 32 at once; its token then answers 410.
 */
export class ListSnapshots {
  readonly #snapshots = new Map<string, Snapshot>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  first(items: readonly StoredObject[], resourceVersion: number, limit: number): Page {
    if (limit <= 0 || items.length <= limit) return { items, resourceVersion, continueToken: undefined, remaining: 0 };
    const id = randomUUID();
    this.#snapshots.set(id, { items, resourceVersion });
    this.#clock.after(LIFETIME_MILLISECONDS, () => this.#snapshots.delete(id), { background: true });
    for (const oldest of this.#snapshots.keys()) {
      if (this.#snapshots.size <= MAX_SNAPSHOTS) break;
      this.#snapshots.delete(oldest);
    }
    return this.#page(id, { items, resourceVersion }, 0, limit);
  }

  /** @throws StatusError 400 for what is not a token, 410 for one whose list is no longer kept */
  next(token: string, limit: number): Page {
    const { id, offset } = decodeToken(token);
    const snapshot = this.#snapshots.get(id);
    if (snapshot === undefined) {
      throw gone(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.",
      );
    }
    return this.#page(id, snapshot, offset, limit);
  }

  #page(id: string, { items, resourceVersion }: Snapshot, offset: number, limit: number): Page {
    const end = limit > 0 ? Math.min(offset + limit, items.length) : items.length;
    const remaining = items.length - end;
    if (remaining === 0) this.#snapshots.delete(id);
    return {
      items: items.slice(offset, end),
      resourceVersion,
      continueToken: remaining === 0 ? undefined : encodeToken(id, end),
      remaining,
    };
  }
}

function encodeToken(id: string, offset: number): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", id, offset })).toString("base64url");
}

function decodeToken(token: string): { readonly id: string; readonly offset: number } {
  try {
    const value = asRecord(JSON.parse(Buffer.from(token, "base64url").toString("utf8")));
    return { id: asString(value["id"]), offset: asNumber(value["offset"]) };
  } catch {
    throw badRequest("continue key is not valid: it is not a token of this server");
  }
}
