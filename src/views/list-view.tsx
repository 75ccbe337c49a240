import { useLayoutEffect, type ReactElement } from "react";
import type { Palette } from "../config/theme.ts";
import type { Scope } from "../hotkeys/action.ts";
import { errorMessage } from "../lib/errors.ts";
import { createValue, type Subscribable } from "../lib/subscribable.ts";
import { fit, sanitize, textWidth } from "../lib/text.ts";
import type { Tone } from "../lib/tone.ts";
import { Lines } from "../ui/lines.tsx";
import { useTheme } from "../ui/theme-context.tsx";
import { useStore } from "../ui/use-store.ts";
import type { Freshness, View, ViewProps, ViewSelection, ViewTitle } from "./view.ts";

export interface ListColumn {
  readonly title: string;
  readonly align?: "left" | "right";
}

export interface ListCell {
  readonly text: string;
  readonly tone?: Tone | undefined;
}

/** A row of a {@link ListView}: as many cells as there are columns. */
export interface ListRow {
  readonly key: string;
  readonly cells: readonly ListCell[];
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
  readonly freshness: Subscribable<Freshness>;
  /** What stands in the middle of an empty list. */
  empty(): string;
  notes?(): readonly string[];
  selection(key: string | undefined): ViewSelection;
  /** @returns whether it was a command of the view */
  command(name: string, key: string | undefined, argument: string): boolean;
  disabledReason?(name: string, key: string | undefined): string | undefined;
  show(): void;
  hide(): void;
}

/** A short list with a cursor that follows its row: containers, keys of a secret, port-forwards. */
export class ListView implements View {
  readonly id: string;
  readonly scopes: readonly Scope[];
  readonly search = "filter" as const;
  readonly title;
  readonly Component: (props: ViewProps) => ReactElement;
  readonly #parts: ListViewParts;
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

  constructor(parts: ListViewParts) {
    this.id = parts.id;
    this.scopes = parts.scopes;
    this.#parts = parts;
    this.title = createValue<ViewTitle>({ what: parts.what });
    this.Component = ({ columns, rows }) => {
      const state = useStore(this.#state);
      const palette = useTheme();
      useLayoutEffect(() => this.#resize(rows - 1), [rows]);
      return <Lines rows={rows} lines={listLines(state, columns, rows, palette, parts.empty())} />;
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
    const { cursor, rows } = this.#state.get();
    const page = Math.max(1, this.#height - 1);
    const moves: Readonly<Record<string, number>> = {
      "move.up": cursor - 1,
      "move.down": cursor + 1,
      "move.page-up": cursor - page,
      "move.page-down": cursor + page,
      "move.top": 0,
      "move.bottom": rows.length - 1,
    };
    const to = moves[name];
    if (to !== undefined) this.#moveTo(to);
    else if (name === "search.set") this.#place({ filter: argument });
    else this.#parts.command(name, this.cursorKey(), argument);
    this.refreshTitle();
  }

  disabledReason(name: string): string | undefined {
    return this.#parts.disabledReason?.(name, this.cursorKey());
  }

  searchText(): string {
    return this.#state.get().filter;
  }

  escape(): boolean {
    if (this.#state.get().filter === "") return false;
    this.#place({ filter: "" });
    return true;
  }

  show(): void {
    this.#parts.show();
    this.refreshTitle();
  }

  hide(): void {
    this.#parts.hide();
  }

  dispose(): void {
    this.#parts.hide();
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

const GAP = 2;

/** Widths that show everything where there is room; where not, the widest columns give way first. */
export function columnWidths(
  columns: readonly ListColumn[],
  rows: readonly ListRow[],
  available: number,
): readonly number[] {
  const widths = columns.map((column, index) =>
    rows.reduce((most, row) => Math.max(most, textWidth(sanitize(row.cells[index]?.text ?? ""))), column.title.length),
  );
  let excess = widths.reduce((sum, width) => sum + width + GAP, -GAP) - available;
  while (excess > 0) {
    const widest = Math.max(...widths);
    if (widest <= 3) break;
    const index = widths.indexOf(widest);
    const second = Math.max(3, ...widths.filter((width) => width < widest));
    const cut = Math.max(1, Math.min(excess, widest - second));
    widths[index] = widest - cut;
    excess -= cut;
  }
  return widths;
}

function listLines(state: ListState, width: number, height: number, palette: Palette, empty: string): string[] {
  const { columns, rows, cursor, top, all } = state;
  if (rows.length === 0) {
    const text = all.length > 0 ? "nothing matches the filter" : empty;
    const lead = " ".repeat(Math.max(0, Math.floor((width - textWidth(text)) / 2)));
    return [...Array.from({ length: Math.floor(height / 3) }, () => ""), palette.paint(lead + fit(text, width), "dim")];
  }
  const widths = columnWidths(columns, rows, width);
  const line = (cells: readonly string[]): string =>
    cells.map((text, index) => fit(text, widths[index] ?? 0, columns[index]?.align)).join(" ".repeat(GAP));
  const lines = [palette.paint(fit(line(columns.map((column) => column.title)), width), "heading")];
  for (let index = top; index < rows.length && lines.length < height; index += 1) {
    const cells = rows[index]?.cells ?? [];
    const plain = fit(line(cells.map((cell) => sanitize(cell.text))), width);
    if (index === cursor) {
      lines.push(palette.paint(plain, "selected"));
      continue;
    }
    const painted = cells.map((cell, column) =>
      palette.paint(fit(sanitize(cell.text), widths[column] ?? 0, columns[column]?.align), cell.tone ?? "text"),
    );
    lines.push(painted.join(" ".repeat(GAP)));
  }
  return lines;
}
