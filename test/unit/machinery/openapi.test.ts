import { createHash } from "node:crypto";
import { expect, test } from "vitest";
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
