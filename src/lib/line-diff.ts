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
  added: "added",
  removed: "error",
  gap: "muted",
  heading: "accent",
};

/** A line as it is shown, with its mark. */
export function diffText(line: DiffLine): string {
  const marks = { same: "  ", added: "+ ", removed: "- ", gap: "… ", heading: "" } as const;
  return `${marks[line.kind]}${line.text}`;
}

/** With more lines added and removed than this the middle is shown as replaced as a whole: nobody reads such a text. */
const MOST_EDITS = 1500;

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

/** By the fewest lines added and removed: Myers, "An O(ND) Difference Algorithm and Its Variations", 1986. */
function compare(left: readonly string[], right: readonly string[]): readonly DiffLine[] {
  const numbers = new Map<string, number>();
  const numbered = (lines: readonly string[]): Int32Array =>
    Int32Array.from(lines, (line) => {
      const known = numbers.get(line);
      if (known === undefined) numbers.set(line, numbers.size);
      return known ?? numbers.size - 1;
    });
  const trace = furthestPaths(numbered(left), numbered(right));
  const removed = (text: string): DiffLine => ({ kind: "removed", text });
  const added = (text: string): DiffLine => ({ kind: "added", text });
  if (trace === undefined) return [...left.map(removed), ...right.map(added)];
  const backwards: DiffLine[] = [];
  let [row, column] = [left.length, right.length];
  for (let edits = trace.length - 1; edits >= 0; edits -= 1) {
    const before = trace[edits - 1];
    const diagonal = row - column;
    const fromAbove = before !== undefined && comesFromAbove(before, diagonal, edits);
    const previous = diagonal + (fromAbove ? 1 : -1);
    const rowBefore = before === undefined ? 0 : reach(before, previous);
    const columnBefore = before === undefined ? 0 : rowBefore - previous;
    while (row > rowBefore && column > columnBefore) {
      row -= 1;
      column -= 1;
      backwards.push({ kind: "same", text: left[row] ?? "" });
    }
    if (before === undefined) break;
    if (fromAbove) backwards.push(added(right[columnBefore] ?? ""));
    else backwards.push(removed(left[rowBefore] ?? ""));
    [row, column] = [rowBefore, columnBefore];
  }
  return removedFirst(backwards.toReversed());
}

/** How far down each diagonal one comes with so many edits: the diagonals `-edits` to `edits`, one after the other. */
type Reaches = Int32Array;

function reach(reaches: Reaches, diagonal: number): number {
  return reaches[diagonal + (reaches.length - 1) / 2] ?? -1;
}

function comesFromAbove(before: Reaches, diagonal: number, edits: number): boolean {
  return diagonal === -edits || (diagonal !== edits && reach(before, diagonal - 1) < reach(before, diagonal + 1));
}

/** The reaches by the number of edits, up to the first that comes to the end; `undefined` where that is too many. */
function furthestPaths(left: Int32Array, right: Int32Array): readonly Reaches[] | undefined {
  const trace: Reaches[] = [];
  for (let edits = 0; edits <= MOST_EDITS; edits += 1) {
    const before = trace[edits - 1];
    const reaches = new Int32Array(edits * 2 + 1).fill(-1);
    trace.push(reaches);
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let row = 0;
      if (before !== undefined) {
        const fromAbove = comesFromAbove(before, diagonal, edits);
        row = fromAbove ? reach(before, diagonal + 1) : reach(before, diagonal - 1) + 1;
      }
      let column = row - diagonal;
      while (row < left.length && column < right.length && left[row] === right[column]) {
        row += 1;
        column += 1;
      }
      reaches[diagonal + edits] = row;
      if (row >= left.length && column >= right.length) return trace;
    }
  }
  return undefined;
}

/** Of lines that stand for one another, those taken away come before those that are new. */
function removedFirst(lines: readonly DiffLine[]): readonly DiffLine[] {
  const ordered: DiffLine[] = [];
  let added: DiffLine[] = [];
  for (const line of lines) {
    if (line.kind === "added") {
      added.push(line);
      continue;
    }
    if (line.kind === "same") {
      ordered.push(...added);
      added = [];
    }
    ordered.push(line);
  }
  return [...ordered, ...added];
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
