import { expect, test } from "vitest";
import { parseGoDuration } from "../../src/lib/go-duration.ts";

test.for([
  ["30s", 30_000],
  ["1m30s", 90_000],
  ["500ms", 500],
  ["1.5h", 5_400_000],
  ["45", 45_000],
  ["0", 0],
  ["", undefined],
  ["soon", undefined],
  ["-5s", undefined],
] as const)("the duration %j is %j ms", ([text, milliseconds]) => {
  expect(parseGoDuration(text)).toBe(milliseconds);
});
