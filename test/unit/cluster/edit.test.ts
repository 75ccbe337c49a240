import { afterEach, describe, expect, it } from "vitest";
import type { Cluster, ObjectTarget } from "../../../src/cluster/cluster.ts";
import {
  applyEdit,
  cleanForEdit,
  computePatch,
  editableYaml,
  mergeEdits,
  parseEdited,
} from "../../../src/cluster/edit.ts";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { parseYaml } from "../../../src/lib/yaml.ts";
import { Cleanup, openFakeCluster } from "../../support/cluster-fixture.ts";
import type { FakeApiServer } from "../../support/fake-api-server.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const OBJECT: KubeObject = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: {
    name: "settings",
    namespace: "default",
    uid: "1",
    resourceVersion: "10",
    creationTimestamp: "2026-01-01T00:00:00Z",
    annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" },
    managedFields: [{ manager: "kubectl" }],
  },
  data: { colour: "blue", size: "1" },
  status: { seen: true },
};

describe("the text in the editor", () => {
  it("has nothing that only the server sets", () => {
    expect(parseYaml(editableYaml(OBJECT))).toEqual({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "settings", namespace: "default" },
      data: { colour: "blue", size: "1" },
    });
  });

  it.each([
    ["another name", (yaml: string) => yaml.replace("name: settings", "name: other"), /the name cannot be edited/],
    [
      "another kind",
      (yaml: string) => yaml.replace("ConfigMap", "Secret"),
      /the kind cannot be edited: it was ConfigMap, now Secret/,
    ],
    ["no object", () => "- a", /not an object/],
    ["no YAML", () => "a: [", /the edited text: .*line 1/],
  ])("is refused with %s", (_name, change, message) => {
    expect(() => parseEdited(change(editableYaml(OBJECT)), OBJECT)).toThrow(message);
  });
});

describe("the patch", () => {
  it.each([
    ["nothing for equal objects", { a: { b: [1, { c: 2 }] } }, { a: { b: [1, { c: 2 }] } }, undefined],
    ["only the field that changed", { a: 1, b: { c: 2, d: 3 } }, { a: 1, b: { c: 9, d: 3 } }, { b: { c: 9 } }],
    ["null for a field that went", { a: 1, b: { c: 2, d: 3 } }, { b: { c: 2 } }, { a: null, b: { d: null } }],
    ["whole lists", { a: [1, 2] }, { a: [2] }, { a: [2] }],
    ["another type as it stands", { a: { b: 1 } }, { a: "text" }, { a: "text" }],
    ["null for a field that was emptied", { a: "x" }, { a: null }, { a: null }],
    ["nothing for a field that is empty and was not there", {}, { a: null }, undefined],
  ])("is %s", (_name, original, edited, patch) => {
    expect(computePatch(original, edited)).toEqual(patch);
  });
});

describe("two edits", () => {
  it("are merged by field, and the user's value stands where both changed one", () => {
    const base = { spec: { replicas: 1, image: "a", paused: false, note: "x" } };
    const mine = { spec: { replicas: 3, image: "b", paused: false } };
    const theirs = { spec: { replicas: 1, image: "c", paused: true, note: "x", added: 1 } };
    expect(mergeEdits(base, mine, theirs)).toEqual({
      merged: { spec: { replicas: 3, image: "b", paused: true, added: 1 } },
      conflicts: ["spec.image"],
    });
  });

  it("keep the order of the newer object, so that a difference to it shows only what changes", () => {
    const { merged } = mergeEdits({ a: 1, z: 1 }, { a: 2, z: 1, added: 1 }, { a: 1, b: 1, z: 1 });
    expect(JSON.stringify(merged)).toBe('{"a":2,"b":1,"z":1,"added":1}');
  });

  it("that agree are no conflict", () => {
    expect(mergeEdits({ a: 1 }, { a: 2 }, { a: 2 })).toEqual({ merged: { a: 2 }, conflicts: [] });
  });
});

describe("applying an edit", () => {
  async function open(): Promise<{
    server: FakeApiServer;
    cluster: Cluster;
    target: ObjectTarget;
    read: () => KubeObject;
  }> {
    const { server, cluster } = await openFakeCluster(cleanup);
    server.push(OBJECT);
    const resource = server.resource("configmaps");
    const read = (): KubeObject => server.store.get(resource, "default", "settings")?.object ?? OBJECT;
    return { server, cluster, read, target: { resource, namespace: "default", name: "settings", uid: "1" } };
  }
  const latest = (cluster: Cluster, target: ObjectTarget) => (): Promise<KubeObject> => cluster.get(target);

  it("sends only what changed, first as a dry run", async () => {
    const { server, cluster, target, read } = await open();
    const original = read();
    const text = editableYaml(original).replace("blue", "red");
    const options = { latest: latest(cluster, target) };
    const tried = await applyEdit(cluster.writes, target, original, text, { ...options, dryRun: true });
    expect(tried).toMatchObject({ outcome: "accepted", object: { data: { colour: "red" } } });
    expect(read()["data"]).toMatchObject({ colour: "blue" });
    await applyEdit(cluster.writes, target, original, text, { ...options, dryRun: false });
    expect(read()["data"]).toEqual({ colour: "red", size: "1" });
    expect(JSON.parse(server.requests.at(-1)?.body ?? "")).toEqual({
      data: { colour: "red" },
      metadata: { uid: "1", resourceVersion: original.metadata.resourceVersion },
    });
  });

  it("does nothing where nothing changed", async () => {
    const { cluster, target, read } = await open();
    const outcome = await applyEdit(cluster.writes, target, read(), editableYaml(read()), {
      dryRun: false,
      latest: latest(cluster, target),
    });
    expect(outcome).toEqual({ outcome: "unchanged" });
  });

  it("after a conflict gives back the user's changes on the newer object", async () => {
    const { server, cluster, target, read } = await open();
    const original = read();
    server.push({ ...OBJECT, data: { colour: "blue", size: "2" } });
    const outcome = await applyEdit(cluster.writes, target, original, editableYaml(original).replace("blue", "red"), {
      dryRun: false,
      latest: latest(cluster, target),
    });
    expect(outcome).toMatchObject({ outcome: "conflict", conflicts: [] });
    if (outcome.outcome !== "conflict") throw new Error("no conflict");
    expect(parseYaml(outcome.text)).toMatchObject({ data: { colour: "red", size: "2" } });
    const again = await applyEdit(cluster.writes, target, outcome.latest, outcome.text, {
      dryRun: false,
      latest: latest(cluster, target),
    });
    expect(again.outcome).toBe("accepted");
    expect(cleanForEdit(read())["data"]).toEqual({ colour: "red", size: "2" });
  });

  it("goes on when only the status has changed meanwhile", async () => {
    const { server, cluster, target, read } = await open();
    const original = read();
    server.push({ ...OBJECT, status: { seen: "again" } });
    const outcome = await applyEdit(cluster.writes, target, original, editableYaml(original).replace("blue", "red"), {
      dryRun: false,
      latest: latest(cluster, target),
    });
    expect(outcome.outcome).toBe("accepted");
    expect(read()).toMatchObject({ data: { colour: "red" }, status: { seen: "again" } });
  });

  it("is refused for an object that was made anew", async () => {
    const { server, cluster, target, read } = await open();
    const original = read();
    server.remove(OBJECT);
    server.push({ ...OBJECT, metadata: { ...OBJECT.metadata, uid: "2" } });
    await expect(
      applyEdit(cluster.writes, target, original, editableYaml(original).replace("blue", "red"), {
        dryRun: false,
        latest: latest(cluster, target),
      }),
    ).rejects.toThrow("configmaps settings was deleted and made anew meanwhile");
  });

  it("is refused in the server's words", async () => {
    const { server, cluster, target, read } = await open();
    server.intercept(({ method }) =>
      method === "PATCH"
        ? { kind: "status", code: 422, reason: "Invalid", message: 'ConfigMap "settings" is invalid' }
        : undefined,
    );
    await expect(
      applyEdit(cluster.writes, target, read(), editableYaml(read()).replace("blue", "red"), {
        dryRun: true,
        latest: latest(cluster, target),
      }),
    ).rejects.toThrow('ConfigMap "settings" is invalid');
  });
});
