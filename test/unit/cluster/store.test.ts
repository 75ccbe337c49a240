import { afterEach, describe, expect, it } from "vitest";
import type { Cluster, ResourceStore } from "../../../src/cluster/cluster.ts";
import { asRecord, type KubeObject } from "../../../src/lib/kube/object.ts";
import { Cleanup, eventually, openFakeCluster } from "../../support/cluster-fixture.ts";
import { hastyClock } from "../../support/hasty-clock.ts";
import type { FakeApiServer } from "../../support/fake-api-server.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { holdStore, live, podNames, pod, podQuery, podRequests } from "../../support/pod-stores.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const hold = (store: ResourceStore): ResourceStore => holdStore(cleanup, store);

describe("a list", () => {
  it("comes in pages of 500 whose rows appear one page after the other", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 1200 });
    server.intercept(({ query }) => (query.has("continue") ? { kind: "slow", milliseconds: 100 } : undefined));
    const store = hold(cluster.store(podQuery(server)));
    const first = await eventually(store, ({ rows }) => rows.size > 0);
    expect(first.status).toEqual({ state: "loading", loaded: first.rows.size });
    expect(first.rows.size).toBeLessThanOrEqual(500);
    await live(store);
    expect(store.get().rows.size).toBe(1200);
    expect(podRequests(server, false)).toBe(3);
  });

  it("drops managedFields and fills in kind and apiVersion", async () => {
    const { server, cluster } = await openFakeCluster(cleanup);
    const { apiVersion: _version, kind: _kind, ...bare } = pod("bare");
    server.store.seed(server.resource("pods"), {
      ...bare,
      metadata: { ...bare.metadata, managedFields: [{ manager: "kubectl" }] },
    });
    const store = hold(cluster.store(podQuery(server)));
    await live(store);
    const [row] = store.get().rows.values();
    expect(row?.object).toMatchObject({ apiVersion: "v1", kind: "Pod" });
    expect(row?.object.metadata).not.toHaveProperty("managedFields");
  });

  it("starts over without pages when the snapshot of the pages has expired", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 700 });
    let compacted = false;
    server.intercept(({ query }) => {
      if (query.has("continue") && !compacted) {
        compacted = true;
        server.store.compact();
      }
      return undefined;
    });
    const store = hold(cluster.store(podQuery(server)));
    await live(store);
    expect(store.get().rows.size).toBe(700);
    expect(server.requests.some(({ path, query }) => path === "/api/v1/pods" && !query.has("limit"))).toBe(true);
  });

  it("is shared by equal queries and apart for others", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 10 });
    const store = cluster.store(podQuery(server));
    expect(cluster.store(podQuery(server))).toBe(store);
    const other = cluster.store(podQuery(server, { labelSelector: "app=web-0" }));
    expect(other).not.toBe(store);
    hold(store);
    hold(other);
    await Promise.all([live(store), live(other)]);
    await server.until(() => server.watchCount === 2);
    expect(podRequests(server, false)).toBe(2);
  });
});

describe("a watch", () => {
  it("brings added, changed and removed rows with what changed", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 20 });
    const store = hold(cluster.store(podQuery(server)));
    await live(store);
    await server.until(() => server.watchCount === 1);
    const seen: string[] = [];
    cleanup.add(
      store.subscribeChanges(({ changed, removed, reset }) => {
        for (const key of changed) seen.push(`changed ${store.get().rows.get(key)?.object.metadata.name}`);
        for (const key of removed) seen.push(`removed ${key}`);
        if (reset) seen.push("reset");
      }),
    );
    const created = pod("new");
    server.push(created);
    await eventually(store, ({ rows }) => rows.size === 21);
    server.push({ ...created, metadata: { ...created.metadata, labels: { app: "changed" } } });
    await eventually(store, ({ rows }) =>
      [...rows.values()].some(({ object }) => object.metadata.labels?.["app"] === "changed"),
    );
    server.remove(created);
    await eventually(store, ({ rows }) => rows.size === 20);
    expect(seen).toEqual(["changed new", "changed new", `removed ${created.metadata.uid}`]);
  });

  it("brings a flood whole, though it takes its time over events that come one by one", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 20 });
    const store = hold(cluster.store(podQuery(server)));
    await live(store);
    await server.until(() => server.watchCount === 1);
    for (const name of ["a", "bb", "ccc"]) {
      server.push(pod(name));
      await eventually(store, () => podNames(store).includes(name));
    }
    for (let index = 0; index < 3000; index += 1) server.push(pod(`flood-${index}`, { index: 1000 + index }));
    await eventually(store, ({ rows }) => rows.size === 3023);
    server.push(pod("after", { index: 60_000 }));
    await eventually(store, () => podNames(store).includes("after"));
    expect(podRequests(server, false)).toBe(1);
  });

  it("keeps the same row object for a row that did not change", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 20 });
    const store = hold(cluster.store(podQuery(server)));
    await live(store);
    const before = new Map(store.get().rows);
    const { freshAt } = store.get();
    await server.until(() => server.watchCount === 1);
    server.push(pod("new"));
    store.reload();
    await eventually(store, (snapshot) => snapshot.freshAt > freshAt && snapshot.rows.size === 21);
    for (const [key, row] of before) expect(store.get().rows.get(key)).toBe(row);
  });

  it("resumes from the last version when it ends, without listing again", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 5 }, { clock: hastyClock(20) });
    const store = hold(cluster.store(podQuery(server)));
    await live(store);
    await server.until(() => server.watchCount === 1);
    server.push(pod("seen"));
    await eventually(store, ({ rows }) => rows.size === 6);
    const version = server.store.version;
    server.endWatches("clean");
    await server.until(() => server.watchCount === 0);
    server.push(pod("while-away"));
    await eventually(store, ({ rows }) => rows.size === 7);
    expect(podRequests(server, false)).toBe(1);
    const resumed = server.requests.findLast(({ query }) => query.has("watch"));
    expect(resumed?.query.get("resourceVersion")).toBe(String(version));
    expect(resumed?.query.get("allowWatchBookmarks")).toBe("true");
  });

  it("resumes after being cut in the middle of an event and loses none", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 5 }, { clock: hastyClock(20) });
    const store = hold(cluster.store(podQuery(server)));
    await live(store);
    await server.until(() => server.watchCount === 1);
    server.endWatches("cut");
    await server.until(() => server.watchCount === 0);
    server.push(pod("while-away"));
    await eventually(store, ({ rows }) => rows.size === 6);
    await live(store);
    expect(podRequests(server, false)).toBe(1);
  });

  it("resumes from the version of a bookmark", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 2 }, { clock: hastyClock(20) });
    const store = hold(cluster.store(podQuery(server)));
    await live(store);
    await server.until(() => server.watchCount === 1);
    // Other kinds raise the version; only a bookmark tells this watch.
    server.store.put(server.resource("configmaps"), {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "other", namespace: "default", uid: "cm" },
    });
    const version = server.store.version;
    const { freshAt } = store.get();
    const object = { apiVersion: "v1", kind: "Pod", metadata: { resourceVersion: String(version) } };
    server.pushRaw(JSON.stringify({ type: "BOOKMARK", object }));
    await eventually(store, (snapshot) => snapshot.freshAt > freshAt);
    server.endWatches("clean");
    await server.until(() => podRequests(server, true) === 2);
    expect(server.requests.findLast(({ query }) => query.has("watch"))?.query.get("resourceVersion")).toBe(
      String(version),
    );
  });

  it("lists again after 410 without dropping rows, and forgets what went meanwhile", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 5 }, { clock: hastyClock(20) });
    const store = hold(cluster.store(podQuery(server)));
    await live(store);
    await server.until(() => server.watchCount === 1);
    const sizes: number[] = [];
    cleanup.add(store.subscribe(() => sizes.push(store.get().rows.size)));
    const [gone] = server.store.collection(server.resource("pods")).values();
    server.endWatches("clean");
    await server.until(() => server.watchCount === 0);
    server.remove(gone?.object ?? pod("none"));
    server.push(pod("new"));
    server.push(pod("newer"));
    server.store.compact();
    await eventually(store, ({ rows }) => rows.size === 6);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(5);
    expect(podNames(store)).toContain("newer");
    expect(podRequests(server, false)).toBe(2);
  });

  it("survives events without an object or of unknown types", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 5 });
    const store = hold(cluster.store(podQuery(server)));
    await live(store);
    await server.until(() => server.watchCount === 1);
    for (const line of ['{"type":"ADDED","object":{}}', '{"type":"?","object":{"metadata":{}}}']) server.pushRaw(line);
    server.push(pod("after", { index: 60_000 }));
    await eventually(store, ({ rows }) => rows.size === 6);
    expect(podRequests(server, false)).toBe(1);
    expect(podRequests(server, true)).toBe(1);
  });

  it.each(["{not json", '{"type":"ADDED"}', "[]", "null"])("begins the watch anew after %s", async (line) => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 5 }, { clock: hastyClock(20) });
    const store = hold(cluster.store(podQuery(server)));
    await live(store);
    await server.until(() => server.watchCount === 1);
    server.pushRaw(line);
    server.push(pod("after", { index: 60_000 }));
    await eventually(store, ({ rows }) => rows.size === 6);
    expect(podRequests(server, false)).toBe(1);
    expect(podRequests(server, true)).toBe(2);
  });

  it("becomes polling where watching is forbidden, and says so", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 5 }, { clock: hastyClock(20) });
    server.deny("watch", "pods");
    const store = hold(cluster.store(podQuery(server)));
    await eventually(store, ({ status }) => status.state === "live" && status.mode === "poll");
    server.push(pod("polled"));
    await eventually(store, ({ rows }) => rows.size === 6);
    expect(server.watchCount).toBe(0);
  });

  it("is never tried for a resource without the verb", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 5 });
    const resource = { ...server.resource("pods"), verbs: ["get", "list"] };
    const store = hold(cluster.store(podQuery(server, { resource })));
    await eventually(store, ({ status }) => status.state === "live" && status.mode === "poll");
    expect(podRequests(server, true)).toBe(0);
  });
});

describe("a Table", () => {
  async function openWidgets(): Promise<{ server: FakeApiServer; cluster: Cluster; store: ResourceStore }> {
    const { server, cluster } = await openFakeCluster(cleanup);
    server.push(widget("small", 1));
    const store = hold(cluster.store({ resource: server.resource("widgets"), namespace: "", form: "table" }));
    await live(store);
    return { server, cluster, store };
  }
  const widget = (name: string, size: number): KubeObject => ({
    apiVersion: "example.com/v1alpha1",
    kind: "Widget",
    metadata: { name, namespace: "default", uid: `widget-${name}`, creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: { size, colour: "blue" },
  });

  it("has the server's columns and cells, and the whole object for each row", async () => {
    const { store } = await openWidgets();
    expect(store.get().columns.map(({ name }) => name)).toEqual(["Name", "Size", "Colour", "Age"]);
    const row = store.get().rows.get("widget-small");
    expect(row?.cells).toEqual(["small", 1, "blue", "2026-01-01T00:00:00Z"]);
    expect(row?.object.metadata.name).toBe("small");
    expect(asRecord(row?.object)["spec"]).toEqual({ size: 1, colour: "blue" });
  });

  it("says when each row was printed, for the ages in it", async () => {
    const { server, store } = await openWidgets();
    await server.until(() => server.watchCount === 1);
    const listed = store.get().rows.get("widget-small")?.printedAt ?? Number.NaN;
    server.push(widget("large", 2));
    await eventually(store, ({ rows }) => rows.size === 2);
    expect(store.get().rows.get("widget-large")?.printedAt).toBeGreaterThanOrEqual(listed);
  });

  it("is watched as a Table", async () => {
    const { server, store } = await openWidgets();
    await server.until(() => server.watchCount === 1);
    server.push(widget("small", 2));
    server.push(widget("large", 3));
    await eventually(store, ({ rows }) => rows.size === 2);
    expect(store.get().rows.get("widget-small")?.cells?.[1]).toBe(2);
    server.remove(widget("small", 2));
    await eventually(store, ({ rows }) => rows.size === 1);
    expect(store.get().columns).toHaveLength(4);
  });

  it("has name and creation time where the server prints no Tables", async () => {
    const { server, cluster } = await openFakeCluster(cleanup);
    const body = JSON.stringify({
      kind: "WidgetList",
      metadata: { resourceVersion: "1" },
      items: [widget("plain", 1)],
    });
    server.intercept(({ path, query }) =>
      path.endsWith("/widgets") && !query.has("watch")
        ? { kind: "raw", code: 200, body, contentType: "application/json" }
        : undefined,
    );
    const store = hold(cluster.store({ resource: server.resource("widgets"), namespace: "", form: "table" }));
    await live(store);
    expect(store.get().columns.map(({ name }) => name)).toEqual(["Name", "Created At"]);
    expect(store.get().rows.get("widget-plain")?.cells).toEqual(["plain", "2026-01-01T00:00:00Z"]);
  });
});

describe("subscriptions", () => {
  it("start the list, and the last one stops it only after a while", async () => {
    const clock = new FakeClock();
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 5 }, { clock });
    const store = cluster.store(podQuery(server));
    expect(podRequests(server, false)).toBe(0);
    const unsubscribe = store.subscribe(() => undefined);
    await server.until(() => server.watchCount === 1);
    unsubscribe();
    clock.advance(29_000);
    expect(server.watchCount).toBe(1);
    const again = store.subscribe(() => undefined);
    clock.advance(60_000);
    expect(server.watchCount).toBe(1);
    expect(store.get().rows.size).toBe(5);
    again();
    clock.advance(30_000);
    await server.until(() => server.watchCount === 0);
    expect(store.get().rows.size).toBe(0);
    expect(store.get().status).toEqual({ state: "loading", loaded: 0 });
  });

  it("are told at most once in 50 ms", async () => {
    const clock = new FakeClock();
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 5 }, { clock });
    const store = cluster.store(podQuery(server));
    let told = 0;
    cleanup.add(
      store.subscribe(() => {
        told += 1;
      }),
    );
    await server.until(() => server.watchCount === 1);
    clock.advance(1000);
    const before = told;
    const sent = 40;
    for (let count = 0; count < sent; count += 1) server.push(pod("busy", { restarts: count }));
    await clock.timerWithin(0, 50);
    clock.advance(50);
    expect(told - before).toBeLessThanOrEqual(2);
    expect(told).toBeGreaterThan(before);
  });
});
