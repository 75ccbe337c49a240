import type { Clock } from "../../../lib/clock.ts";

/** After this an expectation no longer holds work back (upstream ExpectationsTimeout). */
const TIMEOUT = 5 * 60_000;

interface Expected {
  creations: number;
  /** `namespace/name` of what is to go. */
  readonly deletions: Set<string>;
  readonly since: number;
}

/**
 * What a controller has asked for and not yet seen in its cache. While there is something, the controller must not
 * count on the cache, or it would create or delete twice (pkg/controller UIDTrackingControllerExpectations).
 */
export interface Expectations {
  satisfied(key: string): boolean;
  expectCreations(key: string, count: number): void;
  expectDeletions(key: string, paths: readonly string[]): void;
  creationObserved(key: string): void;
  deletionObserved(key: string, path: string): void;
  forget(key: string): void;
}

export function createExpectations(clock: Clock): Expectations {
  const all = new Map<string, Expected>();
  return {
    satisfied(key) {
      const expected = all.get(key);
      if (expected === undefined) return true;
      if (expected.creations <= 0 && expected.deletions.size === 0) return true;
      return clock.now() - expected.since > TIMEOUT;
    },
    expectCreations(key, count) {
      all.set(key, { creations: count, deletions: new Set(), since: clock.now() });
    },
    expectDeletions(key, paths) {
      all.set(key, { creations: 0, deletions: new Set(paths), since: clock.now() });
    },
    creationObserved(key) {
      const expected = all.get(key);
      if (expected !== undefined) expected.creations -= 1;
    },
    deletionObserved(key, path) {
      all.get(key)?.deletions.delete(path);
    },
    forget(key) {
      all.delete(key);
    },
  };
}
