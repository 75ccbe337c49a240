import { expect, test } from "vitest";
import { mergeFew, orderByKey, positionIn, sortInterruptibly } from "../../../src/state/table/row-order.ts";
import type { Interruptible } from "../../../src/state/table/sliced-work.ts";

const byNumber = (left: number, right: number): number => left - right;

/** Runs work to its end, counting how often it could have been interrupted. */
function finish<T>(work: Interruptible<T>): { readonly result: T; readonly stops: number } {
  for (let stops = 0; ; stops += 1) {
    const step = work.next();
    if (step.done === true) return { result: step.value, stops };
  }
}

/** Numbers in no order, the same in every run; many of them repeat. */
function scattered(count: number, below: number): number[] {
  return Array.from({ length: count }, (_, index) => ((index * 2_654_435_761) >>> 0) % below);
}

test.each([[0], [1], [2047], [2048], [2049], [10_000]])("%i numbers are sorted as Array.sort does", (count) => {
  const numbers = scattered(count, 5000);
  expect(finish(sortInterruptibly(numbers, byNumber)).result).toEqual(numbers.toSorted(byNumber));
});

test("Sorting many items may be interrupted, also when they come in order", () => {
  expect(finish(sortInterruptibly(scattered(50_000, 1e9), byNumber)).stops).toBeGreaterThan(100);
  const ordered = Array.from({ length: 50_000 }, (_, index) => index);
  expect(finish(sortInterruptibly(ordered, byNumber)).stops).toBeGreaterThan(20);
});

test.each([
  ["few", 7],
  ["very many", 9000],
])("Items with %s different keys are ordered by key, equal ones as they came", (_, below) => {
  const items = scattered(10_000, below).map((key, index) => ({ key, index }));
  const expected = items.toSorted((left, right) => right.key - left.key || left.index - right.index);
  const descending = (left: number, right: number): number => right - left;
  const { result } = finish(
    orderByKey(
      items,
      (item) => item.key,
      descending,
      (left, right) => descending(left.key, right.key),
    ),
  );
  expect(result).toEqual(expected);
});

test("Few items go among many, before them, between them and behind them", () => {
  for (const few of [[], [-1], [100], [3, 4], [-5, 2, 2, 7, 50]]) {
    const many = [0, 2, 4, 6, 8];
    expect(mergeFew([...many], few, byNumber)).toEqual([...many, ...few].sort(byNumber));
  }
  expect(mergeFew([], [1, 2], byNumber)).toEqual([1, 2]);
});

test("A place is found at the start, in the middle and at the end", () => {
  expect([0, 1, 2, 3, 6].map((number) => positionIn([1, 3, 5], number, byNumber))).toEqual([0, 0, 1, 1, 3]);
});
