import { textWidth } from "../lib/text.ts";
import type { StyledLine } from "./styled-line.ts";

const PRINTABLE_ASCII = /^[\u0020-\u007E]*$/;

/** Rows a text takes at a width: pieces of at most `width` columns; never empty. Offsets are UTF-16 units. */
export function wrapOffsets(text: string, width: number): readonly number[] {
  if (width <= 0) return [0];
  if (PRINTABLE_ASCII.test(text)) {
    const rows = Math.max(1, Math.ceil(text.length / width));
    return Array.from({ length: rows }, (_, row) => row * width);
  }
  if (textWidth(text) <= width) return [0];
  const offsets = [0];
  let used = 0;
  let offset = 0;
  for (const character of text) {
    const columns = textWidth(character);
    if (used + columns > width) {
      offsets.push(offset);
      used = 0;
    }
    used += columns;
    offset += character.length;
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
  #width = 0;
  #known = new WeakMap<StyledLine, readonly number[]>();

  offsets(line: StyledLine, width: number): readonly number[] {
    if (line.text.length < LONG) return wrapOffsets(line.text, width);
    if (width !== this.#width) {
      this.#width = width;
      this.#known = new WeakMap();
    }
    const known = this.#known.get(line);
    if (known !== undefined) return known;
    const offsets = wrapOffsets(line.text, width);
    this.#known.set(line, offsets);
    return offsets;
  }
}
