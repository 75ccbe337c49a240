import { errorMessage } from "../../lib/errors.ts";
import { saveFile } from "../../lib/save-file.ts";
import { toYaml } from "../../lib/yaml.ts";
import type { TableColumn, TableRow } from "../../state/table/table-column.ts";
import type { ViewHost } from "../view.ts";
import { maskedObject } from "../../lib/kube/secret-values.ts";

const FORMATS: ReadonlyArray<readonly [name: string, extension: string, detail: string]> = [
  ["CSV", "csv", "the columns on screen"],
  ["JSON", "json", "whole objects, as a List"],
  ["YAML", "yaml", "whole objects, as a List"],
];

/**
 * Asks for a format and writes the rows the filter shows; says where. Where the server sent no whole objects, only what
 * is on screen can be saved.
 */
export async function saveTable(
  host: ViewHost,
  name: string,
  columns: readonly TableColumn[],
  rows: readonly TableRow[],
): Promise<void> {
  const whole = rows.every(({ object }) => object.kind !== "PartialObjectMetadata");
  const formats = whole ? FORMATS : FORMATS.slice(0, 1);
  const chosen = await host.app.pick({
    title: `Save ${rows.length} ${name} as`,
    items: formats.map(([format]) => format),
    details: formats.map(([, , detail]) => detail),
  });
  const extension = FORMATS.find(([format]) => format === chosen)?.[1];
  if (extension === undefined) return;
  try {
    const path = host.savePath(`${name}.${extension}`);
    await saveFile(path, tableText(extension, columns, rows));
    const masked = extension !== "csv" && rows.some(({ object }) => object.kind === "Secret");
    host.app.flash("info", `saved to ${path}${masked ? ", values of secrets masked" : ""}`);
  } catch (error) {
    host.app.flash("error", `${name} not saved: ${errorMessage(error)}`);
  }
}

/** The text of a table in a format by its file extension. Values of secrets are masked, as on the screen. */
export function tableText(extension: string, columns: readonly TableColumn[], rows: readonly TableRow[]): string {
  if (extension === "csv") {
    const lines = [columns.map(({ title }) => title), ...rows.map((row) => columns.map((column) => column.text(row)))];
    return lines.map((cells) => `${cells.map(csvCell).join(",")}\r\n`).join("");
  }
  const list = {
    apiVersion: "v1",
    kind: "List",
    items: rows.map(({ object }) => maskedObject(object)),
  };
  return extension === "json" ? `${JSON.stringify(list, undefined, 2)}\n` : toYaml(list);
}

/** RFC 4180; a cell that a spreadsheet would take for a formula is quoted with an apostrophe before it. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+(?:\.\d+)?$/.test(text) && text !== "-" ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
