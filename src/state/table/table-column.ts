import type { KubeObject } from "../../lib/kube/object.ts";
import type { Column } from "../../resources/kind.ts";
import type { Tone } from "../../lib/tone.ts";

/** An object version, as a store has it: another version is another row object. */
export interface TableRow {
  readonly key: string;
  readonly object: KubeObject;
  readonly cells?: readonly unknown[];
  readonly printedAt?: number;
}

/** A column of a table on screen; what it needs beside the row (the time, metrics) it closes over. */
export interface TableColumn extends Omit<Column, "text" | "sortKey" | "tone"> {
  /** One line, not yet sanitised. */
  text(row: TableRow): string;
  /** What sorting compares; the text where absent. It must not depend on when it is called. */
  sortKey?(row: TableRow): number | string;
  tone?(row: TableRow): Tone | undefined;
}

export interface Sort {
  /** A column's id; `""` is the server's order: namespace and name. */
  readonly column: string;
  readonly descending: boolean;
}
