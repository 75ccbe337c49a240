import { expect, test } from "vitest";
import { layOutColumns } from "../../../src/state/table/column-layout.ts";
import type { TableColumn } from "../../../src/state/table/table-column.ts";

const column = (id: string, keep: number, minWidth?: number): TableColumn => ({
  id,
  title: id.toUpperCase(),
  keep,
  text: () => "",
  ...(minWidth === undefined ? {} : { minWidth }),
});
const columns = [column("name", 10, 12), column("status", 9, 8), column("ip", 5), column("node", 6), column("age", 7)];
const natural = new Map([
  ["name", 40],
  ["status", 18],
  ["ip", 15],
  ["node", 20],
  ["age", 5],
]);

const ids = (available: number, skip = 0): string[] =>
  layOutColumns(columns, natural, available, skip).placed.map((placed) => placed.column.id);

test("With room enough every column has its width, and gaps widen a little", () => {
  const layout = layOutColumns(columns, natural, 200, 0);
  expect(layout.placed.map(({ width }) => width)).toEqual([40, 18, 15, 20, 5]);
  expect(layout.gap).toBe(4);
  expect(layout.hidden).toBe(0);
});

test.each([40, 50, 60, 80, 100, 120])("At %i cells nothing is wider than the screen", (available) => {
  const { placed, gap } = layOutColumns(columns, natural, available, 0);
  expect(placed.reduce((sum, { width }) => sum + width + gap, -gap)).toBeLessThanOrEqual(available);
});

test("What is kept least goes first, the name never", () => {
  expect(ids(60)).not.toContain("ip");
  expect(ids(40)[0]).toBe("name");
  expect(ids(40)).toContain("status");
  expect(ids(12)).toEqual(["name"]);
});

test("A narrow column that went before a wide one comes back into the room that is left", () => {
  // Without NODE there is room for AGE, though AGE is kept less.
  const narrow = [column("name", 10, 12), column("status", 9, 18), column("age", 3), column("node", 4, 20)];
  expect(layOutColumns(narrow, natural, 60, 0).placed.map((placed) => placed.column.id)).toEqual([
    "name",
    "status",
    "age",
  ]);
});

test("A remark goes before a column that is kept as long, and not before one that is kept less", () => {
  const restarts = { ...column("restarts", 7), briefWidth: 8 };
  const remarked = [column("name", 10, 12), restarts, column("node", 6), column("age", 7)];
  const widths = (available: number): string[] =>
    layOutColumns(remarked, new Map([...natural, ["restarts", 14]]), available, 0).placed.map(
      (placed) => `${placed.column.id} ${placed.width}`,
    );
  expect(widths(85)).toEqual(["name 40", "restarts 14", "node 20", "age 5"]);
  expect(widths(50)).toEqual(["name 27", "restarts 14", "age 5"]);
  expect(widths(29)).toEqual(["name 12", "restarts 8", "age 5"]);
});

test("Scrolling to the side leaves the name and shows what had no room", () => {
  expect(ids(60, 2)).toEqual(["name", "node", "age"]);
});
