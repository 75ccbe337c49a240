import { expect, test } from "vitest";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import {
  maxSurge,
  maxUnavailable,
  MAX_REPLICAS,
  DESIRED_REPLICAS,
} from "../../../src/embedded/controllers/deployment/deployment-spec.ts";
import { isScalingEvent, scaledSizes } from "../../../src/embedded/controllers/deployment/proportional-scaling.ts";
import { newSetSize, oldSetSizes } from "../../../src/embedded/controllers/deployment/rolling-update.ts";

interface Size {
  readonly replicas: number;
  readonly available?: number;
  /** For which size of the deployment it was made, and that with surge. */
  readonly desired?: number;
  readonly max?: number;
}

function setOf(name: string, size: Size, age: number): KubeObject {
  const { replicas, available = replicas, desired, max } = size;
  return {
    metadata: {
      name,
      creationTimestamp: new Date(Date.UTC(2026, 0, 1) - age * 60_000).toISOString(),
      annotations: {
        ...(desired === undefined ? {} : { [DESIRED_REPLICAS]: String(desired) }),
        ...(max === undefined ? {} : { [MAX_REPLICAS]: String(max) }),
      },
    },
    spec: { replicas },
    status: { replicas, availableReplicas: available },
  };
}

function web(replicas: number, surge: number | string = "25%", unavailable: number | string = "25%"): KubeObject {
  const rollingUpdate = { maxSurge: surge, maxUnavailable: unavailable };
  return {
    metadata: { name: "web" },
    spec: { replicas, strategy: { type: "RollingUpdate", rollingUpdate } },
    status: {},
  };
}

function rollout(deployment: KubeObject, newSize: Size, ...old: readonly Size[]) {
  return {
    deployment,
    newSet: setOf("new", newSize, 0),
    oldSets: old.map((size, index) => setOf(`old-${index}`, size, 10 - index)),
  };
}

function byName(sizes: ReadonlyArray<{ readonly set: KubeObject; readonly replicas: number }>): Record<string, number> {
  return Object.fromEntries(sizes.map(({ set, replicas }) => [set.metadata.name ?? "", replicas]));
}

test.each([
  [10, "25%", "25%", 3, 2],
  [4, "25%", "25%", 1, 1],
  [1, "25%", "25%", 1, 0],
  [3, 0, "25%", 0, 1],
  [5, "100%", 0, 5, 0],
  [2, 0, 7, 0, 2],
  [0, "25%", "25%", 0, 0],
])("%i replicas with surge %s and unavailable %s: %i more, %i fewer", (replicas, surge, unavailable, more, fewer) => {
  expect(maxSurge(web(replicas, surge, unavailable))).toBe(more);
  expect(maxUnavailable(web(replicas, surge, unavailable))).toBe(fewer);
});

test.each([
  ["a new set gets what surge leaves", 10, 0, [10], 3],
  ["a growing set fills what the old one left", 10, 3, [8], 5],
  ["nothing where the room is used up", 10, 3, [10], 3],
  ["never more than wanted", 10, 8, [1], 10],
])("%s", (_why, replicas, size, old, expected) => {
  const sets = [setOf("new", { replicas: size }, 0), ...old.map((count) => setOf("old", { replicas: count }, 5))];
  expect(newSetSize(web(replicas), sets, size)).toBe(expected);
});

test.each<[string, Size, readonly Size[], Record<string, number>]>([
  [
    "available pods go only as far as availability allows",
    { replicas: 3, available: 0 },
    [{ replicas: 10 }],
    { "old-0": 8 },
  ],
  ["nothing goes while the new pods are not available", { replicas: 5, available: 0 }, [{ replicas: 8 }], {}],
  [
    "the more of the new are available the more old go",
    { replicas: 5, available: 5 },
    [{ replicas: 8 }],
    { "old-0": 3 },
  ],
  [
    "old pods that are not available go first, whatever set they are of",
    { replicas: 3, available: 0 },
    [{ replicas: 5 }, { replicas: 5, available: 3 }],
    { "old-1": 3 },
  ],
  [
    "of several sets the oldest goes first",
    { replicas: 5, available: 5 },
    [{ replicas: 4 }, { replicas: 4 }],
    { "old-0": 0, "old-1": 3 },
  ],
])("%s", (_why, newSize, old, expected) => {
  expect(byName(oldSetSizes(rollout(web(10), newSize, ...old)))).toEqual(expected);
});

test.each<[string, KubeObject, Size, readonly Size[], Record<string, number>]>([
  ["the only active set takes it all", web(7), { replicas: 5 }, [{ replicas: 0 }], { new: 7 }],
  ["the last one where none is active", web(7), { replicas: 0 }, [{ replicas: 0 }], { new: 7 }],
  [
    "growth is spread in proportion",
    web(15, 3, 2),
    { replicas: 5, max: 13, desired: 10 },
    [{ replicas: 8, max: 13, desired: 10 }],
    { new: 7, "old-0": 11 },
  ],
  [
    "what rounding leaves over goes to the largest",
    web(12, 0, 1),
    { replicas: 3, max: 9, desired: 9 },
    [
      { replicas: 3, max: 9, desired: 9 },
      { replicas: 3, max: 9, desired: 9 },
    ],
    { new: 4, "old-0": 4, "old-1": 4 },
  ],
  [
    "and so does what rounding took too little of",
    web(10, 0, 1),
    { replicas: 3, max: 9, desired: 9 },
    [
      { replicas: 3, max: 9, desired: 9 },
      { replicas: 3, max: 9, desired: 9 },
    ],
    { new: 4, "old-0": 3, "old-1": 3 },
  ],
  [
    "scaling to nothing empties every set",
    web(0),
    { replicas: 3, max: 9, desired: 7 },
    [{ replicas: 5, max: 9, desired: 7 }],
    { new: 0, "old-0": 0 },
  ],
  [
    "a new set that is complete ends the old ones",
    web(4),
    { replicas: 4, available: 4, desired: 4, max: 5 },
    [{ replicas: 1 }],
    { "old-0": 0 },
  ],
])("%s", (_why, deployment, newSize, old, expected) => {
  expect(byName(scaledSizes(rollout(deployment, newSize, ...old)))).toEqual(expected);
});

test("a set made for another size is a reason to scale, one without a mark is not", () => {
  expect(isScalingEvent(rollout(web(5), { replicas: 3, desired: 3 }))).toBe(true);
  expect(isScalingEvent(rollout(web(5), { replicas: 3, desired: 5 }))).toBe(false);
  expect(isScalingEvent(rollout(web(5), { replicas: 3 }))).toBe(false);
});
