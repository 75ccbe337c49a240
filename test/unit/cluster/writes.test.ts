import { afterEach, describe, expect, it } from "vitest";
import type { Cluster, ObjectTarget } from "../../../src/cluster/cluster.ts";
import { at, type KubeObject } from "../../../src/lib/kube/object.ts";
import { Cleanup, eventually, openFakeCluster } from "../../support/cluster-fixture.ts";
import type { FakeApiServer } from "../../support/fake-api-server.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

async function open(readOnly = false): Promise<{
  server: FakeApiServer;
  cluster: Cluster;
  deployment: ObjectTarget;
  read: () => KubeObject | undefined;
}> {
  const { server, cluster } = await openFakeCluster(cleanup, { pods: 10 }, { readOnly });
  const resource = server.resource("deployments");
  const read = (): KubeObject | undefined => server.store.get(resource, "default", "web-0")?.object;
  const uid = read()?.metadata.uid;
  return { server, cluster, read, deployment: { resource, namespace: "default", name: "web-0", uid } };
}

describe("the write gate", () => {
  it("scales through the scale subresource", async () => {
    const { server, cluster, deployment, read } = await open();
    await cluster.writes.scale(deployment, 7);
    expect(at(read(), "spec", "replicas")).toBe(7);
    expect(server.requests.at(-1)).toMatchObject({
      method: "PATCH",
      path: "/apis/apps/v1/namespaces/default/deployments/web-0/scale",
    });
  });

  it("restarts by an annotation of the pod template", async () => {
    const { cluster, deployment, read } = await open();
    await cluster.writes.restart(deployment);
    const restartedAt = at(read(), "spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt");
    expect(restartedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  it("sets the image of one container and leaves the others", async () => {
    const { server, cluster, deployment, read } = await open();
    const object = read();
    const containers = [
      { name: "web", image: "old" },
      { name: "proxy", image: "kept" },
    ];
    server.push({ ...object, metadata: object?.metadata ?? {}, spec: { template: { spec: { containers } } } });
    await cluster.writes.setImage(deployment, "web", "new");
    expect(at(read(), "spec", "template", "spec", "containers")).toEqual([
      { name: "web", image: "new" },
      { name: "proxy", image: "kept" },
    ]);
    await expect(cluster.writes.setImage(deployment, "none", "new")).rejects.toThrow('no container "none"');
  });

  it("lets work in a container through as it lets a write through, and keeps it in the journal", async () => {
    const { cluster, deployment } = await open();
    const { writes } = cluster;
    expect(await writes.act("shell in", deployment, () => Promise.resolve("opened"))).toBe("opened");
    await expect(writes.act("shell in", deployment, () => Promise.reject(new Error("cut")))).rejects.toThrow("cut");
    writes.setProtection("confirm");
    let begun = false;
    const begin = (): Promise<void> => {
      begun = true;
      return Promise.resolve();
    };
    await expect(writes.act("shell in", deployment, begin)).rejects.toThrow("nobody agreed to it");
    writes.setReadOnly(true);
    await expect(writes.act("shell in", deployment, begin)).rejects.toThrow("read-only");
    expect(begun).toBe(false);
    expect(writes.journal.get()).toMatchObject([
      { verb: "shell in", operation: "session", target: { name: "web-0" }, result: "ok" },
      { verb: "shell in", result: "failed", message: "cut" },
    ]);
  });

  it("deletes with the uid as precondition", async () => {
    const { server, cluster, deployment, read } = await open();
    const stale = { ...deployment, uid: "another" };
    await expect(cluster.writes.delete(stale)).rejects.toMatchObject({ status: 409 });
    expect(read()).toBeDefined();
    await cluster.writes.delete(deployment, { propagation: "Foreground", gracePeriodSeconds: 0 });
    expect(read()).toBeUndefined();
    expect(JSON.parse(server.requests.at(-1)?.body ?? "")).toMatchObject({
      propagationPolicy: "Foreground",
      gracePeriodSeconds: 0,
      preconditions: { uid: deployment.uid },
    });
  });

  it("does not change another object of the same name", async () => {
    const { cluster, deployment, read } = await open();
    await expect(cluster.writes.scale({ ...deployment, uid: "another" }, 0)).rejects.toMatchObject({ status: 409 });
    expect(at(read(), "spec", "replicas")).toBe(10);
  });

  it("asks for a dry run without writing and without a line in the journal", async () => {
    const { cluster, deployment, read } = await open();
    const patch = { metadata: { labels: { dry: "run" } } };
    const object = await cluster.writes.patch(deployment, "merge", patch, { dryRun: true });
    expect(object.metadata.labels).toMatchObject({ dry: "run" });
    expect(read()?.metadata.labels).not.toHaveProperty("dry");
    expect(cluster.writes.journal.get()).toEqual([]);
  });

  it("creates, and says in the server's words what is refused", async () => {
    const { server, cluster } = await open();
    const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" }, data: { a: "1" } };
    const resource = server.resource("configmaps");
    const created = await cluster.writes.create(resource, "default", configMap);
    expect(created.metadata).toMatchObject({ name: "settings", namespace: "default" });
    await expect(cluster.writes.create(resource, "default", configMap)).rejects.toMatchObject({
      message: 'cannot create configmaps default/settings: configmaps "settings" already exists',
      hint: "choose another name",
    });
  });

  it("keeps a journal of what was written and what failed, with the object before and after", async () => {
    const { cluster, deployment, read } = await open();
    await cluster.writes.scale(deployment, 2);
    await cluster.writes.restart(deployment);
    await cluster.writes.delete({ ...deployment, name: "gone", uid: undefined }).catch(() => undefined);
    const target = { group: "apps", resource: "deployments", namespace: "default", name: "web-0", uid: deployment.uid };
    expect(cluster.writes.journal.get()).toMatchObject([
      {
        verb: "scale",
        operation: "update",
        context: "fake",
        target: { ...target, subresource: "scale" },
        result: "ok",
        before: { spec: { replicas: 10 } },
        after: { spec: { replicas: 2 } },
      },
      { verb: "restart", target, before: { spec: { replicas: 2 } }, after: { spec: { replicas: 2 } } },
      {
        verb: "delete",
        target: { name: "gone" },
        result: "failed",
        message: expect.stringContaining("not found"),
      },
    ]);
    const after = cluster.writes.journal.get()[1]?.after;
    expect(at(after, "spec", "template", "metadata", "annotations")).toEqual(
      at(read(), "spec", "template", "metadata", "annotations"),
    );
    for (const field of ["status", "managedFields"]) expect(JSON.stringify(after)).not.toContain(`"${field}"`);
  });

  it("reads the state before a write only where no live list has it, and writes without it where that fails", async () => {
    const { server, cluster, deployment } = await open();
    const label = (value: string): Promise<unknown> =>
      cluster.writes.patch(deployment, "merge", { metadata: { labels: { value } } });
    const reads = (): number =>
      server.requests.filter(({ method, path }) => method === "GET" && path.endsWith("/deployments/web-0")).length;
    await label("1");
    expect(reads()).toBe(1);
    const store = cluster.store({ resource: deployment.resource, namespace: "default", form: "objects" });
    const has = (value: string) => (): boolean =>
      store.get().rows.get(deployment.uid ?? "")?.object.metadata.labels?.["value"] === value;
    cleanup.add(store.subscribe(() => {}));
    await eventually(store, ({ status }) => status.state === "live" && has("1")());
    await label("2");
    expect(reads()).toBe(1);
    await eventually(store, has("2"));
    server.deny("get", "deployments");
    await label("3");
    // The watch may not have told of the last write yet; what it has then is the state before that one.
    await label("4");
    const known = cluster.writes.journal
      .get()
      .map(({ before, result }) => [result, before?.metadata.labels?.["value"]]);
    expect(known.slice(0, 3)).toEqual([
      ["ok", undefined],
      ["ok", "1"],
      ["ok", "2"],
    ]);
    expect(["3", undefined]).toContain(known[3]?.[1]);
    expect(known[3]?.[0]).toBe("ok");
  });
});

describe("in read-only mode", () => {
  type Act = (cluster: Cluster, target: ObjectTarget) => Promise<unknown>;
  const acts: ReadonlyArray<readonly [name: string, act: Act]> = [
    ["delete", (cluster, target) => cluster.writes.delete(target)],
    ["scale", (cluster, target) => cluster.writes.scale(target, 0)],
    ["restart", (cluster, target) => cluster.writes.restart(target)],
    ["setImage", (cluster, target) => cluster.writes.setImage(target, "web", "x")],
    ["patch", (cluster, target) => cluster.writes.patch(target, "merge", {})],
    ["a dry run", (cluster, target) => cluster.writes.patch(target, "json", [], { dryRun: true })],
    ["evict", (cluster, target) => cluster.writes.evict(target)],
    ["create", (cluster, target) => cluster.writes.create(target.resource, "default", { metadata: { name: "x" } })],
    [
      "exec",
      (cluster) =>
        cluster.exec({ namespace: "default", pod: "p", container: "c", command: ["sh"], tty: true, stdin: true }),
    ],
    ["attach", (cluster) => cluster.attach({ namespace: "default", pod: "p", container: "c", tty: true, stdin: true })],
  ];

  it.each(acts)("%s is refused before a byte leaves", async (_name, act) => {
    const { server, cluster, deployment } = await open(true);
    await expect(act(cluster, deployment)).rejects.toMatchObject({ name: "ReadOnlyError" });
    expect(server.requests.filter(({ path }) => path.includes("/namespaces/"))).toEqual([]);
    expect(server.requests.filter(({ method }) => method !== "GET")).toEqual([]);
  });

  it("covers every method of the gate", async () => {
    const { cluster } = await open(true);
    const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(cluster.writes)).filter(
      (name) => !["constructor", "setReadOnly", "setProtection", "permit"].includes(name),
    );
    expect(methods.toSorted()).toEqual(["act", "create", "delete", "evict", "patch", "restart", "scale", "setImage"]);
  });

  it("reading and asking for rights go on", async () => {
    const { server, cluster, deployment } = await open(true);
    await expect(cluster.get(deployment)).resolves.toMatchObject({ kind: "Deployment" });
    const access = cluster.access.allowed("delete", deployment.resource, "default");
    await server.until(() => server.requests.some(({ method }) => method === "POST"));
    await new Promise<void>((resolve) => {
      if (access.get() === "unknown") access.subscribe(resolve);
      else resolve();
    });
    expect(access.get()).toBe("yes");
  });

  it("can be switched off and on", async () => {
    const { cluster, deployment, read } = await open(true);
    cluster.writes.setReadOnly(false);
    await cluster.writes.scale(deployment, 1);
    expect(at(read(), "spec", "replicas")).toBe(1);
    cluster.writes.setReadOnly(true);
    await expect(cluster.writes.scale(deployment, 0)).rejects.toThrow("refused in read-only mode");
  });
});
