import { expect, test } from "vitest";
import { LogBuffer, timeKey, type LogEntry } from "../../../src/views/logs/log-buffer.ts";

const line = (time: string, text: string, source = 0): LogEntry => ({
  time: `2026-11-21T12:00:${time}Z`,
  text,
  source,
  kind: "line",
});
const texts = (buffer: LogBuffer): string => [...buffer].map((entry) => entry.text).join(" ");

test("lines of two streams are merged by time, however late they come", () => {
  const buffer = new LogBuffer(1_000_000);
  buffer.add([line("01.000000001", "a1"), line("03.0", "a3")]);
  const late = buffer.add([line("00.5", "b0", 1), line("02.0", "b2", 1), line("04.0", "b4", 1)]);
  expect(texts(buffer)).toBe("b0 a1 b2 a3 b4");
  expect(late.stable).toBe(0);
  expect(buffer.add([line("05.0", "a5")]).stable).toBe(5);
  expect(buffer.add([line("04.5", "b4.5", 1)]).stable).toBe(5);
});

test("lines of one moment keep the order in which they came", () => {
  const buffer = new LogBuffer(1_000_000);
  buffer.add([line("01.0", "one"), line("01.0", "two")]);
  buffer.add([line("01.0", "three"), line("01.0", "four")]);
  expect(texts(buffer)).toBe("one two three four");
});

test("times are told apart below the millisecond", () => {
  expect(timeKey("2026-11-21T12:00:00.123456Z")).toBeGreaterThan(timeKey("2026-11-21T12:00:00.123455Z"));
  expect(timeKey("2026-11-21T13:00:00.5+01:00")).toBe(timeKey("2026-11-21T12:00:00.500Z"));
});

test("a full buffer drops the oldest lines, says how many, and stays within its bytes", () => {
  const buffer = new LogBuffer(20_000);
  let dropped = 0;
  for (let index = 0; index < 5000; index += 1) {
    const second = String(index % 60).padStart(2, "0");
    const minute = String(Math.floor(index / 60)).padStart(2, "0");
    const entry: LogEntry = {
      time: `2026-11-21T12:${minute}:${second}Z`,
      text: `line ${index}`,
      source: 0,
      kind: "line",
    };
    if (index >= 3600) break;
    dropped += buffer.add([entry]).dropped.length;
  }
  expect(buffer.bytes).toBeLessThanOrEqual(20_000);
  expect(buffer.dropped).toBe(dropped);
  expect(buffer.length + dropped).toBe(3600);
  expect(buffer.at(buffer.length - 1)?.text).toBe("line 3599");
  expect(buffer.at(0)?.text).toBe(`line ${dropped}`);
});
