import { expect, test } from "vitest";
import { editDiff, withNotes, withoutNotes } from "../../../src/app/operations/edit-text.ts";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { toYaml } from "../../../src/lib/yaml.ts";

test("kelpie's notes come on top and go again; the user's comments stay", () => {
  const text = "# mine\nkind: Pod\n";
  const noted = withNotes(text, ["refused:\nbecause", ""]);
  expect(noted).toBe("#| refused:\n#| because\n#|\n# mine\nkind: Pod\n");
  expect(withoutNotes(noted)).toBe(text);
});

test("a fault's line is the line in the editor", () => {
  const noted = withNotes("a: 1\nb: [\n", ["the fault is at line 2, column 1", "second note"]);
  const line = Number(/at line (\d+)/.exec(noted)?.[1]);
  expect(noted.split("\n")[line - 1]).toBe("b: [");
});

const encode = (text: string): string => Buffer.from(text).toString("base64");
const secret: KubeObject = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "keys", namespace: "default" },
  data: { one: encode("hunter2"), two: encode("stays") },
};

test("the difference of a secret tells that a value changed, not what it is", () => {
  const edited = toYaml({ ...secret, data: { one: encode("hunter22"), two: encode("stays") } });
  const lines = editDiff(secret, edited).map((line) => `${line.kind} ${line.text.trim()}`);
  expect(lines).toContain("removed one: <masked, 7 bytes>");
  expect(lines).toContain("added one: <masked, 8 bytes, changed>");
  expect(lines).toContain("same two: <masked, 5 bytes>");
  expect(lines.join("\n")).not.toContain(encode("hunter2").slice(0, 8));
});

test("a secret's value of the same length is told as changed too", () => {
  const edited = toYaml({ ...secret, data: { one: encode("hunter3"), two: encode("stays") } });
  const lines = editDiff(secret, edited).map((line) => `${line.kind} ${line.text.trim()}`);
  expect(lines).toContain("added one: <masked, 7 bytes, changed>");
});
