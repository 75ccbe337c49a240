import { afterEach, describe, expect, it } from "vitest";
import { Cleanup, eventually, openFakeCluster } from "../../support/cluster-fixture.ts";
import type { FakeApiServer } from "../../support/fake-api-server.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

describe("the catalog", () => {
  it.each([false, true])("is the same from aggregated and old discovery (old: %s)", async (legacyDiscovery) => {
    const { server, cluster } = await openFakeCluster(cleanup, { legacyDiscovery });
    const { resources } = await eventually(cluster.catalog, ({ state }) => state === "ready");
    for (const name of ["pods", "nodes", "deployments", "widgets"]) {
      expect(resources).toContainEqual(server.resource(name));
    }
  });

  it("has what the other groups serve when one group fails", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { legacyDiscovery: true });
    server.intercept(({ path }) =>
      path === "/apis/apps/v1" ? { kind: "status", code: 503, message: "the server is currently unable" } : undefined,
    );
    cluster.refreshCatalog();
    await eventually(cluster.catalog, ({ resources }) => resources.length > 0);
    cluster.refreshCatalog();
    const { resources } = await eventually(
      cluster.catalog,
      ({ resources: found }) => found.length > 0 && !found.some(({ group }) => group === "apps"),
    );
    expect(resources.some(({ resource }) => resource === "widgets")).toBe(true);
  });

  it("fails with its reason and keeps what it knew", async () => {
    const { server, cluster } = await openFakeCluster(cleanup);
    const ready = await eventually(cluster.catalog, ({ state }) => state === "ready");
    server.intercept(({ path }) => (path === "/apis" ? { kind: "status", code: 500, message: "no" } : undefined));
    const asked = server.requests.length;
    cluster.refreshCatalog();
    await server.until(() => server.requests.slice(asked).some(({ path }) => path === "/apis"));
    expect(cluster.catalog.get()).toBe(ready);
  });
});

describe("metrics", () => {
  it("are asked for only while somebody looks, and again after a while", async () => {
    const clock = new FakeClock();
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 3, metrics: true }, { clock });
    const asked = (): number =>
      server.requests.filter(({ path }) => path.includes("metrics.k8s.io/v1beta1/pods")).length;
    await eventually(cluster.catalog, ({ state }) => state === "ready");
    expect(asked()).toBe(0);
    const unsubscribe = cluster.metrics.subscribe(() => undefined);
    const { pods, containers, nodes } = await eventually(cluster.metrics, ({ state }) => state === "available");
    const [pod] = server.store.collection(server.resource("pods")).values();
    const path = `default/${pod?.object.metadata.name}`;
    expect(pods.get(path)).toEqual({ cpu: 0.05, memory: 20 * 2 ** 20 });
    expect(containers.get(`${path}/web`)).toEqual({ cpu: 0.05, memory: 20 * 2 ** 20 });
    expect(nodes.get("node-0")).toEqual({ cpu: 1.5, memory: 8 * 2 ** 30 });
    const before = asked();
    clock.advance(await clock.timerWithin(10_000, 15_000));
    await server.until(() => asked() > before);
    unsubscribe();
    const after = asked();
    clock.advance(120_000);
    expect(asked()).toBe(after);
  });

  it.each([
    ["absent", 404],
    ["denied", 403],
    ["failed", 503],
  ] as const)("are %s where the server answers %i", async (state, code) => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 1, metrics: true });
    server.intercept(({ path }) =>
      path.includes("metrics.k8s.io") ? { kind: "status", code, message: "the server's words" } : undefined,
    );
    cleanup.add(cluster.metrics.subscribe(() => undefined));
    const snapshot = await eventually(cluster.metrics, (metrics) => metrics.state !== "unknown");
    expect(snapshot).toMatchObject({ state, reason: expect.any(String) });
    if (state !== "absent") expect(snapshot.reason).toContain("the server's words");
  });

  it("are those of the own namespace where others are forbidden", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 30, metrics: true });
    server.deny("list", "pods", "");
    server.deny("list", "nodes");
    cleanup.add(cluster.metrics.subscribe(() => undefined));
    const { pods, nodes } = await eventually(cluster.metrics, ({ state }) => state === "available");
    expect([...pods.keys()].every((path) => path.startsWith("default/"))).toBe(true);
    expect(pods.size).toBeGreaterThan(0);
    expect(nodes.size).toBe(0);
  });
});

describe("access", () => {
  it("is asked once for each question, for all namespaces first", async () => {
    const { server, cluster } = await openFakeCluster(cleanup);
    server.deny("delete", "pods");
    const pods = server.resource("pods");
    const access = cluster.access.allowed("delete", pods, "default");
    expect(cluster.access.allowed("delete", pods, "default")).toBe(access);
    expect(await eventually(access, (answer) => answer !== "unknown")).toBe("no");
    const [one, all] = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"];
    expect(reviews(server)).toEqual([one, all, one]);
    for (const namespace of ["team-1", "team-2"]) {
      const other = cluster.access.allowed("get", pods, namespace);
      expect(await eventually(other, (answer) => answer !== "unknown")).toBe("yes");
    }
    expect(reviews(server)).toEqual([one, all, one, one]);
  });

  it.each(["", "team-1"])("asks about a refusal again half a minute later (in %j)", async (namespace) => {
    const clock = new FakeClock();
    const { server, cluster } = await openFakeCluster(cleanup, {}, { clock });
    server.deny("delete", "pods");
    const pods = server.resource("pods");
    const access = cluster.access.allowed("delete", pods, namespace);
    expect(await eventually(access, (answer) => answer !== "unknown")).toBe("no");
    server.allow();
    const asked = reviews(server).length;
    expect(cluster.access.allowed("delete", pods, namespace).get()).toBe("no");
    expect(reviews(server)).toHaveLength(asked);
    clock.advance(30_000);
    const again = cluster.access.allowed("delete", pods, namespace);
    expect(again.get()).toBe("no");
    expect(await eventually(again, (answer) => answer !== "no")).toBe("yes");
    clock.advance(30_000);
    expect(cluster.access.allowed("delete", pods, namespace)).toBe(access);
    expect(reviews(server)).toHaveLength(asked + 1);
  });

  it("stays open where the server cannot be asked, and is asked again half a minute later", async () => {
    const clock = new FakeClock();
    const { server, cluster } = await openFakeCluster(cleanup, {}, { clock });
    const end = server.intercept(({ method }) => (method === "POST" ? { kind: "status", code: 500 } : undefined));
    const pods = server.resource("pods");
    const answered = server.until(() => reviews(server).length > 0);
    const access = cluster.access.allowed("get", pods, "");
    await answered;
    end();
    await cluster.list(pods, {});
    expect(cluster.access.allowed("get", pods, "")).toBe(access);
    expect(access.get()).toBe("unknown");
    expect(reviews(server)).toHaveLength(1);
    clock.advance(30_000);
    const again = cluster.access.allowed("get", pods, "");
    expect(await eventually(again, (answer) => answer !== "unknown")).toBe("yes");
  });
});

function reviews(server: FakeApiServer): readonly string[] {
  return server.requests
    .filter(({ method }) => method === "POST")
    .map(({ path }) => path.slice(path.lastIndexOf("/") + 1));
}
