import type { Tone } from "../lib/tone.ts";

/** A part of a line that is drawn in another way. Offsets are UTF-16 units of the line's text, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly tone?: Tone;
  readonly bold?: boolean;
  /** A ready SGR parameter list (`38;5;208`) where a colour has no meaning of its own: logs that bring colours. */
  readonly sgr?: string;
}

/** One line of a text view: plain sanitised text, styled by disjoint spans in ascending order. */
export interface StyledLine {
  readonly text: string;
  readonly spans?: readonly Span[];
}

/** Lines that exist only when they are looked at. */
export interface LineSource {
  readonly length: number;
  at(index: number): StyledLine;
  /** Whether lines have what is searched for, where that can be told at less cost than by their text. */
  finder?(text: string, pattern: RegExp): (index: number) => boolean;
}

export function linesOf(lines: readonly StyledLine[]): LineSource {
  return { length: lines.length, at: (index) => lines[index] ?? { text: "" } };
}
