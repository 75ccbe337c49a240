import { createServer, connect, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { ResourceStore } from "../../../src/cluster/cluster.ts";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { Cleanup, eventually, openFakeCluster, openKubeconfig } from "../../support/cluster-fixture.ts";
import { hastyClock } from "../../support/hasty-clock.ts";
import { startFakeApiServer, type FakeApiServer } from "../../support/fake-api-server.ts";
import { fakeKubeconfig } from "../../support/fake-kubeconfig.ts";
import { holdStore, live, pod, podNames, podQuery } from "../../support/pod-stores.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const hold = (store: ResourceStore): ResourceStore => holdStore(cleanup, store);

/** Numbers from 0 to below 1 that are the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Cutter {
  readonly url: string;
  /** From now on connections live. */
  heal(): void;
  readonly cuts: number;
}

/** Carries connections to a port and breaks each after so many bytes of answers. */
async function startCutter(port: number, random: () => number): Promise<Cutter> {
  let healthy = false;
  let cuts = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    let left = Math.floor(random() ** 3 * 60_000);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    upstream.on("data", (bytes: Buffer) => {
      left -= bytes.length;
      if (healthy || left > 0) client.write(bytes);
      else {
        cuts += 1;
        const whole = bytes.subarray(0, Math.max(0, bytes.length + left));
        // Half of the breaks are resets, half look like an end.
        if (random() < 0.5) client.write(whole, () => client.resetAndDestroy());
        else client.end(whole);
        upstream.destroy();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanup.add(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  const own = typeof address === "object" ? (address?.port ?? 0) : 0;
  return {
    url: `http://127.0.0.1:${own}`,
    heal: () => void (healthy = true),
    get cuts() {
      return cuts;
    },
  };
}

let uids = 0;

/** A pod that no other one is, though names come again. */
function born(name: string): KubeObject {
  const made = pod(name);
  uids += 1;
  return { ...made, metadata: { ...made.metadata, uid: `uid-${uids}` } };
}

function truthOf(server: FakeApiServer): string[] {
  return server.store
    .select(server.resource("pods"), { namespace: "", labelSelector: "", fieldSelector: "" })
    .map(({ object: { metadata } }) => `${metadata.uid} ${metadata.resourceVersion}`)
    .toSorted();
}

function seenIn(store: ResourceStore): string[] {
  return [...store.get().rows.values()]
    .map(({ object: { metadata } }) => `${metadata.uid} ${metadata.resourceVersion}`)
    .toSorted();
}

/** Creates, changes and deletes pods at random; now and then the history is compacted. */
function disturb(server: FakeApiServer, random: () => number): void {
  const name = `p-${Math.floor(random() * 40)}`;
  const found = server.store.get(server.resource("pods"), "default", name);
  const dice = random();
  if (dice < 0.01) server.store.compact();
  else if (found === undefined) server.push(born(name));
  else if (dice < 0.4) server.remove(found.object);
  else server.push(found.object);
}

describe("whatever happens to connections, the rows become what the server has", () => {
  it.each([1, 2, 3, 4, 5, 6])("when each breaks at a random byte (seed %d)", async (seed) => {
    const random = randomFrom(seed);
    const server = await startFakeApiServer({ pods: 550 });
    cleanup.add(() => server.close());
    const cutter = await startCutter(server.port, random);
    const form = seed % 2 === 0 ? "table" : "objects";
    const cluster = await openKubeconfig(cleanup, fakeKubeconfig({ server: cutter.url }), { clock: hastyClock(200) });
    const store = hold(cluster.store(podQuery(server, { form })));
    for (let step = 0; step < 1500; step += 1) {
      disturb(server, random);
      if (step % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (step === 750) await server.until(() => cutter.cuts > 5);
    }
    cutter.heal();
    await eventually(store, () => seenIn(store).join() === truthOf(server).join());
    expect(seenIn(store)).toEqual(truthOf(server));
    expect(cutter.cuts).toBeGreaterThan(5);
  });
});

describe("rows of what is gone", () => {
  it("go when they were in a page of a list that had to begin anew", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 700 });
    const doomed = server.store.select(server.resource("pods"), {
      namespace: "",
      labelSelector: "",
      fieldSelector: "",
    })[0];
    server.intercept(({ query }) => {
      if (!query.has("continue") || doomed === undefined) return undefined;
      server.remove(doomed.object);
      server.store.compact();
      return undefined;
    });
    const store = hold(cluster.store(podQuery(server)));
    await live(store);
    expect(store.get().rows.size).toBe(699);
  });

  it("go when the server comes back with another store", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 20 }, { clock: hastyClock(20) });
    const store = hold(cluster.store(podQuery(server)));
    await live(store);
    await server.until(() => server.watchCount === 1);
    await server.setOnline(false);
    await eventually(
      store,
      ({ status }) => status.state === "stale" && status.error.message.includes("connection refused"),
    );
    server.store.wipe();
    for (const name of ["new-1", "new-2"]) server.push(born(name));
    await server.setOnline(true);
    await eventually(store, ({ rows, status }) => status.state === "live" && rows.size === 2);
    expect(podNames(store)).toEqual(["new-1", "new-2"]);
  });

  it("go when the server's versions are behind the ones that were seen", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 20 }, { clock: hastyClock(20) });
    const store = hold(cluster.store(podQuery(server)));
    await live(store);
    await server.until(() => server.watchCount === 1);
    server.store.wipe();
    server.store.seed(server.resource("pods"), born("new"));
    server.intercept(({ query }) =>
      query.has("watch") && Number(query.get("resourceVersion")) > server.store.version
        ? {
            kind: "status",
            code: 504,
            reason: "Timeout",
            message: "Timeout: Too large resource version: 1021, current: 2",
          }
        : undefined,
    );
    server.endWatches("cut");
    await eventually(store, ({ rows }) => rows.size === 1);
    expect(podNames(store)).toEqual(["new"]);
  });
});

describe("a server that is odd", () => {
  it("and goes back in its bookmarks is listed anew", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 20, bookmarkMilliseconds: 5 });
    const store = hold(cluster.store(podQuery(server)));
    await live(store);
    await server.until(() => server.watchCount === 1);
    server.store.wipe();
    server.store.seed(server.resource("pods"), born("new"));
    await eventually(store, ({ rows }) => rows.size === 1);
    expect(podNames(store)).toEqual(["new"]);
  });

  it("that asks for patience of years is asked again within minutes", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 3 }, { clock: hastyClock(200) });
    let refused = false;
    server.intercept(({ path }) => {
      if (refused || path !== "/api/v1/pods") return undefined;
      refused = true;
      return { kind: "status", code: 429, headers: { "Retry-After": "99999999" } };
    });
    const store = hold(cluster.store(podQuery(server)));
    const { status } = await eventually(store, (snapshot) => snapshot.status.state === "stale");
    expect(status.state === "stale" && status.retryAt - status.since).toBeLessThan(301_000);
    await live(store);
  });

  it("with bookmarks only keeps its rows and makes no new list", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 3, bookmarkMilliseconds: 5 });
    const store = hold(cluster.store(podQuery(server)));
    await live(store);
    const before = store.get().freshAt;
    await eventually(store, ({ freshAt }) => freshAt > before);
    expect(store.get().rows.size).toBe(3);
    const lists = server.requests.filter(({ path, query }) => path === "/api/v1/pods" && !query.has("watch"));
    expect(lists).toHaveLength(1);
  });
});
