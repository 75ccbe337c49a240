import { expect, test } from "vitest";
import {
  changeTaints,
  parseAnnotationChange,
  parseLabelChanges,
  parseTaintChanges,
} from "../../src/lib/kube/metadata-changes.ts";

test.each([
  ["app=web", { app: "web" }],
  ["app=web tier- example.com/stage=", { app: "web", tier: null, "example.com/stage": "" }],
])("The labels %s are taken", (text, value) => {
  expect(parseLabelChanges(text)).toEqual({ ok: true, value });
});

test.each([
  "",
  "app",
  "=web",
  "app=two words",
  "app=-x",
  "a=1 a=2",
  "Bad_Prefix/app=web",
  `app=${"x".repeat(64)}`,
  "a/b/c=1",
])('The labels "%s" are refused', (text) => {
  expect(parseLabelChanges(text).ok).toBe(false);
});

test("An annotation may hold anything, and its end in a minus is part of its value", () => {
  expect(parseAnnotationChange("note= two = words-")).toEqual({ ok: true, value: { note: " two = words-" } });
  expect(parseAnnotationChange("example.com/note-")).toEqual({ ok: true, value: { "example.com/note": null } });
});

test.each([
  ["gpu=yes:NoSchedule", [{ set: { key: "gpu", value: "yes", effect: "NoSchedule" } }]],
  ["gpu:NoExecute", [{ set: { key: "gpu", effect: "NoExecute" } }]],
  [
    "gpu:NoExecute- old-",
    [{ remove: { key: "gpu", effect: "NoExecute" } }, { remove: { key: "old", effect: undefined } }],
  ],
])("The taints %s are taken", (text, value) => {
  expect(parseTaintChanges(text)).toEqual({ ok: true, value });
});

test.each(["", "gpu", "gpu=yes", "gpu:Never", ":NoSchedule", "g pu", "gpu=a b:NoSchedule"])(
  'The taints "%s" are refused',
  (text) => {
    expect(parseTaintChanges(text).ok).toBe(false);
  },
);

test("A taint takes the place of the one of its key and effect; taking away a key takes every effect", () => {
  const taints = [
    { key: "gpu", value: "old", effect: "NoSchedule", timeAdded: "2026-01-01T00:00:00Z" },
    { key: "gpu", effect: "NoExecute" },
    { key: "other", effect: "NoSchedule" },
  ];
  const set = { key: "gpu", value: "new", effect: "NoSchedule" };
  expect(changeTaints(taints, [{ set }])).toEqual([taints[1], taints[2], set]);
  expect(changeTaints(taints, [{ remove: { key: "gpu", effect: undefined } }])).toEqual([taints[2]]);
});
