import type { Palette, StyleName } from "../../config/theme.ts";
import { fit, sanitize, textWidth, truncateMiddle } from "../../lib/text.ts";
import type { Tone } from "../../lib/tone.ts";
import type { ChangeMarks } from "./change-marks.ts";
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

/** `4 (3m ago)` is `4` where there is no room for both: half a remark says nothing. */
function withoutRemark(text: string, width: number): string {
  return text.endsWith(")") && textWidth(text) > width ? text.replace(/ \([^()]*\)$/, "") : text;
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
  readonly #marks: ChangeMarks | undefined;
  #columns: readonly TableColumn[] = [];
  #clockColumns: readonly TableColumn[] = [];
  #natural = new Map<string, number>();
  #measured = new WeakSet<TableRow>();
  #layout: ColumnLayout = { placed: [], gap: 2, hidden: 0 };
  #layoutKey = "";
  #width = 0;
  #skip = 0;
  #painted = new WeakMap<TableEntry, Painted>();
  /** What the clock columns of the rows made ready say: read once for a frame. */
  #clocks = new Map<TableEntry, string>();

  constructor(palette: Palette, toneOf: (row: TableRow) => Tone | undefined, marks?: ChangeMarks) {
    this.#palette = palette;
    this.#toneOf = toneOf;
    this.#marks = marks;
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
    this.#clocks = new Map();
    for (const entry of rows) {
      if (this.#measure(entry.row)) changed = true;
      const clock = this.#clockOf(entry);
      this.#clocks.set(entry, clock);
      if (clock === this.#painted.get(entry)?.clock) continue;
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
    const cells = placed.map(({ column, width }) => fit(column.title, width, column.align));
    let titles = cells.join(" ".repeat(gap));
    const at = placed.findIndex(({ column }) => column.id === sort.column);
    const sorted = placed[at];
    if (sorted !== undefined) {
      const arrow = sort.descending ? "↓" : "↑";
      // In the cell behind the title, or in the gap before it where the line ends there.
      const start = placed.slice(0, at).reduce((sum, { width }) => sum + width + gap, 0);
      const { width, column } = sorted;
      const title = Math.min(width, textWidth(column.title));
      const behind = column.align === "right" ? start + width : start + title;
      const cell = behind < this.#width ? behind : start + (column.align === "right" ? width - title : 0) - 1;
      if (cell >= 0) titles = titles.slice(0, cell) + arrow + titles.slice(cell + 1);
    }
    return this.#palette.paint(titles, "heading");
  }

  row(entry: TableEntry, selected: boolean, marked: boolean): string {
    const changes = this.#marks?.lookOf(entry.key) ?? "";
    const look = (selected ? (marked ? "sm" : "s") : marked ? "m" : "") + changes;
    const clock = this.#clocks.get(entry) ?? this.#clockOf(entry);
    const before = this.#painted.get(entry);
    if (before !== undefined && before.row === entry.row && before.look === look && before.clock === clock) {
      return before.text;
    }
    const text = this.#paint(entry.row, { selected, marked, changes: changes !== "" });
    this.#painted.set(entry, { row: entry.row, look, clock, text });
    return text;
  }

  /** Everything is painted anew: metrics changed what cells say. */
  forget(): void {
    this.#painted = new WeakMap();
    this.#measured = new WeakSet();
  }

  #clockOf(entry: TableEntry): string {
    return this.#clockColumns.map((column) => column.text(entry.row)).join(" ");
  }

  #paint(
    row: TableRow,
    look: { readonly selected: boolean; readonly marked: boolean; readonly changes: boolean },
  ): string {
    const { placed, gap } = this.#layout;
    const { selected, marked, changes } = look;
    const rowTone = this.#toneOf(row) ?? "ok";
    // One style over the whole line: the row under the cursor must stand out, whatever its cells say.
    const whole: readonly StyleName[] | undefined = selected
      ? [...(marked ? (["marked"] as const) : []), "selected"]
      : marked
        ? ["marked"]
        : undefined;
    const runs: Array<{ readonly styles: readonly StyleName[]; text: string }> = [];
    const add = (text: string, styles: readonly StyleName[]): void => {
      const last = runs.at(-1);
      if (last !== undefined && last.styles.join(" ") === styles.join(" ")) last.text += text;
      else runs.push({ styles, text });
    };
    for (const [index, { column, width }] of placed.entries()) {
      const said = sanitize(column.text(row));
      const cut = column.id === "name" ? truncateMiddle(said, width) : withoutRemark(said, width);
      const text = fit(cut, width, column.align);
      const tone = column.tone?.(row) ?? rowTone;
      const base = whole ?? [tone];
      const phase = changes ? this.#marks?.phaseOf(row.key, column.id) : undefined;
      // What has just changed is worth reading, whatever it says: it does not step back.
      const loud = whole ?? [tone === "muted" || tone === "done" ? "text" : tone];
      add(text, phase === undefined ? base : selected ? [phase, ...loud] : [...loud, phase]);
      if (index < placed.length - 1) add(" ".repeat(gap), base);
    }
    const last = runs.at(-1);
    if (last === undefined) return "";
    const used = placed.reduce((sum, { width }) => sum + width + gap, -gap);
    if (whole === undefined) last.text = last.text.trimEnd();
    else add(" ".repeat(Math.max(0, this.#width - used)), whole);
    return runs.map(({ styles, text }) => this.#palette.paint(text, ...styles)).join("");
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
