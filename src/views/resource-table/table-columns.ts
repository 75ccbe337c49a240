import type { RowContext, KindDefinition } from "../../resources/kind.ts";
import { ageKey } from "../../resources/columns.ts";
import { ageOf, humanDuration } from "../../lib/age.ts";
import type { TableColumnDefinition } from "../../lib/kube/table.ts";
import { cellOrder, cellUnitOf, parseDuration, wordOrder } from "../../state/table/cell-order.ts";
import type { TableColumn, TableRow } from "../../state/table/table-column.ts";

/** NAMESPACE, first where a table shows more than one. */
export const namespaceColumn: TableColumn = {
  id: "namespace",
  title: "NAMESPACE",
  minWidth: 8,
  keep: 9,
  text: (row) => row.object.metadata.namespace ?? "",
  // What repeats from row to row steps back.
  tone: () => "muted",
};

/**
 * The columns of a kind's own file.
 * @param display context of texts: its `now` moves
 * @param sorting context of sort keys: its `now` stands still, so that keys computed at different times compare
 */
export function kindColumns(kind: KindDefinition, display: RowContext, sorting: RowContext): TableColumn[] {
  return kind.columns.map((column): TableColumn => {
    // Names are words, whatever they look like.
    const orderOf = column.id === "name" ? (text: string) => text : wordOrder;
    // Only the functions are replaced: all else of a column holds for the table as it stands.
    return {
      ...column,
      text: (row) => column.text(row.object, display),
      sortKey: (row) => column.sortKey?.(row.object, sorting) ?? orderOf(column.text(row.object, sorting)),
      tone: (row) => column.tone?.(row.object, display),
    };
  });
}

/** The columns the server prints, typed by what stands in them. An age counts on by itself. */
export function serverColumns(definitions: readonly TableColumnDefinition[], now: () => number): TableColumn[] {
  const start = now();
  return definitions.map((definition, index): TableColumn => {
    const title = definition.name.toUpperCase();
    const id = definition.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
    const wide = definition.priority > 0;
    if (id === "age" && index > 0) {
      return {
        id,
        title,
        wide,
        clock: true,
        keep: 7,
        text: ({ object }) => ageOf(object.metadata.creationTimestamp, now()),
        sortKey: ({ object }) => ageKey(object.metadata.creationTimestamp, start),
      };
    }
    const unit = cellUnitOf(definition.name, definition.type);
    const isName = definition.format === "name" || id === "name";
    return {
      id,
      title,
      wide,
      keep: isName ? 10 : wide ? 2 : 6,
      minWidth: isName ? 12 : 4,
      ...(definition.type === "integer" || definition.type === "number" ? { align: "right" } : {}),
      ...(definition.type === "date" ? { clock: true } : {}),
      text: (row) => {
        const time = definition.type === "date" ? printedTime(row, index) : undefined;
        return time === undefined ? cellText(row.cells?.[index]) : humanDuration(Math.max(0, now() - time));
      },
      sortKey: (row) => {
        const time = definition.type === "date" ? printedTime(row, index) : undefined;
        return time === undefined ? cellOrder(row.cells?.[index], unit) : start - time;
      },
    };
  });
}

/**
 * The time that a server printed as the age it had then: it prints a row anew only when its object changes.
 * @returns milliseconds since the epoch; `undefined` where the cell is no age
 */
function printedTime({ cells, printedAt }: TableRow, index: number): number | undefined {
  const cell = cells?.[index];
  const age = typeof cell === "string" && printedAt !== undefined ? parseDuration(cell) : undefined;
  return age === undefined || printedAt === undefined ? undefined : printedAt - age;
}

/** As kubectl prints it: nothing where the server has nothing. */
function cellText(cell: unknown): string {
  if (typeof cell === "string") return cell;
  if (cell === null || cell === undefined) return "";
  return typeof cell === "number" || typeof cell === "boolean" ? String(cell) : JSON.stringify(cell);
}
