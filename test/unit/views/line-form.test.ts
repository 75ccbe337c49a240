import { expect, test } from "vitest";
import { LineForm } from "../../../src/views/logs/line-form.ts";

const RAW = [
  '{"level":50,"msg":"caf\\u00e9 closed","n":1e3,"id":12345678901234567890}',
  '{"severity":"err","message":"a b","nested":{"path":"/cart","list":[1,"two"]},"x":1.50}',
  'level=warn msg="slow \\"answer\\"" took=17ms',
  "I1121 12:00:00.000000 7 main.go:12] started",
  "plain \u001B[31mre\u001B[0md\u202E and \u0007 more",
  "2026-01-01 12:00:00 WARN something",
  "",
];
const FORMS = [
  new LineForm({ timestamps: false, prefixes: undefined, structure: [] }),
  new LineForm({ timestamps: true, prefixes: undefined, structure: [] }),
  new LineForm({ timestamps: false, prefixes: undefined, structure: [{ field: "nested.path", width: 8 }] }),
  new LineForm({ timestamps: false, prefixes: undefined }),
  new LineForm({ timestamps: true, prefixes: [{ text: "web-1", full: "web-1", sgr: "36" }], structure: [] }),
];

test("every piece of a drawn line that is searched for is let through by the raw line", () => {
  for (const form of FORMS) {
    for (const text of RAW) {
      const drawn = form.draw({ time: "2026-01-01T00:00:00Z", text, source: 0, kind: "line" }).text;
      for (let start = 0; start < drawn.length; start += 1) {
        for (const length of [1, 3, 7, 20]) {
          const search = drawn.slice(start, start + length);
          // A dot stands for itself as well; what is no literal is always drawn.
          expect(form.mayHave(search)(text), `${search} in ${drawn}`).toBe(true);
        }
      }
    }
  }
});

test("a word that is nowhere in a line rules it out without drawing it", () => {
  const mayHave = FORMS[0]?.mayHave("took=99");
  expect(RAW.map((text) => mayHave?.(text))).toEqual([true, false, true, false, true, false, false]);
  expect(FORMS[0]?.mayHave("a+b")("nothing")).toBe(true);
});
