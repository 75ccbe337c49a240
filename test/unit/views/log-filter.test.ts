import { expect, test } from "vitest";
import { LogBatch } from "../../../src/cluster/log-batch.ts";
import { FilteredLines } from "../../../src/views/logs/filtered-lines.ts";
import { LogBuffer, NOTE, type SourcedBatch } from "../../../src/views/logs/log-buffer.ts";
import { logFilterFault, parseLogFilter } from "../../../src/views/logs/log-filter.ts";
import { LEVELS, readLevel, readRecord } from "../../../src/views/logs/log-record.ts";

const passes = (filter: string, text: string): boolean =>
  parseLogFilter(filter).matches({
    text,
    record: () => readRecord(text),
    level: () => readLevel(text),
    label: { pod: "web-1", container: "main" },
  });

const json = '{"level":"warn","msg":"slow answer","status":504,"http":{"path":"/cart"}}';

test.each([
  { filter: "slow", passed: true },
  { filter: "SLOW answer", passed: true },
  { filter: "slow !answer", passed: false },
  { filter: "!fast", passed: true },
  { filter: '"slow answer"', passed: true },
  { filter: '"answer slow"', passed: false },
  { filter: "~slwnsr", passed: true },
  { filter: "!~slwnsr", passed: false },
  { filter: "level>=warn", passed: true },
  { filter: "level>warn", passed: false },
  { filter: "level:warn", passed: true },
  { filter: "level!=warn", passed: false },
  { filter: "status:5..", passed: true },
  { filter: "status:4..", passed: false },
  { filter: "status>=500 status<505", passed: true },
  { filter: "http.path=/cart", passed: true },
  { filter: "http.path=/car", passed: false },
  { filter: "!status:5..", passed: false },
  { filter: "s.*w", passed: true },
  { filter: "pod:web", passed: true },
  { filter: "pod=web", passed: false },
  { filter: "!pod:web", passed: false },
  { filter: "pod:db", passed: false },
  { filter: "container=main", passed: true },
  { filter: "", passed: true },
])("the filter `$filter` lets a record through: $passed", ({ filter, passed }) => {
  expect(passes(filter, json)).toBe(passed);
});

test("a term that looks like a field finds the same words in a text without fields", () => {
  expect(passes("GET:", "GET: /cart")).toBe(true);
  expect(passes("x=1", "take x=1 now")).toBe(true);
  expect(passes("https://a", "see https://a/b")).toBe(true);
});

test.each([
  { filter: "a(", fault: /"a\(" is no regular expression/ },
  { filter: "level>=loud", fault: /"loud" is no level/ },
  { filter: "status>=many", fault: /"many" is no number/ },
])("the filter `$filter` is refused with the term at fault", ({ filter, fault }) => {
  expect(logFilterFault(filter)).toMatch(fault);
});

test("context lines are shown around matches, whatever order lines come and go in", () => {
  let state = 7;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  for (const context of [0, 1, 3]) {
    const buffer = new LogBuffer(20_000);
    const filtered = new FilteredLines(buffer, parseLogFilter(`hit +${context}`), 0);
    for (let batch = 0; batch < 300; batch += 1) {
      const batches = Array.from({ length: 1 + random(6) }, (_, index): SourcedBatch => {
        const second = batch - random(4);
        const time = new Date(1_767_225_600_000 + second * 1000).toISOString();
        const text = `${random(8) === 0 ? "hit" : "other"} ${batch}.${index}`;
        return { source: random(40) === 0 ? NOTE : 0, batch: LogBatch.of([{ time, text }]) };
      });
      filtered.change(buffer.add(batches));
      filtered.work(Number.POSITIVE_INFINITY);
      const all = Array.from({ length: buffer.length }, (_, index) => buffer.at(index));
      const match = all.map((entry) => entry.kind !== "line" || entry.text.startsWith("hit"));
      const expected = all.filter((_, at) => match.slice(Math.max(0, at - context), at + context + 1).includes(true));
      // A line shown for a match that has been dropped since may stay until it goes itself.
      const shown = Array.from({ length: filtered.length }, (_, place) => buffer.at(filtered.indexAt(place)));
      expect(shown.slice(shown.length - expected.length)).toEqual(expected);
      expect(shown.length - expected.length).toBeLessThanOrEqual(context);
    }
  }
});

test("a filter begins where the screen is, and what it finds above comes before", () => {
  const buffer = new LogBuffer(1_000_000);
  const lines = Array.from({ length: 100 }, (_, index) => ({
    time: new Date(1_767_225_600_000 + index).toISOString(),
    text: index % 10 === 0 ? "hit" : "other",
  }));
  buffer.add([{ source: 0, batch: LogBatch.of(lines) }]);
  const filtered = new FilteredLines(buffer, parseLogFilter("hit"), 55);
  // Time is up from the first: it stops after a few lines each time.
  expect(filtered.work(0)).toBe(0);
  expect(filtered.indexAt(0)).toBe(60);
  expect(filtered.complete).toBe(false);
  let before = 0;
  while (!filtered.complete) before += filtered.work(0);
  expect(before).toBe(6);
  expect(Array.from({ length: filtered.length }, (_, place) => filtered.indexAt(place))).toEqual([
    0, 10, 20, 30, 40, 50, 60, 70, 80, 90,
  ]);
});

test("a filter by level lets through exactly the lines whose record has such a level, however it is named", () => {
  const names =
    "TRACE finest verbose dbg Debug INFO inf notice log warn WARNING wrn err eror Severe FATAL crit panic emergency alert none";
  const lines = [
    ...names
      .split(" ")
      .flatMap((name) => [
        `{"level":"${name}","msg":"x"}`,
        `{"severity":"${name.replace(/^./, (one) => `\\u00${one.charCodeAt(0).toString(16)}`)}","error":"x"}`,
        `time=now lvl=${name} msg="an error of the log"`,
        `2026-01-01 00:00:00 [main] ${name}: warn nobody`,
      ]),
    ...[10, 20, 30, 40, 50, 60, 70].map((number) => `{"level":${number},"msg":"info"}`),
    ...["I", "W", "E", "F", "X"].map((letter) => `${letter}0101 00:00:00.000000  1 a.go:1] "info" n=1`),
    "info",
    "no level at all",
  ];
  for (const level of LEVELS) {
    for (const [operator, holds] of [
      [">=", (order: number) => order >= 0],
      ["<", (order: number) => order < 0],
      ["!=", (order: number) => order !== 0],
      ["=", (order: number) => order === 0],
    ] as const) {
      const expected = lines.filter((line) => {
        const own = readRecord(line).level;
        return own !== undefined && holds(LEVELS.indexOf(own) - LEVELS.indexOf(level));
      });
      const filter = `level${operator}${level}`;
      expect(
        lines.filter((line) => passes(filter, line)),
        filter,
      ).toEqual(expected);
    }
  }
});
