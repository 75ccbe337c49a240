import { expect, test } from "vitest";
import { SchedulingQueue } from "../../../src/embedded/scheduler/scheduling-queue.ts";
import { FakeClock } from "../../support/fake-clock.ts";

function newQueue() {
  const clock = new FakeClock();
  let wakes = 0;
  const queue = new SchedulingQueue(clock, () => (wakes += 1));
  return { clock, queue, wakes: () => wakes };
}

test("higher priority comes first, then what came first", () => {
  const { queue } = newQueue();
  queue.add("a", 0);
  queue.add("b", 5);
  queue.add("c", 0);
  queue.add("a", 0);
  expect([queue.pop(), queue.pop(), queue.pop(), queue.pop()]).toEqual(["b", "a", "c", undefined]);
});

test("a parked pod waits for an event, then for its back-off of 1, 2, 4, 8, 10, 10 seconds", () => {
  const { clock, queue } = newQueue();
  const seen: number[] = [];
  for (let attempt = 0; attempt < 6; attempt += 1) {
    queue.park("a");
    expect(queue.isParked("a")).toBe(true);
    expect(clock.pending).toEqual([]);
    queue.move("a", 0);
    queue.flush(() => 0);
    expect(queue.pop()).toBeUndefined();
    const [wait = 0] = clock.pending;
    seen.push(wait);
    clock.advance(wait);
    queue.flush(() => 0);
    expect(queue.pop()).toBe("a");
  }
  expect(seen).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
});

test("a pod parked for longer than its back-off is tried again at once", () => {
  const { clock, queue, wakes } = newQueue();
  queue.park("a");
  clock.advance(1000);
  expect(wakes()).toBe(0);
  queue.move("a", 0);
  expect(wakes()).toBe(1);
  expect(queue.pop()).toBe("a");
});

test("time alone brings no parked pod back", () => {
  const { clock, queue } = newQueue();
  queue.park("a");
  clock.advance(3_600_000);
  queue.flush(() => 0);
  expect(queue.pop()).toBeUndefined();
});

test("a pod that is gone is forgotten with its back-off", () => {
  const { clock, queue } = newQueue();
  queue.park("a");
  queue.park("a");
  queue.delete("a");
  queue.park("a");
  queue.move("a", 0);
  expect(clock.pending).toEqual([1000]);
});

test("a closed queue leaves no timer", () => {
  const { clock, queue } = newQueue();
  queue.park("a");
  queue.move("a", 0);
  queue.close();
  expect(clock.pending).toEqual([]);
});
