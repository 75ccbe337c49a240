import { expect, test } from "vitest";
import type { TableColumn, TableRow } from "../../../src/state/table/table-column.ts";
import { tableText } from "../../../src/views/resource-table/save-table.ts";

const columns: readonly TableColumn[] = [
  { id: "name", title: "NAME", text: ({ object }) => object.metadata.name ?? "" },
  { id: "label", title: "LABEL", text: ({ object }) => object.metadata.labels?.["x"] ?? "" },
];
const row = (name: string, label: string): TableRow => ({
  key: name,
  object: { kind: "Pod", metadata: { name, labels: { x: label } } },
});

test.each([
  ["plain", "plain"],
  ['a "b", c', '"a ""b"", c"'],
  ["two\nlines", '"two\nlines"'],
  ["=cmd()", "'=cmd()"],
  ["-5", "-5"],
  ["-", "-"],
])("The cell %j is written %j", (text, written) => {
  expect(tableText("csv", columns, [row("a", text)])).toBe(`NAME,LABEL\r\na,${written}\r\n`);
});

test("JSON and YAML hold whole objects as a list that kubectl reads", () => {
  const list = {
    apiVersion: "v1",
    kind: "List",
    items: [{ kind: "Pod", metadata: { name: "a", labels: { x: "y" } } }],
  };
  expect(JSON.parse(tableText("json", columns, [row("a", "y")]))).toEqual(list);
  expect(tableText("yaml", columns, [row("a", "y")])).toContain("kind: List\n");
});

test("Values of secrets are not in a file, nor in the copy of them that kubectl keeps in an annotation", () => {
  const value = Buffer.from("hunter2").toString("base64");
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": `{"data":{"password":"${value}"}}` };
  const secret: TableRow = {
    key: "s",
    object: { kind: "Secret", metadata: { name: "s", annotations }, data: { password: value } },
  };
  for (const extension of ["csv", "json", "yaml"]) expect(tableText(extension, columns, [secret])).not.toContain(value);
  expect(tableText("yaml", columns, [secret])).toContain("password: <masked, 7 bytes>");
});
