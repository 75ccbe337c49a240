import { useLayoutEffect, type ReactElement } from "react";
import type { Palette } from "../config/theme.ts";
import { fit, textWidth } from "../lib/text.ts";
import { Lines } from "./lines.tsx";
import { selectedLines, wrapOffsets, type PagerModel, type PagerState } from "./pager-model.ts";
import type { Span, StyledLine } from "./styled-line.ts";
import { useStore } from "./use-store.ts";
import { useTheme } from "./theme-context.tsx";

/** Draws a {@link PagerModel} on exactly `rows` lines of `columns` cells. */
export function Pager({
  model,
  columns,
  rows,
}: {
  readonly model: PagerModel;
  readonly columns: number;
  readonly rows: number;
}): ReactElement {
  const palette = useTheme();
  const state = useStore(model.state);
  useLayoutEffect(() => model.resize(columns, rows), [model, columns, rows]);
  return <Lines lines={pagerRows(state, columns, rows, palette)} rows={rows} />;
}

/** The rows of a pager as painted strings, at most `rows`. */
export function pagerRows(state: PagerState, columns: number, rows: number, palette: Palette): string[] {
  const painted: string[] = [];
  const { source, search } = state;
  const selected = selectedLines(state);
  for (let index = state.top; index < source.length && painted.length < rows; index += 1) {
    const line = source.at(index);
    if (selected !== undefined && index >= selected.first && index <= selected.last) {
      for (const row of selectedRows(line.text, columns, state, index)) {
        if (painted.length < rows) painted.push(palette.paint(row, "selected"));
      }
      continue;
    }
    const spans = overlay(line, search?.pattern, index === search?.line);
    if (!state.wrap) {
      painted.push(paintRange(line.text, columnOffset(line.text, state.left), columns, spans, palette));
      continue;
    }
    const offsets = wrapOffsets(line.text, columns);
    for (let row = index === state.top ? state.topRow : 0; row < offsets.length && painted.length < rows; row += 1) {
      painted.push(paintRange(line.text, offsets[row] ?? 0, columns, spans, palette, offsets[row + 1]));
    }
  }
  return painted;
}

/** The rows of a line under the cursor or selected, as wide as the screen. */
function selectedRows(text: string, columns: number, state: PagerState, index: number): string[] {
  if (!state.wrap) return [fit(text.slice(columnOffset(text, state.left)), columns)];
  const offsets = wrapOffsets(text, columns);
  const rows = offsets.map((offset, row) => fit(text.slice(offset, offsets[row + 1]), columns));
  return index === state.top ? rows.slice(state.topRow) : rows;
}

interface PaintSpan extends Span {
  readonly match?: "match" | "match-current";
}

/** The line's own spans with the matches of a search laid over them. */
function overlay(line: StyledLine, pattern: RegExp | undefined, current: boolean): readonly PaintSpan[] {
  const own = line.spans ?? [];
  if (pattern === undefined) return own;
  const matches: PaintSpan[] = [];
  for (const match of line.text.matchAll(pattern)) {
    if (match[0] === "") continue;
    const match_ = current ? "match-current" : "match";
    matches.push({ start: match.index, end: match.index + match[0].length, match: match_ });
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

function paintRange(
  text: string,
  start: number,
  columns: number,
  spans: readonly PaintSpan[],
  palette: Palette,
  limit?: number,
): string {
  const visible = limit === undefined ? fit(text.slice(start), columns).trimEnd() : text.slice(start, limit);
  // `fit` may have ended the row with an ellipsis in place of what does not fit; spans count from the line's start.
  const end = start + visible.length;
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
