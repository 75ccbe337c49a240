import { useLayoutEffect, type ReactElement } from "react";
import type { Palette } from "../config/theme.ts";
import { fit, textWidth, truncate } from "../lib/text.ts";
import { Lines } from "./lines.tsx";
import type { PagerModel } from "./pager-model.ts";
import { selectedLines, type PagerState } from "./pager-state.ts";
import type { Span, StyledLine } from "./styled-line.ts";
import { useStore } from "./use-store.ts";
import { useTheme } from "./theme-context.tsx";
import type { WrapCache } from "./wrap-offsets.ts";

/** Draws a {@link PagerModel} on exactly `rows` lines of `columns` cells. */
export function Pager({
  model,
  columns,
  rows,
  empty,
}: {
  readonly model: PagerModel;
  readonly columns: number;
  readonly rows: number;
  /** What is said where there is no line. */
  readonly empty?: () => string;
}): ReactElement {
  const palette = useTheme();
  const state = useStore(model.state);
  useLayoutEffect(() => model.resize(columns, rows), [model, columns, rows]);
  if (state.source.length === 0 && empty !== undefined) {
    return <Lines lines={["", palette.paint(truncate(` ${empty()}`, columns), "dim")]} rows={rows} />;
  }
  return <Lines lines={pagerRows(state, { columns, rows, wraps: model.wraps }, palette)} rows={rows} />;
}

/** The rows of a pager as painted strings, at most `rows`. */
export function pagerRows(
  state: PagerState,
  { columns, rows, wraps }: { readonly columns: number; readonly rows: number; readonly wraps: WrapCache },
  palette: Palette,
): string[] {
  const painted: string[] = [];
  const { source, search } = state;
  const selected = selectedLines(state);
  for (let index = state.top; index < source.length && painted.length < rows; index += 1) {
    const line = source.at(index);
    const isSelected = selected !== undefined && index >= selected.first && index <= selected.last;
    const draw = (start: number, limit?: number, hang = 0): void => {
      const range = visibleRange(line.text, start, columns, limit);
      const before = " ".repeat(hang);
      painted.push(
        isSelected
          ? palette.paint(fit(before + range.text, columns), "selected")
          : before + paintRange(range, overlay(line, search?.pattern, index === state.found, range), palette),
      );
    };
    if (!state.wrap) {
      draw(columnOffset(line.text, state.left));
      continue;
    }
    const offsets = wraps.offsets(line, columns);
    const hang = wraps.hang(line, columns);
    for (let row = index === state.top ? state.topRow : 0; row < offsets.length && painted.length < rows; row += 1) {
      draw(offsets[row] ?? 0, offsets[row + 1] ?? line.text.length, row === 0 ? 0 : hang);
    }
  }
  return painted;
}

/** The part of a line that stands on one row; spans count from the line's start. */
interface VisibleRange {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** So many UTF-16 units of a line are looked at for each column: marks that take no column of their own included. */
const UNITS_PER_COLUMN = 8;

function visibleRange(text: string, start: number, columns: number, limit: number | undefined): VisibleRange {
  // `fit` may end the row with an ellipsis in place of what does not fit.
  const most = start + columns * UNITS_PER_COLUMN;
  const shown = limit === undefined ? fit(text.slice(start, most), columns).trimEnd() : text.slice(start, limit);
  return { text: shown, start, end: start + shown.length };
}

interface PaintSpan extends Span {
  readonly match?: "match" | "match-current";
}

/** A match of a search that begins further before the row than this is not looked for: lines may be a megabyte. */
const MATCH_REACH = 1000;

/** The line's own spans with the matches of a search laid over them. */
function overlay(
  line: StyledLine,
  pattern: RegExp | undefined,
  current: boolean,
  range: VisibleRange,
): readonly PaintSpan[] {
  const own = line.spans ?? [];
  if (pattern === undefined) return own;
  const from = Math.max(0, range.start - MATCH_REACH);
  const matches: PaintSpan[] = [];
  for (const match of line.text.slice(from, range.end + MATCH_REACH).matchAll(pattern)) {
    if (match[0] === "") continue;
    const start = from + match.index;
    matches.push({ start, end: start + match[0].length, match: current ? "match-current" : "match" });
  }
  if (matches.length === 0) return own;
  const result: PaintSpan[] = [...matches];
  for (const span of own) {
    let { start } = span;
    for (const match of matches) {
      if (match.end <= start || match.start >= span.end) continue;
      if (match.start > start) result.push({ ...span, start, end: match.start });
      start = Math.max(start, match.end);
    }
    if (start < span.end) result.push({ ...span, start });
  }
  return result.sort((left, right) => left.start - right.start);
}

function columnOffset(text: string, columns: number): number {
  if (columns <= 0) return 0;
  let used = 0;
  let offset = 0;
  for (const character of text) {
    if (used >= columns) break;
    used += textWidth(character);
    offset += character.length;
  }
  return used >= columns ? offset : text.length;
}

function paintRange(range: VisibleRange, spans: readonly PaintSpan[], palette: Palette): string {
  const { text: visible, start, end } = range;
  let painted = "";
  let position = start;
  const upTo = (to: number): string => visible.slice(position - start, to - start);
  for (const span of spans) {
    const from = Math.max(span.start, position);
    const to = Math.min(span.end, end);
    if (to <= from) continue;
    painted += palette.paint(upTo(from), "text");
    position = from;
    painted += paintSpan(upTo(to), span, palette);
    position = to;
  }
  return painted + palette.paint(upTo(end), "text");
}

function paintSpan(text: string, span: PaintSpan, palette: Palette): string {
  if (span.match !== undefined) return palette.paint(text, span.match);
  const toned =
    span.sgr === undefined || palette.depth === "none"
      ? palette.paint(text, span.tone ?? "text")
      : `\u001B[${span.sgr}m${text}\u001B[0m`;
  return span.bold === true ? `\u001B[1m${toned}\u001B[22m` : toned;
}
