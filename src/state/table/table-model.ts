import { errorMessage } from "../../lib/errors.ts";
import { createValue, type Subscribable } from "../../lib/subscribable.ts";
import type { Tone } from "../../lib/tone.ts";
import { compareOrder } from "./cell-order.ts";
import { parseFilter, type RowTest } from "./filter.ts";
import { mergeFew, orderByKey, positionIn, sortInterruptibly } from "./row-order.ts";
import { ITEMS_PER_LOOK, SlicedWork, type Interruptible } from "./sliced-work.ts";
import type { Sort, TableColumn, TableRow } from "./table-column.ts";
import { byName, descendingKeys, newEntry, type TableEntry } from "./table-entry.ts";
import { EMPTY_TABLE, type TableChanges, type TableState } from "./table-state.ts";

/** What a rebuild makes anew beside the filter, and what it ends with. */
interface Stale {
  readonly names: boolean;
  readonly order: boolean;
  readonly placed: (() => void) | undefined;
}
const FRESH: Stale = { names: false, order: false, placed: undefined };

/** Rows that leave the orders, and rows that come into them; one that moves is in both. */
interface Moves {
  readonly out: Set<TableEntry>;
  readonly in: TableEntry[];
}

/** Up to this many changed rows are put in place one by one; more are cheaper sorted at once. */
const FEW = 64;

/**
 * Rows in order: sorted, filtered, with a cursor, a scroll position and marks that follow objects. Work after a change
 * of rows is proportional to what changed. Another sort or filter of very many rows takes several turns of the event
 * loop; until it is done the rows stay as they were. It knows neither colours nor the screen's width.
 */
export class TableModel {
  readonly #state = createValue(EMPTY_TABLE);
  readonly #entries = new Map<string, TableEntry>();
  readonly #marks = new Set<string>();
  readonly #toneOf: (row: TableRow) => Tone | undefined;
  readonly #accept: ((row: TableRow) => boolean) | undefined;
  #columns: readonly TableColumn[];
  /** Every row by namespace and name; the order in which rows of equal sort keys stand. */
  #named: TableEntry[] = [];
  /** Every row in the order of the sort column: the same array as `#named` without one. */
  #sorted: TableEntry[] = this.#named;
  /** The rows that the filter shows: the same array as `#sorted` without one. */
  #shown: TableEntry[] = this.#sorted;
  readonly #work = new SlicedWork();
  /** What the work that runs is to make anew. */
  #stale: Stale = FRESH;
  #test: RowTest | undefined;
  #faultsOnly = false;
  #sortColumn: TableColumn | undefined;
  #compareKeys = compareOrder;
  readonly #compare = (left: TableEntry, right: TableEntry): number =>
    this.#compareKeys(left.sortKey, right.sortKey) || byName(left, right);
  #cursor = -1;
  #top = 0;
  #rows = 20;
  /** The object the cursor belongs to, also while it is hidden by a filter or not loaded yet. */
  #wanted: string | undefined;
  /** The operator moved the cursor: it belongs to an object, not to the top of the list. */
  #chosen = false;
  #loading = true;
  #lastMarked: string | undefined;
  /** Rows whose texts for the filter {@link warm} is to make. */
  readonly #cold = new Set<TableEntry>();
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

  /** Another sort or filter is being applied: the rows are those from before. */
  get working(): boolean {
    return this.#work.pending;
  }

  /** Applies what is being applied at once. */
  finish(): void {
    this.#work.finish();
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
    const seen = new Set(visible);
    const hidden = [...this.#marks].flatMap((key) => {
      const entry = this.#entries.get(key);
      return entry === undefined || seen.has(entry) ? [] : [entry];
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
    for (const entry of this.#entries.values()) this.#cool(entry);
    this.#findSortColumn();
    const { filter } = this.#state.get();
    if (filter !== "") this.#readFilter(filter);
    this.#rebuild({ names: false, order: true });
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
    for (const entry of this.#cold) {
      this.#cold.delete(entry);
      if (entry.haystack !== undefined) continue;
      this.#haystackOf(entry);
      sinceLook += 1;
      if (sinceLook % 16 === 0 && now() >= end) return true;
    }
    return false;
  }

  /** Sort keys and tones may have changed without a new version of the objects: metrics, for example. */
  refresh(): void {
    if (this.#sortColumn?.needs !== undefined) this.#rebuild({ names: false, order: true });
    else this.#publish();
  }

  /** @param loading more rows of the first list are still to come */
  apply(rows: ReadonlyMap<string, TableRow>, changes: TableChanges, loading: boolean): void {
    this.#loading = loading;
    if (changes.reset) {
      this.#reset(rows);
      return;
    }
    this.#work.finish();
    const few = changes.changed.size + changes.removed.size <= FEW;
    const later: Moves | undefined = few ? undefined : { out: new Set(), in: [] };
    for (const key of changes.removed) this.#remove(key, later);
    for (const key of changes.changed) {
      const row = rows.get(key);
      if (row === undefined) continue;
      if (this.#accept?.(row) === false) this.#remove(key, later);
      else this.#upsert(row, later);
    }
    if (later !== undefined) this.#move(later);
    this.#place();
  }

  setSort(sort: Sort): void {
    this.#state.update((state) => ({ ...state, sort }));
    this.#findSortColumn();
    if (!this.#chosen) [this.#wanted, this.#cursor, this.#top] = [undefined, 0, 0];
    this.#rebuild({ names: false, order: true });
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
    this.#rebuild({ names: false, order: false }, () => {
      const { filter } = this.#state.get();
      const wanted = this.#wanted === undefined ? -1 : this.#indexOf(this.#wanted);
      if (filter !== "") {
        if (wanted === -1) [this.#cursor, this.#top] = [0, 0];
      } else if (wanted !== -1 && this.#beforeFilter !== undefined && this.#wanted === this.#beforeFilter.wanted) {
        [this.#cursor, this.#top] = [wanted, wanted - this.#beforeFilter.offset];
      }
    });
  }

  setFaultsOnly(faultsOnly: boolean): void {
    this.#state.update((state) => ({ ...state, faultsOnly }));
    this.#faultsOnly = faultsOnly;
    this.#rebuild({ names: false, order: false });
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
    this.#work.finish();
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
    this.#work.finish();
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
    this.#compareKeys = descending ? descendingKeys : compareOrder;
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
      const known = this.#entries.get(row.key);
      if (known?.row === row) continue;
      const entry = known ?? newEntry(row);
      entry.row = row;
      this.#entries.set(row.key, entry);
      this.#cool(entry);
    }
    for (const key of this.#marks) if (!this.#entries.has(key)) this.#marks.delete(key);
    this.#rebuild({ names: true, order: true });
  }

  /**
   * The rows anew: another sort, another filter, other columns.
   * @param stale what is not only to be filtered
   * @param placed runs when the cursor was placed, before the new rows are told
   */
  #rebuild(stale: Pick<Stale, "names" | "order">, placed?: () => void): void {
    const before = this.#work.pending ? this.#stale : FRESH;
    this.#stale = {
      names: before.names || stale.names,
      order: before.order || stale.order,
      placed: placed ?? before.placed,
    };
    this.#work.start(this.#rebuildInterruptibly(), () => this.#place(this.#stale.placed));
  }

  *#rebuildInterruptibly(): Interruptible<void> {
    const { names, order } = this.#stale;
    const named = names ? yield* sortInterruptibly([...this.#entries.values()], byName) : this.#named;
    let sorted = order ? named : this.#sorted;
    if (order && this.#sortColumn !== undefined) {
      const keyOf = (entry: TableEntry): number | string => (entry.sortKey = this.#sortKeyOf(entry));
      sorted = yield* orderByKey(named, keyOf, this.#state.get().sort.descending);
    } else if (order) for (const entry of named) entry.sortKey = 0;
    let shown = sorted;
    if (this.#filters) {
      shown = [];
      let sinceLook = 0;
      for (const entry of sorted) {
        entry.shown = this.#passes(entry);
        if (entry.shown) shown.push(entry);
        sinceLook += 1;
        if (sinceLook % ITEMS_PER_LOOK === 0) yield;
      }
    } else for (const entry of sorted) entry.shown = true;
    this.#named = named;
    this.#sorted = sorted;
    this.#shown = shown;
  }

  get #filters(): boolean {
    return this.#faultsOnly || this.#test !== undefined;
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

  /** The texts of the columns on screen in lower case, without ages and metrics: those match by `age:<1h`, `cpu:>1`. */
  #haystackOf(entry: TableEntry): string {
    if (entry.haystack === undefined) {
      let text = "";
      for (const column of this.#columns) {
        if (column.clock !== true && column.needs !== "metrics") text += `${column.text(entry.row)} `;
      }
      entry.haystack = text.toLowerCase();
    }
    return entry.haystack;
  }

  #cool(entry: TableEntry): void {
    entry.haystack = undefined;
    this.#cold.add(entry);
  }

  /** @param later collects what is out of place; without it, the row is put in its place at once */
  #upsert(row: TableRow, later: Moves | undefined): void {
    const known = this.#entries.get(row.key);
    const entry = known ?? newEntry(row);
    const next = known === undefined ? entry : { ...entry, row, haystack: undefined };
    const sortKey = this.#sortKeyOf(next);
    const shown = this.#passes(next);
    const stays = known !== undefined && sortKey === entry.sortKey && shown === entry.shown;
    if (!stays && known !== undefined) {
      if (later === undefined) this.#takeOut(entry);
      else later.out.add(entry);
    }
    entry.row = row;
    entry.haystack = next.haystack;
    if (entry.haystack === undefined) this.#cold.add(entry);
    entry.sortKey = sortKey;
    entry.shown = shown;
    if (known === undefined) this.#entries.set(row.key, entry);
    if (stays) return;
    if (later === undefined) this.#putIn(entry);
    else later.in.push(entry);
  }

  #remove(key: string, later: Moves | undefined): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#marks.delete(key);
    this.#cold.delete(entry);
    if (key === this.#wanted) this.#wanted = undefined;
    if (later === undefined) this.#takeOut(entry);
    else later.out.add(entry);
    this.#entries.delete(key);
  }

  #takeOut(entry: TableEntry): void {
    this.#named.splice(positionIn(this.#named, entry, byName), 1);
    if (this.#sorted !== this.#named) this.#sorted.splice(positionIn(this.#sorted, entry, this.#compare), 1);
    if (this.#shown !== this.#sorted && entry.shown) {
      this.#shown.splice(positionIn(this.#shown, entry, this.#compare), 1);
    }
  }

  #putIn(entry: TableEntry): void {
    this.#named.splice(positionIn(this.#named, entry, byName), 0, entry);
    if (this.#sorted !== this.#named) this.#sorted.splice(positionIn(this.#sorted, entry, this.#compare), 0, entry);
    if (this.#shown !== this.#sorted && entry.shown) {
      this.#shown.splice(positionIn(this.#shown, entry, this.#compare), 0, entry);
    }
  }

  /** Takes many rows out of all orders, and puts many in. */
  #move(moves: Moves): void {
    const anew = (list: TableEntry[], compare: typeof byName): TableEntry[] => {
      const rest = moves.out.size === 0 ? list : list.filter((entry) => !moves.out.has(entry));
      return mergeFew(rest, moves.in.toSorted(compare), compare);
    };
    const hasOrder = this.#sorted !== this.#named;
    this.#named = anew(this.#named, byName);
    this.#sorted = hasOrder ? anew(this.#sorted, this.#compare) : this.#named;
    this.#shown = this.#filters ? this.#sorted.filter((entry) => entry.shown) : this.#sorted;
  }

  #indexOf(key: string): number {
    const entry = this.#entries.get(key);
    return entry === undefined || !entry.shown ? -1 : positionIn(this.#shown, entry, this.#compare);
  }

  /** Finds the cursor's object again after rows moved; keeps it where it stood on the screen. */
  #place(placed?: () => void): void {
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
    placed?.();
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
