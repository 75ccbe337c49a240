import { parseJsonPath, type JsonPath } from "./json-path.ts";

/** What the values of a custom column are: how they are printed and sorted. */
export type ColumnType = "text" | "number" | "quantity" | "age";

/** A column as the settings name it. */
export type ColumnSpec =
  /** One of the kind's or the server's own, by its title. */
  { readonly own: string } | { readonly title: string; readonly path: JsonPath; readonly type: ColumnType };

const TYPE = /\|\s*(\w+)\s*$/;

/**
 * Reads `RESTARTS`, `TEAM:.metadata.labels.team` or `CPUREQ:.spec.containers[0].resources.requests.cpu|quantity`.
 * @throws SyntaxError which says what is wrong
 */
export function parseColumnSpec(text: string): ColumnSpec {
  const colon = text.indexOf(":");
  if (colon === -1) {
    const own = text.trim();
    if (own === "") throw new SyntaxError("a column without a name");
    return { own };
  }
  const title = text.slice(0, colon).trim().toUpperCase();
  if (title === "") throw new SyntaxError(`${text}: a column wants a title before the colon`);
  const rest = text.slice(colon + 1);
  // A filter may hold a bar too; a type is a single word at the very end.
  const typed = TYPE.exec(rest);
  const type = typed?.[1] ?? "text";
  if (type !== "text" && type !== "number" && type !== "quantity" && type !== "age") {
    throw new SyntaxError(`${text}: a column is text, number, quantity or age, not ${type}`);
  }
  return { title, type, path: parseJsonPath(typed === null ? rest : rest.slice(0, typed.index)) };
}

/** Reads `AGE` or `RESTARTS:desc`. @throws SyntaxError */
export function parseSortSpec(text: string): { readonly title: string; readonly descending: boolean } {
  const [title = "", order = "asc", ...more] = text.split(":").map((part) => part.trim());
  if (title === "" || more.length > 0 || (order !== "asc" && order !== "desc")) {
    throw new SyntaxError(`${text}: a sort is a column, or a column with :asc or :desc`);
  }
  return { title, descending: order === "desc" };
}
