import { readdirSync, readFileSync } from "node:fs";
import { stringify } from "yaml";
import { expect, test } from "vitest";
import { parseYaml, parseYamlDocuments } from "../../src/lib/yaml.ts";
import { writeYaml } from "../../src/lib/write-yaml.ts";

const reference = (value: unknown): string =>
  stringify(value, { lineWidth: 0, aliasDuplicateObjects: false, indentSeq: false, version: "1.1" });

const TEXTS = [
  ..."plain|two words|a: b|a:b|a #b|#a|- a|-a|a -|yes|No|ON|y|null|~|true|1|1.5|1e3|0x1f|0o7|012|1_000|12:30:45|.5".split(
    "|",
  ),
  ..."{a}|[a]|a{|*a|&a|!a|%a|@a|`a`|'a'|\"a\"|a'b|a\"b|a, b|a,b|?|? a|<<|=|2026-01-01|2026-01-01T00:00:00Z|.nan|.inf|/a/b:8080".split(
    "|",
  ),
  "",
  " ",
  " a",
  "a ",
  "a\n",
  "a\nb",
  "a\nb\n",
  "a\n\n",
  "\na",
  "  a\n b",
  "a\n\n  b\n",
  "a\tb",
  "\ta",
  "a\r\nb",
  "---",
  "--- a",
  "...",
  "é",
  "日本",
  "a\u0000b",
  "\u001b[1m",
  "🎉",
  "a\u2028b",
  "x".repeat(300),
  `${"word ".repeat(60)}end`,
  "a:",
  ":a",
  "a: ",
  "key:\n  - b\n",
  "y ",
  "a b c",
  "a  b",
  "http://x.y/z?q=1",
  "app=web",
  "k8s.io/x",
  "1.10",
  "1m",
  "v1",
  "100m",
  "-1",
  "+1",
  "0",
  "-",
  "_",
  "/",
];

test.each(TEXTS.map((text) => [JSON.stringify(text), text]))("%s is written as the package writes it", (_, text) => {
  for (const value of [
    text,
    { k: text },
    { [text]: text },
    [text],
    { a: { b: [text, { c: text }] } },
    [[text, [text]]],
  ]) {
    expect(writeYaml(value)).toBe(reference(value));
  }
});

test.each([
  [null],
  [undefined],
  [true],
  [0],
  [-0],
  [1.5],
  [1e21],
  [1e-7],
  [Number.MAX_SAFE_INTEGER],
  [2 ** 60],
  [{}],
  [[]],
  [{ a: undefined }],
  [{ a: {}, b: [], c: null, d: undefined, e: [null, undefined, {}, []] }],
  [[[], [[]], [{}], [{ a: [{ b: [] }] }]]],
  [{ a: { b: undefined } }],
  [[{ a: undefined }]],
])("%j is written as the package writes it", (value) => {
  for (const each of [{ k: value }, [value], { a: { b: [value] } }]) expect(writeYaml(each)).toBe(reference(each));
});

test("objects read back as they were", () => {
  const files = readdirSync("examples").filter((name) => name.endsWith(".yaml"));
  expect(files).not.toEqual([]);
  for (const file of files) {
    for (const object of parseYamlDocuments(readFileSync(`examples/${file}`, "utf8"), file)) {
      expect(writeYaml(object)).toBe(reference(object));
      expect(parseYaml(writeYaml(object))).toEqual(object);
    }
  }
});
