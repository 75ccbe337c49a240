import type { KubeObject } from "../../lib/kube/object.ts";
import type { StoredObject } from "./stored-object.ts";

/** Where an object is kept. `resource` is `groupResource()`: `pods`, `deployments.apps`, the same for all versions. */
export interface StoreKey {
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

export interface StoreEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly key: StoreKey;
  readonly resourceVersion: number;
  /** For `DELETED` the last state with the resourceVersion of the deletion. */
  readonly current: StoredObject;
  /** The version before; absent for `ADDED`. */
  readonly previous: StoredObject | undefined;
}

export type StoreChange =
  | { readonly type: "ADDED" | "MODIFIED"; readonly key: StoreKey; readonly object: KubeObject }
  | { readonly type: "DELETED"; readonly key: StoreKey; readonly object: KubeObject };

export interface WriteResult {
  readonly stored: StoredObject;
  /** Resolves when the write is on the disk; rejects, with everything undone, when it could not be written. */
  readonly committed: Promise<void>;
}

/** The resourceVersion asked for is older than the history kept. */
export interface HistoryGone {
  readonly oldest: number;
}

/**
 * Objects with one resourceVersion that grows by one with each write.
 *
 * `write` changes the memory at once, so that code between a `get` and a `write` without `await` cannot lose an update;
 * events are reported only when the write is on the disk. Whoever hands out what it read awaits `settled` first.
 */
export interface Store {
  /** Of the last write that is visible to `get` and `list`. */
  readonly resourceVersion: number;
  /** Of the last write that watches were told of: what one may promise to have seen. */
  readonly reportedVersion: number;
  get(key: StoreKey): StoredObject | undefined;
  /** Ordered by namespace, then name. Absent or empty namespace: all. */
  list(resource: string, namespace?: string): readonly StoredObject[];
  write(change: StoreChange): WriteResult;
  /** Resolves when everything visible is on the disk. */
  settled(): Promise<void>;
  /**
   * Events of a resource after `since`, in order, until the returned function is called; those already in the history
   * come before this call returns. Without `since`: from now on.
   */
  watch(
    resource: string,
    listener: (event: StoreEvent) => void,
    since?: number,
  ): { readonly stop: () => void } | HistoryGone;
  close(): void;
}
