import { expect, test } from "vitest";
import type { LogEntry } from "../../../src/views/logs/log-buffer.ts";
import { parseAnsi, plainLogLine, styledLogLine } from "../../../src/views/logs/log-line.ts";

const ESC = "\u001B";
const entry = (text: string): LogEntry => ({ time: "2026-11-21T12:00:00.1234Z", text, source: 1, kind: "line" });
const bare = { timestamps: false, prefixes: undefined };

test("colours of a log are kept as spans and its text is bare", () => {
  const { text, spans } = parseAnsi(`${ESC}[1;31merror${ESC}[0m plain ${ESC}[38;5;208morange${ESC}[m`);
  expect(text).toBe("error plain orange");
  expect(spans).toEqual([
    { start: 0, end: 5, sgr: "1;31" },
    { start: 12, end: 18, sgr: "38;5;208" },
  ]);
});

test.each([
  { name: "clearing the screen", raw: `a${ESC}[2Jb`, text: "ab" },
  { name: "moving the cursor", raw: `a${ESC}[10;20Hb`, text: "ab" },
  { name: "setting the window's title", raw: `a${ESC}]0;evil\u0007b`, text: "ab" },
  { name: "setting the clipboard", raw: `a${ESC}]52;c;ZXZpbA==${ESC}\\b`, text: "ab" },
  { name: "a device control string", raw: `a${ESC}P+q544e${ESC}\\b`, text: "ab" },
  { name: "a reset", raw: `a${ESC}cb`, text: "ab" },
  { name: "an escape at the end", raw: `ab${ESC}`, text: "ab" },
  { name: "a C1 control", raw: "a\u009B2Jb", text: String.raw`a\x9b2Jb` },
  { name: "a backspace", raw: "a\bb", text: String.raw`a\x08b` },
  { name: "text turned round by a bidirectional control", raw: "a\u202Eb", text: String.raw`a\u{202e}b` },
])("$name has no effect", ({ raw, text }) => {
  const parsed = parseAnsi(raw);
  expect(parsed.text).toBe(text);
  // oxlint-disable-next-line no-control-regex -- control characters are what must be absent
  expect(parsed.text).not.toMatch(/[\u0000-\u001F\u007F-\u009F]/);
  expect(parsed.spans).toEqual([]);
});

test("concealed text is shown", () => {
  expect(parseAnsi(`${ESC}[8mhidden`)).toEqual({ text: "hidden", spans: [] });
});

test("colours never hold anything but numbers", () => {
  const { spans } = parseAnsi(`${ESC}[31;>4;2mx${ESC}[?25my${ESC}[1:2mz`);
  expect(spans).toEqual([]);
});

test("a line has its time and source in front, and its colours move with the text", () => {
  const line = styledLogLine(entry(`${ESC}[32mok${ESC}[0m`), {
    timestamps: true,
    prefixes: [
      { text: "web-1", full: "web-1", sgr: "36" },
      { text: "web-2", full: "web-2", sgr: "33" },
    ],
  });
  expect(line.text).toBe("2026-11-21T12:00:00.123Z web-2 ok");
  expect(line.spans?.map((span) => line.text.slice(span.start, span.end))).toEqual([
    "2026-11-21T12:00:00.123Z",
    "web-2",
    "ok",
  ]);
});

test("a very long line is cut on screen and whole where it is saved", () => {
  const long = "x".repeat(1_000_000);
  const line = styledLogLine(entry(long), bare);
  expect(line.text.length).toBeLessThan(20_000);
  expect(line.text).toMatch(/… 983616 more characters$/);
  expect(plainLogLine(entry(long), bare)).toBe(long);
});

test("a tab is room on screen and a tab where it is saved", () => {
  const trace = `\tat main ${ESC}[31mred${ESC}[0m\u0007`;
  expect(styledLogLine(entry(trace), bare).text).toBe(String.raw`    at main red\x07`);
  expect(plainLogLine(entry(trace), bare)).toBe(`\tat main red${String.raw`\x07`}`);
});
