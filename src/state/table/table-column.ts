import type { KubeObject } from "../../lib/kube/object.ts";
import type { ColumnNeed } from "../../resources/kind.ts";
import type { Tone } from "../../lib/tone.ts";

/** An object version, as a store has it: another version is another row object. */
export interface TableRow {
  readonly key: string;
  readonly object: KubeObject;
  readonly cells?: readonly unknown[];
}

/** A column of a table on screen; what it needs beside the row (the time, metrics) it closes over. */
export interface TableColumn {
  readonly id: string;
  readonly title: string;
  readonly align?: "left" | "right";
  readonly wide?: boolean;
  readonly needs?: ColumnNeed;
  /** The text changes as time goes by. */
  readonly clock?: boolean;
  readonly minWidth?: number;
  /** Columns with a lower `keep` go first where there is no room; the default is 5. */
  readonly keep?: number;
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
