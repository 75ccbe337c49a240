import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { duplicateYaml } from "../../../src/cluster/duplicate.ts";
import { apiVersionOf } from "../../../src/lib/kube/gvr.ts";
import { isRecord, type KubeObject } from "../../../src/lib/kube/object.ts";
import { parseYaml } from "../../../src/lib/yaml.ts";
import { kinds } from "../../../src/resources/kinds/index.gen.ts";
import { newObjectYaml } from "../../../src/resources/new-object.ts";
import { presumedResource } from "../../../src/state/resource-names.ts";
import { startEmbeddedCluster, type EmbeddedCluster } from "../../support/embedded-cluster.ts";

let cluster: EmbeddedCluster;
beforeAll(async () => {
  cluster = await startEmbeddedCluster();
});
afterAll(() => cluster.dispose());

function objectOf(yaml: string): KubeObject {
  const parsed = parseYaml(yaml);
  if (!isRecord(parsed) || !isRecord(parsed["metadata"])) throw new Error(`no object: ${yaml}`);
  return { ...parsed, metadata: parsed["metadata"] };
}

/** What the server would make of it; unknown fields are faults. */
function tryOut(object: KubeObject): Promise<KubeObject> {
  const resource = cluster.registry.resourceForKind(object.apiVersion ?? "", object.kind ?? "");
  if (resource === undefined) throw new Error(`${object.kind} is not served`);
  return cluster.registry.create(resource, resource.namespaced ? "default" : "", object, {
    dryRun: true,
    fieldValidation: "Strict",
  });
}

const templates = kinds.filter(({ template }) => template !== undefined).map((kind) => [kind.kind, kind] as const);

describe("The skeleton of a new object of the kind", () => {
  test.each(templates)("%s is an object of its kind, under one name everywhere", (_, kind) => {
    const text = newObjectYaml(presumedResource(kind), kind, "team");
    expect(text).not.toContain("NAME");
    const object = objectOf(text);
    expect([object.apiVersion, object.kind]).toEqual([apiVersionOf(kind.gvr), kind.kind]);
    expect(object.metadata.namespace).toBe(kind.namespaced ? "team" : undefined);
  });

  test.each(templates)("%s is taken by a server that has the kind", async (_, kind) => {
    const object = objectOf(newObjectYaml(presumedResource(kind), kind, "default"));
    if (cluster.registry.resourceForKind(object.apiVersion ?? "", kind.kind) === undefined) return;
    await expect(tryOut(object)).resolves.toMatchObject({ kind: kind.kind });
  });
});

const metadata = { name: "first", labels: { app: "first" } };
const container = { name: "main", image: "localhost/host" };

test.each<[string, KubeObject]>([
  [
    "pod",
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { ...metadata, labels: { app: "first", "pod-template-hash": "1" }, finalizers: ["example.com/held"] },
      spec: { containers: [container], nodeName: "node-1" },
    },
  ],
  [
    "service",
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { type: "NodePort", selector: { app: "first" }, ports: [{ port: 80, nodePort: 31_234 }] },
    },
  ],
  [
    "deployment",
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { ...metadata, annotations: { "deployment.kubernetes.io/revision": "7", kept: "yes" } },
      spec: {
        selector: { matchLabels: { app: "first" } },
        template: { metadata: { labels: { app: "first" } }, spec: { containers: [container] } },
      },
    },
  ],
])("A duplicate of a %s is taken by the server beside the first", async (_, object) => {
  const resource = cluster.registry.resourceForKind(object.apiVersion ?? "", object.kind ?? "");
  if (resource === undefined) throw new Error("not served");
  const first = await cluster.registry.create(resource, "default", object);
  const copy = objectOf(duplicateYaml({ ...first, apiVersion: object.apiVersion ?? "", kind: object.kind ?? "" }));
  expect(Object.keys(copy).slice(0, 3)).toEqual(["apiVersion", "kind", "metadata"]);
  expect(copy.metadata).toMatchObject({ name: "first-copy", namespace: "default" });
  expect(JSON.stringify(copy)).not.toMatch(
    /uid|resourceVersion|creationTimestamp|nodeName|clusterIP|31234|pod-template-hash|io\/revision|finalizers|"status"/,
  );
  const made = await tryOut(copy);
  expect(made.metadata.uid).not.toBe(first.metadata.uid);
  await cluster.registry.delete(resource, { namespace: "default", name: "first" }, { gracePeriodSeconds: 0 });
});

test("A duplicate drops what binds claims, volumes, jobs and service accounts to others", () => {
  const copy = (kind: string, rest: Readonly<Record<string, unknown>>): unknown =>
    parseYaml(duplicateYaml({ apiVersion: "v1", kind, metadata: { name: "first" }, ...rest }));
  expect(copy("PersistentVolumeClaim", { spec: { volumeName: "pv-1", accessModes: [] } })).toMatchObject({
    spec: { accessModes: [] },
  });
  expect(copy("PersistentVolumeClaim", { spec: { volumeName: "pv-1" } })).not.toHaveProperty("spec.volumeName");
  expect(copy("PersistentVolume", { spec: { claimRef: {} } })).not.toHaveProperty("spec.claimRef");
  expect(copy("ServiceAccount", { secrets: [{ name: "token" }] })).not.toHaveProperty("secrets");
  expect(copy("Service", { spec: { clusterIP: "None", clusterIPs: ["None"] } })).toHaveProperty(
    "spec.clusterIP",
    "None",
  );
  const labels = { "controller-uid": "1", "batch.kubernetes.io/job-name": "first", app: "kept" };
  const job = copy("Job", { spec: { selector: {}, template: { metadata: { labels }, spec: {} } } });
  expect(job).not.toHaveProperty("spec.selector");
  expect(job).toHaveProperty("spec.template.metadata.labels", { app: "kept" });
});

test("A name as long as names may be still gets its ending", () => {
  const text = duplicateYaml({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "n".repeat(253) } });
  const { name = "" } = objectOf(text).metadata;
  expect([name.length, name.endsWith("-copy")]).toEqual([253, true]);
});
