import { expect, test } from "vitest";
import { Folding, indentLevel } from "../../../src/ui/folding.ts";
import { PagerModel } from "../../../src/ui/pager-model.ts";
import { sameLine } from "../../../src/ui/same-line.ts";
import { linesOf, type LineSource } from "../../../src/ui/styled-line.ts";
import { wrapOffsets } from "../../../src/ui/wrap-offsets.ts";

const source = (text: string): LineSource => linesOf(text.split("\n").map((line) => ({ text: line })));
const shown = (lines: LineSource): string[] => Array.from({ length: lines.length }, (_, index) => lines.at(index).text);

const POD = `kind: Pod
spec:
  containers:
  - name: a
    ports:
    - port: 1

    image: x
  - name: b
  volumes: []
status: {}`;

test.each([
  [1, ["kind: Pod", "spec: … 8 lines", "status: {}"]],
  [2, ["kind: Pod", "spec:", "  containers: … 6 lines", "  volumes: []", "status: {}"]],
  [7, ["kind: Pod", "spec:", "  containers:", "  - name: a … 4 lines", "  - name: b", "  volumes: []", "status: {}"]],
  [
    5,
    [
      "kind: Pod",
      "spec:",
      "  containers:",
      "  - name: a",
      "    ports: … 1 line",
      "",
      "    image: x",
      "  - name: b",
      "  volumes: []",
      "status: {}",
    ],
  ],
])("folding at line %i folds the innermost block around it", (line, expected) => {
  const folding = new Folding(source(POD), indentLevel);
  const start = folding.toggle(line);
  expect(shown(folding.source())).toEqual(expected);
  expect(start === undefined ? undefined : folding.toggle(start)).toBe(start);
  expect(shown(folding.source())).toEqual(POD.split("\n"));
});

test("a line that is in no block folds nothing", () => {
  const folding = new Folding(source(POD), indentLevel);
  expect(folding.toggle(0)).toBeUndefined();
  expect(folding.any).toBe(false);
});

/** Small numbers that look like chance and are the same in each run. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

test.each(Array.from({ length: 40 }, (_, seed) => seed))("whatever is folded, lines and places agree (%i)", (seed) => {
  const next = chance(seed + 1);
  const text = Array.from({ length: 60 }, (_, index) =>
    next(8) === 0 ? "" : `${"  ".repeat(next(5))}${next(3) === 0 ? "- " : ""}key-${index}:`,
  );
  const whole = source(text.join("\n"));
  const folding = new Folding(whole, indentLevel);
  for (let step = 0; step < 30; step += 1) {
    const line = next(60);
    if (next(10) === 0) folding.toggleAll(line);
    else if (next(3) === 0) folding.reveal(line);
    else folding.toggle(line);
    const { length } = folding.source();
    const lines = Array.from({ length }, (_, index) => folding.lineAt(index));
    expect(lines).toEqual([...new Set(lines)].sort((left, right) => left - right));
    expect(lines.map((each) => folding.indexOf(each))).toEqual(lines.map((_, index) => index));
    expect(lines[0]).toBe(0);
    if (folding.reveal(line) || !folding.any) expect(folding.lineAt(folding.indexOf(line))).toBe(line);
    const before = shown(folding.source());
    folding.replace(whole);
    expect(shown(folding.source())).toEqual(before);
  }
  if (folding.any) folding.toggleAll(0);
  expect(shown(folding.source())).toEqual(text);
});

test("a line is found again where others came before it, and nowhere else", () => {
  const before = source("a\nb\nsame\nc\nd\nsame\ne");
  expect(sameLine(before, 5, source("new\nnew\na\nb\nsame\nc\nd\nsame\ne"))).toBe(7);
  expect(sameLine(before, 2, source("same\nc\nd"))).toBe(0);
  expect(sameLine(before, 3, source("x\ny\nz\nw"))).toBe(3);
});

test("a long line is wrapped the same whether it is plain or not", () => {
  expect(wrapOffsets("x".repeat(25), 10)).toEqual([0, 10, 20]);
  expect(wrapOffsets("é".repeat(25), 10)).toEqual([0, 10, 20]);
  expect(wrapOffsets("日".repeat(6), 5)).toEqual([0, 2, 4]);
  expect(wrapOffsets("", 5)).toEqual([0]);
  expect(wrapOffsets("x".repeat(10), 10)).toEqual([0]);
});

test("a click puts the cursor on the line, wrapped or not", () => {
  const pager = new PagerModel({ levels: indentLevel, wrap: true });
  pager.resize(10, 5);
  pager.setSource(source(`${"x".repeat(25)}\nshort\nlast`));
  pager.command("move.to-row", "3");
  expect(pager.state.get().cursor).toBe(1);
  pager.command("move.to-row", "2");
  expect(pager.state.get().cursor).toBe(0);
});
