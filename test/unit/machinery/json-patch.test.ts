import { expect, test } from "vitest";
import type { Json } from "../../../src/lib/kube/object.ts";
import { applyJsonPatch } from "../../../src/embedded/machinery/patch/json-patch.ts";
import { applyMergePatch } from "../../../src/embedded/machinery/patch/merge-patch.ts";

const GOOD: ReadonlyArray<readonly [string, Json, Json, Json]> = [
  ["add makes a field", { a: 1 }, [{ op: "add", path: "/b", value: 2 }], { a: 1, b: 2 }],
  ["add inserts into a list", { a: [1, 3] }, [{ op: "add", path: "/a/1", value: 2 }], { a: [1, 2, 3] }],
  ["add appends with a dash", { a: [1] }, [{ op: "add", path: "/a/-", value: 2 }], { a: [1, 2] }],
  ["remove takes a field away", { a: 1, b: 2 }, [{ op: "remove", path: "/a" }], { b: 2 }],
  ["remove takes an item away", { a: [1, 2] }, [{ op: "remove", path: "/a/0" }], { a: [2] }],
  ["replace sets a field", { a: 1 }, [{ op: "replace", path: "/a", value: null }], { a: null }],
  ["replace can set the whole document", { a: 1 }, [{ op: "replace", path: "", value: [1] }], [1]],
  ["move", { a: { b: 1 } }, [{ op: "move", from: "/a/b", path: "/c" }], { a: {}, c: 1 }],
  ["copy", { a: { b: 1 } }, [{ op: "copy", from: "/a", path: "/c" }], { a: { b: 1 }, c: { b: 1 } }],
  ["test that holds", { a: { b: [1] } }, [{ op: "test", path: "/a", value: { b: [1] } }], { a: { b: [1] } }],
  ["escapes", { "a/b": { "c~d": 1 } }, [{ op: "remove", path: "/a~1b/c~0d" }], { "a/b": {} }],
];

test.for(GOOD)("%s", ([, document, patch, result]) => {
  const before = structuredClone(document);
  expect(applyJsonPatch(document, patch)).toEqual(result);
  expect(document).toEqual(before);
});

const BAD: ReadonlyArray<readonly [string, Json, string]> = [
  ["a test that fails", [{ op: "test", path: "/a", value: 2 }], "testing value /a failed: test failed"],
  [
    "a way that is not there",
    [{ op: "add", path: "/x/y", value: 1 }],
    'add operation does not apply: doc is missing path: "/x/y": missing value',
  ],
  [
    "a field that is not there",
    [{ op: "remove", path: "/x" }],
    "error in remove for path: '/x': Unable to remove nonexistent key: x: missing value",
  ],
  [
    "a field to replace that is not there",
    [{ op: "replace", path: "/x", value: 1 }],
    "replace operation does not apply: doc is missing key: /x: missing value",
  ],
  [
    "an index out of range",
    [{ op: "add", path: "/list/7", value: 1 }],
    "Unable to access invalid index: 7: invalid index referenced",
  ],
  ["an unknown operation", [{ op: "eat", path: "/a" }], "Unexpected kind: eat"],
  [
    "a prototype",
    [{ op: "add", path: "/__proto__/polluted", value: 1 }],
    'add operation does not apply: doc is missing path: "/__proto__/polluted": missing value',
  ],
];

test.for(BAD)("%s is refused with 422", ([, patch, words]) => {
  expect(() => applyJsonPatch({ a: 1, list: [] }, patch)).toThrow(
    expect.objectContaining({
      code: 422,
      reason: "Invalid",
      message: "the server rejected our request due to an error in our request",
      details: { causes: [{ reason: "UnexpectedServerResponse", message: words, field: "patch" }] },
    }),
  );
  expect({}).not.toHaveProperty("polluted");
});

test("a patch that is no list of operations is refused with 400, a too long one with 413", () => {
  expect(() => applyJsonPatch({}, {})).toThrow(expect.objectContaining({ code: 400 }));
  expect(() => applyJsonPatch({}, [{ path: "/a" }])).toThrow(expect.objectContaining({ code: 400 }));
  const long = Array.from({ length: 10_001 }, () => ({ op: "test", path: "/a", value: 1 }));
  expect(() => applyJsonPatch({ a: 1 }, long)).toThrow(expect.objectContaining({ code: 413 }));
});

test("a merge patch sets, nests and deletes, and leaves its document alone", () => {
  const document = { a: 1, b: { c: 2, d: [1, 2] }, e: "x" };
  const patch = { a: null, b: { c: 3, d: [3], n: { deep: null, kept: 1 } }, f: null };
  expect(applyMergePatch(document, patch)).toEqual({ b: { c: 3, d: [3], n: { kept: 1 } }, e: "x" });
  expect(document).toEqual({ a: 1, b: { c: 2, d: [1, 2] }, e: "x" });
  expect(() => applyMergePatch(document, [1])).toThrow(expect.objectContaining({ code: 400 }));
});
