import { expect, test } from "vitest";
import { diffLines } from "../../src/lib/line-diff.ts";

const marks = { same: " ", added: "+", removed: "-", gap: "~", heading: "=" } as const;

function diff(before: readonly string[], after: readonly string[], context?: number): string {
  return diffLines(`${before.join("\n")}\n`, `${after.join("\n")}\n`, context)
    .map((line) => `${marks[line.kind]}${line.text}`)
    .join("|");
}

test("a changed line is taken away and added, with its neighbours around it", () => {
  expect(diff(["a", "b", "c"], ["a", "x", "c"])).toBe(" a|-b|+x| c");
});

test("what is far from a change is left out and counted", () => {
  const lines = Array.from({ length: 20 }, (_, index) => `line ${index}`);
  const changed = lines.map((line, index) => (index === 10 ? "new" : line));
  expect(diff(lines, changed, 1)).toBe("~9 unchanged lines| line 9|-line 10|+new| line 11|~8 unchanged lines");
});

test("lines that were moved apart by an insertion stay the same lines", () => {
  expect(diff(["a", "b", "c"], ["a", "x", "b", "y", "c"])).toBe(" a|+x| b|+y| c");
});

test("equal texts have no difference", () => {
  expect(diff(["a"], ["a"])).toBe("");
});
