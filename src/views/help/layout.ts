import type { HelpEntry, HelpGroup } from "../../hotkeys/help.ts";
import { fit, textWidth } from "../../lib/text.ts";
import type { Span, StyledLine } from "../../ui/styled-line.ts";
import { wrapOffsets } from "../../ui/wrap-offsets.ts";

/** Most descriptions stand on one row of this. */
const COLUMN = 58;
const GAP = 2;

/** The groups one below the other, in as many columns as fit beside each other; every text wrapped, none cut. */
export function layOutHelp(groups: readonly HelpGroup[], columns: number): readonly StyledLine[] {
  const count = Math.max(1, Math.floor((columns + GAP) / (COLUMN + GAP)));
  const width = Math.floor((columns + GAP) / count) - GAP;
  const blocks = groups.map((group) => groupLines(group, width));
  const target = blocks.reduce((sum, block) => sum + block.length + 1, -1) / count;
  const stacks: StyledLine[][] = [[]];
  for (const block of blocks) {
    let stack = stacks.at(-1) ?? [];
    if (stack.length > 0 && stack.length + block.length / 2 > target && stacks.length < count)
      stacks.push((stack = []));
    if (stack.length > 0) stack.push({ text: "" });
    stack.push(...block);
  }
  const rows = Math.max(...stacks.map((stack) => stack.length));
  return Array.from({ length: rows }, (_, row) =>
    beside(
      stacks.map((stack) => stack[row]),
      width,
    ),
  );
}

function beside(cells: ReadonlyArray<StyledLine | undefined>, width: number): StyledLine {
  let text = "";
  const spans: Span[] = [];
  for (const [index, cell] of cells.entries()) {
    if (index > 0) text += " ".repeat(index * (width + GAP) - textWidth(text));
    for (const span of cell?.spans ?? []) {
      spans.push({ ...span, start: span.start + text.length, end: span.end + text.length });
    }
    text += cell?.text ?? "";
  }
  return { text: text.trimEnd(), spans };
}

function groupLines({ title, entries }: HelpGroup, width: number): readonly StyledLine[] {
  const widest = Math.max(...entries.map(({ left }) => textWidth(left))) + 2;
  const indent = 2 + Math.min(widest, Math.floor(width * 0.6));
  return [
    { text: title, spans: [{ start: 0, end: title.length, tone: "accent", bold: true }] },
    ...entries.flatMap((entry) => entryLines(entry, width, indent)),
  ];
}

function entryLines({ left, right, off }: HelpEntry, width: number, indent: number): readonly StyledLine[] {
  const offsets = wrapOffsets(right, Math.max(1, width - indent));
  const rows = offsets.map((offset, index) => right.slice(offset, offsets[index + 1]).trimEnd());
  // Keys that reach into the descriptions have a row of their own.
  const alone = 2 + textWidth(left) >= indent;
  const heads = alone ? [`  ${left}`, ...rows.map(() => " ".repeat(indent))] : rows.map(() => " ".repeat(indent));
  if (!alone) heads[0] = fit(`  ${left}`, indent);
  const texts = alone ? ["", ...rows] : rows;
  return heads.map((head, index) => {
    const text = head + (texts[index] ?? "");
    const spans: Span[] = index > 0 ? [] : [{ start: 2, end: head.length, tone: off ? "muted" : "progress" }];
    if (off && head.length < text.length) spans.push({ start: head.length, end: text.length, tone: "muted" });
    return { text, spans };
  });
}
