import { textWidth } from "../lib/text.ts";

/** How far the rows of a wrapped line after its first one stand from the left. */
export type Hang = (text: string, width: number) => number;

/** A row narrower than this is hard to read. */
const NARROWEST = 30;
/** A gap that is wider than the screen is none; a line may be a megabyte. */
const LOOKED_AT = 1000;

/** Under the last column of a line with columns (`Name:   value`), where room is left there; else a step behind its beginning. */
export const hangingIndent: Hang = (text, width) => {
  const head = text.slice(0, Math.min(LOOKED_AT, width));
  const most = Math.max(0, width - NARROWEST);
  let hang = Math.min(most, head.search(/\S|$/) + 2);
  for (const gap of head.matchAll(/(?<=\S) {2,}(?=\S)/g)) {
    const column = textWidth(head.slice(0, gap.index)) + gap[0].length;
    if (column <= most) hang = column;
  }
  return hang;
};
