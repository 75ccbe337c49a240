import { compareOrder } from "./cell-order.ts";
import type { TableColumn, TableRow } from "./table-column.ts";

/** A row in the table: one object for as long as the key exists; `row` is its newest version. */
export interface TableEntry {
  readonly key: string;
  row: TableRow;
  /** Namespace and name: the order of equal sort keys. */
  order: string;
  sortKey: number | string;
  shown: boolean;
  haystack: string | undefined;
  /** Sort keys by the position of their columns, as far as they were asked for. */
  keys: Array<number | string | undefined>;
}

/** Equal keys stay in ascending order of their names. */
export function descendingKeys(left: number | string, right: number | string): number {
  return compareOrder(right, left);
}

export function byName(left: TableEntry, right: TableEntry): number {
  if (left.order !== right.order) return left.order < right.order ? -1 : 1;
  return left.key < right.key ? -1 : left.key === right.key ? 0 : 1;
}

export function newEntry(row: TableRow): TableEntry {
  const { namespace = "", name = "" } = row.object.metadata;
  return { key: row.key, row, order: `${namespace}/${name}`, sortKey: 0, shown: false, haystack: undefined, keys: [] };
}

/** The texts of columns in lower case, without ages and metrics: those match by `age:<1h`, `cpu:>1`. */
export function haystackOf(entry: TableEntry, columns: readonly TableColumn[]): string {
  if (entry.haystack === undefined) {
    let text = "";
    for (const column of columns) {
      if (column.clock !== true && column.needs !== "metrics") text += `${column.text(entry.row)} `;
    }
    entry.haystack = text.toLowerCase();
  }
  return entry.haystack;
}

/** What an entry sorts by in a column at a position; kept, unless it depends on more than the row. */
export function sortKeyOf(entry: TableEntry, column: TableColumn, position: number): number | string {
  const read = (): number | string => column.sortKey?.(entry.row) ?? column.text(entry.row);
  return column.needs === undefined ? (entry.keys[position] ??= read()) : read();
}
