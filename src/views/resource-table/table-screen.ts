import type { ListSnapshot, RowChanges } from "../../cluster/cluster.ts";
import type { Palette } from "../../config/theme.ts";
import type { Clock } from "../../lib/clock.ts";
import { createValue, type Subscribable } from "../../lib/subscribable.ts";
import type { Tone } from "../../lib/tone.ts";
import type { TableColumn, TableRow } from "../../state/table/table-column.ts";
import type { TableModel } from "../../state/table/table-model.ts";
import type { TableChanges } from "../../state/table/table-state.ts";
import { ChangeMarks } from "./change-marks.ts";
import { RowPainter } from "./row-painter.ts";

/** What a table looks like now: which rows and columns are on the screen, their painted lines, and what changed in them. */
export class TableScreen {
  readonly #model: TableModel;
  readonly #toneOf: (row: TableRow) => Tone | undefined;
  readonly #marks: ChangeMarks | undefined;
  readonly #repaint = createValue(0);
  #painter: { readonly palette: Palette; readonly painter: RowPainter } | undefined;
  /** Keys of the rows as painted last, from the top. */
  #keys: ReadonlySet<string> = new Set();
  #clockTexts = "";
  /** Rows of objects. */
  #rows = 20;
  /** Columns scrolled away. */
  #skip = 0;

  constructor(
    model: TableModel,
    toneOf: (row: TableRow) => Tone | undefined,
    options: { readonly clock: Clock; readonly changeMarks: boolean },
  ) {
    this.#model = model;
    this.#toneOf = toneOf;
    this.#marks = options.changeMarks ? new ChangeMarks(options.clock, () => this.paintAgain()) : undefined;
  }

  /** Rises when the same rows must be painted anew: an age went on, a mark faded. */
  get repaint(): Subscribable<number> {
    return this.#repaint;
  }

  get rows(): number {
    return this.#rows;
  }

  /** The columns that found room, left to right; all of them before anything was drawn. */
  get columns(): readonly TableColumn[] {
    return this.#painter?.painter.layout.placed.map(({ column }) => column) ?? this.#model.columns;
  }

  /** The painted lines at a size: titles, then rows, or in their place what `empty` says. */
  lines(columns: number, rows: number, palette: Palette, empty: () => readonly string[]): readonly string[] {
    const model = this.#model;
    const { sort, count } = model.state.get();
    if (this.#painter?.palette !== palette) {
      this.#painter = { palette, painter: new RowPainter(palette, this.#toneOf, this.#marks) };
    }
    const { painter } = this.#painter;
    this.#marks?.painted();
    this.#rows = rows - 1;
    const visible = model.window(rows - 1);
    painter.prepare(model.columns, visible, model.entries.values(), { width: columns, skip: this.#skip });
    this.#keys = new Set(visible.map((entry) => entry.key));
    if (count === 0) return [painter.header(sort), "", ...empty()];
    const cursor = model.cursorEntry;
    return [
      painter.header(sort),
      ...visible.map((entry) => painter.row(entry, entry === cursor, model.isMarked(entry.key))),
    ];
  }

  /** The row that was painted last on a line, the titles being line 0: what somebody clicked on, whatever came since. */
  keyAt(line: number): string | undefined {
    return [...this.#keys][line - 1];
  }

  /** Everything is painted anew: what cells say depends on something that changed. */
  forget(): void {
    this.#painter?.painter.forget();
  }

  /** Told before the model has the changes: it still knows the rows as they were. */
  mark({ rows, status }: ListSnapshot, changes: TableChanges & Pick<RowChanges, "afterGap">): void {
    const { entries } = this.#model;
    if (status.state === "loading" || changes.reset || changes.afterGap === true) this.clearMarks();
    else this.#marks?.take(changes, { before: entries, after: rows, onScreen: this.#keys, columns: this.columns });
  }

  clearMarks(): void {
    this.#marks?.clear();
  }

  /** Paints again only where an age on screen really reads otherwise than a second ago. */
  tick(): void {
    const clocks = this.#model.columns.filter((column) => column.clock === true);
    const texts = this.#model
      .window(this.#rows)
      .map((entry) => clocks.map((column) => column.text(entry.row)).join(" "))
      .join("\n");
    if (texts === this.#clockTexts) return;
    this.#clockTexts = texts;
    this.paintAgain();
  }

  scrollColumns(step: 1 | -1): void {
    const hidden = this.#painter?.painter.layout.hidden ?? 0;
    if (step === 1 && hidden === 0) return;
    this.#skip = Math.max(0, this.#skip + step);
    this.paintAgain();
  }

  scrollHome(): void {
    this.#skip = 0;
  }

  /** The column whose title stands at a cell, the gap behind it included. */
  columnAt(cell: number): TableColumn | undefined {
    const { placed = [], gap = 0 } = this.#painter?.painter.layout ?? {};
    let end = 0;
    return placed.find(({ width }) => {
      end += width + gap;
      return cell < end;
    })?.column;
  }

  /** What stands in place of rows, or the time, reads otherwise now. */
  paintAgain(): void {
    this.#repaint.update((count) => count + 1);
  }
}
