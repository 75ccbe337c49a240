import type { Tone } from "./tone.ts";

/** One line of a difference. */
export interface DiffLine {
  /** `heading` names what the lines below it belong to. */
  readonly kind: "same" | "added" | "removed" | "gap" | "heading";
  readonly text: string;
}

/** The colours of a difference. */
export const DIFF_TONES: Readonly<Record<DiffLine["kind"], Tone | undefined>> = {
  same: undefined,
  added: "ok",
  removed: "error",
  gap: "muted",
  heading: "accent",
};

/** A line as it is shown, with its mark. */
export function diffText(line: DiffLine): string {
  const marks = { same: "  ", added: "+ ", removed: "- ", gap: "… ", heading: "" } as const;
  return `${marks[line.kind]}${line.text}`;
}

/** Above this many line pairs the middle is shown as replaced as a whole instead of being compared. */
const MOST_PAIRS = 4_000_000;

/** The difference between two texts, line by line, with some unchanged lines around each change. */
export function diffLines(before: string, after: string, context = 3): readonly DiffLine[] {
  const left = splitLines(before);
  const right = splitLines(after);
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start += 1;
  let end = 0;
  while (
    end < left.length - start &&
    end < right.length - start &&
    left[left.length - 1 - end] === right[right.length - 1 - end]
  ) {
    end += 1;
  }
  const same = (text: string): DiffLine => ({ kind: "same", text });
  const all = [
    ...left.slice(0, start).map(same),
    ...compare(left.slice(start, left.length - end), right.slice(start, right.length - end)),
    ...left.slice(left.length - end).map(same),
  ];
  return shorten(all, context);
}

function splitLines(text: string): readonly string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

/** By the longest common subsequence. */
function compare(left: readonly string[], right: readonly string[]): readonly DiffLine[] {
  const removed = (text: string): DiffLine => ({ kind: "removed", text });
  const added = (text: string): DiffLine => ({ kind: "added", text });
  if (left.length * right.length > MOST_PAIRS) return [...left.map(removed), ...right.map(added)];
  const width = right.length + 1;
  const lengths = new Uint32Array((left.length + 1) * width);
  const at = (row: number, column: number): number => lengths[row * width + column] ?? 0;
  for (let row = left.length - 1; row >= 0; row -= 1) {
    for (let column = right.length - 1; column >= 0; column -= 1) {
      lengths[row * width + column] =
        left[row] === right[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const lines: DiffLine[] = [];
  let row = 0;
  let column = 0;
  while (row < left.length || column < right.length) {
    const mine = left[row];
    const theirs = right[column];
    if (mine !== undefined && mine === theirs) {
      lines.push({ kind: "same", text: mine });
      row += 1;
      column += 1;
    } else if (mine !== undefined && (theirs === undefined || at(row + 1, column) >= at(row, column + 1))) {
      lines.push(removed(mine));
      row += 1;
    } else if (theirs !== undefined) {
      lines.push(added(theirs));
      column += 1;
    }
  }
  return lines;
}

/** Leaves out what is further than `context` lines from a change; a gap tells how many lines. */
function shorten(lines: readonly DiffLine[], context: number): readonly DiffLine[] {
  const near = new Uint8Array(lines.length);
  for (const [index, line] of lines.entries()) {
    if (line.kind === "same") continue;
    near.fill(1, Math.max(0, index - context), Math.min(lines.length, index + context + 1));
  }
  const result: DiffLine[] = [];
  let hidden = 0;
  const flush = (): void => {
    if (hidden > 0) result.push({ kind: "gap", text: `${hidden} unchanged ${hidden === 1 ? "line" : "lines"}` });
    hidden = 0;
  };
  for (const [index, line] of lines.entries()) {
    if (near[index] === 0) hidden += 1;
    else {
      flush();
      result.push(line);
    }
  }
  if (result.length > 0) flush();
  return result;
}
