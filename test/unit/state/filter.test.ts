import { expect, test } from "vitest";
import { asString } from "../../../src/lib/kube/object.ts";
import { cellOrder, cellUnitOf, compareOrder, parseDuration } from "../../../src/state/table/cell-order.ts";
import { parseFilter } from "../../../src/state/table/filter.ts";
import type { TableColumn, TableRow } from "../../../src/state/table/table-column.ts";

const field = (id: string, more: Partial<TableColumn> = {}): TableColumn => ({
  id,
  title: id.toUpperCase(),
  text: ({ object }) => asString(object[id], id === "restarts" ? "4" : object.metadata.name),
  ...more,
});
const columns = [
  field("name"),
  field("status"),
  field("restarts", { sortKey: ({ object }) => Number(object["restarts"]) }),
  field("cpu", { sortKey: ({ object }) => Number(object["cores"]) }),
  field("age", { clock: true }),
];
const row: TableRow = {
  key: "1",
  object: {
    metadata: { name: "web-1", labels: { app: "shop", tier: "front" } },
    status: "Running",
    restarts: 4,
    cpu: "250m",
    cores: 0.25,
    age: "3h20m",
  },
};

test.each([
  ["web", true],
  ["WEB", true],
  ["^web-\\d", true],
  ["api", false],
  ["!api", true],
  ["!web", false],
  ["web running", true],
  ["web pending", false],
  ["-f wb1", true],
  ["-f wx", false],
  ["app=shop", true],
  ["app!=shop", false],
  ["app=shop,tier=front", true],
  ["-l tier", true],
  ["-l !tier", false],
  ["-l tier in (front, back)", true],
  ["-l 'tier in (back)'", false],
  ["-l tier notin (front),app=shop", false],
  ["-l app=shop,tier in (front) web", true],
  ["-l app=shop,tier in (front) api", false],
  ['-l "app = shop" web', true],
  ["status:run", true],
  ["status:=run", false],
  ["status:=running", true],
  ["status:~^Run", true],
  ["!status:run", false],
  ["STATUS:run", true],
  ["restarts:>3", true],
  ["restarts:>=4", true],
  ["restarts:<4", false],
  ["cpu:>200m", true],
  ["cpu:<200m", false],
  ["age:<1h", false],
  ["age:>1h", true],
  ["age:<=3h20m", true],
  ["http://nothing", false],
])("%s: %s", (text, expected) => {
  const test_ = parseFilter(text, columns);
  expect(test_?.(row, () => "web-1 running 4 250m")).toBe(expected);
});

test.each([[""], ["   "], ["!"], ["-f"]])("%j filters nothing", (text) => {
  expect(parseFilter(text, columns)).toBeUndefined();
});

test.each([
  ["web[", /character class/i],
  ["(", /group/i],
  ["restarts:>many", /RESTARTS cannot be compared with "many"/],
  ["status:~[", /character class/i],
])("%s is refused with its fault", (text, fault) => {
  expect(() => parseFilter(text, columns)).toThrow(fault);
});

test.each([
  ["5", "40"],
  ["90s", "2m"],
  ["3d4h", "400d"],
  ["100Mi", "1Gi"],
  ["0/3", "3/3"],
  ["10.0.0.9", "10.0.0.10"],
  ["9%", "10%"],
  ["v1.9.0", "v1.10.0"],
  ["2 (3m ago)", "10 (2d ago)"],
  ["5", "<none>"],
])("%s sorts before %s", (left, right) => {
  expect(compareOrder(cellOrder(left), cellOrder(right))).toBeLessThan(0);
});

test.each([
  ["CPU", "250m", "1"],
  ["cpu-requests", "90m", "2"],
  ["Memory Limit", "250m", "1Mi"],
  ["Capacity", "128Mi", "1Gi"],
  ["Age", "50s", "2m"],
  ["Duration", "250m", "5h"],
  ["Last Seen", "90s", "2m"],
])("In a column %s, %s sorts before %s", (name, left, right) => {
  const unit = cellUnitOf(name);
  expect(compareOrder(cellOrder(left, unit), cellOrder(right, unit))).toBeLessThan(0);
});

test("Durations are read as kubectl prints them", () => {
  expect(parseDuration("3d4h")).toBe(273_600_000);
  expect(parseDuration("5")).toBeUndefined();
  expect(parseDuration("<unknown>")).toBeUndefined();
});
