import { expect, test } from "vitest";
import type { TableRow } from "../../../src/state/table/table-column.ts";
import { serverColumns } from "../../../src/views/resource-table/table-columns.ts";

const PRINTED = Date.UTC(2026, 0, 1, 12);

function definition(name: string, type: string): Parameters<typeof serverColumns>[0][number] {
  return { name, type, format: "", description: "", priority: 0 };
}

function row(name: string, ...cells: readonly unknown[]): TableRow {
  return { key: name, object: { metadata: { name } }, cells: [name, ...cells], printedAt: PRINTED };
}

test("A time that the server printed as an age grows while its row stands", () => {
  let now = PRINTED;
  const columns = serverColumns([definition("Name", "string"), definition("Since", "date")], () => now);
  const since = columns[1];
  const texts = (): unknown => ["3s", "5m20s", null, "<invalid>"].map((cell) => since?.text(row("widget", cell)));
  expect(texts()).toEqual(["3s", "5m20s", "", "<invalid>"]);
  now += 90_000;
  expect(texts()).toEqual(["93s", "6m50s", "", "<invalid>"]);
  expect(since?.clock).toBe(true);
});

test("Rows printed at different times are sorted by what they say now", () => {
  const columns = serverColumns([definition("Name", "string"), definition("Since", "date")], () => PRINTED);
  const key = (printed: TableRow): unknown => columns[1]?.sortKey?.(printed);
  const earlier = { ...row("earlier", "30s"), printedAt: PRINTED - 60_000 };
  expect([key(earlier), key(row("later", "60s"))]).toEqual([90_000, 60_000]);
  // The younger of two though it says more: it was printed a minute after the table began, and the other before.
  const younger = { ...row("younger", "10s"), printedAt: PRINTED + 60_000 };
  expect(Number(key(younger))).toBeLessThan(Number(key(row("older", "5s"))));
});

test("A duration that is no time stands as it was printed", () => {
  let now = PRINTED;
  const columns = serverColumns([definition("Name", "string"), definition("Took", "string")], () => now);
  now += 90_000;
  expect(columns[1]?.text(row("job", "3s"))).toBe("3s");
});
