import { expect, test } from "vitest";
import { parseQuantity } from "../../src/lib/quantity.ts";

test.for([
  ["250m", 0.25],
  ["1.5Gi", 1.5 * 2 ** 30],
  ["2e3", 2000],
  ["100k", 100_000],
  ["", undefined],
  ["1 Gi", undefined],
  ["abc", undefined],
] as const)("the quantity %j is %j", ([text, value]) => {
  expect(parseQuantity(text)).toBe(value);
});
