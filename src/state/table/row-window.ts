import { positionIn, type Compare } from "./row-order.ts";
import type { TableEntry } from "./table-entry.ts";

/** Some rows of an order that is not made yet, first to last. */
export interface RowWindow {
  /** Where the row the window was made around stands in that order. */
  readonly rank: number;
  /** Where its first row does. */
  readonly first: number;
  readonly entries: readonly TableEntry[];
}

/**
 * The rows around one, or the first rows, of those that are shown, as sorting by keys would put them: in one pass,
 * long before all of them are in order.
 * @param keys those of `items`; equal ones stay in the order of `items`
 * @param around an index into `items` of a row that is shown
 * @param rows at most so many before that row, and so many from it on
 */
export function windowByKey(
  items: readonly TableEntry[],
  keys: ReadonlyArray<number | string>,
  compareKeys: Compare<number | string>,
  rows: number,
  around?: number,
): RowWindow {
  const compare = (left: number, right: number): number =>
    compareKeys(keys[left] ?? "", keys[right] ?? "") || left - right;
  const backwards = (left: number, right: number): number => compare(right, left);
  const before: number[] = [];
  const from: number[] = [];
  let rank = 0;
  for (let at = 0; at < items.length; at += 1) {
    if (items[at]?.shown !== true) continue;
    if (around === undefined || compare(at, around) >= 0) keep(from, at, rows, compare);
    else {
      rank += 1;
      keep(before, at, rows, backwards);
    }
  }
  const entries = [...before.toReversed(), ...from].flatMap((at) => items[at] ?? []);
  return { rank, first: rank - before.length, entries };
}

/** Keeps the first `most` of what comes, in order. */
function keep(list: number[], item: number, most: number, compare: Compare<number>): void {
  const last = list.at(-1);
  if (last !== undefined && list.length >= most) {
    if (compare(item, last) > 0) return;
    list.pop();
  }
  list.splice(positionIn(list, item, compare), 0, item);
}
