import { expect, test } from "vitest";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { objectYaml, yamlLines } from "../../../src/views/yaml/model.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

const secret: KubeObject = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: {
    name: "keys",
    annotations: { "kubectl.kubernetes.io/last-applied-configuration": `{"data":{"password":"${base64("hunter2")}"}}` },
  },
  data: { password: base64("hunter2"), blob: Buffer.from([0, 255, 1]).toString("base64") },
};

test("a secret's values appear nowhere until they are decoded", () => {
  const masked = objectYaml(secret, { decode: false });
  expect(masked).toContain("password: <masked, 7 bytes>");
  expect(masked).not.toContain("hunter2");
  expect(masked).not.toContain(base64("hunter2"));
});

test("decoded values are text, and binary ones stay binary", () => {
  const decoded = objectYaml(secret, { decode: true });
  expect(decoded).toContain("password: hunter2");
  expect(decoded).toMatch(/blob: <binary, 3 bytes>/);
});

test("fields stand in the order people read them, the name before all that was generated", () => {
  const yaml = objectYaml(
    {
      status: { phase: "Running" },
      spec: { nodeName: "n", containers: [{ image: "i", name: "b", args: ["z", "a"] }, { name: "a" }] },
      metadata: {
        generateName: "web-",
        labels: { tier: "x", app: "web" },
        uid: "u",
        namespace: "default",
        name: "web-1",
      },
      kind: "Pod",
      apiVersion: "v1",
    },
    { decode: false },
  );
  const keys = yaml.split("\n").flatMap((line) => /^[ -]*([A-Za-z]+):/.exec(line)?.[1] ?? []);
  expect(keys.join(" ")).toBe(
    "apiVersion kind metadata name namespace generateName labels app tier uid " +
      "spec containers args image name name nodeName status phase",
  );
});

function coloured(yaml: string): readonly string[] {
  return yamlLines(yaml).map((line) =>
    (line.spans ?? []).map((span) => `${span.tone}:${line.text.slice(span.start, span.end)}`).join(" "),
  );
}

test("keys, numbers, words and comments have colours; block scalars do not", () => {
  const yaml = [
    "# a comment",
    "replicas: 3",
    "paused: true",
    "script: |",
    "  key: not a key",
    "  # not a comment",
    "- name: web",
    '  "quoted key": text: with colon',
    "url: http://example.com:80/",
  ].join("\n");
  expect(coloured(yaml)).toEqual([
    "muted:# a comment",
    "accent:replicas progress: 3",
    "accent:paused done: true",
    "accent:script",
    "",
    "",
    "accent:name",
    'accent:"quoted key"',
    "accent:url",
  ]);
});
