import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cluster, ObjectTarget, ResourceStore } from "../../../src/cluster/cluster.ts";
import { applyEdit, editableYaml } from "../../../src/cluster/edit.ts";
import { startEngine } from "../../../src/embedded/engine.ts";
import { clusterKubeconfig } from "../../../src/embedded/kubeconfig.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import type { ApiResource } from "../../../src/lib/kube/gvr.ts";
import { at, type KubeObject } from "../../../src/lib/kube/object.ts";
import { silentLogger } from "../../../src/lib/log.ts";
import { Cleanup, eventually, openKubeconfig, temporaryDirectory } from "../../support/cluster-fixture.ts";

const cleanup = new Cleanup();
let cluster: Cluster;

beforeAll(async () => {
  const directory = await temporaryDirectory(cleanup);
  const engine = await startEngine({
    directory,
    name: "kelpie",
    port: 0,
    clock: systemClock,
    logger: silentLogger,
    withNode: false,
  });
  cleanup.add(() => engine.stop({ endPods: true }));
  cluster = await openKubeconfig(cleanup, clusterKubeconfig("kelpie", engine.port, engine.pki));
  await eventually(cluster.catalog, ({ state }) => state === "ready");
});
afterAll(() => cleanup.run());

function resource(name: string): ApiResource {
  const found = cluster.catalog.get().resources.find((one) => one.resource === name && one.group !== "metrics.k8s.io");
  if (found === undefined) throw new Error(`the embedded cluster does not serve ${name}`);
  return found;
}

function deployment(name: string): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: [
            { name: "web", image: "localhost/host" },
            { name: "side", image: "localhost/host" },
          ],
        },
      },
    },
  };
}

async function create(name: string): Promise<{ target: ObjectTarget; object: KubeObject }> {
  const object = await cluster.writes.create(resource("deployments"), "default", deployment(name));
  const target = { resource: resource("deployments"), namespace: "default", name, uid: object.metadata.uid };
  return { target, object };
}

function hold(store: ResourceStore): ResourceStore {
  cleanup.add(store.subscribe(() => undefined));
  return store;
}

const named = (store: ResourceStore, name: string): KubeObject | undefined =>
  [...store.get().rows.values()].find(({ object }) => object.metadata.name === name)?.object;

describe("against the API server of the embedded cluster", () => {
  it("the connection tells the version and the catalog its kinds", async () => {
    expect(await eventually(cluster.status, ({ state }) => state === "connected")).toMatchObject({
      serverVersion: expect.stringMatching(/^v1\.\d+\.\d+/),
    });
    expect(resource("pods").subresources).toEqual(expect.arrayContaining(["exec", "log", "portforward"]));
  });

  it("objects and Tables are listed and watched", async () => {
    const objects = hold(cluster.store({ resource: resource("deployments"), namespace: "", form: "objects" }));
    const table = hold(cluster.store({ resource: resource("deployments"), namespace: "default", form: "table" }));
    for (const store of [objects, table]) await eventually(store, ({ status }) => status.state === "live");
    const { target } = await create("watched");
    for (const store of [objects, table]) await eventually(store, () => named(store, "watched") !== undefined);
    expect(
      table
        .get()
        .columns.slice(0, 4)
        .map(({ name }) => name),
    ).toEqual(["Name", "Ready", "Up-to-date", "Available"]);
    const row = table.get().rows.get(target.uid ?? "");
    expect(row?.cells?.[0]).toBe("watched");
    await cluster.writes.delete(target);
    for (const store of [objects, table]) await eventually(store, () => named(store, "watched") === undefined);
  });

  it("selectors of labels and fields are applied", async () => {
    await create("picked");
    const byLabel = hold(
      cluster.store({ resource: resource("pods"), namespace: "default", labelSelector: "app=picked", form: "objects" }),
    );
    await eventually(byLabel, ({ rows }) => rows.size === 2);
    const [pod] = byLabel.get().rows.values();
    const found = await cluster.list(resource("pods"), {
      namespace: "default",
      fieldSelector: `metadata.name=${pod?.object.metadata.name}`,
    });
    expect(found.map(({ metadata }) => metadata.uid)).toEqual([pod?.object.metadata.uid]);
    expect(found[0]).toMatchObject({ kind: "Pod", apiVersion: "v1" });
  });

  it("every write of the gate works", async () => {
    const { target } = await create("written");
    await cluster.writes.scale(target, 3);
    await cluster.writes.setImage(target, "side", "localhost/other");
    await cluster.writes.restart(target);
    const patch = { metadata: { labels: { patched: "yes" } } };
    await cluster.writes.patch(target, "strategic", patch);
    const object = await cluster.get(target);
    expect(at(object, "spec", "replicas")).toBe(3);
    expect(at(object, "spec", "template", "spec", "containers", 0, "image")).toBe("localhost/host");
    expect(at(object, "spec", "template", "spec", "containers", 1, "image")).toBe("localhost/other");
    expect(at(object, "spec", "template", "metadata", "annotations")).toHaveProperty(
      "kubectl.kubernetes.io/restartedAt",
    );
    expect(object.metadata.labels).toMatchObject({ patched: "yes" });
    const other = { ...target, uid: "00000000-0000-4000-8000-000000000000" };
    const refusal = expect.objectContaining({ name: "ApiError", status: expect.toBeOneOf([409, 422]) });
    await expect(cluster.writes.restart(other)).rejects.toEqual(refusal);
    await expect(cluster.writes.delete(other)).rejects.toEqual(refusal);
    await cluster.writes.delete(target, { propagation: "Foreground" });
  });

  it("an edit is tried, sent, and merged after a conflict", async () => {
    const { target } = await create("edited");
    const deployments = hold(cluster.store({ resource: target.resource, namespace: "default", form: "objects" }));
    // Its controller has written what it writes beside the status.
    await eventually(deployments, () => at(named(deployments, "edited"), "status", "replicas") === 2);
    const original = await cluster.get(target);
    const text = editableYaml(original).replace("replicas: 2", "replicas: 4");
    const options = { latest: () => cluster.get(target) };
    const tried = await applyEdit(cluster.writes, target, original, text, { ...options, dryRun: true });
    expect(tried.outcome).toBe("accepted");
    expect(at(await cluster.get(target), "spec", "replicas")).toBe(2);
    await cluster.writes.patch(target, "merge", { metadata: { labels: { other: "change" } } });
    const outcome = await applyEdit(cluster.writes, target, original, text, { ...options, dryRun: false });
    if (outcome.outcome !== "conflict") throw new Error(`the outcome was ${outcome.outcome}`);
    expect(outcome.conflicts).toEqual([]);
    const again = await applyEdit(cluster.writes, target, outcome.latest, outcome.text, { ...options, dryRun: false });
    expect(again.outcome).toBe("accepted");
    const object = await cluster.get(target);
    expect(at(object, "spec", "replicas")).toBe(4);
    expect(object.metadata.labels).toMatchObject({ other: "change" });
  });

  it("what it refuses is said in its words", async () => {
    const { target } = await create("refused");
    await expect(cluster.writes.patch(target, "merge", { spec: { replicas: -1 } })).rejects.toMatchObject({
      status: 422,
      message: expect.stringContaining("spec.replicas"),
    });
    await expect(cluster.get({ ...target, name: "nothing" })).rejects.toThrow('deployments.apps "nothing" not found');
  });

  it("the user may do everything, and there are no metrics without a node", async () => {
    const access = cluster.access.allowed("delete", resource("pods"), "default");
    expect(await eventually(access, (answer) => answer !== "unknown")).toBe("yes");
    cleanup.add(cluster.metrics.subscribe(() => undefined));
    const { state, pods } = await eventually(cluster.metrics, (metrics) => metrics.state !== "unknown");
    expect(["available", "failed"]).toContain(state);
    expect(pods.size).toBe(0);
  });

  it("a session in a pod that does not exist is refused in its words", async () => {
    const request = { namespace: "default", pod: "none", container: "c", command: ["sh"], tty: true, stdin: true };
    await expect(cluster.exec(request)).rejects.toThrow('pods "none" not found');
    await expect(
      cluster.portForwards.open({
        target: { resource: resource("pods"), namespace: "default", name: "none" },
        port: 80,
        localPort: 0,
      }),
    ).rejects.toThrow('pods "none" not found');
  });
});
