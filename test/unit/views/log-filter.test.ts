import { expect, test } from "vitest";
import { FilteredEntries } from "../../../src/views/logs/filtered-entries.ts";
import { LogBuffer, type LogEntry } from "../../../src/views/logs/log-buffer.ts";
import { logFilterFault, parseLogFilter } from "../../../src/views/logs/log-filter.ts";
import { readRecord } from "../../../src/views/logs/log-record.ts";

const passes = (filter: string, text: string): boolean =>
  parseLogFilter(filter).matches({ text, record: () => readRecord(text) });

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
    const filtered = new FilteredEntries(buffer, parseLogFilter(`hit +${context}`));
    for (let batch = 0; batch < 300; batch += 1) {
      const entries = Array.from({ length: 1 + random(6) }, (_, index): LogEntry => {
        const second = batch - random(4);
        const time = new Date(1_767_225_600_000 + second * 1000).toISOString();
        const text = `${random(8) === 0 ? "hit" : "other"} ${batch}.${index}`;
        return { time, text, source: 0, kind: random(40) === 0 ? "note" : "line" };
      });
      filtered.apply(buffer.add(entries));
      const all = [...buffer];
      const match = all.map((entry) => entry.kind !== "line" || entry.text.startsWith("hit"));
      const expected = all.filter((_, at) => match.slice(Math.max(0, at - context), at + context + 1).includes(true));
      // A line shown for a match that has been dropped since may stay until it goes itself.
      const shown = [...filtered];
      expect(shown.slice(-expected.length)).toEqual(expected);
      expect(shown.length - expected.length).toBeLessThanOrEqual(context);
    }
  }
});
