import { ITEMS_PER_LOOK, type Interruptible } from "./sliced-work.ts";

/** Bits of a number that one pass of the radix sort orders by. */
const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
/** Up to so many different texts are grouped. */
const MOST_GROUPS = 1024;
/** Shorter stretches of texts are put in place one by one. */
const FEW_TEXTS = 24;

/**
 * The order of sort keys: numbers before texts, each ascending (texts by their UTF-16 units, as `<` has it), or all of
 * it the other way round. Equal keys stay as they came, in both directions.
 *
 * Comparing 50,000 keys with each other through a function takes longer than a frame: numbers are ordered digit by digit
 * (radix sort), texts by one character at a time (three-way radix quicksort; Bentley and Sedgewick, "Fast Algorithms for
 * Sorting and Searching Strings", 1997).
 * @returns indexes into `keys`
 */
export function* orderOfKeys(keys: ReadonlyArray<number | string>, descending: boolean): Interruptible<Uint32Array> {
  const numbers: number[] = [];
  const texts: string[] = [];
  const numbersAt: number[] = [];
  const textsAt: number[] = [];
  for (let index = 0; index < keys.length; index += 1) {
    const key = keys[index] ?? "";
    if (typeof key === "number") {
      numbers.push(key);
      numbersAt.push(index);
    } else {
      texts.push(key);
      textsAt.push(index);
    }
  }
  yield;
  const order = new Uint32Array(keys.length);
  let place = 0;
  for (const at of yield* orderOfNumbers(numbers)) order[place++] = numbersAt[at] ?? 0;
  for (const at of yield* orderOfTexts(texts)) order[place++] = textsAt[at] ?? 0;
  if (descending) turnRound(keys, order);
  return order;
}

function ascending(count: number): Uint32Array<ArrayBuffer> {
  const order = new Uint32Array(count);
  for (let at = 0; at < count; at += 1) order[at] = at;
  return order;
}

function* orderOfNumbers(numbers: readonly number[]): Interruptible<Uint32Array> {
  const values = new Float64Array(numbers.length);
  // Adding 0 makes -0, which is equal to 0, the same bits.
  for (let at = 0; at < values.length; at += 1) values[at] = (numbers[at] ?? 0) + 0;
  const bits = new Uint32Array(values.buffer);
  // The bits of IEEE 754 numbers order as integers do, once negative ones are turned round.
  for (let at = 1; at < bits.length; at += 2) {
    const high = bits[at] ?? 0;
    if (high >= 0x8000_0000) {
      bits[at] = ~high;
      bits[at - 1] = ~(bits[at - 1] ?? 0);
    } else bits[at] = high | 0x8000_0000;
  }
  let from = ascending(numbers.length);
  let to = new Uint32Array(numbers.length);
  for (let half = 0; half < 2; half += 1) {
    for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
      yield;
      if (distribute(bits, half, shift, from, to)) [from, to] = [to, from];
    }
  }
  return from;
}

/** One pass by one digit. @returns false, leaving `to` alone, where all have the same digit */
function distribute(bits: Uint32Array, half: number, shift: number, from: Uint32Array, to: Uint32Array): boolean {
  const places = new Uint32Array(DIGITS);
  for (let at = half; at < bits.length; at += 2) {
    const digit = ((bits[at] ?? 0) >>> shift) & (DIGITS - 1);
    places[digit] = (places[digit] ?? 0) + 1;
  }
  let sum = 0;
  for (let digit = 0; digit < DIGITS; digit += 1) {
    const those = places[digit] ?? 0;
    if (those === from.length) return false;
    places[digit] = sum;
    sum += those;
  }
  for (let next = 0; next < from.length; next += 1) {
    const at = from[next] ?? 0;
    const digit = ((bits[2 * at + half] ?? 0) >>> shift) & (DIGITS - 1);
    const place = places[digit] ?? 0;
    to[place] = at;
    places[digit] = place + 1;
  }
  return true;
}

/** Where texts repeat, as those of a status or a node do, each is compared once; `undefined` where too many differ. */
function orderOfGroups(texts: readonly string[]): Uint32Array | undefined {
  const groups = new Map<string, number[]>();
  for (let at = 0; at < texts.length; at += 1) {
    const text = texts[at] ?? "";
    const group = groups.get(text);
    if (group !== undefined) group.push(at);
    else if (groups.size === MOST_GROUPS) return undefined;
    else groups.set(text, [at]);
  }
  const order = new Uint32Array(texts.length);
  let place = 0;
  for (const text of [...groups.keys()].sort()) {
    const group = groups.get(text) ?? [];
    order.set(group, place);
    place += group.length;
  }
  return order;
}

function* orderOfTexts(texts: readonly string[]): Interruptible<Uint32Array> {
  const grouped = orderOfGroups(texts);
  if (grouped !== undefined) return grouped;
  yield;
  const order = ascending(texts.length);
  /** Stretches to order, which agree up to a character: first, behind the last, that character. */
  const stretches: number[] = [0, order.length, 0];
  let sinceLook = 0;
  while (stretches.length > 0) {
    const depth = stretches.pop() ?? 0;
    const end = stretches.pop() ?? 0;
    const first = stretches.pop() ?? 0;
    sinceLook += end - first;
    if (sinceLook > ITEMS_PER_LOOK) {
      sinceLook = 0;
      yield;
    }
    if (end - first <= FEW_TEXTS) {
      insertInOrder(texts, order, first, end);
      continue;
    }
    const pivot = unitAt(texts, order[(first + end) >>> 1], depth);
    let below = first;
    let above = end - 1;
    for (let at = first; at <= above;) {
      const unit = unitAt(texts, order[at], depth);
      if (unit < pivot) swap(order, below++, at++);
      else if (unit > pivot) swap(order, at, above--);
      else at += 1;
    }
    if (below - first > 1) stretches.push(first, below, depth);
    if (end - above > 2) stretches.push(above + 1, end, depth);
    // Texts that all end here are equal: as they came.
    if (pivot === -1) order.subarray(below, above + 1).sort();
    else if (above > below) stretches.push(below, above + 1, depth + 1);
  }
  return order;
}

function unitAt(texts: readonly string[], index = 0, depth: number): number {
  const text = texts[index] ?? "";
  return depth < text.length ? text.charCodeAt(depth) : -1;
}

function swap(order: Uint32Array, left: number, right: number): void {
  const moved = order[left] ?? 0;
  order[left] = order[right] ?? 0;
  order[right] = moved;
}

function insertInOrder(texts: readonly string[], order: Uint32Array, first: number, end: number): void {
  for (let at = first + 1; at < end; at += 1) {
    const index = order[at] ?? 0;
    const text = texts[index] ?? "";
    let place = at;
    for (; place > first; place -= 1) {
      const other = order[place - 1] ?? 0;
      const otherText = texts[other] ?? "";
      if (otherText < text || (otherText === text && other < index)) break;
      order[place] = other;
    }
    order[place] = index;
  }
}

/** The greatest first; stretches of equal keys keep their direction. */
function turnRound(keys: ReadonlyArray<number | string>, order: Uint32Array): void {
  order.reverse();
  for (let first = 0; first < order.length;) {
    let end = first + 1;
    while (end < order.length && keys[order[end] ?? 0] === keys[order[first] ?? 0]) end += 1;
    if (end - first > 1) order.subarray(first, end).reverse();
    first = end;
  }
}
