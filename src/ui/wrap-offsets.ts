import { textWidth } from "../lib/text.ts";
import type { Hang } from "./hanging-indent.ts";
import type { StyledLine } from "./styled-line.ts";

const PRINTABLE_ASCII = /^[\u0020-\u007E]*$/;

/**
 * Rows a text takes at a width: pieces of at most `width` columns, never empty, that end with a word where one ends in
 * their second half. Offsets are UTF-16 units.
 * @param hang columns that rows after the first one leave free
 */
export function wrapOffsets(text: string, width: number, hang = 0): readonly number[] {
  if (width <= 0) return [0];
  if (PRINTABLE_ASCII.test(text)) return asciiOffsets(text, width, hang);
  if (textWidth(text) <= width) return [0];
  const offsets = [0];
  let used = 0;
  let offset = 0;
  let room = width;
  /** Behind the last space of the row: its offset, and the columns before it. */
  let word: { readonly offset: number; readonly used: number } | undefined;
  for (const character of text) {
    const columns = textWidth(character);
    if (used + columns > room) {
      const cut = word === undefined || word.used * 2 < room ? { offset, used } : word;
      offsets.push(cut.offset);
      used -= cut.used;
      room = width - hang;
      word = undefined;
    }
    used += columns;
    offset += character.length;
    if (character === " ") word = { offset, used };
  }
  return offsets;
}

function asciiOffsets(text: string, width: number, hang: number): readonly number[] {
  const offsets = [0];
  let room = width;
  for (let start = 0; text.length - start > room; room = width - hang) {
    let end = start + room;
    // Looking no further back than half a row keeps a line of a megabyte without a space cheap.
    while (end > start + room / 2 && text[end - 1] !== " ") end -= 1;
    start = end > start && text[end - 1] === " " ? end : start + room;
    offsets.push(start);
  }
  return offsets;
}

/** Texts shorter than this are measured faster than looked up. */
const LONG = 1000;

/**
 * {@link wrapOffsets} of a line, kept for long ones: a value of a ConfigMap may be a megabyte on one line, and every
 * key asks for its rows again.
 */
export class WrapCache {
  readonly #hang: Hang | undefined;
  #width = 0;
  #known = new WeakMap<StyledLine, readonly number[]>();

  constructor(hang?: Hang) {
    this.#hang = hang;
  }

  /** Columns that the rows of a line after its first one leave free. */
  hang(line: StyledLine, width: number): number {
    return this.#hang?.(line.text, width) ?? 0;
  }

  offsets(line: StyledLine, width: number): readonly number[] {
    if (line.text.length < LONG) return wrapOffsets(line.text, width, this.hang(line, width));
    if (width !== this.#width) {
      this.#width = width;
      this.#known = new WeakMap();
    }
    const known = this.#known.get(line);
    if (known !== undefined) return known;
    const offsets = wrapOffsets(line.text, width, this.hang(line, width));
    this.#known.set(line, offsets);
    return offsets;
  }
}
