import { expect, test } from "vitest";
import { canonicalQuantity, compareQuantities } from "../../../src/embedded/machinery/quantity.ts";

test.for([
  ["0.5", "500m"],
  ["1000m", "1"],
  ["1500m", "1500m"],
  ["1000", "1k"],
  ["1024", "1024"],
  ["1024Mi", "1Gi"],
  ["1.5Gi", "1536Mi"],
  ["0", "0"],
  ["0Mi", "0"],
  ["100Mi", "100Mi"],
  ["1e3", "1e3"],
  ["129e6", "129e6"],
  ["-100m", "-100m"],
  ["1u", "1m"],
  [2, "2"],
  [0.1, "100m"],
  ["512Ki", "512Ki"],
  ["1Ki", "1Ki"],
  ["abc", undefined],
  ["", undefined],
  ["1e99999999", undefined],
] as const)("the quantity %j is stored as %j", ([value, canonical]) => {
  expect(canonicalQuantity(value)).toBe(canonical);
});

test("quantities compare by value, whatever their suffixes", () => {
  expect(compareQuantities("1", "1000m")).toBe(0);
  expect(compareQuantities("1Gi", "1G")).toBe(1);
  expect(compareQuantities("100m", 1)).toBe(-1);
  expect(compareQuantities("x", 1)).toBeUndefined();
});
