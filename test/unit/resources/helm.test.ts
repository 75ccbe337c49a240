import { expect, test } from "vitest";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { fieldRanges } from "../../../src/resources/helm/json-fields.ts";
import { inDeletionOrder } from "../../../src/resources/helm/kind-order.ts";
import { manifestObjects, maskedManifest } from "../../../src/resources/helm/manifest.ts";
import { packRelease, unpackRelease } from "../../../src/resources/helm/release-body.ts";
import { latestReleases, storedRelease } from "../../../src/resources/helm/stored-release.ts";
import { threeWayMerge } from "../../../src/resources/helm/three-way-merge.ts";
import { mergedValues } from "../../../src/resources/helm/values.ts";

const now = (): Promise<void> => Promise.resolve();

test.each([
  ["a field that only the old one set goes", { a: 1, b: 2 }, { a: 1 }, { a: 1, b: 2 }, { a: 1 }],
  ["a field that others set stays", { a: 1 }, { a: 2 }, { a: 1, c: 3 }, { a: 2, c: 3 }],
  ["what somebody changed comes back to what the target says", { a: 1 }, { a: 1 }, { a: 9 }, { a: 1 }],
  ["a field both dropped, and others set, stays", {}, {}, { a: 1 }, { a: 1 }],
  ["a plain list is replaced", { args: ["a"] }, { args: ["b"] }, { args: ["a", "x"] }, { args: ["b"] }],
  [
    "containers are joined by name, and one that was injected keeps its place",
    { containers: [{ name: "web", image: "a" }, { name: "gone" }] },
    { containers: [{ name: "web", image: "b" }, { name: "new" }] },
    { containers: [{ name: "mesh" }, { name: "web", image: "a", imagePullPolicy: "Always" }, { name: "gone" }] },
    { containers: [{ name: "mesh" }, { name: "web", imagePullPolicy: "Always", image: "b" }, { name: "new" }] },
  ],
  [
    "ports of a service are joined by their number",
    { ports: [{ port: 80 }] },
    { ports: [{ port: 80 }, { port: 81 }] },
    { ports: [{ port: 80, nodePort: 30000 }] },
    { ports: [{ port: 80, nodePort: 30000 }, { port: 81 }] },
  ],
  [
    "ports that share a number are one value",
    {},
    {
      ports: [
        { port: 53, protocol: "UDP" },
        { port: 53, protocol: "TCP" },
      ],
    },
    { ports: [{ port: 53, protocol: "UDP", nodePort: 30000 }] },
    {
      ports: [
        { port: 53, protocol: "UDP" },
        { port: 53, protocol: "TCP" },
      ],
    },
  ],
  [
    "another strategy keeps nothing of the one before",
    { strategy: { type: "RollingUpdate" } },
    { strategy: { type: "Recreate" } },
    { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } } },
    { strategy: { type: "Recreate" } },
  ],
  [
    "finalizers are a set",
    { finalizers: ["a"] },
    { finalizers: ["b"] },
    { finalizers: ["a", "x"] },
    { finalizers: ["x", "b"] },
  ],
])("three ways: %s", (_, old, target, live, merged) => {
  expect(threeWayMerge(old, target, live)).toEqual(merged);
});

test("values: maps are joined, lists replaced, and null takes a default away", () => {
  const defaults = { a: { x: 1, y: [1] }, b: 2, c: null };
  expect(mergedValues({ a: { y: [2], z: 3 }, b: null, d: 4 }, defaults)).toEqual({ a: { x: 1, y: [2], z: 3 }, d: 4 });
});

test("services go before workloads, what all need last, and unknown kinds after that", () => {
  const kinds = ["Widget", "Namespace", "Secret", "Deployment", "Service", "Gadget", "Ingress", "Deployment"];
  expect(inDeletionOrder(kinds.map((kind) => ({ kind }))).map(({ kind }) => kind)).toEqual([
    "Ingress",
    "Service",
    "Deployment",
    "Deployment",
    "Secret",
    "Namespace",
    "Gadget",
    "Widget",
  ]);
});

test("fields of JSON are found without parsing what lies between", () => {
  const text = String.raw`{ "a" : {"x":"}\\\"]"} ,"b\n":[1,[2]], "c":-1.5e3,"d":"é\\", "e":null}`;
  const json = Buffer.from(text);
  const found = [...fieldRanges(json, 0)].map(([name, range]) => [name, json.subarray(...range).toString()]);
  expect(found).toEqual([
    ["a", String.raw`{"x":"}\\\"]"}`],
    ["b\n", "[1,[2]]"],
    ["c", "-1.5e3"],
    ["d", String.raw`"é\\"`],
    ["e", "null"],
  ]);
});

test("a release is taken over byte by byte into another revision", async () => {
  const chart = '{"metadata":{"name":"web","version":"1.0.0"},"values":{"big":12345678901234567890,"one":1.0}}';
  const json = `{"name":"web","info":{"status":"deployed"},"chart":${chart},"version":3,"namespace":"shop"}`;
  const body = await unpackRelease("secrets", await packRelease("secrets", Buffer.from(json)));
  expect(body.summary.chart).toBe("web-1.0.0");
  expect(body.with({ info: { status: "superseded" }, revision: 4 }).toString()).toBe(
    `{"name":"web","info":{"status":"superseded"},"chart":${chart},"version":4,"namespace":"shop"}`,
  );
});

test.each([
  ["nothing", undefined],
  ["no base64", "%%%"],
  ["no JSON", Buffer.from(Buffer.from("hello").toString("base64")).toString("base64")],
  ["an array", Buffer.from(Buffer.from("[1]").toString("base64")).toString("base64")],
  ["cut off", Buffer.from(Buffer.from('{"info":{"a":"').toString("base64")).toString("base64")],
  ["gzip that is none", Buffer.from(Buffer.from([0x1f, 0x8b, 8, 1, 2]).toString("base64")).toString("base64")],
])("%s is no release, and says so", async (_, data) => {
  await expect(unpackRelease("secrets", data)).rejects.toThrow(/^it holds no release/);
});

test("fields of other types than helm's are read as if they were not there", async () => {
  const data = await packRelease(
    "configmaps",
    Buffer.from('{"info":7,"chart":[],"config":"x","manifest":{},"hooks":{}}'),
  );
  const body = await unpackRelease("configmaps", data);
  expect(body.summary).toMatchObject({ chart: "", status: "unknown", description: "" });
  expect([body.values, body.defaults, body.manifest, body.notes, body.hooks]).toEqual([{}, {}, "", "", []]);
});

test("labels make a release; of its revisions the newest counts", () => {
  const secret = (name: string, labels: unknown): KubeObject =>
    JSON.parse(JSON.stringify({ metadata: { name, namespace: "shop", labels } }));
  const objects = [
    secret("a", { owner: "helm", name: "web", version: "9", status: "superseded", team: "x" }),
    secret("b", { owner: "helm", name: "web", version: "10", status: "deployed", modifiedAt: "5" }),
    secret("c", { owner: "helm", name: "web", version: "x" }),
    secret("d", { owner: "other", name: "web", version: "1" }),
    secret("e", 7),
    secret("f", { owner: "helm", name: "web", version: 11, status: 3 }),
  ];
  const stored = objects.flatMap((object) => storedRelease("secrets", object) ?? []);
  expect(stored.map(({ revision, status }) => `${revision} ${status}`)).toEqual([
    "9 superseded",
    "10 deployed",
    "11 unknown",
  ]);
  expect(stored[0]?.labels).toEqual({ team: "x" });
  expect(latestReleases(stored.slice(0, 2)).map(({ objectName }) => objectName)).toEqual(["b"]);
});

const MANIFEST = `---
# Source: web/templates/a.yaml
apiVersion: v1
kind: Secret
metadata: {name: s}
data: {k: c2VjcmV0}
stringData:
  plain: hidden words
---
# Source: web/templates/b.yaml
# a comment that stays
apiVersion: v1
kind: ConfigMap
metadata: {name: c, annotations: null}
data: {k: open}
---
# nothing but a comment
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Secret, metadata: {name: s2}, data: {k: c2VjcmV0}}
`;

test("a manifest shows no value of a Secret, and all else as it stands", () => {
  const masked = maskedManifest(MANIFEST);
  expect(masked).not.toMatch(/c2VjcmV0|hidden words/);
  expect(masked.match(/<masked, 6 bytes>/g)).toHaveLength(2);
  expect(masked).toContain("<masked, 12 bytes>");
  expect(masked).toContain(
    "# a comment that stays\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, annotations: null}",
  );
  expect(masked.match(/^---$/gm)).toHaveLength(4);
});

test("a document that may be a Secret and cannot be read is not shown", () => {
  expect(maskedManifest("kind: Secret\ndata: {k: c2VjcmV0\n")).not.toContain("c2VjcmV0");
  expect(maskedManifest('{"kind": "Secret", "data": {"k": "c2VjcmV0"}}')).not.toContain("c2VjcmV0");
});

test("a manifest is read object by object, lists taken apart and fields without a value left out", async () => {
  const objects = await manifestObjects(MANIFEST, now);
  expect(objects.map(({ kind, name }) => `${kind} ${name}`)).toEqual(["Secret s", "ConfigMap c", "Secret s2"]);
  expect(objects[1]?.object.metadata).toEqual({ name: "c" });
  await expect(manifestObjects("# Source: x.yaml\nkind: ConfigMap", now)).rejects.toThrow(
    /Source: x\.yaml: it is no object/,
  );
  await expect(manifestObjects("# Source: x.yaml\na: [", now)).rejects.toThrow(/Source: x\.yaml/);
});
