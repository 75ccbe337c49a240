import { expect, test } from "vitest";
import { textWidth } from "../../../src/lib/text.ts";
import { wrapOffsets } from "../../../src/ui/wrap-offsets.ts";

function rows(text: string, width: number): string[] {
  const offsets = wrapOffsets(text, width);
  return offsets.map((offset, row) => text.slice(offset, offsets[row + 1]));
}

test.each([
  ["waiting before the next try", 20, ["waiting before the ", "next try"]],
  ["aaa bbbbbbbbbbbbbbbbbbbbbbbb", 10, ["aaa bbbbbb", "bbbbbbbbbb", "bbbbbbbb"]],
  ["0123456789", 10, ["0123456789"]],
  ["Grüße an alle Welt", 10, ["Grüße an ", "alle Welt"]],
  ["日本語日本語", 5, ["日本", "語日", "本語"]],
  ["", 10, [""]],
])("%j at %i columns ends rows with words where it can", (text, width, expected) => {
  expect(rows(text, width)).toEqual(expected);
});

test("No row is wider than the screen, and nothing is lost", () => {
  const text = "The quick brown fox, 日本語 and ünïcödé, jumpedoverthelazydogagainandagain  twice.   ".repeat(20);
  expect(rows("a terminal of one column", 1)).toEqual("a terminal of one column".split(""));
  for (let width = 2; width < 90; width += 1) {
    const found = rows(text, width);
    expect(found.join("")).toBe(text);
    expect(Math.max(...found.map((row) => textWidth(row)))).toBeLessThanOrEqual(width);
  }
});
