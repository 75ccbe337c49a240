import { errorMessage } from "../lib/errors.ts";
import { createValue, type Subscribable } from "../lib/subscribable.ts";
import { textWidth } from "../lib/text.ts";
import { linesOf, type LineSource, type StyledLine } from "./styled-line.ts";

/** Where a pager stands. A new object after every change. */
export interface PagerState {
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
}

export interface PagerSearch {
  readonly text: string;
  /** Absent when the text is no regular expression: see `fault`. */
  readonly pattern: RegExp | undefined;
  readonly fault: string | undefined;
  /** Indexes of the lines that match, ascending. */
  readonly hits: readonly number[];
  /** Index into `hits`, -1 where there are none. */
  readonly current: number;
}

/** Rows a line takes at a width: pieces of at most `width` columns; never empty. Offsets are UTF-16 units. */
export function wrapOffsets(text: string, width: number): readonly number[] {
  if (width <= 0 || textWidth(text) <= width) return [0];
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

const NO_LINES = linesOf([]);

/**
 * Scrolling, wrapping and searching over any number of lines, drawn by `Pager`. Only the lines on screen are looked at,
 * except by a search. Commands: the `move.*` and `search.*` ids of `views/view.ts`, `text.wrap`, `text.follow`.
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
  });
  #columns = 80;
  #rows = 24;

  constructor(options: { readonly wrap?: boolean; readonly follow?: boolean } = {}) {
    this.#state.update((state) => ({ ...state, wrap: options.wrap ?? false, follow: options.follow ?? false }));
  }

  get state(): Subscribable<PagerState> {
    return this.#state;
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

  /**
   * Other lines in place of the old ones; the place is kept. `dropped`: how many lines went away at the head, so that
   * the same text stays on screen. `stable`: how many lines at the head of the new source were there before, so that a
   * search looks at the others alone.
   */
  setSource(source: LineSource, change: { readonly dropped?: number; readonly stable?: number } = {}): void {
    const state = this.#state.get();
    const dropped = change.dropped ?? 0;
    const top = Math.max(0, state.top - dropped);
    let search = state.search;
    if (search?.pattern !== undefined) {
      const { stable } = change;
      const kept =
        stable === undefined ? [] : search.hits.map((hit) => hit - dropped).filter((hit) => hit >= 0 && hit < stable);
      const hits = [...kept, ...findHits(source, search.pattern, stable ?? 0)];
      const lost = stable === undefined ? 0 : search.hits.findIndex((hit) => hit >= dropped);
      search = { ...search, hits, current: Math.min(hits.length - 1, Math.max(search.current - Math.max(lost, 0), 0)) };
    }
    this.#set({ source, top, search });
  }

  setLines(lines: readonly StyledLine[]): void {
    this.setSource(linesOf(lines));
  }

  /** Scrolls so that a line is the first on screen. */
  scrollTo(line: number): void {
    this.#set({ top: line, topRow: 0, follow: false });
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
      case "text.wrap":
        this.#set({ wrap: !state.wrap, left: 0, topRow: 0 });
        break;
      case "text.follow":
        this.#set({ follow: !state.follow });
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
    this.#set({ search: undefined });
    return true;
  }

  #search(text: string): void {
    const state = this.#state.get();
    if (text === "") {
      this.#set({ search: undefined });
      return;
    }
    let pattern: RegExp;
    try {
      pattern = new RegExp(text, "giu");
    } catch (error) {
      const fault = errorMessage(error).replace(/^Invalid regular expression: .*: /, "");
      this.#set({ search: { text, pattern: undefined, fault, hits: [], current: -1 } });
      return;
    }
    const hits = findHits(state.source, pattern, 0);
    const after = hits.findIndex((hit) => hit >= state.top);
    const current = after === -1 ? hits.length - 1 : after;
    this.#set({ search: { text, pattern, fault: undefined, hits, current } });
    this.#reveal();
  }

  #step(by: 1 | -1): void {
    const { search } = this.#state.get();
    if (search === undefined || search.hits.length === 0) return;
    const current = (search.current + by + search.hits.length) % search.hits.length;
    this.#set({ search: { ...search, current } });
    this.#reveal();
  }

  /** Brings the current hit on screen, a third from the top, unless it is there already. */
  #reveal(): void {
    const { search, top } = this.#state.get();
    const line = search?.hits[search.current];
    if (line === undefined || (line >= top && line < top + Math.floor(this.#rows / 2))) return;
    this.#set({ top: Math.max(0, line - Math.floor(this.#rows / 3)), topRow: 0, follow: false });
  }

  #heightOf(state: PagerState, line: number): number {
    return state.wrap ? wrapOffsets(state.source.at(line).text, this.#columns).length : 1;
  }

  #scrollBy(rows: number): void {
    const state = this.#state.get();
    if (!state.wrap) {
      this.#set({ top: state.top + rows, topRow: 0, follow: state.follow && rows > 0 });
      return;
    }
    let { top, topRow } = state;
    for (let left = Math.abs(rows); left > 0; left -= 1) {
      if (rows > 0) {
        if (topRow + 1 < this.#heightOf(state, top)) topRow += 1;
        else if (top + 1 < state.source.length) [top, topRow] = [top + 1, 0];
      } else if (topRow > 0) topRow -= 1;
      else if (top > 0) [top, topRow] = [top - 1, this.#heightOf(state, top - 1) - 1];
    }
    this.#set({ top, topRow, follow: state.follow && rows > 0 });
  }

  /** The lowest scroll position: the last line stands on the last row. */
  #endPosition(state: PagerState): { readonly top: number; readonly topRow: number } {
    if (!state.wrap) return { top: Math.max(0, state.source.length - this.#rows), topRow: 0 };
    let rows = this.#rows;
    for (let line = state.source.length - 1; line >= 0; line -= 1) {
      const height = this.#heightOf(state, line);
      if (height >= rows) return { top: line, topRow: height - rows };
      rows -= height;
    }
    return { top: 0, topRow: 0 };
  }

  #set(change: Partial<PagerState>): void {
    const state = { ...this.#state.get(), ...change };
    const end = this.#endPosition(state);
    const beyond = state.top > end.top || (state.top === end.top && state.topRow > end.topRow);
    this.#state.set(beyond || state.follow ? { ...state, ...end } : { ...state, top: Math.max(0, state.top) });
  }
}

function findHits(source: LineSource, pattern: RegExp, from: number): number[] {
  const hits: number[] = [];
  for (let index = from; index < source.length; index += 1) {
    pattern.lastIndex = 0;
    if (pattern.test(source.at(index).text)) hits.push(index);
  }
  return hits;
}
