import type { TableEntry } from "./table-entry.ts";

/** What of a table is to be made anew, and what that ends with. */
export interface Stale {
  readonly names: boolean;
  readonly order: boolean;
  readonly filter: boolean;
  /** The filter lets through no row that it did not before. */
  readonly narrower: boolean;
  /** Runs when the cursor was placed, before the new rows are told. */
  readonly placed: (() => void) | undefined;
}

/** @param pending what is being made anew already, and is not made to its end */
export function addStale(pending: Stale | undefined, more: Partial<Stale>): Stale {
  return {
    names: pending?.names === true || more.names === true,
    order: pending?.order === true || more.order === true,
    filter: pending?.filter === true || more.filter === true,
    narrower: pending === undefined && more.narrower === true,
    placed: more.placed ?? pending?.placed,
  };
}

/** Rows that leave the orders, and rows that come into them; one that moves is in both. */
export interface Moves {
  readonly out: Set<TableEntry>;
  readonly in: TableEntry[];
}
