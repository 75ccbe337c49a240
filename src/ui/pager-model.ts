import { nextTurn, type Cancel } from "../lib/clock.ts";
import { errorMessage } from "../lib/errors.ts";
import { createValue, type Subscribable } from "../lib/subscribable.ts";
import { Folding } from "./folding.ts";
import { LineScan } from "./line-scan.ts";
import {
  selectedLines,
  type LineRange,
  type PagerHits,
  type PagerOptions,
  type PagerSearch,
  type PagerState,
  type SearchOrigin,
  type SourceChange,
} from "./pager-state.ts";
import { sameLine } from "./same-line.ts";
import { linesOf, type LineSource, type StyledLine } from "./styled-line.ts";
import { WrapCache } from "./wrap-offsets.ts";

const NO_LINES = linesOf([]);
const NO_HITS: PagerHits = { length: 0, at: () => -1 };
/** How long a search holds up everything else at a go, and how often it tells what it has found so far. */
const SLICE_MILLISECONDS = 6;
const TELL_MILLISECONDS = 100;

/**
 * Scrolling, wrapping and searching over any number of lines, drawn by `Pager`. Only the lines on screen are looked at,
 * except by a search and by folding. Commands: the `move.*` and `search.*` ids of `views/view.ts`, `text.wrap`,
 * `text.follow`, and with `levels` `text.fold`, `text.fold-all`.
 */
export class PagerModel {
  readonly #state = createValue<PagerState>({
    source: NO_LINES,
    top: 0,
    topRow: 0,
    left: 0,
    wrap: false,
    follow: false,
    search: undefined,
    cursor: undefined,
    anchor: undefined,
    found: undefined,
  });
  readonly wraps: WrapCache;
  readonly #folding: Folding | undefined;
  #whole: LineSource = NO_LINES;
  #columns = 80;
  #rows = 24;
  #scan: LineScan | undefined;
  #cancelScan: Cancel | undefined;
  #toldAt = 0;
  /** Where a search began: the text that is typed looks from there, and comes back there where it finds nothing. */
  #origin: SearchOrigin | undefined;

  constructor(options: PagerOptions = {}) {
    this.wraps = new WrapCache(options.hang);
    if (options.levels !== undefined) this.#folding = new Folding(NO_LINES, options.levels);
    this.#state.update((state) => ({ ...state, wrap: options.wrap ?? false, follow: options.follow ?? false }));
  }

  get state(): Subscribable<PagerState> {
    return this.#state;
  }

  /** Every line, folded or not. */
  get whole(): LineSource {
    return this.#whole;
  }

  get folds(): boolean {
    return this.#folding !== undefined;
  }

  /** Lines on the screen. */
  get rows(): number {
    return this.#rows;
  }

  /** Told by the component that draws it. Keeps a following pager at the end. */
  resize(columns: number, rows: number): void {
    if (columns === this.#columns && rows === this.#rows) return;
    this.#columns = columns;
    this.#rows = rows;
    this.#set({});
  }

  /** Lines that must stay what they are when others come between them, by their indexes. */
  get places(): readonly number[] {
    const { top, cursor, anchor, search } = this.#state.get();
    return [top, cursor ?? top, anchor ?? top, search?.line ?? top, this.#origin?.line ?? top];
  }

  /** Other lines in place of the old ones; the place is kept. */
  setSource(source: LineSource, change: SourceChange = {}): void {
    const state = this.#state.get();
    const dropped = change.dropped ?? 0;
    const moved = change.places ?? this.#movedPlaces(source, dropped);
    this.#whole = source;
    this.#folding?.replace(source);
    const [top = 0, cursor = 0, anchor = 0, found = 0, origin = 0] = moved.map((line) => Math.max(0, line));
    if (this.#origin !== undefined) this.#origin = { ...this.#origin, line: origin };
    let { search } = state;
    if (search?.pattern !== undefined) {
      if (change.stable === undefined || this.#scan === undefined) this.#scan = new LineScan(top);
      else this.#scan.change(dropped, change.stable);
      search = this.#find(source, { ...search, line: search.line === undefined ? undefined : found }, top);
    }
    this.#setLines(
      {
        top,
        cursor: state.cursor === undefined ? undefined : cursor,
        anchor: state.anchor === undefined ? undefined : anchor,
      },
      { search },
    );
  }

  /** Where the lines of {@link places} are in another text, counted in the whole of it. */
  #movedPlaces(source: LineSource, dropped: number): readonly number[] {
    const before = this.#whole;
    if (this.#folding === undefined || before.length === 0) return this.places.map((line) => line - dropped);
    const { top, cursor, anchor, search } = this.#state.get();
    const moved = (line: number): number => (line === 0 ? 0 : sameLine(before, line, source));
    const first = this.#lineAt(top);
    const lines = [cursor, anchor].map((index) => (index === undefined ? first : this.#lineAt(index)));
    return [first, ...lines, search?.line ?? first, this.#origin?.line ?? first].map(moved);
  }

  #lineAt(index: number): number {
    return this.#folding?.lineAt(index) ?? index;
  }

  #indexOf(line: number): number {
    return this.#folding?.indexOf(line) ?? line;
  }

  /** Shows what is not folded, with these lines of the whole text at the top and under the cursor. */
  #setLines(
    lines: { readonly top: number; readonly cursor?: number | undefined; readonly anchor?: number | undefined },
    change: Partial<PagerState> = {},
  ): void {
    const { top, cursor, anchor } = lines;
    this.#set({
      ...change,
      source: this.#folding?.source() ?? this.#whole,
      top: this.#indexOf(top),
      cursor: cursor === undefined ? undefined : this.#indexOf(cursor),
      anchor: anchor === undefined ? undefined : this.#indexOf(anchor),
    });
  }

  setLines(lines: readonly StyledLine[]): void {
    this.setSource(linesOf(lines));
  }

  /** Scrolls so that a line is the first on screen. */
  scrollTo(line: number): void {
    this.#folding?.reveal(line);
    this.#setLines({ top: line }, { topRow: 0, follow: false });
  }

  /** True where the last line is on screen. */
  atEnd(): boolean {
    const state = this.#state.get();
    const end = this.#endPosition(state);
    return state.top > end.top || (state.top === end.top && state.topRow >= end.topRow);
  }

  /** @returns whether the command is one of a pager */
  command(name: string, argument = ""): boolean {
    const state = this.#state.get();
    if (name !== "search.set") this.#origin = undefined;
    if (state.cursor !== undefined && this.#moveCursor(name, state.cursor)) return true;
    switch (name) {
      case "move.up":
        this.#scrollBy(-1);
        break;
      case "move.down":
        this.#scrollBy(1);
        break;
      case "move.page-up":
        this.#scrollBy(-Math.max(1, this.#rows - 1));
        break;
      case "move.page-down":
        this.#scrollBy(Math.max(1, this.#rows - 1));
        break;
      case "move.top":
        this.#set({ top: 0, topRow: 0, follow: false });
        break;
      case "move.bottom":
        this.#set({ ...this.#endPosition(state), left: 0 });
        break;
      case "move.left":
        this.#set({ left: Math.max(0, state.left - 10) });
        break;
      case "move.right":
        if (!state.wrap) this.#set({ left: state.left + 10 });
        break;
      case "move.to-row":
        if (this.folds) this.#set({ cursor: this.#onRow(Number(argument)), anchor: undefined });
        break;
      case "text.fold":
        this.#fold((line) => this.#folding?.toggle(line));
        break;
      case "text.fold-all":
        this.#fold((line) => this.#folding?.toggleAll(line));
        break;
      case "text.wrap":
        this.#set({ wrap: !state.wrap, left: 0, topRow: 0 });
        break;
      case "text.follow":
        this.#set({ follow: !state.follow, cursor: undefined, anchor: undefined });
        break;
      case "search.set":
        this.#search(argument);
        break;
      case "search.next":
        this.#step(1);
        break;
      case "search.previous":
        this.#step(-1);
        break;
      default:
        return false;
    }
    return true;
  }

  /** Ends a search. @returns whether there was one */
  endSearch(): boolean {
    if (this.#state.get().search === undefined) return false;
    this.#origin = undefined;
    this.#endScan();
    this.#set({ search: undefined });
    return true;
  }

  /** Nothing is looked for any more: the pager is not shown again. */
  dispose(): void {
    this.#endScan();
  }

  /** Shows a cursor on the line that was found or else on the lowest one on screen, or takes it away. */
  toggleCursor(): void {
    if (!this.endCursor()) this.#set({ cursor: this.#cursorStart(), follow: false });
  }

  /** @returns whether there was a cursor */
  endCursor(): boolean {
    if (this.#state.get().cursor === undefined) return false;
    this.#set({ cursor: undefined, anchor: undefined });
    return true;
  }

  /** Selects from the cursor's line on, or no more than that line. */
  toggleSelection(): void {
    const { cursor, anchor } = this.#state.get();
    const line = cursor ?? this.#cursorStart();
    this.#set({ cursor: line, anchor: anchor === undefined ? line : undefined, follow: false });
  }

  /** Selects one more line above or below, or one less. */
  extendSelection(by: 1 | -1): void {
    const { cursor, anchor, source } = this.#state.get();
    const line = cursor ?? this.#cursorStart();
    const next = Math.max(0, Math.min(source.length - 1, line + by));
    this.#set({ cursor: next, anchor: anchor ?? line, follow: false });
    this.#showCursor();
  }

  /** The lines from the anchor to the cursor. */
  selected(): LineRange | undefined {
    return selectedLines(this.#state.get());
  }

  #cursorStart(): number {
    const state = this.#state.get();
    const last = Math.max(0, this.#lastOnScreen(state));
    return this.#foundOnScreen(state) ?? last;
  }

  #foundOnScreen(state: PagerState): number | undefined {
    const { found, top } = state;
    return found !== undefined && found >= top && found <= this.#lastOnScreen(state) ? found : undefined;
  }

  /** Folds or unfolds at the cursor, else at what was found, else at the first line on screen; a cursor stays there. */
  #fold(change: (line: number) => number | undefined): void {
    const state = this.#state.get();
    const [line, top] = [
      this.#lineAt(state.cursor ?? this.#foundOnScreen(state) ?? state.top),
      this.#lineAt(state.top),
    ];
    this.#setLines({ top, cursor: change(line) ?? line });
    this.#showCursor();
  }

  #onRow(row: number): number {
    const state = this.#state.get();
    let left = row + state.topRow;
    for (let line = state.top; line < state.source.length; line += 1) {
      left -= this.#heightOf(state, line);
      if (left < 0) return line;
    }
    return Math.max(0, state.source.length - 1);
  }

  #lastOnScreen(state: PagerState): number {
    const end = state.source.length - 1;
    if (!state.wrap) return Math.min(end, state.top + this.#rows - 1);
    let rows = this.#rows + state.topRow;
    for (let line = state.top; line < end; line += 1) {
      rows -= this.#heightOf(state, line);
      if (rows <= 0) return line;
    }
    return end;
  }

  /** @returns whether the command moves a cursor */
  #moveCursor(name: string, cursor: number): boolean {
    const page = Math.max(1, this.#rows - 1);
    const last = this.#state.get().source.length - 1;
    const to: Readonly<Record<string, number>> = {
      "move.up": cursor - 1,
      "move.down": cursor + 1,
      "move.page-up": cursor - page,
      "move.page-down": cursor + page,
      "move.top": 0,
      "move.bottom": last,
    };
    const line = to[name];
    if (line === undefined) return false;
    this.#set({ cursor: Math.max(0, Math.min(last, line)), follow: false });
    this.#showCursor();
    return true;
  }

  /** Scrolls as little as brings the cursor on screen. */
  #showCursor(): void {
    const state = this.#state.get();
    const { cursor } = state;
    if (cursor === undefined) return;
    if (cursor <= state.top) this.#set({ top: cursor, topRow: 0 });
    else if (cursor > this.#lastOnScreen(state) || state.wrap) {
      const lowest = this.#endPosition(state, cursor);
      if (lowest.top > state.top || (lowest.top === state.top && lowest.topRow > state.topRow)) this.#set(lowest);
    }
  }

  #search(text: string): void {
    this.#endScan();
    this.#toOrigin();
    if (text === "") {
      this.#origin = undefined;
      this.#set({ search: undefined });
      return;
    }
    const nothing = { text, hits: NO_HITS, line: undefined, current: -1, complete: true } as const;
    let pattern: RegExp;
    try {
      pattern = new RegExp(text, "giu");
    } catch (error) {
      const fault = errorMessage(error).replace(/^Invalid regular expression: .*: /, "");
      this.#set({ search: { ...nothing, pattern: undefined, fault } });
      return;
    }
    const top = this.#lineAt(this.#state.get().top);
    this.#scan = new LineScan(top);
    this.#set({ search: this.#find(this.#whole, { ...nothing, pattern, fault: undefined }, top) });
    this.#reveal();
  }

  #toOrigin(): void {
    if (this.#origin === undefined) {
      const { top, topRow, left, follow } = this.#state.get();
      this.#origin = { line: this.#lineAt(top), topRow, left, follow };
    } else {
      const { line, ...place } = this.#origin;
      this.#set({ ...place, top: this.#indexOf(line) });
    }
  }

  /** Goes on with a search for a while; what is left is looked at in later turns. */
  #find(source: LineSource, search: PagerSearch, top: number): PagerSearch {
    const { pattern } = search;
    const scan = this.#scan;
    if (pattern === undefined || scan === undefined) return search;
    const meets = source.finder?.(search.text, pattern) ?? finder(source, pattern);
    scan.work(source.length, meets, performance.now() + SLICE_MILLISECONDS);
    const complete = scan.complete(source.length);
    if (!complete) this.#cancelScan ??= nextTurn(() => this.#findMore());
    const after = scan.placeOf(search.line ?? top);
    // A line before the top is what is found only where nothing is below it.
    const found = after < scan.length || complete || search.line !== undefined;
    const current = found ? Math.min(after, scan.length - 1) : -1;
    return { ...search, hits: scan, current, complete, line: current === -1 ? undefined : scan.at(current) };
  }

  #findMore(): void {
    this.#cancelScan = undefined;
    const { search, top } = this.#state.get();
    if (search === undefined) return;
    const next = this.#find(this.#whole, search, this.#lineAt(top));
    const now = performance.now();
    const first = search.line === undefined && next.line !== undefined;
    if (!next.complete && !first && now - this.#toldAt < TELL_MILLISECONDS) return;
    this.#toldAt = now;
    this.#set({ search: next });
    if (first) this.#reveal();
  }

  #endScan(): void {
    this.#scan = undefined;
    this.#cancelScan?.();
    this.#cancelScan = undefined;
  }

  #step(by: 1 | -1): void {
    const { search, cursor } = this.#state.get();
    if (search === undefined || search.hits.length === 0) return;
    const { length } = search.hits;
    const current = (search.current + by + length) % length;
    const line = search.hits.at(current);
    this.#set({ search: { ...search, current, line } });
    this.#reveal();
    if (cursor !== undefined) this.#set({ cursor: this.#state.get().found });
  }

  /** Brings the current hit on screen, a third from the top, unless it is there already. What hides it is unfolded. */
  #reveal(): void {
    const { search, top, cursor } = this.#state.get();
    const line = search?.line;
    if (line === undefined) return;
    const lines = { top: this.#lineAt(top), cursor: cursor === undefined ? undefined : this.#lineAt(cursor) };
    if (this.#folding?.reveal(line) === true) this.#setLines(lines);
    const { found = line, top: first } = this.#state.get();
    if (found >= first && found < first + Math.floor(this.#rows / 2)) return;
    this.#set({ top: Math.max(0, found - Math.floor(this.#rows / 3)), topRow: 0, follow: false });
  }

  #heightOf(state: PagerState, line: number): number {
    return state.wrap ? this.wraps.offsets(state.source.at(line), this.#columns).length : 1;
  }

  #scrollBy(rows: number): void {
    const state = this.#state.get();
    if (!state.wrap) {
      this.#set({ top: state.top + rows, topRow: 0, follow: state.follow && rows > 0 });
      return;
    }
    let { top, topRow } = state;
    let height = this.#heightOf(state, top);
    for (let left = Math.abs(rows); left > 0; left -= 1) {
      if (rows > 0) {
        if (topRow + 1 < height) topRow += 1;
        else if (top + 1 < state.source.length) {
          [top, topRow] = [top + 1, 0];
          height = this.#heightOf(state, top);
        }
      } else if (topRow > 0) topRow -= 1;
      else if (top > 0) {
        height = this.#heightOf(state, top - 1);
        [top, topRow] = [top - 1, height - 1];
      }
    }
    this.#set({ top, topRow, follow: state.follow && rows > 0 });
  }

  /** The scroll position in which a line, the last one where none is given, stands on the last row. */
  #endPosition(state: PagerState, last = state.source.length - 1): { readonly top: number; readonly topRow: number } {
    if (!state.wrap) return { top: Math.max(0, last + 1 - this.#rows), topRow: 0 };
    let rows = this.#rows;
    for (let line = last; line >= 0; line -= 1) {
      const height = this.#heightOf(state, line);
      if (height >= rows) return { top: line, topRow: height - rows };
      rows -= height;
    }
    return { top: 0, topRow: 0 };
  }

  #set(change: Partial<PagerState>): void {
    const state = { ...this.#state.get(), ...change };
    const line = state.search?.line;
    const found = line === undefined ? undefined : this.#indexOf(line);
    const end = this.#endPosition(state);
    const beyond = state.top > end.top || (state.top === end.top && state.topRow > end.topRow);
    const place = beyond || state.follow ? end : { top: Math.max(0, state.top) };
    this.#state.set({ ...state, ...place, found });
  }
}

function finder(source: LineSource, pattern: RegExp): (index: number) => boolean {
  return (index) => {
    pattern.lastIndex = 0;
    return pattern.test(source.at(index).text);
  };
}
