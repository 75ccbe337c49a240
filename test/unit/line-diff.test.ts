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

/** Small numbers that look like chance and are the same in each run. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

test.each(Array.from({ length: 60 }, (_, seed) => seed))("the difference makes one text of the other (%i)", (seed) => {
  const next = chance(seed + 7);
  const text = (): string[] => Array.from({ length: next(30) }, () => `line ${next(6)}`);
  const [before, after] = [text(), text()];
  const lines = diffLines(before.join("\n"), after.join("\n"), 1000);
  const side = (kind: "added" | "removed"): string[] =>
    lines.filter((line) => line.kind === "same" || line.kind === kind).map((line) => line.text);
  if (before.join() === after.join()) expect(lines).toEqual([]);
  else expect([side("removed"), side("added")]).toEqual([before, after]);
});

test("two changes far apart in a text of 20,000 lines are two changes", () => {
  const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index}`);
  const changed = lines.map((line, index) => (index === 5 || index === 19_990 ? `${line} new` : line));
  const found = diffLines(lines.join("\n"), changed.join("\n"), 0).filter(({ kind }) => kind !== "gap");
  expect(found.map(({ text }) => text)).toEqual(["line 5", "line 5 new", "line 19990", "line 19990 new"]);
});

test("texts that have little in common are replaced as a whole", () => {
  const text = (word: string): string => Array.from({ length: 3000 }, (_, index) => `${word} ${index}`).join("\n");
  const kinds = diffLines(text("a"), text("b")).map(({ kind }) => kind);
  expect([kinds.indexOf("added"), kinds.length]).toEqual([3000, 6000]);
});
