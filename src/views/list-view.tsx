import { useLayoutEffect, type ReactElement } from "react";
import type { Palette } from "../config/theme.ts";
import type { Scope } from "../hotkeys/action.ts";
import { Disposer } from "../lib/disposer.ts";
import { errorMessage } from "../lib/errors.ts";
import { createValue, type Subscribable } from "../lib/subscribable.ts";
import { fit, sanitize, textWidth, truncate } from "../lib/text.ts";
import type { Tone } from "../lib/tone.ts";
import { layOutColumns } from "../state/table/column-layout.ts";
import type { TableColumn } from "../state/table/table-column.ts";
import { Lines } from "../ui/lines.tsx";
import { useTheme } from "../ui/theme-context.tsx";
import { useStore } from "../ui/use-store.ts";
import type { Freshness, View, ViewProps, ViewSelection, ViewTitle } from "./view.ts";

export interface ListColumn {
  readonly title: string;
  readonly align?: "left" | "right";
  /** Columns with a lower `keep` go first where there is no room; the default is 5. */
  readonly keep?: number;
  readonly minWidth?: number;
}

export interface ListCell {
  readonly text: string;
  readonly tone?: Tone | undefined;
}

/** A row of a {@link ListView}: as many cells as there are columns. */
export interface ListRow {
  readonly key: string;
  readonly cells: readonly ListCell[];
  readonly marked?: boolean;
}

interface ListState {
  readonly columns: readonly ListColumn[];
  readonly all: readonly ListRow[];
  /** Those the filter lets through. */
  readonly rows: readonly ListRow[];
  readonly cursor: number;
  readonly top: number;
  readonly filter: string;
  readonly fault: string | undefined;
}

/** What makes one list view another than the next. */
export interface ListViewParts {
  readonly id: string;
  readonly scopes: readonly Scope[];
  readonly what: string;
  readonly where?: string;
  /** As {@link View.listedNamespace}. */
  readonly namespace?: string;
  readonly freshness: Subscribable<Freshness>;
  /** Lines above the list, at most so many rows; drawn anew whenever the rows are set. */
  above?(columns: number, rows: number, palette: Palette): readonly string[];
  /** What an empty list says: a sentence without its capital and its full stop. */
  empty(): string;
  notes?(): readonly string[];
  selection(key: string | undefined): ViewSelection;
  /** @returns whether it was a command of the view */
  command(name: string, key: string | undefined, argument: string): boolean;
  disabledReason?(name: string, key: string | undefined): string | undefined;
  /** In front (again): what is added to `shown` ends when another view covers it. */
  show?(shown: Disposer): void;
}

/** A short list with a cursor that follows its row: containers, keys of a secret, port-forwards. */
export class ListView implements View {
  readonly id: string;
  readonly scopes: readonly Scope[];
  readonly search = "filter" as const;
  readonly title;
  readonly Component: (props: ViewProps) => ReactElement;
  readonly #parts: ListViewParts;
  #shown: Disposer | undefined;
  readonly #state = createValue<ListState>({
    columns: [],
    all: [],
    rows: [],
    cursor: 0,
    top: 0,
    filter: "",
    fault: undefined,
  });
  #height = 10;
  /** Lines above the list. */
  #above = 0;

  constructor(parts: ListViewParts) {
    this.id = parts.id;
    this.scopes = parts.scopes;
    this.#parts = parts;
    this.title = createValue<ViewTitle>({ what: parts.what });
    this.Component = ({ columns, rows }) => {
      const state = useStore(this.#state);
      const palette = useTheme();
      const above = parts.above?.(columns, rows, palette) ?? [];
      const left = rows - above.length;
      useLayoutEffect(() => {
        this.#above = above.length;
        this.#resize(left - 1);
      }, [left, above.length]);
      return <Lines rows={rows} lines={[...above, ...listLines(state, columns, left, palette, parts.empty())]} />;
    };
  }

  get freshness(): Subscribable<Freshness> {
    return this.#parts.freshness;
  }

  /** The key of the row under the cursor. */
  cursorKey(): string | undefined {
    const { rows, cursor } = this.#state.get();
    return rows[cursor]?.key;
  }

  setRows(columns: readonly ListColumn[], all: readonly ListRow[]): void {
    this.#place({ columns, all });
  }

  selection(): ViewSelection {
    return this.#parts.selection(this.cursorKey());
  }

  command(name: string, argument = ""): void {
    const { cursor, rows, top } = this.#state.get();
    const page = Math.max(1, this.#height - 1);
    const moves: Readonly<Record<string, number>> = {
      "move.up": cursor - 1,
      "move.down": cursor + 1,
      "move.page-up": cursor - page,
      "move.page-down": cursor + page,
      "move.top": 0,
      "move.bottom": rows.length - 1,
      // The row of a click counts from the view's first line; above the rows stand the titles.
      "move.to-row": top + Number(argument) - this.#above - 1,
    };
    const to = moves[name];
    if (to !== undefined && (name !== "move.to-row" || rows[to] !== undefined)) this.#moveTo(to);
    else if (name === "search.set") this.#place({ filter: argument });
    else this.#parts.command(name, this.cursorKey(), argument);
    this.refreshTitle();
  }

  click(row: number): boolean {
    const { cursor, top, rows } = this.#state.get();
    const to = top + row - 1;
    if (row < 1 || to >= rows.length) return false;
    this.#moveTo(to);
    this.refreshTitle();
    return to === cursor;
  }

  disabledReason(name: string): string | undefined {
    return this.#parts.disabledReason?.(name, this.cursorKey());
  }

  listedNamespace(): string | undefined {
    return this.#parts.namespace;
  }

  searchText(): string {
    return this.#state.get().filter;
  }

  escape(): boolean {
    if (this.#state.get().filter === "") return false;
    this.#place({ filter: "" });
    return true;
  }

  /** Whether it is in front. */
  get isShown(): boolean {
    return this.#shown !== undefined;
  }

  show(): void {
    this.#shown = new Disposer();
    this.#parts.show?.(this.#shown);
    this.refreshTitle();
  }

  hide(): void {
    this.#shown?.dispose();
    this.#shown = undefined;
  }

  dispose(): void {
    this.hide();
  }

  refreshTitle(): void {
    const { all, rows, filter, fault } = this.#state.get();
    const { what, where } = this.#parts;
    const next: ViewTitle = {
      what,
      count: rows.length === all.length ? String(all.length) : `${rows.length}/${all.length}`,
      notes: this.#parts.notes?.() ?? [],
      ...(where === undefined ? {} : { where }),
      ...(filter === "" ? {} : { filter: `/${filter}` }),
      ...(fault === undefined ? {} : { fault }),
    };
    if (JSON.stringify(next) !== JSON.stringify(this.title.get())) this.title.set(next);
  }

  #resize(height: number): void {
    if (height === this.#height) return;
    this.#height = height;
    this.#moveTo(this.#state.get().cursor);
  }

  /** Filters anew; the cursor stays on its row, or near where it was when that is gone. */
  #place(change: Partial<ListState>): void {
    const before = this.#state.get();
    const key = before.rows[before.cursor]?.key;
    const state = { ...before, ...change };
    let { rows, fault } = state;
    try {
      rows = filterRows(state.all, state.filter);
      fault = undefined;
    } catch (error) {
      fault = errorMessage(error).replace(/^Invalid regular expression: /, "");
    }
    const found = rows.findIndex((row) => row.key === key);
    this.#state.set({ ...state, rows, fault, cursor: found === -1 ? before.cursor : found });
    this.#moveTo(this.#state.get().cursor);
    this.refreshTitle();
  }

  #moveTo(wanted: number): void {
    const state = this.#state.get();
    const cursor = Math.max(0, Math.min(wanted, state.rows.length - 1));
    const lowest = Math.max(0, state.rows.length - this.#height);
    const top = Math.max(0, Math.min(state.top, cursor, lowest), cursor - this.#height + 1);
    if (cursor !== state.cursor || top !== state.top) this.#state.set({ ...state, cursor, top });
  }
}

function filterRows(rows: readonly ListRow[], filter: string): readonly ListRow[] {
  if (filter === "" || filter === "!") return rows;
  const inverse = filter.startsWith("!");
  const pattern = new RegExp(inverse ? filter.slice(1) : filter, "iu");
  return rows.filter((row) => row.cells.some((cell) => pattern.test(cell.text)) !== inverse);
}

/** Where the columns stand, by their index, as in the big tables: the least telling ones go where there is no room. */
function placeColumns(
  columns: readonly ListColumn[],
  rows: readonly ListRow[],
  available: number,
): { readonly places: ReadonlyArray<{ readonly index: number; readonly width: number }>; readonly gap: number } {
  // The first column is the name of a row: it stays.
  const ids = columns.map((column, index) => (index === 0 ? "name" : column.title));
  const natural = new Map(
    ids.map((id, index) => [
      id,
      rows.reduce((most, row) => Math.max(most, textWidth(sanitize(row.cells[index]?.text ?? ""))), 0),
    ]),
  );
  const table = columns.map((column, index): TableColumn => ({
    id: ids[index] ?? "",
    title: column.title,
    text: () => "",
    ...(column.keep === undefined ? {} : { keep: column.keep }),
    ...(column.minWidth === undefined ? {} : { minWidth: column.minWidth }),
  }));
  const { placed, gap } = layOutColumns(table, natural, available, 0);
  return { places: placed.map(({ column, width }) => ({ index: ids.indexOf(column.id), width })), gap };
}

function sentence(text: string): string {
  return text === "" ? "" : `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/[.…]$/, "")}.`;
}

function listLines(state: ListState, width: number, height: number, palette: Palette, empty: string): string[] {
  const { columns, rows, cursor, top, all } = state;
  if (rows.length === 0) {
    const text = all.length > 0 ? "nothing matches the filter" : empty;
    // Where the empty tables of resources say it too.
    return ["", palette.paint(truncate(` ${sentence(text)}`, width), "dim")];
  }
  const { places, gap } = placeColumns(columns, rows, width);
  const line = (text: (index: number) => string): string =>
    places.map(({ index, width: cells }) => fit(text(index), cells, columns[index]?.align)).join(" ".repeat(gap));
  const lines = [
    palette.paint(
      fit(
        line((index) => columns[index]?.title ?? ""),
        width,
      ),
      "heading",
    ),
  ];
  for (let row = top; row < rows.length && lines.length < height; row += 1) {
    const { cells = [], marked = false } = rows[row] ?? {};
    if (row === cursor || marked) {
      const plain = fit(
        line((index) => sanitize(cells[index]?.text ?? "")),
        width,
      );
      const styles = [...(marked ? (["marked"] as const) : []), ...(row === cursor ? (["selected"] as const) : [])];
      lines.push(palette.paint(plain, ...styles));
      continue;
    }
    const painted = places.map(({ index, width: room }) => {
      const text = fit(sanitize(cells[index]?.text ?? ""), room, columns[index]?.align);
      return palette.paint(text, cells[index]?.tone ?? "text");
    });
    lines.push(painted.join(" ".repeat(gap)));
  }
  return lines;
}
