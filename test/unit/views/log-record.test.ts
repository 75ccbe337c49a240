import { expect, test } from "vitest";
import { readRecord } from "../../../src/views/logs/log-record.ts";
import { recordColumns, recordLines, structuredText } from "../../../src/views/logs/record-line.ts";

test.each([
  {
    name: "JSON",
    line: '{"level":"warn","msg":"slow","ts":1.5,"http":{"status":504,"tags":["a"]},"empty":""}',
    expected: { format: "json", level: "warn", message: "slow" },
    fields: { level: "warn", msg: "slow", ts: "1.5", "http.status": "504", "http.tags": '["a"]', empty: "" },
  },
  {
    name: "JSON with a level of pino",
    line: '{"level":50,"message":"bad"}',
    expected: { format: "json", level: "error", message: "bad" },
    fields: { level: "50", message: "bad" },
  },
  {
    name: "logfmt",
    line: String.raw`time=2026-01-01T00:00:00Z level=info msg="served \"x\"" status=200`,
    expected: { format: "logfmt", level: "info", message: 'served "x"' },
    fields: { time: "2026-01-01T00:00:00Z", level: "info", msg: 'served "x"', status: "200" },
  },
  {
    name: "structured klog",
    line: 'E1121 05:00:00.123456   12345 pod.go:77] "Failed to sync" pod="default/web" err="x"',
    expected: { format: "klog", level: "error", message: "Failed to sync" },
    fields: { thread: "12345", source: "pod.go:77", pod: "default/web", err: "x" },
  },
  {
    name: "a timestamp and a level",
    line: "2026-01-01 00:00:00,123 [main] WARN  o.s.Boot - careful",
    expected: { format: "plain", level: "warn" },
    fields: {},
  },
  { name: "plain words", line: "the error is known", expected: { format: "plain", level: undefined }, fields: {} },
  { name: "an assignment", line: "x=1 and more", expected: { format: "plain", level: undefined }, fields: {} },
  { name: "broken JSON", line: '{"level":"warn"', expected: { format: "plain", level: undefined }, fields: {} },
])("$name is read for what it is", ({ line, expected, fields }) => {
  const record = readRecord(line);
  expect(record).toMatchObject(expected);
  expect(Object.fromEntries(record.fields)).toEqual(fields);
});

test("a JSON line is shown by level, chosen columns, message and the fields that are left", () => {
  const line = '{"time":"now","level":"error","msg":"no [answer]","status":504,"path":"/a b"}';
  const columns = recordColumns(["status"], [line, '{"status":"1234567"}']);
  const { text, spans } = structuredText(line, columns) ?? { text: "", spans: [] };
  expect(text).toBe('ERROR 504     no [answer] path="/a b"');
  expect(spans[0]).toMatchObject({ start: 0, end: 5, tone: "error" });
});

test("other lines stand as they are, with their level coloured", () => {
  const line = structuredText("2026-01-01 00:00:00 ERROR broken", []);
  expect(line?.text).toBe("2026-01-01 00:00:00 ERROR broken");
  expect(line?.spans).toMatchObject([{ start: 20, end: 25, tone: "error" }]);
  expect(structuredText("nothing known", [])).toBeUndefined();
  expect(structuredText("\u001B[31mERROR\u001B[0m own colours", [])).toBeUndefined();
});

test("nothing in a record reaches the terminal as a control sequence", () => {
  const hostile = String.raw`{"msg":"a\u001b[2Jb\u202e","k\u0007":"\u009b2J\n"}`;
  for (const { text } of [structuredText(hostile, []) ?? { text: "" }, ...recordLines(hostile)]) {
    // oxlint-disable-next-line no-control-regex -- control characters are what must be absent
    expect(text).not.toMatch(/[\u0000-\u001F\u007F-\u009F\u202E]/);
  }
});

test("an expanded record has a line for each field, and for each line of one", () => {
  const lines = recordLines(String.raw`{"level":"error","err":"first\nsecond"}`);
  expect(lines.map(({ text }) => text)).toEqual(["level  error", "err    first", "       second"]);
});
