import { errorMessage } from "../../lib/errors.ts";
import { createValue, type Subscribable } from "../../lib/subscribable.ts";
import type { Tone } from "../../lib/tone.ts";
import { compareOrder } from "./cell-order.ts";
import { parseFilter, type RowTest } from "./filter.ts";
import type { Sort, TableColumn, TableRow } from "./table-column.ts";

/** A row in the table: one object for as long as the key exists; `row` is its newest version. */
export interface TableEntry {
  readonly key: string;
  row: TableRow;
  /** Namespace and name: the order of equal sort keys. */
  order: string;
  sortKey: number | string;
  shown: boolean;
  haystack: string | undefined;
}

/** Changes of rows, as a store tells them. */
export interface TableChanges {
  readonly changed: Iterable<string> & { readonly size: number };
  readonly removed: Iterable<string> & { readonly size: number };
  readonly reset: boolean;
}

export interface TableState {
  /** Rises with everything that can be seen. */
  readonly version: number;
  /** Rows in the table after the filter, and before it. */
  readonly count: number;
  readonly total: number;
  /** Index of the row under the cursor; -1 in an empty table. */
  readonly cursor: number;
  /** Index of the first row on screen. */
  readonly top: number;
  readonly sort: Sort;
  readonly filter: string;
  /** What is wrong with the filter as typed; the rows are those of the last right one. */
  readonly fault: string | undefined;
  readonly faultsOnly: boolean;
  readonly marks: number;
}

/** Up to this many changed rows are put in place one by one; more are cheaper sorted at once. */
const FEW = 64;

/**
 * Rows in order: sorted, filtered, with a cursor, a scroll position and marks that follow objects. Work after a change
 * of rows is proportional to what changed. It knows neither colours nor the screen's width.
 */
export class TableModel {
  readonly #state = createValue<TableState>({
    version: 0,
    count: 0,
    total: 0,
    cursor: -1,
    top: 0,
    sort: { column: "", descending: false },
    filter: "",
    fault: undefined,
    faultsOnly: false,
    marks: 0,
  });
  readonly #entries = new Map<string, TableEntry>();
  readonly #marks = new Set<string>();
  readonly #toneOf: (row: TableRow) => Tone | undefined;
  readonly #accept: ((row: TableRow) => boolean) | undefined;
  #columns: readonly TableColumn[];
  #shown: TableEntry[] = [];
  #test: RowTest | undefined;
  #faultsOnly = false;
  #sortColumn: TableColumn | undefined;
  #compare: (left: TableEntry, right: TableEntry) => number = ascendingOrder;
  #cursor = -1;
  #top = 0;
  #rows = 20;
  /** The object the cursor belongs to, also while it is hidden by a filter or not loaded yet. */
  #wanted: string | undefined;
  /** The operator moved the cursor: it belongs to an object, not to the top of the list. */
  #chosen = false;
  #loading = true;
  #lastMarked: string | undefined;
  /** How far {@link warm} has come. */
  #warming: MapIterator<TableEntry> | undefined;
  /** Cursor and scroll before the filter came, to go back to exactly. */
  #beforeFilter: { readonly wanted: string | undefined; readonly offset: number } | undefined;

  constructor(options: {
    readonly columns: readonly TableColumn[];
    readonly sort?: Sort;
    readonly toneOf: (row: TableRow) => Tone | undefined;
    /** Rows that belong here at all: others are not even counted. */
    readonly accept?: (row: TableRow) => boolean;
  }) {
    this.#columns = options.columns;
    this.#accept = options.accept;
    this.#toneOf = options.toneOf;
    if (options.sort !== undefined) {
      this.#state.update((state) => ({ ...state, sort: options.sort ?? state.sort }));
    }
    this.#findSortColumn();
  }

  get state(): Subscribable<TableState> {
    return this.#state;
  }

  get columns(): readonly TableColumn[] {
    return this.#columns;
  }

  /** Every row, the filter notwithstanding. */
  get entries(): ReadonlyMap<string, TableEntry> {
    return this.#entries;
  }

  /** The rows on screen, first to last; with `from` 0 and no end, all that the filter shows. */
  window(rows: number, from = this.#top): readonly TableEntry[] {
    return this.#shown.slice(from, from + rows);
  }

  get cursorEntry(): TableEntry | undefined {
    return this.#shown[this.#cursor];
  }

  isMarked(key: string): boolean {
    return this.#marks.has(key);
  }

  /** Marked rows in the table's order; those the filter hides come last. */
  get marked(): readonly TableEntry[] {
    if (this.#marks.size === 0) return [];
    const visible = this.#shown.filter((entry) => this.#marks.has(entry.key));
    const hidden = [...this.#marks].flatMap((key) => {
      const entry = this.#entries.get(key);
      return entry === undefined || entry.shown ? [] : [entry];
    });
    return [...visible, ...hidden];
  }

  /** Told by what draws the table: rows on screen. */
  resize(rows: number): void {
    if (rows === this.#rows || rows < 1) return;
    this.#rows = rows;
    this.#publish();
  }

  /** Other columns, such as NAMESPACE shown or hidden, or metrics that came. The filter is read anew. */
  setColumns(columns: readonly TableColumn[]): void {
    this.#columns = columns;
    for (const entry of this.#entries.values()) entry.haystack = undefined;
    this.#findSortColumn();
    const { filter } = this.#state.get();
    if (filter !== "") this.#readFilter(filter);
    this.#rebuild();
  }

  /**
   * Makes the texts a filter will look at, for as long as the budget lasts, so that the first key of a filter does not
   * have to. Costs nothing when they are all there.
   * @param milliseconds of the clock given
   * @returns whether there is more to do
   */
  warm(now: () => number, milliseconds: number): boolean {
    const end = now() + milliseconds;
    let sinceLook = 0;
    this.#warming ??= this.#entries.values();
    for (let next = this.#warming.next(); next.done !== true; next = this.#warming.next()) {
      if (next.value.haystack !== undefined) continue;
      this.#haystackOf(next.value);
      sinceLook += 1;
      if (sinceLook % 16 === 0 && now() >= end) return true;
    }
    this.#warming = undefined;
    return false;
  }

  /** Sort keys and tones may have changed without a new version of the objects: metrics, for example. */
  refresh(): void {
    if (this.#sortColumn?.needs === "metrics") this.#rebuild();
    else this.#publish();
  }

  /** @param loading more rows of the first list are still to come */
  apply(rows: ReadonlyMap<string, TableRow>, changes: TableChanges, loading: boolean): void {
    this.#loading = loading;
    if (changes.reset) this.#reset(rows);
    else {
      const few = changes.changed.size + changes.removed.size <= FEW;
      for (const key of changes.removed) this.#remove(key, few);
      for (const key of changes.changed) {
        const row = rows.get(key);
        if (row === undefined) continue;
        if (this.#accept?.(row) === false) this.#remove(key, few);
        else this.#upsert(row, few);
      }
      if (!few) this.#order();
      this.#place();
    }
  }

  setSort(sort: Sort): void {
    this.#state.update((state) => ({ ...state, sort }));
    this.#findSortColumn();
    if (!this.#chosen) [this.#wanted, this.#cursor, this.#top] = [undefined, 0, 0];
    this.#rebuild();
  }

  /** Filters as one types. A filter that cannot be read leaves the rows as they are and says why. */
  setFilter(text: string): void {
    const before = this.#state.get().filter;
    if (text === before) return;
    if (before === "") this.#beforeFilter = { wanted: this.#wanted, offset: this.#cursor - this.#top };
    this.#state.update((state) => ({ ...state, filter: text }));
    if (!this.#readFilter(text)) {
      this.#publish();
      return;
    }
    this.#rebuild();
    const wanted = this.#wanted === undefined ? -1 : this.#indexOf(this.#wanted);
    if (text !== "") {
      if (wanted === -1) [this.#cursor, this.#top] = [0, 0];
    } else if (wanted !== -1 && this.#beforeFilter !== undefined && this.#wanted === this.#beforeFilter.wanted) {
      [this.#cursor, this.#top] = [wanted, wanted - this.#beforeFilter.offset];
    }
    this.#publish();
  }

  setFaultsOnly(faultsOnly: boolean): void {
    this.#state.update((state) => ({ ...state, faultsOnly }));
    this.#faultsOnly = faultsOnly;
    this.#rebuild();
  }

  /** Moves the cursor by rows; it stops at the ends. */
  move(by: number): void {
    this.moveTo(this.#cursor + by);
  }

  /** Moves the cursor to a row by its index. */
  moveTo(index: number): void {
    this.#chosen = true;
    this.#cursor = Math.max(0, Math.min(this.#shown.length - 1, index));
    this.#wanted = this.#shown[this.#cursor]?.key;
    this.#publish();
  }

  /** Puts the cursor on an object as soon as it is there. */
  wantKey(key: string): void {
    this.#wanted = key;
    this.#chosen = true;
    this.#place();
  }

  toggleMark(): void {
    const entry = this.cursorEntry;
    if (entry === undefined) return;
    if (!this.#marks.delete(entry.key)) this.#marks.add(entry.key);
    this.#lastMarked = entry.key;
    this.move(1);
  }

  /** Marks from the row marked last to the cursor. */
  markRange(): void {
    const last = this.#lastMarked === undefined ? -1 : this.#indexOf(this.#lastMarked);
    const from = last === -1 ? this.#cursor : last;
    const low = Math.max(0, Math.min(from, this.#cursor));
    for (const entry of this.#shown.slice(low, Math.max(from, this.#cursor) + 1)) this.#marks.add(entry.key);
    this.#lastMarked = this.cursorEntry?.key;
    this.#publish();
  }

  /** @returns whether there were any */
  clearMarks(): boolean {
    const any = this.#marks.size > 0;
    this.#marks.clear();
    this.#lastMarked = undefined;
    if (any) this.#publish();
    return any;
  }

  #findSortColumn(): void {
    const { column, descending } = this.#state.get().sort;
    this.#sortColumn = this.#columns.find((each) => each.id === column);
    this.#compare = descending ? descendingOrder : ascendingOrder;
  }

  /** @returns false where it cannot be read */
  #readFilter(text: string): boolean {
    try {
      this.#test = parseFilter(text, this.#columns);
      this.#state.update((state) => ({ ...state, fault: undefined }));
      return true;
    } catch (error) {
      this.#state.update((state) => ({ ...state, fault: errorMessage(error) }));
      return false;
    }
  }

  #reset(rows: ReadonlyMap<string, TableRow>): void {
    for (const key of this.#entries.keys()) {
      if (rows.has(key)) continue;
      this.#entries.delete(key);
      if (key === this.#wanted && !this.#loading) this.#wanted = undefined;
    }
    for (const row of rows.values()) {
      if (this.#accept?.(row) === false) continue;
      const entry = this.#entries.get(row.key);
      if (entry === undefined) this.#entries.set(row.key, newEntry(row));
      else if (entry.row !== row) {
        entry.row = row;
        entry.haystack = undefined;
      }
    }
    for (const key of this.#marks) if (!this.#entries.has(key)) this.#marks.delete(key);
    this.#rebuild();
  }

  /** Everything anew: another sort, another filter, other columns. */
  #rebuild(): void {
    const shown: TableEntry[] = [];
    for (const entry of this.#entries.values()) {
      entry.sortKey = this.#sortKeyOf(entry);
      entry.shown = this.#passes(entry);
      if (entry.shown) shown.push(entry);
    }
    this.#shown = shown;
    this.#order();
    this.#place();
  }

  #order(): void {
    this.#shown = this.#shown.filter((entry) => entry.shown).sort(this.#compare);
  }

  #sortKeyOf(entry: TableEntry): number | string {
    const column = this.#sortColumn;
    if (column === undefined) return 0;
    return column.sortKey?.(entry.row) ?? column.text(entry.row);
  }

  #passes(entry: TableEntry): boolean {
    if (this.#faultsOnly) {
      const tone = this.#toneOf(entry.row);
      if (tone !== "error" && tone !== "warning") return false;
    }
    return this.#test === undefined || this.#test(entry.row, () => this.#haystackOf(entry));
  }

  /** The texts of the columns on screen, without ages and metrics: those match by `age:<1h`, `cpu:>1`. */
  #haystackOf(entry: TableEntry): string {
    if (entry.haystack === undefined) {
      let text = "";
      for (const column of this.#columns) {
        if (column.clock !== true && column.needs !== "metrics") text += `${column.text(entry.row)} `;
      }
      entry.haystack = text;
    }
    return entry.haystack;
  }

  #upsert(row: TableRow, inPlace: boolean): void {
    const known = this.#entries.get(row.key);
    const entry = known ?? newEntry(row);
    if (known === undefined) this.#entries.set(row.key, entry);
    const wasShown = entry.shown && known !== undefined;
    const position = wasShown && inPlace ? this.#positionOf(entry) : -1;
    entry.row = row;
    entry.haystack = undefined;
    const sortKey = this.#sortKeyOf(entry);
    const shown = this.#passes(entry);
    const moved = sortKey !== entry.sortKey;
    if (inPlace && wasShown && (!shown || moved)) this.#shown.splice(position, 1);
    entry.sortKey = sortKey;
    entry.shown = shown;
    if (!shown || (wasShown && !moved)) return;
    if (inPlace) this.#shown.splice(this.#positionOf(entry), 0, entry);
    else if (!wasShown) this.#shown.push(entry);
  }

  #remove(key: string, inPlace: boolean): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#marks.delete(key);
    if (key === this.#wanted) this.#wanted = undefined;
    if (entry.shown && inPlace) this.#shown.splice(this.#positionOf(entry), 1);
    entry.shown = false;
    this.#entries.delete(key);
  }

  /** Where an entry stands, or belongs, among the rows shown. */
  #positionOf(entry: TableEntry): number {
    let low = 0;
    let high = this.#shown.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#shown[middle];
      if (other !== undefined && this.#compare(other, entry) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #indexOf(key: string): number {
    const entry = this.#entries.get(key);
    return entry === undefined || !entry.shown ? -1 : this.#positionOf(entry);
  }

  /** Finds the cursor's object again after rows moved; keeps it where it stood on the screen. */
  #place(): void {
    const before = this.#cursor;
    const found = this.#wanted === undefined ? -1 : this.#indexOf(this.#wanted);
    if (found !== -1) {
      // At the top of the list the view stays at the top, so that new rows there are seen.
      if (this.#top > 0 && before >= 0) this.#top += found - before;
      this.#cursor = found;
    } else {
      this.#cursor = Math.max(0, Math.min(this.#shown.length - 1, before));
      // While pages come in and nothing was chosen yet, the cursor waits at the top.
      if (this.#wanted === undefined && (this.#chosen || !this.#loading)) {
        this.#wanted = this.#shown[this.#cursor]?.key;
      }
    }
    this.#publish();
  }

  #publish(): void {
    const count = this.#shown.length;
    if (count === 0) [this.#cursor, this.#top] = [-1, 0];
    else {
      this.#cursor = Math.max(0, Math.min(count - 1, this.#cursor));
      if (this.#cursor < this.#top) this.#top = this.#cursor;
      if (this.#cursor >= this.#top + this.#rows) this.#top = this.#cursor - this.#rows + 1;
      this.#top = Math.max(0, Math.min(this.#top, count - this.#rows));
    }
    this.#state.update((state) => ({
      ...state,
      version: state.version + 1,
      count,
      total: this.#entries.size,
      cursor: this.#cursor,
      top: this.#top,
      marks: this.#marks.size,
    }));
  }
}

function ascendingOrder(left: TableEntry, right: TableEntry): number {
  return compareOrder(left.sortKey, right.sortKey) || byName(left, right);
}

/** Equal keys stay in ascending order of their names. */
function descendingOrder(left: TableEntry, right: TableEntry): number {
  return compareOrder(right.sortKey, left.sortKey) || byName(left, right);
}

function byName(left: TableEntry, right: TableEntry): number {
  if (left.order !== right.order) return left.order < right.order ? -1 : 1;
  return left.key < right.key ? -1 : left.key === right.key ? 0 : 1;
}

function newEntry(row: TableRow): TableEntry {
  const { namespace = "", name = "" } = row.object.metadata;
  return { key: row.key, row, order: `${namespace}/${name}`, sortKey: 0, shown: false, haystack: undefined };
}
