import { orderOfKeys } from "./key-order.ts";
import { ITEMS_PER_LOOK, type Interruptible } from "./sliced-work.ts";

export type Compare<T> = (left: T, right: T) => number;

/** Long enough that merging runs costs little, short enough to be sorted within a slice. */
const RUN = 2048;

/** A stable merge sort that may be interrupted. */
export function* sortInterruptibly<T>(items: readonly T[], compare: Compare<T>): Interruptible<T[]> {
  let runs: T[][] = [];
  for (let start = 0; start < items.length; start += RUN) {
    runs.push(items.slice(start, start + RUN).sort(compare));
    yield;
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let index = 0; index < runs.length; index += 2) {
      merged.push(yield* mergeInterruptibly(runs[index] ?? [], runs[index + 1] ?? [], compare));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* mergeInterruptibly<T>(left: readonly T[], right: readonly T[], compare: Compare<T>): Interruptible<T[]> {
  const last = left.at(-1);
  const [first] = right;
  // What comes sorted already, as lists of a server do, is only joined.
  if (last === undefined || first === undefined || compare(last, first) <= 0) return left.concat(right);
  const merged: T[] = [];
  let other = 0;
  for (const item of left) {
    for (let next = right[other]; next !== undefined && compare(next, item) < 0; next = right[other]) {
      merged.push(next);
      other += 1;
      if (merged.length % ITEMS_PER_LOOK === 0) yield;
    }
    merged.push(item);
    if (merged.length % ITEMS_PER_LOOK === 0) yield;
  }
  for (; other < right.length; other += 1) {
    const next = right[other];
    if (next !== undefined) merged.push(next);
  }
  return merged;
}

/** Where `item` stands, or belongs, in a sorted list, from the index `from` on. */
export function positionIn<T>(list: readonly T[], item: T, compare: Compare<T>, from = 0): number {
  let low = from;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = list[middle];
    if (other !== undefined && compare(other, item) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Puts the sorted `few` into the sorted `many`, which may be changed: a search for each, and at most one copy. */
export function mergeFew<T>(many: T[], few: readonly T[], compare: Compare<T>): T[] {
  const last = many.at(-1);
  const [first] = few;
  if (first === undefined) return many;
  if (last === undefined || compare(last, first) <= 0) {
    // Pages of a list come in order.
    for (const item of few) many.push(item);
    return many;
  }
  const merged: T[] = [];
  let from = 0;
  for (const item of few) {
    const position = positionIn(many, item, compare, from);
    for (; from < position; from += 1) pushAt(many, from, merged);
    merged.push(item);
  }
  for (; from < many.length; from += 1) pushAt(many, from, merged);
  return merged;
}

function pushAt<T>(list: readonly T[], index: number, target: T[]): void {
  const item = list[index];
  if (item !== undefined) target.push(item);
}

/** Calls `visit` with every item. */
export function* visitInterruptibly<T>(items: readonly T[], visit: (item: T) => void): Interruptible<void> {
  // A loop in a generator is seldom compiled: it stands in a function.
  const visitTo = (from: number, end: number): void => {
    for (let at = from; at < end; at += 1) {
      const item = items[at];
      if (item !== undefined) visit(item);
    }
  };
  for (let at = 0; at < items.length; at += ITEMS_PER_LOOK) {
    visitTo(at, Math.min(items.length, at + ITEMS_PER_LOOK));
    yield;
  }
}

/** Takes many items out of a list in order, and puts many into it. */
export function moveMany<T>(list: T[], out: ReadonlySet<T>, into: readonly T[], compare: Compare<T>): T[] {
  const rest = out.size === 0 ? list : list.filter((item) => !out.has(item));
  return mergeFew(rest, into.toSorted(compare), compare);
}

/**
 * Items by a key: numbers before texts, ascending or descending. Equal keys stay in the order of `items`, also where the
 * keys descend.
 * @param keyOf called once for each item
 * @param keysRead called with the keys before they are put in order
 */
export function* orderByKey<T>(
  items: readonly T[],
  keyOf: (item: T) => number | string,
  descending: boolean,
  keysRead: (keys: ReadonlyArray<number | string>) => void = () => {},
): Interruptible<T[]> {
  const keys: Array<number | string> = [];
  yield* visitInterruptibly(items, (item) => void keys.push(keyOf(item)));
  keysRead(keys);
  const order = yield* orderOfKeys(keys, descending);
  const ordered: T[] = [];
  for (const index of order) pushAt(items, index, ordered);
  return ordered;
}
