import type { LineLevel } from "./folding.ts";
import type { Hang } from "./hanging-indent.ts";
import type { LineSource } from "./styled-line.ts";

/** Where a pager stands. A new object after every change. */
export interface PagerState {
  /** What can be seen: a folded block counts as one line, and indexes of this state are those of this source. */
  readonly source: LineSource;
  /** First line on screen, and with wrapping the first of its rows. */
  readonly top: number;
  readonly topRow: number;
  /** Columns scrolled to the right; 0 when wrapping. */
  readonly left: number;
  readonly wrap: boolean;
  /** New lines scroll the view to the end. */
  readonly follow: boolean;
  readonly search: PagerSearch | undefined;
  /** The line that keys move, where there is one; moving without it scrolls. */
  readonly cursor: number | undefined;
  /** The other end of what is selected; the cursor's line alone is where there is none. */
  readonly anchor: number | undefined;
  /** The line that was found last, or the folded block that holds it. */
  readonly found: number | undefined;
}

export interface PagerOptions {
  readonly wrap?: boolean;
  readonly follow?: boolean;
  /** Blocks of lines can be folded. */
  readonly levels?: LineLevel;
  /** Where the rows of a wrapped line go on. */
  readonly hang?: Hang;
}

/** Where a pager stood when a search began. */
export interface SearchOrigin extends Pick<PagerState, "topRow" | "left" | "follow"> {
  /** The first line on screen, counted in the whole text. */
  readonly line: number;
}

/** Lines from the first to the last, both included. */
export interface LineRange {
  readonly first: number;
  readonly last: number;
}

export interface PagerSearch {
  readonly text: string;
  /** Absent when the text is no regular expression: see `fault`. */
  readonly pattern: RegExp | undefined;
  readonly fault: string | undefined;
  /** Lines of the whole text that match, as far as they are known. */
  readonly hits: PagerHits;
  /** The line of the whole text that was found last. */
  readonly line: number | undefined;
  /** Its place among `hits`, -1 where there are none. */
  readonly current: number;
  /** False while there are lines that were not looked at. */
  readonly complete: boolean;
}

export interface PagerHits {
  readonly length: number;
  /** Index of the line at a place. */
  at(place: number): number;
}

/** What {@link PagerModel.setSource} should know of the change. */
export interface SourceChange {
  /** Lines that went away at the head, so that the same text stays on screen; came, where negative. */
  readonly dropped?: number;
  /** Lines at the head of the new source that were there before, so that a search looks at the others alone. */
  readonly stable?: number;
  /** Where each of {@link PagerModel.places} is now, where lines came between others. */
  readonly places?: readonly number[];
}

/** The lines from the anchor of a pager to its cursor. */
export function selectedLines({ cursor, anchor, source }: PagerState): LineRange | undefined {
  if (cursor === undefined || source.length === 0) return undefined;
  const other = anchor ?? cursor;
  const end = source.length - 1;
  return { first: Math.min(cursor, other, end), last: Math.min(Math.max(cursor, other), end) };
}
