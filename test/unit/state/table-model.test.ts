import { expect, test } from "vitest";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import type { TableColumn, TableRow } from "../../../src/state/table/table-column.ts";
import { TableModel } from "../../../src/state/table/table-model.ts";

const columns: readonly TableColumn[] = [
  { id: "name", title: "NAME", text: ({ object }) => object.metadata.name ?? "" },
  {
    id: "size",
    title: "SIZE",
    text: ({ object }) => String(object["size"]),
    sortKey: ({ object }) => Number(object["size"]),
  },
];

function row(name: string, size = 0, labels: Readonly<Record<string, string>> = {}): TableRow {
  const object: KubeObject = { metadata: { name, namespace: "default", uid: name, labels }, size };
  return { key: name, object };
}

/** Rows in a model. A busy machine may spread the work of a change over turns: what is read here is done. */
class Rows {
  readonly map = new Map<string, TableRow>();
  readonly model: TableModel;

  constructor(names: readonly string[], options: Partial<ConstructorParameters<typeof TableModel>[0]> = {}) {
    this.model = new TableModel({
      columns,
      toneOf: ({ object }) => (object["bad"] === true ? "error" : "ok"),
      ...options,
    });
    for (const name of names) this.map.set(name, row(name));
    this.model.apply(this.map, { changed: new Set(), removed: new Set(), reset: true }, false);
    this.model.finish();
  }

  put(...rows: readonly TableRow[]): void {
    for (const each of rows) this.map.set(each.key, each);
    this.model.apply(
      this.map,
      { changed: new Set(rows.map(({ key }) => key)), removed: new Set(), reset: false },
      false,
    );
    this.model.finish();
  }

  remove(...names: readonly string[]): void {
    for (const name of names) this.map.delete(name);
    this.model.apply(this.map, { changed: new Set(), removed: new Set(names), reset: false }, false);
    this.model.finish();
  }

  names(count = 1000): string[] {
    return this.model.window(count).map(({ key }) => key);
  }

  get cursor(): string | undefined {
    return this.model.cursorEntry?.key;
  }
}

/** The same numbers in every run (mulberry32). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

test("Random changes leave the table as a table made anew from the same rows", () => {
  for (let seed = 1; seed <= 30; seed += 1) {
    const random = randomFrom(seed);
    const rows = new Rows([]);
    const sort = { column: ["", "name", "size"][random(3)] ?? "", descending: random(2) === 1 };
    rows.model.setSort(sort);
    const filter = ["", "1", "!2", "size:>5"][random(4)] ?? "";
    rows.model.setFilter(filter);
    rows.model.resize(1000);
    for (let step = 0; step < 40; step += 1) {
      const many = random(4) === 0 ? 100 : 5;
      if (random(3) === 0) rows.remove(...[...rows.map.keys()].filter(() => random(5) === 0));
      else rows.put(...Array.from({ length: 1 + random(many) }, () => row(`row-${random(120)}`, random(12))));
    }
    const anew = new Rows([]);
    anew.model.setSort(sort);
    anew.model.setFilter(filter);
    anew.model.resize(1000);
    for (const [key, value] of rows.map) anew.map.set(key, value);
    anew.model.apply(anew.map, { changed: new Set(), removed: new Set(), reset: true }, false);
    anew.model.finish();
    expect(rows.names(), `seed ${seed}, ${JSON.stringify({ sort, filter })}`).toEqual(anew.names());
  }
});

test("The cursor stays on its object, and where it stands on the screen, when rows come and go above it", () => {
  const rows = new Rows(Array.from({ length: 100 }, (_, index) => `row-${String(index).padStart(3, "0")}`));
  rows.model.resize(10);
  rows.model.move(50);
  const offset = rows.model.state.get().cursor - rows.model.state.get().top;
  rows.put(row("a"), row("b"), row("c"));
  expect(rows.cursor).toBe("row-050");
  rows.remove("row-000", "row-001", "row-002", "row-003");
  expect(rows.cursor).toBe("row-050");
  expect(rows.model.state.get().cursor - rows.model.state.get().top).toBe(offset);
});

test("The cursor waits at the top while the first pages come in, and follows its object from then on", () => {
  const rows = new Rows([]);
  rows.model.setSort({ column: "name", descending: true });
  for (const name of ["a", "b", "c"]) {
    rows.map.set(name, row(name));
    rows.model.apply(rows.map, { changed: new Set([name]), removed: new Set(), reset: false }, true);
  }
  expect(rows.cursor).toBe("c");
  rows.put();
  rows.put(row("d"));
  expect(rows.cursor).toBe("c");
});

test("A cursor whose object is gone goes to the row in its place, at the end to the last one", () => {
  const rows = new Rows(["a", "b", "c"]);
  rows.model.move(1);
  rows.remove("b");
  expect(rows.cursor).toBe("c");
  rows.remove("c");
  expect(rows.cursor).toBe("a");
  rows.remove("a");
  expect(rows.cursor).toBeUndefined();
});

test("A cursor hidden by a filter comes back with its object and its place", () => {
  const rows = new Rows(Array.from({ length: 50 }, (_, index) => `row-${String(index).padStart(2, "0")}`));
  rows.model.resize(10);
  rows.model.move(30);
  rows.model.move(-3);
  const before = rows.model.state.get();
  rows.model.setFilter("row-0");
  expect(rows.cursor).toBe("row-00");
  rows.model.setFilter("");
  const after = rows.model.state.get();
  expect([after.cursor, after.top]).toEqual([before.cursor, before.top]);
  expect(rows.cursor).toBe("row-27");
});

test("A filter that cannot be read keeps the rows of the last right one", () => {
  const rows = new Rows(["ab", "cd"]);
  rows.model.setFilter("a");
  rows.model.setFilter("a[");
  expect(rows.names()).toEqual(["ab"]);
  expect(rows.model.state.get().fault).toBeDefined();
  rows.model.setFilter("");
  expect(rows.names()).toEqual(["ab", "cd"]);
  expect(rows.model.state.get().fault).toBeUndefined();
});

test("Marks follow objects through sorting and filters, and leave with them", () => {
  const rows = new Rows(["a", "b", "c"]);
  rows.model.toggleMark();
  rows.model.toggleMark();
  rows.model.setSort({ column: "name", descending: true });
  rows.model.setFilter("c");
  expect(rows.model.marked.map(({ key }) => key).sort()).toEqual(["a", "b"]);
  rows.remove("a");
  expect(rows.model.marked.map(({ key }) => key)).toEqual(["b"]);
});

test("A range is marked from the last mark to the cursor, upwards too", () => {
  const rows = new Rows(["a", "b", "c", "d", "e"]);
  rows.model.moveTo(3);
  rows.model.toggleMark();
  rows.model.moveTo(1);
  rows.model.markRange();
  expect(rows.model.marked.map(({ key }) => key)).toEqual(["b", "c", "d"]);
});

test("Numbers sort by value and equal ones by name", () => {
  const rows = new Rows([]);
  rows.put(row("ten", 10), row("nine", 9), row("also-nine", 9));
  rows.model.setSort({ column: "size", descending: false });
  expect(rows.names()).toEqual(["also-nine", "nine", "ten"]);
  rows.model.setSort({ column: "size", descending: true });
  expect(rows.names()).toEqual(["ten", "also-nine", "nine"]);
});

test("Rows that do not belong to the owner are not counted", () => {
  const rows = new Rows([], { accept: ({ object }) => object.metadata.name !== "other" });
  rows.put(row("mine"), row("other"));
  expect(rows.model.state.get()).toMatchObject({ count: 1, total: 1 });
});

test("Texts for the filter are made a slice at a time", () => {
  const rows = new Rows(Array.from({ length: 100 }, (_, index) => `row-${index}`));
  let time = 0;
  let slices = 1;
  while (rows.model.warm(() => (time += 1), 1)) slices += 1;
  expect(slices).toBeGreaterThan(3);
  expect([...rows.model.entries.values()].every(({ haystack }) => haystack !== undefined)).toBe(true);
});

/** A table of 3,000 rows sorted by size, largest first, whose sort does not end in the turn it began in. */
function longSort(): Rows {
  const slow: TableColumn = {
    id: "slow",
    title: "SLOW",
    text: ({ object }) => String(object["size"]),
    sortKey: ({ object }) => {
      // The first of all keys takes longer than a slice.
      if (pending) {
        const end = performance.now() + 15;
        while (performance.now() < end);
        pending = false;
      }
      return -Number(object["size"]);
    },
  };
  let pending = false;
  const rows = new Rows([], { columns: [...columns, slow] });
  rows.put(...Array.from({ length: 3000 }, (_, index) => row(`row-${String(index).padStart(4, "0")}`, index)));
  pending = true;
  rows.model.setSort({ column: "slow", descending: false });
  expect(rows.model.working).toBe(true);
  return rows;
}

test("While a long sort runs the rows stay as they were, and a cursor moves among those", () => {
  const rows = longSort();
  expect(rows.names(2)).toEqual(["row-0000", "row-0001"]);
  rows.model.move(2);
  expect(rows.cursor).toBe("row-0002");
  rows.model.finish();
  expect(rows.model.state.get().count).toBe(3000);
  expect(rows.model.shown[0]?.key).toBe("row-2999");
  expect(rows.cursor).toBe("row-0002");
});

test("A long sort ends by itself", async () => {
  const rows = longSort();
  await new Promise<void>((resolve) => {
    const stop = rows.model.state.subscribe(() => {
      if (rows.model.working) return;
      stop();
      resolve();
    });
  });
  expect(rows.names(2)).toEqual(["row-2999", "row-2998"]);
});

test("Rows that change, filters that come and other sorts lose nothing of a long sort", () => {
  const changed = longSort();
  changed.put(row("new", 5000));
  expect(changed.names(2)).toEqual(["new", "row-2999"]);
  const filtered = longSort();
  filtered.model.setFilter("row-100");
  filtered.model.finish();
  expect(filtered.names(3)).toEqual(["row-1009", "row-1008", "row-1007"]);
  const sorted = longSort();
  sorted.model.setSort({ column: "name", descending: false });
  sorted.model.finish();
  expect(sorted.names(2)).toEqual(["row-0000", "row-0001"]);
});

/** A table of 6,000 rows, few of them of equal size, whose sorts show the rows on screen before they end. */
function manyRows(seed: number): Rows {
  const random = randomFrom(seed);
  const slow: TableColumn = {
    id: "slow",
    title: "SLOW",
    text: () => "",
    sortKey: ({ object }) => {
      // The last of the keys takes longer than a slice: what comes next comes in another turn.
      if (object.metadata.name === "row-5999") for (const end = performance.now() + 15; performance.now() < end;);
      return Number(object["size"]);
    },
  };
  const rows = new Rows([], { columns: [...columns, slow] });
  rows.put(...Array.from({ length: 6000 }, (_, index) => row(`row-${index}`, random(2000))));
  return rows;
}

test("A sort of many rows shows those on screen, and the cursor among them, before it has all in order", async () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const random = randomFrom(seed);
    const rows = manyRows(seed);
    const { model } = rows;
    const height = 10 + random(30);
    model.resize(height);
    if (seed % 3 !== 0) model.setFilter("1");
    model.finish();
    const chosen = seed % 4 !== 0;
    if (chosen) model.moveTo(random(6000));
    if (chosen) model.move(-random(12));
    const before = { cursor: rows.cursor, count: model.state.get().count };
    model.setSort({ column: "slow", descending: seed % 2 === 0 });
    const seen: unknown[] = [];
    await new Promise<void>((resolve) => {
      const look = (): void => {
        const { cursor, top, count } = model.state.get();
        seen.push({ cursor, top, count, key: rows.cursor, names: model.window(height).map(({ key }) => key) });
        if (!model.working) resolve();
      };
      model.state.subscribe(look);
      if (!model.working) resolve();
    });
    const last = seen.at(-1);
    expect(seen.length, `seed ${seed}`).toBeGreaterThan(1);
    for (const each of seen) expect(each, `seed ${seed}`).toEqual(last);
    expect(last).toMatchObject(
      chosen ? { count: before.count, key: before.cursor } : { count: before.count, cursor: 0 },
    );
  }
});

test("What is done to rows that are on screen before a sort has ended is done to those rows", async () => {
  const acts: ReadonlyArray<(rows: Rows) => void> = [
    ({ model }) => expect(model.shown).toHaveLength(6000),
    ({ model }) => model.move(3),
    ({ model }) => model.toggleMark(),
    ({ model }) => model.setFilter("row-1"),
    ({ model }) => model.setSort({ column: "name", descending: true }),
    ({ model }) => model.resize(40),
    (rows) => rows.remove("row-17", "row-18"),
  ];
  for (const [index, act] of acts.entries()) {
    const [early, late] = [manyRows(3), manyRows(3)];
    for (const { model } of [early, late]) model.resize(20);
    for (const { model } of [early, late]) model.moveTo(2000);
    early.model.setSort({ column: "slow", descending: false });
    late.model.setSort({ column: "slow", descending: false });
    late.model.finish();
    await new Promise<void>((resolve) => {
      const stop = early.model.state.subscribe(() => {
        stop();
        resolve();
      });
    });
    expect(early.model.working).toBe(true);
    for (const rows of [early, late]) {
      act(rows);
      rows.model.finish();
    }
    const look = (rows: Rows): unknown => [
      rows.model.state.get().cursor,
      rows.model.state.get().top,
      rows.names(40),
      rows.cursor,
    ];
    expect(look(early), `act ${index}`).toEqual(look(late));
  }
});

test("A filter that goes on looks among the rows it left, and one that steps back finds the others", () => {
  const names = Array.from({ length: 300 }, (_, index) => `row-${index}`);
  const rows = new Rows(names);
  for (const filter of ["r", "ro", "row-1", "row-12", "row-1", "w-1", "ow-1", "-12", "row-2", "2", "ROW-2", "x", ""]) {
    rows.model.setFilter(filter);
    rows.model.finish();
    const expected = names.filter((name) => name.includes(filter.toLowerCase())).toSorted();
    expect(rows.names(), filter).toEqual(expected);
  }
  rows.model.setFilter("row-1");
  rows.put(row("row-1234"), row("row-9"));
  rows.model.setFilter("row-12");
  rows.model.finish();
  expect(rows.names()).toContain("row-1234");
  expect(rows.names()).not.toContain("row-9");
});
