import type { LineSource, StyledLine } from "./styled-line.ts";

/**
 * How deep a line stands: the lines after it with a higher level are its block. `undefined` for a blank line, which
 * belongs to what is around it.
 */
export type LineLevel = (line: StyledLine) => number | undefined;

/** By indentation. Entries of a list belong to the key above them, though YAML may not indent them. */
export function indentLevel({ text }: StyledLine): number | undefined {
  const trimmed = text.trimStart();
  if (trimmed === "") return undefined;
  const indent = text.length - trimmed.length;
  return indent * 2 + (trimmed.startsWith("- ") || trimmed === "-" ? 1 : 0);
}

/** A text whose blocks can be folded into their first lines. Lines are counted in the whole text unless said otherwise. */
export class Folding {
  readonly #levelOf: LineLevel;
  #whole: LineSource;
  /** Where the block of each line ends, exclusive; the line after it where it begins none. Made when first needed. */
  #ends: Int32Array | undefined;
  readonly #folded = new Set<number>();
  /** The lines on view, ascending; `undefined` where that is all of them. */
  #visible: Int32Array | undefined;

  constructor(whole: LineSource, levelOf: LineLevel) {
    this.#whole = whole;
    this.#levelOf = levelOf;
  }

  get any(): boolean {
    return this.#folded.size > 0;
  }

  /** What is on view: a folded block is its first line with a note of how many more there are. */
  source(): LineSource {
    const visible = this.#visible;
    const whole = this.#whole;
    if (visible === undefined) return whole;
    return {
      length: visible.length,
      at: (index) => {
        const line = visible[index] ?? whole.length;
        return this.#folded.has(line) ? this.#foldedLine(line) : whole.at(line);
      },
    };
  }

  /** The line that stands at a place of the view. */
  lineAt(index: number): number {
    return this.#visible === undefined ? index : (this.#visible[index] ?? index);
  }

  /** The place on view of a line, or of the folded block that holds it. */
  indexOf(line: number): number {
    const visible = this.#visible;
    if (visible === undefined) return line;
    let low = 0;
    let high = visible.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((visible[middle] ?? 0) <= line) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Folds the innermost block around a line, or unfolds the one that begins there. @returns its first line */
  toggle(line: number): number | undefined {
    if (this.#folded.delete(line)) {
      this.#project();
      return line;
    }
    const ends = this.#blockEnds();
    for (let start = line; start >= 0; start -= 1) {
      const end = ends[start] ?? 0;
      if (end > start + 1 && end > line) {
        this.#folded.add(start);
        this.#project();
        return start;
      }
    }
    return undefined;
  }

  /** Folds every block, or unfolds all where one is folded. @returns the line as it was given */
  toggleAll(line: number): number {
    if (this.any) this.#folded.clear();
    else for (const [start, end] of this.#blockEnds().entries()) if (end > start + 1) this.#folded.add(start);
    this.#project();
    return line;
  }

  /** Unfolds whatever hides a line. @returns whether something did */
  reveal(line: number): boolean {
    if (!this.any) return false;
    const ends = this.#blockEnds();
    let hidden = false;
    for (const start of this.#folded) {
      if (start < line && (ends[start] ?? 0) > line) {
        this.#folded.delete(start);
        hidden = true;
      }
    }
    if (hidden) this.#project();
    return hidden;
  }

  /** Another text in place of the old one: blocks that are in both stay folded, whatever moved them. */
  replace(whole: LineSource): void {
    if (this.any) {
      const before = this.#blockNames();
      const folded = new Set([...this.#folded].map((line) => before.get(line)));
      this.#folded.clear();
      this.#whole = whole;
      this.#ends = undefined;
      for (const [line, name] of this.#blockNames()) if (folded.has(name)) this.#folded.add(line);
      this.#project();
    } else {
      this.#whole = whole;
      this.#ends = undefined;
    }
  }

  #foldedLine(line: number): StyledLine {
    const { text, spans = [] } = this.#whole.at(line);
    const hidden = (this.#blockEnds()[line] ?? line) - line - 1;
    const folded = `${text} … ${hidden} ${hidden === 1 ? "line" : "lines"}`;
    return { text: folded, spans: [...spans, { start: text.length, end: folded.length, tone: "muted" }] };
  }

  #project(): void {
    if (!this.any) {
      this.#visible = undefined;
      return;
    }
    const ends = this.#blockEnds();
    const visible: number[] = [];
    for (let line = 0; line < this.#whole.length;) {
      visible.push(line);
      line = this.#folded.has(line) ? (ends[line] ?? line + 1) : line + 1;
    }
    this.#visible = Int32Array.from(visible);
  }

  #blockEnds(): Int32Array {
    if (this.#ends !== undefined) return this.#ends;
    const { length } = this.#whole;
    const ends = new Int32Array(length);
    const open: Array<{ readonly line: number; readonly level: number }> = [];
    /** The line after the last one that is not blank. */
    let written = 0;
    for (let line = 0; line < length; line += 1) {
      ends[line] = line + 1;
      const level = this.#levelOf(this.#whole.at(line));
      if (level === undefined) continue;
      for (let last = open.at(-1); last !== undefined && last.level >= level; last = open.at(-1)) {
        ends[last.line] = written;
        open.pop();
      }
      open.push({ line, level });
      written = line + 1;
    }
    for (const { line } of open) ends[line] = written;
    this.#ends = ends;
    return ends;
  }

  /** A name for every line that begins a block: what stands before its colon, below the names of those around it. */
  #blockNames(): ReadonlyMap<number, string> {
    const ends = this.#blockEnds();
    const names = new Map<number, string>();
    const used = new Map<string, number>();
    const around: Array<{ readonly end: number; readonly name: string }> = [];
    for (const [line, end] of ends.entries()) {
      if (end <= line + 1) continue;
      while ((around.at(-1)?.end ?? Infinity) <= line) around.pop();
      const text = this.#whole.at(line).text.trim();
      const own = text.startsWith("- ") ? text : text.replace(/:.*/, "");
      const path = `${around.at(-1)?.name ?? ""}/${own}`;
      const times = (used.get(path) ?? 0) + 1;
      used.set(path, times);
      const name = times === 1 ? path : `${path} ${times}`;
      names.set(line, name);
      around.push({ end, name });
    }
    return names;
  }
}
