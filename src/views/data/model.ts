import { sanitize } from "../../lib/text.ts";
import type { DataEntry } from "../../resources/data-entries.ts";
import type { StyledLine } from "../../ui/styled-line.ts";
import type { ListColumn, ListRow } from "../list-view.tsx";

export const DATA_COLUMNS: readonly ListColumn[] = [
  { title: "KEY", minWidth: 8 },
  { title: "BYTES", align: "right", keep: 6 },
  { title: "LINES", align: "right", keep: 4 },
  { title: "VALUE", keep: 8, minWidth: 10 },
];

/** A row for each key: size and the first line, masked in a secret until revealed. */
export function dataRows(
  entries: readonly DataEntry[],
  secret: boolean,
  revealed: ReadonlySet<string>,
): readonly ListRow[] {
  return entries.map((entry): ListRow => {
    const masked = secret && !revealed.has(entry.key);
    const lines = entry.text === undefined || masked ? "" : String(entry.text.replace(/\n$/, "").split("\n").length);
    return {
      key: entry.key,
      cells: [
        { text: entry.key, tone: "accent" },
        { text: String(entry.bytes.length) },
        { text: lines },
        masked ? { text: "********", tone: "muted" } : preview(entry),
      ],
    };
  });
}

function preview(entry: DataEntry): ListRow["cells"][number] {
  if (entry.text === undefined) return { text: "<binary>", tone: "muted" };
  return { text: (entry.text.split("\n", 1)[0] ?? "").slice(0, 500) };
}

const ROW_BYTES = 16;
/** Binary values are shown this far. */
const SHOWN_BYTES = 65_536;

/** A whole value: text line by line, bytes as a hexadecimal dump. */
export function valueLines(entry: DataEntry): readonly StyledLine[] {
  if (entry.text !== undefined)
    return entry.text
      .replace(/\n$/, "")
      .split("\n")
      .map((line) => ({ text: sanitize(line) }));
  const lines: StyledLine[] = [];
  for (let offset = 0; offset < Math.min(entry.bytes.length, SHOWN_BYTES); offset += ROW_BYTES) {
    const row = [...entry.bytes.subarray(offset, offset + ROW_BYTES)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCodePoint(byte) : ".")).join("");
    lines.push({ text: `${offset.toString(16).padStart(8, "0")}  ${hex.padEnd(ROW_BYTES * 3)} ${text}` });
  }
  const hidden = entry.bytes.length - SHOWN_BYTES;
  if (hidden > 0) lines.push({ text: `… ${hidden} more bytes`, spans: [{ start: 0, end: 100, tone: "muted" }] });
  return lines;
}
