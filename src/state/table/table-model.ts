import { errorMessage } from "../../lib/errors.ts";
import { createValue, type Subscribable } from "../../lib/subscribable.ts";
import type { Tone } from "../../lib/tone.ts";
import { compareOrder } from "./cell-order.ts";
import { parseFilter, partOf, type RowTest } from "./filter.ts";
import { moveMany, orderByKey, positionIn, sortInterruptibly, visitInterruptibly } from "./row-order.ts";
import { windowByKey, type RowWindow } from "./row-window.ts";
import { addStale, type Moves, type Stale } from "./stale.ts";
import { SlicedWork, type Interruptible } from "./sliced-work.ts";
import type { Sort, TableColumn, TableRow } from "./table-column.ts";
import { byName, descendingKeys, haystackOf, newEntry, sortKeyOf, type TableEntry } from "./table-entry.ts";
import { EMPTY_TABLE, viewOf, type TableChanges, type TableState } from "./table-state.ts";

/** Up to this many changed rows are put in place one by one; more are cheaper sorted at once. */
const FEW = 64;
/** Of more rows than this a sort shows those on screen before it has put all in order. */
const MANY = 4096;

/**
 * Rows in order: sorted, filtered, with a cursor, a scroll position and marks that follow objects. Work after a change
 * of rows is proportional to what changed. Another sort or filter of very many rows takes several turns of the event
 * loop; until it is done the rows stay as they were, but for those on screen that a sort finds first. It knows neither
 * colours nor the screen's width.
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
  #stale: Stale | undefined;
  /** What is on screen of the order that is being made: the cursor and the scroll position are those in it. */
  #ahead: RowWindow | undefined;
  #test: RowTest | undefined;
  /** The text the filter looks for, where it does nothing else. */
  #part: string | undefined;
  #faultsOnly = false;
  #sortColumn: TableColumn | undefined;
  #sortPosition = -1;
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
  /** Rows whose texts and keys {@link warm} is to make. */
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

  /** The rows on screen, first to last. */
  window(rows: number): readonly TableEntry[] {
    const [list, first] = this.#seen;
    return list.slice(this.#top - first, this.#top - first + rows);
  }

  /** All rows that the filter shows. */
  get shown(): readonly TableEntry[] {
    this.#settle();
    return this.#shown;
  }

  get cursorEntry(): TableEntry | undefined {
    const [list, first] = this.#seen;
    return list[this.#cursor - first];
  }

  /** Where the rows on screen are found, and the index of its first one. */
  get #seen(): readonly [list: readonly TableEntry[], first: number] {
    return this.#ahead === undefined ? [this.#shown, 0] : [this.#ahead.entries, this.#ahead.first];
  }

  isMarked(key: string): boolean {
    return this.#marks.has(key);
  }

  /** Marked rows in the table's order; those the filter hides come last. */
  get marked(): readonly TableEntry[] {
    if (this.#marks.size === 0) return [];
    const visible = this.#shown.filter((entry) => this.#marks.has(entry.key));
    const all = [...this.#marks].flatMap((key) => this.#entries.get(key) ?? []);
    return [...new Set([...visible, ...all])];
  }

  /** Told by what draws the table: rows on screen. */
  resize(rows: number): void {
    if (rows === this.#rows || rows < 1) return;
    this.#settle();
    this.#rows = rows;
    this.#publish();
  }

  /** Other columns, such as NAMESPACE shown or hidden, or metrics that came. The filter is read anew. */
  setColumns(columns: readonly TableColumn[]): void {
    this.#settle();
    this.#columns = columns;
    for (const entry of this.#entries.values()) this.#cool(entry);
    this.#findSortColumn();
    const { filter } = this.#state.get();
    if (filter !== "") this.#readFilter(filter);
    this.#rebuild({ order: true, filter: true });
  }

  /**
   * Makes the texts a filter looks at and the keys a sort compares ready for it, for as long as the budget lasts.
   * @param milliseconds of the clock given
   * @returns whether there is more to do
   */
  warm(now: () => number, milliseconds: number): boolean {
    const end = now() + milliseconds;
    let sinceLook = 0;
    for (const entry of this.#cold) {
      this.#cold.delete(entry);
      if (entry.haystack !== undefined) continue;
      haystackOf(entry, this.#columns);
      for (const [position, column] of this.#columns.entries()) sortKeyOf(entry, column, position);
      sinceLook += 1;
      if (sinceLook % 16 === 0 && now() >= end) return true;
    }
    return false;
  }

  /** Sort keys and tones may have changed without a new version of the objects: metrics, for example. */
  refresh(): void {
    if (this.#sortColumn?.needs !== undefined) this.#rebuild({ order: true, filter: true });
    else this.#publish();
  }

  /** @param loading more rows of the first list are still to come */
  apply(rows: ReadonlyMap<string, TableRow>, changes: TableChanges, loading: boolean): void {
    this.#loading = loading;
    this.#settle();
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
    this.#settle();
    this.#state.update((state) => ({ ...state, sort }));
    this.#findSortColumn();
    if (!this.#chosen) [this.#wanted, this.#cursor, this.#top] = [undefined, 0, 0];
    this.#rebuild({ order: true });
  }

  /** Filters as one types. A filter that cannot be read leaves the rows as they are and says why. */
  setFilter(text: string): void {
    const before = this.#state.get().filter;
    if (text === before) return;
    this.#settle();
    if (before === "") this.#beforeFilter = { wanted: this.#wanted, offset: this.#cursor - this.#top };
    this.#state.update((state) => ({ ...state, filter: text }));
    const looked = this.#part;
    if (!this.#readFilter(text)) {
      this.#publish();
      return;
    }
    const narrower = looked !== undefined && this.#part?.includes(looked) === true;
    const placed = (): void => {
      const { filter } = this.#state.get();
      const wanted = this.#wanted === undefined ? -1 : this.#indexOf(this.#wanted);
      if (filter !== "") {
        if (wanted === -1) [this.#cursor, this.#top] = [0, 0];
      } else if (wanted !== -1 && this.#beforeFilter !== undefined && this.#wanted === this.#beforeFilter.wanted) {
        [this.#cursor, this.#top] = [wanted, wanted - this.#beforeFilter.offset];
      }
    };
    this.#rebuild({ filter: true, narrower, placed });
  }

  setFaultsOnly(faultsOnly: boolean): void {
    this.#settle();
    this.#state.update((state) => ({ ...state, faultsOnly }));
    this.#faultsOnly = faultsOnly;
    this.#rebuild({ filter: true });
  }

  /** Moves the cursor by rows; it stops at the ends. */
  move(by: number): void {
    this.moveTo(this.#cursor + by);
  }

  /** Moves the cursor to a row by its index. */
  moveTo(index: number): void {
    this.#settle();
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
    this.#sortPosition = this.#columns.findIndex((each) => each.id === column);
    this.#sortColumn = this.#columns[this.#sortPosition];
    this.#compareKeys = descending ? descendingKeys : compareOrder;
  }

  /** @returns false where it cannot be read */
  #readFilter(text: string): boolean {
    try {
      this.#test = parseFilter(text, this.#columns);
      this.#part = partOf(text, this.#columns);
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
    this.#rebuild({ names: true, order: true, filter: true });
  }

  /** The rows anew: another sort, another filter, other columns. */
  #rebuild(stale: Partial<Stale>): void {
    const all = (this.#stale = addStale(this.#work.pending ? this.#stale : undefined, stale));
    this.#work.start(this.#rebuildInterruptibly(all), () => {
      this.#ahead = undefined;
      this.#place(all.placed);
    });
  }

  /** Nothing is done to an order of which only the rows on screen are known. */
  #settle(): void {
    if (this.#ahead !== undefined) this.#work.finish();
  }

  /** Shows the rows on screen as the sort will leave them. The filter stays: their number is known. */
  #showAhead(named: readonly TableEntry[], keys: ReadonlyArray<number | string>): void {
    const wanted = this.#wanted === undefined ? undefined : this.#entries.get(this.#wanted);
    const around = wanted?.shown === true ? positionIn(named, wanted, byName) : undefined;
    if (around === undefined && this.#top > 0) return;
    this.#ahead = windowByKey(named, keys, this.#compareKeys, this.#rows, around);
    this.#work.pause();
    this.#place();
  }

  *#rebuildInterruptibly({ names, order, filter, narrower }: Stale): Interruptible<void> {
    const named = names ? yield* sortInterruptibly([...this.#entries.values()], byName) : this.#named;
    let sorted = order ? named : this.#sorted;
    if (order && this.#sortColumn !== undefined) {
      const keyOf = (entry: TableEntry): number | string => (entry.sortKey = this.#sortKeyOf(entry));
      const ahead = named.length > MANY && !filter;
      sorted = yield* orderByKey(named, keyOf, this.#state.get().sort.descending, (keys) => {
        if (ahead) this.#showAhead(named, keys);
      });
    } else if (order) for (const entry of named) entry.sortKey = 0;
    let shown = sorted;
    if (this.#filters) {
      shown = [];
      const look = (entry: TableEntry): void => {
        if (filter) entry.shown = this.#passes(entry);
        if (entry.shown) shown.push(entry);
      };
      yield* visitInterruptibly(narrower ? this.#shown : sorted, look);
    } else for (const entry of sorted) entry.shown = true;
    this.#named = named;
    this.#sorted = sorted;
    this.#shown = shown;
  }

  get #filters(): boolean {
    return this.#faultsOnly || this.#test !== undefined;
  }

  #sortKeyOf(entry: TableEntry): number | string {
    return this.#sortColumn === undefined ? 0 : sortKeyOf(entry, this.#sortColumn, this.#sortPosition);
  }

  #passes(entry: TableEntry): boolean {
    if (this.#faultsOnly) {
      const tone = this.#toneOf(entry.row);
      if (tone !== "error" && tone !== "warning") return false;
    }
    if (this.#part !== undefined) return haystackOf(entry, this.#columns).includes(this.#part);
    return this.#test === undefined || this.#test(entry.row, () => haystackOf(entry, this.#columns));
  }

  #cool(entry: TableEntry): void {
    entry.haystack = undefined;
    entry.keys = [];
    this.#cold.add(entry);
  }

  /** @param later collects what is out of place; without it, the row is put in its place at once */
  #upsert(row: TableRow, later: Moves | undefined): void {
    const known = this.#entries.get(row.key);
    const entry = known ?? newEntry(row);
    const next = known === undefined ? entry : { ...entry, row, haystack: undefined, keys: [] };
    const sortKey = this.#sortKeyOf(next);
    const shown = this.#passes(next);
    const stays = known !== undefined && sortKey === entry.sortKey && shown === entry.shown;
    if (!stays && known !== undefined) {
      if (later === undefined) this.#takeOut(entry);
      else later.out.add(entry);
    }
    entry.row = row;
    entry.haystack = next.haystack;
    entry.keys = next.keys;
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
    const hasOrder = this.#sorted !== this.#named;
    this.#named = moveMany(this.#named, moves.out, moves.in, byName);
    this.#sorted = hasOrder ? moveMany(this.#sorted, moves.out, moves.in, this.#compare) : this.#named;
    this.#shown = this.#filters ? this.#sorted.filter((entry) => entry.shown) : this.#sorted;
  }

  #indexOf(key: string): number {
    const entry = this.#entries.get(key);
    if (this.#ahead !== undefined && entry?.shown === true) return this.#ahead.rank;
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
      if (this.#wanted === undefined && (this.#chosen || !this.#loading)) this.#wanted = this.cursorEntry?.key;
    }
    placed?.();
    this.#publish();
  }

  #publish(): void {
    const count = this.#shown.length;
    [this.#cursor, this.#top] = viewOf(count, this.#rows, this.#cursor, this.#top);
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
