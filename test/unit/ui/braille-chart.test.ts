import { expect, test } from "vitest";
import { brailleChart } from "../../../src/ui/braille-chart.ts";
import { evenly } from "../../../src/views/pulse/model.ts";

test("a chart fills from below, newest at the right, two values in a cell", () => {
  expect(brailleChart([0, 2, 4, 8], { columns: 3, rows: 2, most: 8 })).toEqual(["⠀⠀⢸", "⠀⢠⣿"]);
});

test("a value too high is cut off, a low one is seen, a missing one is a gap", () => {
  expect(brailleChart([99, undefined, 0.001, 0], { columns: 2, rows: 1, most: 8 })).toEqual(["⡇⡀"]);
});

test("more values than dots leave the oldest out; none leave it blank", () => {
  expect(brailleChart([8, 8, 8, 4, 8], { columns: 1, rows: 1, most: 8 })).toEqual(["⣼"]);
  expect(brailleChart([], { columns: 2, rows: 1, most: 0 })).toEqual(["⠀⠀"]);
});

test("samples stand at their time; one that came late is no gap, a pause is", () => {
  const sample = (secondsAgo: number, cpu: number) => ({ at: 1_000_000 - secondsAgo * 1000, cpu, memory: 0 });
  const samples = [sample(120, 1), sample(24, 2), sample(0, 3)];
  expect(evenly(samples, 1_000_000, 6, ({ cpu }) => cpu)).toEqual([undefined, undefined, undefined, 2, 2, 3]);
});
