import { expect, test } from "vitest";
import { nextTurn } from "../../../src/lib/clock.ts";
import { SlicedVisit } from "../../../src/views/sliced-visit.ts";

/** Takes a tenth of a millisecond. */
function work(): void {
  const end = performance.now() + 0.1;
  while (performance.now() < end);
}

test("a long list is visited whole, between other things; a short one at once", async () => {
  const visit = new SlicedVisit();
  const keys = Array.from({ length: 2000 }, (_, index) => String(index));
  const visited: string[] = [];
  let turns = 0;
  await new Promise<void>((resolve) => {
    const turn = (): void => {
      turns += 1;
      if (visit.running) nextTurn(turn);
    };
    visit.start(
      keys.values(),
      (key) => {
        work();
        visited.push(key);
      },
      resolve,
    );
    nextTurn(turn);
  });
  expect(visited).toEqual(keys);
  expect(turns).toBeGreaterThan(5);
  let done = false;
  visit.start(
    ["a"].values(),
    () => {},
    () => (done = true),
  );
  expect([done, visit.running]).toEqual([true, false]);
});

test("what is stopped visits nothing more, and what begins anew begins at its first key", async () => {
  const visit = new SlicedVisit();
  const keys = Array.from({ length: 2000 }, (_, index) => String(index));
  let ended = 0;
  visit.start(keys.values(), work, () => (ended += 1));
  expect(visit.running).toBe(true);
  const again: string[] = [];
  visit.start(
    ["x", "y"].values(),
    (key) => again.push(key),
    () => (ended += 1),
  );
  await new Promise<void>((resolve) => nextTurn(() => nextTurn(resolve)));
  expect(again).toEqual(["x", "y"]);
  expect(ended).toBe(1);
  visit.start(keys.values(), work, () => (ended += 1));
  visit.stop();
  await new Promise<void>((resolve) => nextTurn(() => nextTurn(resolve)));
  expect([ended, visit.running]).toEqual([1, false]);
});
