import { compareOrder } from "./cell-order.ts";
import type { TableRow } from "./table-column.ts";

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
  return { key: row.key, row, order: `${namespace}/${name}`, sortKey: 0, shown: false, haystack: undefined };
}
