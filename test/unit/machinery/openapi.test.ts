import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { ProtobufReader } from "../../../src/embedded/machinery/codec/protobuf-reader.ts";
import { OpenApi } from "../../../src/embedded/schema/openapi-answer.ts";
import { OpenApiV3 } from "../../../src/embedded/schema/openapi.ts";
import type { ApiResource } from "../../../src/lib/kube/gvr.ts";
import { asRecord, asString, at } from "../../../src/lib/kube/object.ts";

const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const resources: readonly ApiResource[] = [
  {
    group: "",
    version: "v1",
    resource: "pods",
    kind: "Pod",
    singular: "pod",
    namespaced: true,
    verbs,
    shortNames: ["po"],
    categories: ["all"],
    subresources: ["status", "log", "exec", "eviction"],
  },
  {
    group: "",
    version: "v1",
    resource: "namespaces",
    kind: "Namespace",
    singular: "namespace",
    namespaced: false,
    verbs,
    shortNames: ["ns"],
    categories: [],
    subresources: ["status", "finalize"],
  },
  {
    group: "apps",
    version: "v1",
    resource: "deployments",
    kind: "Deployment",
    singular: "deployment",
    namespaced: true,
    verbs,
    shortNames: ["deploy"],
    categories: ["all"],
    subresources: ["status", "scale"],
  },
];

function documentAt(path: string): unknown {
  return JSON.parse(new OpenApiV3(resources, "v1.36.4").document(path)?.body ?? "null");
}

test("the index names each group's document with the hash of its content", () => {
  const api = new OpenApiV3(resources, "v1.36.4");
  const paths = asRecord(at(api.index(), "paths"));
  expect(Object.keys(paths)).toEqual(["api/v1", "apis/apps/v1"]);
  const document = api.document("apis/apps/v1");
  const hash = createHash("sha512")
    .update(document?.body ?? "")
    .digest("hex")
    .toUpperCase();
  expect(document?.hash).toBe(hash);
  expect(asString(at(paths["apis/apps/v1"], "serverRelativeURL"))).toBe(`/openapi/v3/apis/apps/v1?hash=${hash}`);
  expect(api.document("apis/none/v1")).toBeUndefined();
});

test("a patch of a deployment says what kubectl looks for", () => {
  const path = "/apis/apps/v1/namespaces/{namespace}/deployments/{name}";
  const patch = at(documentAt("apis/apps/v1"), "paths", path, "patch");
  expect(at(patch, "x-kubernetes-group-version-kind")).toEqual({ group: "apps", kind: "Deployment", version: "v1" });
  expect(Object.keys(asRecord(at(patch, "requestBody", "content")))).toContain(
    "application/strategic-merge-patch+json",
  );
  const names = JSON.stringify(at(patch, "parameters"));
  for (const name of ["dryRun", "fieldValidation", "fieldManager", "force"]) expect(names).toContain(`"${name}"`);
});

test("scale is of another kind, lists are of the list's", () => {
  const document = documentAt("apis/apps/v1");
  const root = "/apis/apps/v1/namespaces/{namespace}/deployments";
  expect(at(document, "paths", `${root}/{name}/scale`, "get", "x-kubernetes-group-version-kind")).toEqual({
    group: "autoscaling",
    kind: "Scale",
    version: "v1",
  });
  const schema = at(document, "paths", root, "get", "responses", "200", "content", "application/json", "schema");
  expect(schema).toEqual({ $ref: "#/components/schemas/io.k8s.api.apps.v1.DeploymentList" });
});

test.for(["api/v1", "apis/apps/v1"])("every reference in %s leads somewhere, and nothing stands beside one", (path) => {
  const document = documentAt(path);
  const schemas = asRecord(at(document, "components", "schemas"));
  const text = JSON.stringify(document);
  const references = new Set(
    [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map((match) => match[1] ?? ""),
  );
  expect(references.size).toBeGreaterThan(20);
  expect([...references].filter((name) => !(name in schemas))).toEqual([]);
  expect(text).not.toMatch(/"\$ref":"[^"]+",/);
  const container = at(schemas["io.k8s.api.core.v1.PodSpec"], "properties", "containers");
  expect(container).toMatchObject({ "x-kubernetes-patch-merge-key": "name", "x-kubernetes-patch-strategy": "merge" });
});

const request = { hash: undefined, accept: "application/json", ifNoneMatch: undefined };

test("a document under its hash may be kept for ever, one under an old hash is moved, a known one not sent again", () => {
  const api = new OpenApi(resources, "v1.36.4");
  const path = "/openapi/v3/apis/apps/v1";
  const plain = api.answer({ ...request, path });
  expect(plain).toMatchObject({ code: 200, type: "application/json" });
  const etag = plain?.headers["etag"] ?? "";
  const hash = etag.replaceAll('"', "");
  expect(api.answer({ ...request, path, hash })?.headers["cache-control"]).toBe("public, immutable");
  expect(plain?.headers["cache-control"]).toBeUndefined();
  expect(api.answer({ ...request, path, hash: "OLD" })).toMatchObject({
    code: 301,
    headers: { location: `${path}?hash=${hash}` },
  });
  expect(api.answer({ ...request, path, ifNoneMatch: etag })).toMatchObject({ code: 304, body: "" });
  expect(api.answer({ ...request, path: "/openapi/v3/apis/none/v1" })).toBeUndefined();
});

test("v2 has every definition it refers to", () => {
  const body = new OpenApi(resources, "v1.36.4").answer({ ...request, path: "/openapi/v2" })?.body.toString() ?? "";
  const document: unknown = JSON.parse(body);
  const definitions = asRecord(at(document, "definitions"));
  const references = new Set([...body.matchAll(/"#\/definitions\/([^"]+)"/g)].map((match) => match[1] ?? ""));
  expect(references.size).toBeGreaterThan(20);
  expect([...references].filter((name) => !(name in definitions))).toEqual([]);
  expect(body).not.toContain("components/schemas");
  expect(at(definitions["io.k8s.apimachinery.pkg.api.resource.Quantity"], "type")).toBe("string");
});

/** Fields of one message: number and content, in order. */
function fieldsIn(bytes: Buffer): ReadonlyArray<readonly [number, Buffer]> {
  const reader = new ProtobufReader(bytes);
  const fields: Array<readonly [number, Buffer]> = [];
  while (!reader.atEnd) {
    const { field, wire } = reader.tag();
    if (wire === 2) fields.push([field, reader.bytes()]);
    else reader.skip(wire);
  }
  return fields;
}
function fieldIn(bytes: Buffer | undefined, wanted: number): Buffer | undefined {
  return bytes === undefined ? undefined : fieldsIn(bytes).find(([field]) => field === wanted)?.[1];
}

test("v2 as protobuf has the same definitions, with their patch strategies as extensions", () => {
  const api = new OpenApi(resources, "v1.36.4");
  const accept = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
  const answer = api.answer({ ...request, path: "/openapi/v2", accept });
  expect(answer?.type).toBe("application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
  const document = Buffer.from(answer?.body ?? "");
  expect(fieldIn(document, 1)?.toString()).toBe("2.0");
  const schemas = new Map(
    fieldsIn(fieldIn(document, 9) ?? Buffer.alloc(0)).map(([, entry]) => [
      fieldIn(entry, 1)?.toString(),
      fieldIn(entry, 2),
    ]),
  );
  const json = api.answer({ ...request, path: "/openapi/v2" })?.body.toString() ?? "";
  expect(new Set(schemas.keys())).toEqual(new Set(Object.keys(asRecord(at(JSON.parse(json), "definitions")))));
  const properties = fieldIn(schemas.get("io.k8s.api.core.v1.PodSpec"), 25) ?? Buffer.alloc(0);
  const containers = fieldsIn(properties).find(([, entry]) => fieldIn(entry, 1)?.toString() === "containers")?.[1];
  const extensions = fieldsIn(fieldIn(containers, 2) ?? Buffer.alloc(0))
    .filter(([field]) => field === 31)
    .map(([, entry]) => [fieldIn(entry, 1)?.toString(), fieldIn(fieldIn(entry, 2), 2)?.toString()]);
  expect(extensions).toContainEqual(["x-kubernetes-patch-merge-key", '"name"']);
});
