import type { Palette } from "../../config/theme.ts";
import { fit, sanitize, textWidth } from "../../lib/text.ts";
import type { Tone } from "../../lib/tone.ts";
import { layOutColumns, type ColumnLayout } from "../../state/table/column-layout.ts";
import type { Sort, TableColumn, TableRow } from "../../state/table/table-column.ts";
import type { TableEntry } from "../../state/table/table-entry.ts";

/** A row as it was painted last, and what it was painted from. */
interface Painted {
  readonly row: TableRow;
  readonly look: string;
  readonly clock: string;
  readonly text: string;
}

/** Rows whose contents are measured before anything is on screen, so that columns rarely jump while scrolling. */
const MEASURED_AHEAD = 300;
const WIDEST = 120;
/** An age grows while nobody changes its row: `9m59s` is the widest of the first two years. */
const AGE_WIDTH = 5;

/**
 * Paints rows as one string each and keeps the strings: a row is painted again only when its object, its look or an age
 * in it changed. Column widths grow with what was seen and shrink only when the columns change.
 */
export class RowPainter {
  readonly #palette: Palette;
  readonly #toneOf: (row: TableRow) => Tone | undefined;
  #columns: readonly TableColumn[] = [];
  #clockColumns: readonly TableColumn[] = [];
  #natural = new Map<string, number>();
  #measured = new WeakSet<TableRow>();
  #layout: ColumnLayout = { placed: [], gap: 2, hidden: 0 };
  #layoutKey = "";
  #width = 0;
  #skip = 0;
  #painted = new WeakMap<TableEntry, Painted>();

  constructor(palette: Palette, toneOf: (row: TableRow) => Tone | undefined) {
    this.#palette = palette;
    this.#toneOf = toneOf;
  }

  get layout(): ColumnLayout {
    return this.#layout;
  }

  /** Makes ready to paint rows: measures what is new among them, and lays the columns out. */
  prepare(
    columns: readonly TableColumn[],
    rows: readonly TableEntry[],
    all: Iterable<TableEntry>,
    place: { readonly width: number; readonly skip: number },
  ): void {
    let changed = false;
    if (columns !== this.#columns) {
      this.#columns = columns;
      this.#clockColumns = columns.filter((column) => column.clock === true);
      this.#natural = new Map();
      this.#measured = new WeakSet();
      changed = true;
      let left = MEASURED_AHEAD;
      for (const entry of all) {
        if ((left -= 1) < 0) break;
        this.#measure(entry.row);
      }
    }
    for (const entry of rows) {
      if (this.#measure(entry.row)) changed = true;
      // A restart's age may become wider than any text of its row was when it came.
      for (const column of this.#clockColumns) if (this.#grow(column, entry.row)) changed = true;
    }
    if (!changed && place.width === this.#width && place.skip === this.#skip) return;
    this.#width = place.width;
    this.#skip = place.skip;
    this.#layout = layOutColumns(columns, this.#natural, place.width, place.skip);
    const key = `${this.#layout.gap} ${this.#layout.placed.map(({ column, width }) => `${column.id}:${width}`).join(" ")} ${place.width}`;
    if (key === this.#layoutKey) return;
    this.#layoutKey = key;
    this.#painted = new WeakMap();
  }

  /** The titles, with an arrow at the sort column. */
  header(sort: Sort): string {
    const { placed, gap } = this.#layout;
    const cells = placed.map(({ column, width }) => {
      const arrow = column.id === sort.column ? (sort.descending ? "↓" : "↑") : "";
      return fit(column.title + arrow, width, column.align);
    });
    return this.#palette.paint(cells.join(" ".repeat(gap)), "heading");
  }

  row(entry: TableEntry, selected: boolean, marked: boolean): string {
    const look = selected ? (marked ? "sm" : "s") : marked ? "m" : "";
    const clock = this.#clockColumns.map((column) => column.text(entry.row)).join(" ");
    const before = this.#painted.get(entry);
    if (before !== undefined && before.row === entry.row && before.look === look && before.clock === clock) {
      return before.text;
    }
    const text = this.#paint(entry.row, selected, marked);
    this.#painted.set(entry, { row: entry.row, look, clock, text });
    return text;
  }

  /** Everything is painted anew: metrics changed what cells say. */
  forget(): void {
    this.#painted = new WeakMap();
    this.#measured = new WeakSet();
  }

  #paint(row: TableRow, selected: boolean, marked: boolean): string {
    const { placed, gap } = this.#layout;
    const rowTone = this.#toneOf(row) ?? "ok";
    const between = " ".repeat(gap);
    if (selected || marked) {
      // One style over the whole line: the row under the cursor must stand out, whatever its cells say.
      const cells = placed.map(({ column, width }) => fit(sanitize(column.text(row)), width, column.align));
      const line = fit(cells.join(between), this.#width);
      return selected
        ? this.#palette.paint(line, rowTone, ...(marked ? (["marked"] as const) : []), "selected")
        : this.#palette.paint(line, "marked");
    }
    let line = "";
    let run = "";
    let runTone: Tone = rowTone;
    for (const [index, { column, width }] of placed.entries()) {
      const tone = column.tone?.(row) ?? rowTone;
      if (tone !== runTone) {
        line += this.#palette.paint(run, runTone);
        run = "";
        runTone = tone;
      }
      run += fit(sanitize(column.text(row)), width, column.align);
      if (index < placed.length - 1) run += between;
    }
    return line + this.#palette.paint(run.trimEnd(), runTone);
  }

  /** @returns whether a column became wider */
  #measure(row: TableRow): boolean {
    if (this.#measured.has(row)) return false;
    this.#measured.add(row);
    let grew = false;
    for (const column of this.#columns) if (this.#grow(column, row)) grew = true;
    return grew;
  }

  #grow(column: TableColumn, row: TableRow): boolean {
    const width = Math.min(WIDEST, textWidth(sanitize(column.text(row))));
    if (width <= (this.#natural.get(column.id) ?? 0)) return false;
    this.#natural.set(column.id, column.id === "age" ? Math.max(AGE_WIDTH, width) : width);
    return true;
  }
}
