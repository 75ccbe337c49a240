import { afterEach, describe, expect, it } from "vitest";
import type { ResourceStore } from "../../../src/cluster/cluster.ts";
import { Cleanup, eventually, openFakeCluster } from "../../support/cluster-fixture.ts";
import { hastyClock } from "../../support/hasty-clock.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { holdStore, live, pod, podQuery, podRequests } from "../../support/pod-stores.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const hold = (store: ResourceStore): ResourceStore => holdStore(cleanup, store);

describe("when things go wrong with a list or a watch", () => {
  it("a list that is not allowed is denied with verb and resource, and comes when it is allowed", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 5 });
    server.deny("list", "pods");
    const store = hold(cluster.store(podQuery(server)));
    const { status } = await eventually(store, (snapshot) => snapshot.status.state === "denied");
    expect(status).toMatchObject({
      error: {
        message: expect.stringContaining('cannot list resource "pods" in API group ""'),
        hint: expect.stringContaining("the right to list pods"),
      },
    });
    server.allow();
    store.reload();
    await live(store);
    expect(store.get().rows.size).toBe(5);
  });

  it("what is forbidden is tried again soon the first time: a server that starts knows no roles yet", async () => {
    const clock = new FakeClock();
    const { server, cluster } = await openFakeCluster(cleanup, {}, { clock });
    server.deny("list", "pods");
    hold(cluster.store(podQuery(server)));
    expect(await clock.timerWithin(4000, 6000)).toBe(5000);
    clock.advance(5000);
    expect(await clock.timerWithin(50_000, 70_000)).toBe(60_000);
  });

  it("rows stay and are stale while the server is away, and live when it is back", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 5 }, { clock: hastyClock(20) });
    const store = hold(cluster.store(podQuery(server)));
    await live(store);
    await server.until(() => server.watchCount === 1);
    await server.setOnline(false);
    const stale = await eventually(
      store,
      ({ status }) => status.state === "stale" && status.error.message.includes("connection refused"),
    );
    expect(stale.rows.size).toBe(5);
    server.push(pod("while-away"));
    await server.setOnline(true);
    await live(store);
    await eventually(store, ({ rows }) => rows.size === 6);
  });

  it("a server that falls silent makes the rows stale though no connection breaks", async () => {
    const clock = new FakeClock();
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 5 }, { clock });
    const store = hold(cluster.store(podQuery(server)));
    await server.until(() => server.watchCount === 1);
    clock.advance(100);
    expect(store.get().status).toEqual({ state: "live", mode: "watch" });
    await eventually(cluster.status, ({ state }) => state === "connected");
    server.intercept(() => ({ kind: "hang" }));
    const asked = server.requests.length;
    clock.advance(15_000);
    await server.until(() => server.requests.length > asked);
    clock.advance(10_000);
    await eventually(cluster.status, ({ state }) => state === "unreachable");
    await server.until(() => server.watchCount === 0);
    await clock.timerWithin(0, 50);
    clock.advance(50);
    expect(store.get().status).toMatchObject({ state: "stale", error: { fault: "timeout" } });
    expect(store.get().rows.size).toBe(5);
  });

  it("tries again after 0.5 s, then ever longer up to 30 s, and at once when told", async () => {
    const clock = new FakeClock();
    const { server, cluster } = await openFakeCluster(cleanup, {}, { clock });
    server.intercept(({ path }) =>
      path === "/api/v1/pods" ? { kind: "status", code: 500, message: "etcd is away" } : undefined,
    );
    const store = hold(cluster.store(podQuery(server)));
    let tries = 0;
    const attempt = async (least: number, most: number): Promise<void> => {
      tries += 1;
      await server.until(() => podRequests(server, false) === tries);
      await clock.timerWithin(least, most);
    };
    await attempt(375, 625);
    clock.advance(625);
    await attempt(750, 1250);
    clock.advance(1250);
    await attempt(1500, 2500);
    expect(store.get().status).toMatchObject({
      state: "stale",
      error: { message: expect.stringContaining("etcd is away") },
    });
    cluster.retryNow();
    await attempt(375, 625);
  });

  it("a Retry-After of the server is respected", async () => {
    const clock = new FakeClock();
    const { server, cluster } = await openFakeCluster(cleanup, {}, { clock });
    server.intercept(({ path }) =>
      path === "/api/v1/pods"
        ? { kind: "status", code: 429, message: "busy", headers: { "Retry-After": "17" } }
        : undefined,
    );
    hold(cluster.store(podQuery(server)));
    expect(await clock.timerWithin(16_000, 18_000)).toBe(17_000);
  });

  it.each([
    ["an answer cut in the middle", { kind: "cut", afterBytes: 3000 } as const],
    ["a page of HTML", { kind: "raw", code: 200, body: "<html>login</html>", contentType: "text/html" } as const],
  ])("%s is an error and not an empty list", async (_name, fault) => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 5 }, { clock: hastyClock(20) });
    const end = server.intercept(({ path }) => (path === "/api/v1/pods" ? fault : undefined));
    const store = hold(cluster.store(podQuery(server)));
    const { status } = await eventually(store, (snapshot) => snapshot.status.state === "stale");
    expect(status.state).toBe("stale");
    end();
    await live(store);
    expect(store.get().rows.size).toBe(5);
  });
});
