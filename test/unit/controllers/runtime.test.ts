import { expect, test } from "vitest";
import { createExpectations } from "../../../src/embedded/controllers/runtime/expectations.ts";
import { scaledValue } from "../../../src/embedded/controllers/runtime/intstr.ts";
import { isSemanticallyEqual } from "../../../src/embedded/controllers/runtime/semantic-equality.ts";
import { slowStartBatch } from "../../../src/embedded/controllers/runtime/slow-start.ts";
import { createWorkQueue } from "../../../src/embedded/controllers/runtime/work-queue.ts";
import { nextTurn } from "../../../src/lib/clock.ts";
import { silentLogger } from "../../../src/lib/log.ts";
import { FakeClock } from "../../support/fake-clock.ts";

/** Lets everything happen that waits for nothing but its turn. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise<void>((resolve) => void nextTurn(resolve));
}

function queueOf(process: (key: string) => Promise<void>, concurrency = 5) {
  const clock = new FakeClock();
  const abort = new AbortController();
  const options = { name: "test", clock, logger: silentLogger, signal: abort.signal, concurrency, process };
  const queue = createWorkQueue(options);
  return { queue, clock, abort };
}

test("a key added many times before it is worked on is worked on once", async () => {
  const done: string[] = [];
  const { queue } = queueOf(async (key) => void done.push(key));
  for (let count = 0; count < 10; count += 1) queue.add("a");
  queue.add("b");
  queue.start();
  await settle();
  expect(done).toEqual(["a", "b"]);
  expect(queue.length).toBe(0);
});

test("nothing is worked on before the start", async () => {
  const done: string[] = [];
  const { queue } = queueOf(async (key) => void done.push(key));
  queue.add("a");
  await settle();
  expect(done).toEqual([]);
});

test("a key added while it is worked on is worked on again, never twice at a time", async () => {
  const gate = Promise.withResolvers<void>();
  let running = 0;
  let most = 0;
  let runs = 0;
  const { queue } = queueOf(async () => {
    running += 1;
    runs += 1;
    most = Math.max(most, running);
    await gate.promise;
    running -= 1;
  });
  queue.start();
  queue.add("a");
  await settle();
  queue.add("a");
  queue.add("a");
  await settle();
  expect(runs).toBe(1);
  gate.resolve();
  await settle();
  expect({ runs, most }).toEqual({ runs: 2, most: 1 });
});

test("a key that fails comes back after 5 ms, doubled each time, and at once after a success", async () => {
  let fails = true;
  let runs = 0;
  const { queue, clock } = queueOf(async () => {
    runs += 1;
    if (fails) throw new Error("not yet");
  });
  queue.start();
  queue.add("a");
  await settle();
  for (const [wait, total] of [
    [5, 2],
    [10, 3],
    [20, 4],
    [40, 5],
  ] as const) {
    clock.advance(wait - 1);
    await settle();
    expect(runs).toBe(total - 1);
    clock.advance(1);
    await settle();
    expect(runs).toBe(total);
  }
  fails = false;
  clock.advance(80);
  await settle();
  expect(runs).toBe(6);
  fails = true;
  queue.add("a");
  await settle();
  clock.advance(5);
  await settle();
  expect(runs).toBe(8);
});

test("the back-off ends at 1000 seconds", async () => {
  let runs = 0;
  const { queue, clock } = queueOf(async () => {
    runs += 1;
    throw new Error("never");
  });
  queue.start();
  queue.add("a");
  await settle();
  for (let attempt = 0; attempt < 30; attempt += 1) {
    clock.advance(1_000_000);
    await settle();
  }
  expect(runs).toBe(31);
});

test("a key planned twice comes at the earlier time", async () => {
  let runs = 0;
  const { queue, clock } = queueOf(async () => void (runs += 1));
  queue.start();
  queue.addAfter("a", 100);
  queue.addAfter("a", 10);
  queue.addAfter("a", 50);
  clock.advance(10);
  await settle();
  expect(runs).toBe(1);
  expect(clock.pending).toEqual([]);
});

test("no more keys are worked on at a time than allowed", async () => {
  let running = 0;
  let most = 0;
  const { queue } = queueOf(async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise<void>((resolve) => void nextTurn(resolve));
    running -= 1;
  }, 2);
  queue.start();
  for (const key of "abcdefg") queue.add(key);
  await settle();
  await settle();
  expect(most).toBe(2);
  expect(queue.length).toBe(0);
});

test("after the abort nothing is begun and no timer is left", async () => {
  let runs = 0;
  const { queue, clock, abort } = queueOf(async () => void (runs += 1));
  queue.start();
  queue.addAfter("a", 100);
  queue.add("b");
  abort.abort();
  clock.advance(1000);
  await settle();
  expect(runs).toBe(0);
  expect(clock.pending).toEqual([]);
});

test("expectations hold until everything has been seen, or five minutes have passed", () => {
  const clock = new FakeClock();
  const expectations = createExpectations(clock);
  expect(expectations.satisfied("a")).toBe(true);
  expectations.expectCreations("a", 2);
  expectations.creationObserved("a");
  expect(expectations.satisfied("a")).toBe(false);
  expectations.creationObserved("a");
  expect(expectations.satisfied("a")).toBe(true);
  expectations.expectDeletions("a", ["x", "y"]);
  expectations.deletionObserved("a", "x");
  expectations.deletionObserved("a", "x");
  expect(expectations.satisfied("a")).toBe(false);
  clock.advance(5 * 60_000 + 1);
  expect(expectations.satisfied("a")).toBe(true);
});

test("creation starts slowly and stops after the batch with the first error", async () => {
  let calls = 0;
  const all = await slowStartBatch(10, async () => void (calls += 1));
  expect({ calls, ...all }).toEqual({ calls: 10, done: 10, error: undefined });
  calls = 0;
  const error = new Error("quota");
  const failed = await slowStartBatch(100, async () => {
    calls += 1;
    if (calls > 2) throw error;
  });
  expect({ calls, ...failed }).toEqual({ calls: 3, done: 2, error });
});

test.each([
  ["25%", 10, "up", 3],
  ["25%", 10, "down", 2],
  ["0%", 10, "up", 0],
  ["100%", 7, "down", 7],
  [3, 10, "up", 3],
  ["nonsense", 10, "up", 0],
  [undefined, 10, "down", 0],
] as const)("%s of %s rounded %s is %s", (value, total, round, expected) => {
  expect(scaledValue(value, total, round)).toBe(expected);
});

test.each([
  [{ a: [] }, {}, true],
  [{ a: null }, { a: {} }, true],
  [{ limits: { cpu: "1" } }, { limits: { cpu: "1000m" } }, true],
  [{ limits: { cpu: "1" } }, { limits: { cpu: "2" } }, false],
  [{ image: "1" }, { image: "1000m" }, false],
  [[1, 2], [2, 1], false],
  [{ a: 0 }, {}, false],
])("%j and %j are the same: %s", (a, b, expected) => {
  expect(isSemanticallyEqual(a, b)).toBe(expected);
  expect(isSemanticallyEqual(b, a)).toBe(expected);
});
