import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiClient } from "../../support/api-client.ts";
import { startEmbeddedCluster, type EmbeddedCluster } from "../../support/embedded-cluster.ts";

const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";

let cluster: EmbeddedCluster;
let api: ReturnType<typeof apiClient>;
let namespaces = 0;

beforeAll(async () => {
  cluster = await startEmbeddedCluster();
  api = apiClient(cluster);
});
afterAll(() => cluster.dispose());

/** The path of the config maps of a namespace of its own; `secrets` etc. lie beside it. */
async function inNamespace(): Promise<string> {
  const name = `http-${(namespaces += 1)}`;
  await api.call("/api/v1/namespaces", { method: "POST", body: { metadata: { name } } });
  return `/api/v1/namespaces/${name}`;
}

async function createMaps(namespace: string, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    const body = { metadata: { name, labels: { made: "here" } } };
    const created = await api.call(`${namespace}/configmaps`, { method: "POST", body });
    expect(created.code, created.text).toBe(201);
  }
}

describe("who may ask", () => {
  it("answers 401 to strangers, but tells them its health", async () => {
    const refused = await api.call("/api/v1/pods", { asAdmin: false });
    expect(refused.code).toBe(401);
    expect(refused.body).toMatchObject({ kind: "Status", reason: "Unauthorized", code: 401 });
    for (const path of ["/healthz", "/livez", "/readyz"]) {
      expect((await api.call(path, { asAdmin: false })).text).toBe("ok");
    }
  });

  it("knows service accounts by their tokens, and gives them nothing nobody granted", async () => {
    const namespace = await inNamespace();
    await api.call(`${namespace}/serviceaccounts`, { method: "POST", body: { metadata: { name: "robot" } } });
    const path = `${namespace}/serviceaccounts/robot/token`;
    const issued = await api.call(path, { method: "POST", body: { spec: { expirationSeconds: 600 } } });
    const headers = { authorization: `Bearer ${issued.body.status.token}` };
    const review = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    const self = await api.call(review, { method: "POST", body: {}, headers, asAdmin: false });
    const name = namespace.split("/").at(-1);
    expect(self.body.status.userInfo.username).toBe(`system:serviceaccount:${name}:robot`);
    const list = await api.call(`${namespace}/pods`, { headers, asAdmin: false });
    expect(list.code).toBe(403);
    expect(list.body.message).toBe(
      `pods is forbidden: User "system:serviceaccount:${name}:robot" cannot list resource "pods" in API group "" in the namespace "${name}"`,
    );
    await api.call(`${namespace}/serviceaccounts/robot`, { method: "DELETE" });
    expect((await api.call(`${namespace}/pods`, { headers, asAdmin: false })).code).toBe(401);
    const forged = { authorization: `Bearer ${issued.body.status.token.slice(0, -4)}AAAA` };
    expect((await api.call(`${namespace}/pods`, { headers: forged, asAdmin: false })).code).toBe(401);
  });
});

describe("paths", () => {
  it.each([
    ["a namespaced path of a cluster-scoped kind", "/api/v1/namespaces/default/nodes"],
    ["an object of a namespaced kind without its namespace", "/api/v1/pods/x"],
    ["a kind that is not served", "/apis/batch/v1/jobs"],
    ["a group that is not served", "/apis/nothing.example/v1/things"],
    ["nothing but slashes", "////"],
    ["a subresource that the kind has not", "/api/v1/namespaces/default/configmaps/x/scale"],
  ])("answers 404 to %s", async (_, path) => {
    const answer = await api.call(path);
    expect(answer.code).toBe(404);
    expect(answer.body).toMatchObject({ kind: "Status", reason: "NotFound" });
  });

  it("answers 405 to a write without a namespace", async () => {
    expect((await api.call("/api/v1/configmaps", { method: "POST", body: {} })).code).toBe(405);
  });
});

describe("bodies", () => {
  it.each([
    ["broken JSON", "{", 400],
    ["a list", "[]", 400],
    ["another kind", '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x"}}', 400],
    ["no name", '{"metadata":{}}', 422],
    ["a bad name", '{"metadata":{"name":"A_b"}}', 422],
    ["a value of another type", '{"metadata":{"name":"x"},"data":{"a":1}}', 400],
  ])("refuses %s and lives on", async (_, body, code) => {
    const answer = await api.call("/api/v1/namespaces/default/configmaps", { method: "POST", body });
    expect(answer.code, answer.text).toBe(code);
    expect(answer.body.kind).toBe("Status");
    expect((await api.call("/readyz")).code).toBe(200);
  });

  it("reads YAML, refuses other media types and bodies above 3 MiB", async () => {
    const namespace = await inNamespace();
    const path = `${namespace}/configmaps`;
    const yaml = await api.call(path, {
      method: "POST",
      body: "metadata: {name: from-yaml}\ndata: {a: b}\n",
      headers: { "content-type": "application/yaml" },
    });
    expect(yaml.body.data).toEqual({ a: "b" });
    const cbor = await api.call(path, { method: "POST", body: "x", headers: { "content-type": "application/cbor" } });
    expect(cbor.code).toBe(415);
    const large = JSON.stringify({ metadata: { name: "large" }, data: { a: "x".repeat(4 * 2 ** 20) } });
    expect((await api.call(path, { method: "POST", body: large })).code).toBe(413);
  });

  it("makes names, warns of unknown fields, and stores nothing in a dry run", async () => {
    const path = `${await inNamespace()}/configmaps`;
    const named = await api.call(path, { method: "POST", body: { metadata: { generateName: "some-" } } });
    expect(named.body.metadata.name).toMatch(/^some-[a-z0-9]{5}$/);
    const warned = await api.call(`${path}?fieldValidation=Warn`, {
      method: "POST",
      body: { metadata: { name: "warned" }, dat: {} },
    });
    expect(warned.headers["warning"]).toContain('unknown field \\"dat\\"');
    expect(warned.body.dat).toBeUndefined();
    const dry = await api.call(`${path}?dryRun=All`, { method: "POST", body: { metadata: { name: "dry" } } });
    expect(dry.code).toBe(201);
    expect((await api.call(`${path}/dry`)).code).toBe(404);
  });
});

describe("lists", () => {
  it("shows one moment over all pages", async () => {
    const namespace = await inNamespace();
    await createMaps(namespace, "a", "b", "c");
    const path = `${namespace}/configmaps?labelSelector=made=here&limit=2`;
    const first = await api.call(path);
    expect(first.body.items).toHaveLength(2);
    await api.call(`${namespace}/configmaps/c`, { method: "DELETE" });
    const second = await api.call(`${path}&continue=${first.body.metadata.continue}`);
    expect(second.body.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(["c"]);
    expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
    const gone = await api.call(`${path}&continue=${first.body.metadata.continue}`);
    expect(gone.code).toBe(410);
    expect(gone.body.reason).toBe("Expired");
  });

  it("counts what is left, and refuses selectors it does not know", async () => {
    const namespace = await inNamespace();
    await createMaps(namespace, "a", "b", "c");
    await api.call(`${namespace}/configmaps/kube-root-ca.crt`);
    const all = await api.call(`${namespace}/configmaps`);
    const page = await api.call(`${namespace}/configmaps?limit=1`);
    expect(page.body.metadata.remainingItemCount).toBe(all.body.items.length - 1);
    const field = await api.call(`${namespace}/configmaps?fieldSelector=data.x=1`);
    expect(field.code).toBe(400);
    expect(field.body.message).toContain("field label not supported: data.x");
    expect((await api.call(`${namespace}/configmaps?labelSelector=!!`)).code).toBe(400);
    const ahead = await api.call(`${namespace}/configmaps?resourceVersion=999999999`);
    expect(ahead.body).toMatchObject({ code: 504, reason: "Timeout" });
  });

  it("answers as Table and as metadata, and compresses what is long", async () => {
    const namespace = await inNamespace();
    await createMaps(namespace, "a");
    const path = `${namespace}/configmaps?labelSelector=made=here`;
    const table = await api.call(path, { headers: { accept: TABLE } });
    expect(table.body).toMatchObject({ kind: "Table", rows: [{ cells: ["a", 0, expect.any(String)] }] });
    expect(table.body.rows[0].object).toMatchObject({ kind: "PartialObjectMetadata", metadata: { name: "a" } });
    const bare = await api.call(`${path}&includeObject=None`, { headers: { accept: TABLE } });
    expect(bare.body.rows[0].object).toBeNull();
    const whole = await api.call(`${path}&includeObject=Object`, { headers: { accept: TABLE } });
    expect(whole.body.rows[0].object.kind).toBe("ConfigMap");
    const metadata = await api.call(path, { headers: { accept: METADATA } });
    expect(metadata.body).toMatchObject({
      kind: "PartialObjectMetadataList",
      items: [{ kind: "PartialObjectMetadata" }],
    });
    const body = { metadata: { name: "long" }, data: { a: "x".repeat(200_000) } };
    await api.call(`${namespace}/configmaps`, { method: "POST", body });
    const long = await api.call(`${namespace}/configmaps/long`, { headers: { "accept-encoding": "gzip" } });
    expect(long.headers["content-encoding"]).toBe("gzip");
    expect(long.body.data.a).toHaveLength(200_000);
    const refused = await api.call(path, { headers: { accept: "text/html" } });
    expect(refused.code).toBe(406);
  });
});

describe("watches", () => {
  const watchList =
    "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=made=here";

  it("sends everything, a bookmark that says so, then every change", async () => {
    const namespace = await inNamespace();
    await createMaps(namespace, "a");
    const watch = await api.watch(`${namespace}/configmaps?${watchList}`);
    expect(await watch.next()).toMatchObject({ type: "ADDED", object: { metadata: { name: "a" } } });
    expect(await watch.next()).toMatchObject({
      type: "BOOKMARK",
      object: { kind: "ConfigMap", metadata: { annotations: { "k8s.io/initial-events-end": "true" } } },
    });
    await createMaps(namespace, "b");
    const added = await watch.next();
    expect(added).toMatchObject({ type: "ADDED", object: { metadata: { name: "b" } } });
    const patch = { method: "PATCH", headers: { "content-type": "application/merge-patch+json" } };
    await api.call(`${namespace}/configmaps/b`, { ...patch, body: { data: { x: "y" } } });
    const modified = await watch.next();
    expect(modified).toMatchObject({ type: "MODIFIED", object: { data: { x: "y" } } });
    await api.call(`${namespace}/configmaps/b`, { method: "DELETE" });
    const deleted = await watch.next();
    expect(deleted).toMatchObject({ type: "DELETED", object: { metadata: { name: "b" } } });
    const versions = [added, modified, deleted].map((event) => Number(event.object.metadata.resourceVersion));
    expect(versions).toEqual(versions.toSorted((one, other) => one - other));
    watch.stop();
  });

  it("resumes after a resourceVersion without a gap", async () => {
    const namespace = await inNamespace();
    await createMaps(namespace, "a");
    const list = await api.call(`${namespace}/configmaps`);
    await createMaps(namespace, "b", "c");
    const { resourceVersion } = list.body.metadata;
    const query = `watch=1&resourceVersion=${resourceVersion}&labelSelector=made=here`;
    const watch = await api.watch(`${namespace}/configmaps?${query}`);
    expect(await watch.next()).toMatchObject({ type: "ADDED", object: { metadata: { name: "b" } } });
    expect(await watch.next()).toMatchObject({ type: "ADDED", object: { metadata: { name: "c" } } });
    watch.stop();
  });

  it("sends columns once to a Table watch, and carries the bookmark in a row", async () => {
    const namespace = await inNamespace();
    await createMaps(namespace, "a", "b");
    const watch = await api.watch(`${namespace}/configmaps?${watchList}`, { headers: { accept: TABLE } });
    const first = await watch.next();
    expect(first.object).toMatchObject({ kind: "Table", columnDefinitions: expect.any(Array) });
    expect((await watch.next()).object.columnDefinitions).toBeNull();
    const bookmark = await watch.next();
    expect(bookmark.type).toBe("BOOKMARK");
    expect(bookmark.object.rows[0].object.metadata.annotations).toEqual({ "k8s.io/initial-events-end": "true" });
    watch.stop();
  });

  it("ends at its timeout", async () => {
    const watch = await api.watch(`/api/v1/namespaces/default/secrets?watch=1&timeoutSeconds=1`);
    await watch.ended;
    expect(watch.code).toBe(200);
  });
});

describe("writes", () => {
  it("deletes only the object that was meant", async () => {
    const namespace = await inNamespace();
    await createMaps(namespace, "a");
    const body = { kind: "DeleteOptions", apiVersion: "v1", preconditions: { uid: "another" } };
    const refused = await api.call(`${namespace}/configmaps/a`, { method: "DELETE", body });
    expect(refused.code).toBe(409);
    expect(refused.body.message).toContain("Precondition failed: UID in precondition: another");
    const deleted = await api.call(`${namespace}/configmaps/a`, { method: "DELETE" });
    expect(deleted.body).toMatchObject({
      kind: "Status",
      status: "Success",
      details: { name: "a", kind: "configmaps" },
    });
  });

  it("deletes a collection by selector", async () => {
    const namespace = await inNamespace();
    await createMaps(namespace, "a", "b");
    await api.call(`${namespace}/configmaps`, { method: "POST", body: { metadata: { name: "kept" } } });
    const deleted = await api.call(`${namespace}/configmaps?labelSelector=made=here`, { method: "DELETE" });
    expect(deleted.body.items).toHaveLength(2);
    expect((await api.call(`${namespace}/configmaps/kept`)).code).toBe(200);
  });

  it("keeps one of two updates of the same version", async () => {
    const namespace = await inNamespace();
    await createMaps(namespace, "a");
    const { body } = await api.call(`${namespace}/configmaps/a`);
    const put = (value: string) =>
      api.call(`${namespace}/configmaps/a`, { method: "PUT", body: { ...body, data: { value } } });
    const codes = (await Promise.all([put("one"), put("two")])).map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set([200, 409]));
  });

  it("refuses a patch type it does not know", async () => {
    const patch = { method: "PATCH", body: "{}", headers: { "content-type": "text/plain" } };
    expect((await api.call("/api/v1/namespaces/default", patch)).code).toBe(415);
  });
});
