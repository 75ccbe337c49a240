import { expect, test } from "vitest";
import { compareOrder } from "../../../src/state/table/cell-order.ts";
import { mergeFew, orderByKey, positionIn, sortInterruptibly } from "../../../src/state/table/row-order.ts";
import { descendingKeys } from "../../../src/state/table/table-entry.ts";
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

const KEYS: Readonly<Record<string, (number: number) => number | string>> = {
  "few numbers": (number) => number % 7,
  "very many numbers": (number) => (number % 9000) - 4500,
  "fractions and times": (number) => (number % 2 === 0 ? (number - 3000) / 7 : 1.7e12 + number),
  "the ends of numbers": (number) => [Infinity, -Infinity, 0, -0, Number.MAX_SAFE_INTEGER, 5e-324][number % 6] ?? 0,
  "few texts": (number) => ["Running", "", "Run", "Pending", "CrashLoopBackOff"][number % 5] ?? "",
  "texts that begin alike": (number) => `web-${number % 40}-6d4cf56db6-${(number * 7919).toString(36)}`,
  "texts beyond ASCII": (number) =>
    ["é", "\u{1F600}", "\uFFFD", "z", "日本", "日"][number % 6]?.repeat(number % 4) ?? "",
  "numbers among texts": (number) => (number % 3 === 0 ? number : `text ${number % 50}`),
};

test.each(Object.entries(KEYS))("Items with %s for keys stand by key, equal ones as they came", (_, keyOf) => {
  const items = scattered(10_000, 1e6).map((number, index) => ({ key: keyOf(number), index }));
  for (const [descending, compare] of [
    [false, compareOrder],
    [true, descendingKeys],
  ] as const) {
    const expected = items.toSorted((left, right) => compare(left.key, right.key) || left.index - right.index);
    expect(finish(orderByKey(items, (item) => item.key, descending)).result).toEqual(expected);
  }
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
