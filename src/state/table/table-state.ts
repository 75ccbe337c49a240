import type { Sort } from "./table-column.ts";

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

export const EMPTY_TABLE: TableState = {
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
};

/** Cursor and first row on screen, moved as little as it takes for both to be in the table and the cursor on screen. */
export function viewOf(count: number, rows: number, cursor: number, top: number): [cursor: number, top: number] {
  if (count === 0) return [-1, 0];
  const at = Math.max(0, Math.min(count - 1, cursor));
  const near = Math.max(at - rows + 1, Math.min(at, top));
  return [at, Math.max(0, Math.min(near, count - rows))];
}
