import { describe, expect, it } from "vitest";
import { LineSplitter } from "../../../src/cluster/line-splitter.ts";
import { ListParser } from "../../../src/cluster/list-parser.ts";

/** Feeds a text in pieces of `size` bytes. */
function parse(text: string, size: number): { items: unknown[]; envelope: unknown } {
  const items: unknown[] = [];
  const parser = new ListParser((item) => items.push(item));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) parser.write(bytes.subarray(at, at + size));
  return { items, envelope: parser.end() };
}

const TRICKY = {
  kind: "List",
  note: 'items":[',
  metadata: { resourceVersion: "5", items: [{ not: "these" }] },
  items: [
    { name: "brackets ]}[{ in a string", nested: { items: [{ deep: [1, 2, { x: null }] }] } },
    { name: 'quotes \\" and \\\\ backslashes\\', text: '"}' },
    { name: "Grüße 🐕 日本語" },
    {},
  ],
  after: { rows: [{ not: "these either" }] },
};

describe("the list parser", () => {
  it.each([1, 2, 3, 7, 64, 100_000])("reads elements and envelope from pieces of %i bytes", (size) => {
    const { items, envelope } = parse(JSON.stringify(TRICKY), size);
    expect(items).toEqual(TRICKY.items);
    expect(envelope).toEqual({ ...TRICKY, items: [] });
  });

  it("reads indented JSON and the rows of a Table", () => {
    const table = { kind: "Table", columnDefinitions: [{ name: "Name" }], rows: [{ cells: ["a", 1] }, { cells: [] }] };
    const { items, envelope } = parse(JSON.stringify(table, undefined, 2), 5);
    expect(items).toEqual(table.rows);
    expect(envelope).toEqual({ ...table, rows: [] });
  });

  it.each([
    ["an empty list", { kind: "PodList", items: [] }],
    ["no list at all", { kind: "Status", code: 1 }],
    ["null instead of a list", { kind: "PodList", items: null }],
  ])("reads %s", (_name, document) => {
    expect(parse(JSON.stringify(document), 4)).toEqual({ items: [], envelope: document });
  });

  it("refuses what is cut off", () => {
    const text = JSON.stringify(TRICKY);
    for (const length of [1, 40, 150, text.length - 1]) {
      expect(() => parse(text.slice(0, length), 16)).toThrow(SyntaxError);
    }
  });
});

describe("the line splitter", () => {
  it("keeps characters whole that are split over chunks", () => {
    const bytes = Buffer.from("Grüße 🐕\nzwei\r\n\ndrei");
    for (let size = 1; size <= bytes.length; size += 1) {
      const splitter = new LineSplitter();
      const lines: string[] = [];
      for (let at = 0; at < bytes.length; at += size) lines.push(...splitter.push(bytes.subarray(at, at + size)));
      expect(lines).toEqual(["Grüße 🐕", "zwei", ""]);
      expect(splitter.end()).toBe("drei");
      expect(splitter.end()).toBeUndefined();
    }
  });

  it("cuts lines that are too long into pieces and goes on", () => {
    const splitter = new LineSplitter(10);
    expect(splitter.push(Buffer.from("0123456789ab"))).toEqual(["0123456789ab"]);
    expect(splitter.push(Buffer.from("cd\nnext\n"))).toEqual(["cd", "next"]);
  });
});
