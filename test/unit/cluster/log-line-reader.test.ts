import { expect, test } from "vitest";
import { LogLineReader } from "../../../src/cluster/log-line-reader.ts";
import { LogTimeReader, timeKey } from "../../../src/cluster/log-time.ts";

test.each([
  "2026-01-01T00:00:00Z",
  "2026-01-01T00:00:59.5Z",
  "2026-01-01T00:01:00.123456789Z",
  "2026-12-31T23:59:59.999999999Z",
  "2026-01-01T01:00:00.000000001+01:00",
  "2025-12-31T18:30:07.25-05:30",
  "2026-01-01T00:00:00.1234567891234Z",
])("the timestamp %s is read from bytes as from text", (time) => {
  const reader = new LogTimeReader();
  for (const line of [`${time} text`, time]) {
    const bytes = Buffer.from(`xx${line}`);
    expect(reader.read(bytes, 2, bytes.length)).toBeCloseTo(timeKey(time), 3);
    expect(reader.end).toBe(2 + time.length);
  }
});

test.each([
  "",
  "no timestamp at all, but long enough for one",
  "2026-01-01T00:00:00",
  "2026-01-01T00:00:00.Z text",
  "2026-01-01T00:00:0xZ text",
  "2026-01-01T00:00:00+0100 text",
  "2026-01-01T00:00:00Ztext",
  "2026-13-01T00:00:00Z text",
])("`%s` begins with no timestamp", (line) => {
  const reader = new LogTimeReader();
  const first = Buffer.from("2026-01-01T00:00:00Z the minute is known");
  reader.read(first, 0, first.length);
  expect(reader.read(Buffer.from(line), 0, line.length)).toBeNaN();
});

const reader = (maxBytes: number): LogLineReader =>
  new LogLineReader({ maxBytes, keep: () => true, now: () => 7, lastKey: undefined });

test("a line without a timestamp has the time of the one before it, and a line that is too long comes in pieces", () => {
  const lines = reader(40);
  const texts: string[] = [];
  const times: string[] = [];
  for (const chunk of [
    "complaint\n2026-01-01T00:00:01Z one\nfurther piece\n",
    `2026-01-01T00:00:02Z ${"x".repeat(30)}`,
    "yy",
    "y\r",
    "\n",
  ]) {
    for (const { time, text } of lines.push(Buffer.from(chunk))) {
      times.push(time);
      texts.push(text);
    }
  }
  expect(texts).toEqual(["complaint", "one", "further piece", "x".repeat(30), "yyy"]);
  expect(times.map(timeKey)).toEqual([
    7,
    timeKey("2026-01-01T00:00:01Z"),
    timeKey("2026-01-01T00:00:01Z"),
    timeKey("2026-01-01T00:00:02Z"),
    timeKey("2026-01-01T00:00:02Z"),
  ]);
});
