import { expect, test } from "vitest";
import { parseCron } from "../../src/lib/cron.ts";

const at = (text: string): number => Date.parse(text);
const next = (schedule: string, after: string, timeZone = "UTC"): string | undefined => {
  const found = parseCron(schedule).next(at(after), timeZone);
  return found === undefined ? undefined : new Date(found).toISOString().replace(":00.000Z", "Z");
};

// Times as github.com/robfig/cron v3 gives them: its spec_test.go has the same cases where it names them.
test.for([
  ["*/15 * * * *", "2026-07-09T14:45:00Z", "2026-07-09T15:00Z"],
  ["*/15 * * * *", "2026-07-09T14:59:59Z", "2026-07-09T15:00Z"],
  ["20-35/15 * * * *", "2026-07-09T15:45:00Z", "2026-07-09T16:20Z"],
  ["0 3 * * *", "2026-12-31T03:00:00Z", "2027-01-01T03:00Z"],
  ["0 0 29 feb *", "2026-03-01T00:00:00Z", "2028-02-29T00:00Z"],
  ["0 0 1,15 * mon", "2026-11-27T00:00:00Z", "2026-11-30T00:00Z"],
  ["0 0 * * sun", "2026-11-27T00:00:00Z", "2026-11-29T00:00Z"],
  ["5/20 1-2 ? * *", "2026-11-27T01:46:00Z", "2026-11-27T02:05Z"],
  ["@hourly", "2026-11-27T01:46:00Z", "2026-11-27T02:00Z"],
  ["@weekly", "2026-11-27T01:46:00Z", "2026-11-29T00:00Z"],
  ["@every 90m", "2026-11-27T01:00:00Z", "2026-11-27T02:30Z"],
  ["TZ=America/New_York 0 9 * * *", "2026-01-10T00:00:00Z", "2026-01-10T14:00Z"],
  ["0 0 30 2 *", "2026-01-10T00:00:00Z", undefined],
] as const)("%j after %s is %s", ([schedule, after, expected]) => {
  expect(next(schedule, after)).toBe(expected);
});

test.for([
  ["a summer morning", "0 9 * * *", "2026-07-01T00:00:00Z", "2026-07-01T07:00Z"],
  ["a winter morning", "0 9 * * *", "2026-12-01T00:00:00Z", "2026-12-01T08:00Z"],
  ["a time that is skipped comes a day later", "30 2 * * *", "2026-03-29T00:00:00Z", "2026-03-30T00:30Z"],
  ["a time that comes twice comes first", "30 2 * * *", "2026-10-25T00:00:00Z", "2026-10-25T00:30Z"],
  ["and again", "30 2 * * *", "2026-10-25T00:30:00Z", "2026-10-25T01:30Z"],
  ["half hours go on while clocks are turned back", "*/30 * * * *", "2026-10-25T00:30:00Z", "2026-10-25T01:00Z"],
] as const)("in Berlin %s", ([, schedule, after, expected]) => {
  expect(next(schedule, after, "Europe/Berlin")).toBe(expected);
});

test.for(["", "* * * *", "60 * * * *", "* * * * 7", "5-1 * * * *", "*/0 * * * *", "a * * * *", "@soon", "@every x"])(
  "%j is no schedule",
  (text) => {
    expect(() => parseCron(text)).toThrow(SyntaxError);
  },
);

test("an unknown time zone is told", () => {
  expect(() => parseCron("* * * * *").next(0, "Mars/Olympus")).toThrow(RangeError);
});
