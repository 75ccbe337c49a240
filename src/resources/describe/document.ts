import { sanitize, textWidth } from "../../lib/text.ts";
import type { Tone } from "../kind.ts";

/** A stretch of a line drawn in a colour of meaning. Offsets in UTF-16 units, `end` exclusive. */
export interface DescribeSpan {
  readonly start: number;
  readonly end: number;
  readonly tone: Tone;
}

/** One line of a description, harmless for a terminal. */
export interface DescribeLine {
  readonly text: string;
  readonly spans?: readonly DescribeSpan[];
}

interface Cell {
  readonly text: string;
  readonly tone: Tone | undefined;
}

/** Space between columns, as kubectl's tab writer has it. */
const PADDING = 2;

/**
 * Builds a description line by line. Columns are aligned as Go's `text/tabwriter` does it, which kubectl uses: a column
 * is a run of consecutive lines that all have a cell there, so every block finds its own width.
 */
export class DescribeDocument {
  readonly #lines: Cell[][] = [];

  /** `Label:  value`. */
  field(level: number, label: string, value: string, tone?: Tone): void {
    const [first = "", ...more] = value.split("\n");
    this.#lines.push([{ text: `${"  ".repeat(level)}${label}:`, tone: "accent" }, cell(first, tone)]);
    for (const line of more) this.#lines.push([cell("  ".repeat(level)), cell(line, tone)]);
  }

  /** A heading alone on its line: `Containers:`. */
  heading(level: number, label: string): void {
    this.#lines.push([{ text: `${"  ".repeat(level)}${label}:`, tone: "accent" }]);
  }

  /** Free text. */
  text(level: number, text: string, tone?: Tone): void {
    for (const line of text.split("\n")) this.#lines.push([cell("  ".repeat(level) + line, tone)]);
  }

  /** A label with a value on each line: labels, tolerations. */
  list(level: number, label: string, values: readonly string[]): void {
    this.field(level, label, values.length === 0 ? "<none>" : values.join("\n"));
  }

  /** A table with a ruled header. */
  table(level: number, headers: readonly string[], rows: ReadonlyArray<ReadonlyArray<string | Cell>>): void {
    const indent = "  ".repeat(level);
    const line = (cells: ReadonlyArray<string | Cell>, tone?: Tone): void => {
      this.#lines.push(
        cells.map((one, index) => {
          const { text, tone: own } = typeof one === "string" ? cell(one, tone) : one;
          return { text: index === 0 ? indent + text : text, tone: own };
        }),
      );
    };
    line(headers, "muted");
    line(
      headers.map((header) => "-".repeat(header.length)),
      "muted",
    );
    for (const row of rows) line(row);
  }

  lines(): readonly DescribeLine[] {
    const lines = this.#lines.map((cells) => cells.map(({ text, tone }) => ({ text: sanitize(text), tone })));
    const widths = lines.map((): number[] => []);
    alignColumn(lines, widths, 0, lines.length, 0);
    return lines.map((cells, index) => draw(cells, widths[index] ?? []));
  }
}

/** A cell of a table with a colour. */
export function toned(text: string, tone: Tone | undefined): Cell {
  return cell(text, tone);
}

function cell(text: string, tone?: Tone): Cell {
  return { text, tone };
}

function alignColumn(
  lines: ReadonlyArray<readonly Cell[]>,
  widths: number[][],
  from: number,
  to: number,
  column: number,
): void {
  let index = from;
  while (index < to) {
    const start = index;
    let width = 0;
    while (index < to && (lines[index]?.length ?? 0) > column + 1) {
      width = Math.max(width, textWidth(lines[index]?.[column]?.text ?? "") + PADDING);
      index += 1;
    }
    if (index === start) {
      index += 1;
      continue;
    }
    for (let line = start; line < index; line += 1) widths[line]?.push(width);
    alignColumn(lines, widths, start, index, column + 1);
  }
}

function draw(cells: readonly Cell[], widths: readonly number[]): DescribeLine {
  const [only, ...others] = cells;
  // Most lines of a long description: the text of a value.
  if (only?.tone === undefined && others.length === 0) return { text: only?.text.trimEnd() ?? "" };
  let text = "";
  const spans: DescribeSpan[] = [];
  for (const [index, { text: part, tone }] of cells.entries()) {
    if (tone !== undefined && part.trim() !== "") {
      spans.push({ start: text.length, end: text.length + part.length, tone });
    }
    const width = widths[index];
    text += width === undefined ? part : part + " ".repeat(Math.max(0, width - textWidth(part)));
  }
  return spans.length === 0 ? { text: text.trimEnd() } : { text: text.trimEnd(), spans };
}
