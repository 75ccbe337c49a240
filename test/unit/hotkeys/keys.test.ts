import { expect, test } from "vitest";
import { KeyParser, showKey, type InputEvent } from "../../../src/hotkeys/keys.ts";

const names = (events: readonly InputEvent[]): string[] =>
  events.map((event) => (event.type === "key" ? event.key : event.type));

test.each([
  ["a", ["a"]],
  ["A", ["shift-a"]],
  ["jjj", ["j", "j", "j"]],
  ["\r", ["enter"]],
  ["\t", ["tab"]],
  ["\u007F", ["backspace"]],
  ["\u0004", ["ctrl-d"]],
  ["\u0000", ["ctrl-space"]],
  ["\u001C", ["ctrl-\\"]],
  [" ", ["space"]],
  ["\u001B[A\u001B[B", ["up", "down"]],
  ["\u001BOA", ["up"]],
  ["\u001B[1;2D", ["shift-left"]],
  ["\u001B[1;5C", ["ctrl-right"]],
  ["\u001B[5~\u001B[6~", ["page-up", "page-down"]],
  ["\u001B[3~", ["delete"]],
  ["\u001B[Z", ["shift-tab"]],
  ["\u001Bb", ["alt-b"]],
  ["\u001B[97;5u", ["ctrl-a"]],
  ["\u001B[27;5;100~", ["ctrl-d"]],
  ["\u001B\u001B[A", ["escape", "up"]],
  ["é漢", ["é", "漢"]],
])("%j is %j", (bytes, expected) => {
  expect(names(new KeyParser().parse(bytes))).toEqual(expected);
});

test("A key types its character, a control key types nothing", () => {
  expect(new KeyParser().parse("A\u0001")).toEqual([
    { type: "key", key: "shift-a", text: "A" },
    { type: "key", key: "ctrl-a" },
  ]);
});

test("A sequence cut in two by the terminal is still one key", () => {
  const parser = new KeyParser();
  expect(parser.parse("\u001B[1;")).toEqual([]);
  expect(parser.pending).toBe(true);
  expect(names(parser.parse("2Cx"))).toEqual(["shift-right", "x"]);
});

test("A lone escape character is Escape only when nothing follows", () => {
  const parser = new KeyParser();
  expect(parser.parse("\u001B")).toEqual([]);
  expect(names(parser.flush())).toEqual(["escape"]);
  expect(parser.pending).toBe(false);
});

test("Pasted text is one event, wherever the chunks are cut", () => {
  const whole = `x\u001B[200~${":q\r\u0004".repeat(2000)}\u001B[201~y`;
  for (const size of [1, 7, 1000, 100_000]) {
    const parser = new KeyParser();
    const events: InputEvent[] = [];
    for (let at = 0; at < whole.length; at += size) events.push(...parser.parse(whole.slice(at, at + size)));
    expect(names(events), `chunks of ${size}`).toEqual(["x", "paste", "y"]);
    expect(events[1]).toEqual({ type: "paste", text: ":q\r\u0004".repeat(2000) });
  }
});

test("The wheel and a click are read with their place", () => {
  expect(new KeyParser().parse("\u001B[<64;1;1M\u001B[<0;10;5M\u001B[<0;10;5m")).toEqual([
    { type: "wheel", by: -1 },
    { type: "click", column: 9, row: 4 },
  ]);
});

test("An answer of the terminal is nobody's key", () => {
  expect(names(new KeyParser().parse("\u001B]11;rgb:0000/0000/0000\u0007a\u001BP1$r0m\u001B\\b"))).toEqual(["a", "b"]);
});

test.each([
  ["ctrl-d", "Ctrl-D"],
  ["shift-left", "Shift-←"],
  ["page-up", "PgUp"],
  ["ctrl-page-up", "Ctrl-PgUp"],
  ["g", "g"],
  ["-", "-"],
  ["ctrl-\\", "Ctrl-\\"],
  ["escape", "Esc"],
])("%s is shown as %s", (key, shown) => {
  expect(showKey(key)).toBe(shown);
});
