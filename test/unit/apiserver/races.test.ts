import { describe, expect, it } from "vitest";
import { RESOURCES, type WatchEvent } from "../../../src/embedded/machinery/registry.ts";
import { bootstrapNamespaces } from "../../../src/embedded/server/bootstrap.ts";
import { createRegistry, type ClusterRegistry } from "../../../src/embedded/server/create-registry.ts";
import { ListSnapshots } from "../../../src/embedded/server/list-snapshots.ts";
import { openStore } from "../../../src/embedded/store/sqlite-store.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { asRecord, at, type KubeObject } from "../../../src/lib/kube/object.ts";
import { silentLogger } from "../../../src/lib/log.ts";
import { FakeClock } from "../../support/fake-clock.ts";

async function newRegistry(): Promise<ClusterRegistry> {
  const registry = createRegistry({ store: await openStore(":memory:"), clock: systemClock, logger: silentLogger });
  await bootstrapNamespaces(registry);
  return registry;
}

const { configmaps } = RESOURCES;
const key = { namespace: "default", name: "shared" };
const shared: KubeObject = { metadata: { name: "shared" }, data: {} };

function outcomes(results: ReadonlyArray<PromiseSettledResult<unknown>>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const result of results) {
    const name = result.status === "fulfilled" ? "ok" : String(at(result.reason, "reason"));
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

describe("many at once", () => {
  it("patches of different fields all last, whatever their type", async () => {
    const registry = await newRegistry();
    await registry.create(configmaps, "default", shared);
    await Promise.all(
      Array.from({ length: 60 }, (_, index) => {
        const name = `k${index}`;
        if (index % 3 === 0) return registry.patch(configmaps, key, "merge", { data: { [name]: "x" } });
        if (index % 3 === 1) return registry.patch(configmaps, key, "strategic", { data: { [name]: "x" } });
        return registry.patch(configmaps, key, "json", [{ op: "add", path: `/data/${name}`, value: "x" }]);
      }),
    );
    const { data } = await registry.get(configmaps, key);
    expect(Object.keys(asRecord(data))).toHaveLength(60);
  });

  it("of the patches and updates of one version exactly one succeeds", async () => {
    const registry = await newRegistry();
    const { metadata } = await registry.create(configmaps, "default", shared);
    const { resourceVersion = "" } = metadata;
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => {
        const data = { winner: String(index) };
        return index % 2 === 0
          ? registry.patch(configmaps, key, "merge", { metadata: { resourceVersion }, data })
          : registry.update(configmaps, key, { ...shared, metadata, data });
      }),
    );
    expect(outcomes(results)).toEqual({ ok: 1, Conflict: 19 });
  });

  it("of the creations of one name exactly one succeeds, and a delete beside a patch leaves nothing half", async () => {
    const registry = await newRegistry();
    const created = await Promise.allSettled(
      Array.from({ length: 20 }, () => registry.create(configmaps, "default", shared)),
    );
    expect(outcomes(created)).toEqual({ ok: 1, AlreadyExists: 19 });
    const results = await Promise.allSettled([
      registry.patch(configmaps, key, "merge", { data: { a: "b" } }),
      registry.delete(configmaps, key),
      registry.patch(configmaps, key, "merge", { data: { c: "d" } }),
    ]);
    expect(outcomes(results)).toEqual({ ok: 2, NotFound: 1 });
    expect((await registry.list(configmaps, { namespace: "default" })).items.map((each) => each.metadata.name)).toEqual(
      [],
    );
  });

  it("nothing new comes into a namespace that is being deleted, not even by an update", async () => {
    const registry = await newRegistry();
    await registry.create(RESOURCES.namespaces, "", { metadata: { name: "doomed" } });
    const results = await Promise.allSettled([
      registry.create(configmaps, "doomed", { metadata: { name: "before" } }),
      registry.delete(RESOURCES.namespaces, { namespace: "", name: "doomed" }),
      registry.create(configmaps, "doomed", { metadata: { name: "after" } }),
      registry.patch(
        configmaps,
        { namespace: "doomed", name: "applied" },
        "apply",
        {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name: "applied" },
        },
        { fieldManager: "test" },
      ),
    ]);
    expect(outcomes(results)).toEqual({ ok: 2, Forbidden: 2 });
  });

  it("a list and a watch from its version together miss nothing and tell nothing twice", async () => {
    const registry = await newRegistry();
    const { store } = registry;
    const seen = new Map<string, number>();
    const writes: Array<Promise<unknown>> = [];
    for (let round = 0; round < 20; round += 1) {
      writes.push(registry.create(configmaps, "default", { metadata: { name: `c-${round}` } }));
      if (round === 10) {
        await store.settled();
        writes.push(registry.create(configmaps, "default", { metadata: { name: "in-between" } }));
        for (const { object } of store.list("configmaps", "default")) seen.set(object.metadata.name ?? "", 1);
        store.watch(
          "configmaps",
          ({ key: { name } }) => seen.set(name, (seen.get(name) ?? 0) + 1),
          store.resourceVersion,
        );
      }
    }
    await Promise.all(writes);
    expect([...seen].filter(([name]) => name !== "kube-root-ca.crt").every(([, count]) => count === 1)).toBe(true);
    expect([...seen.keys()].filter((name) => name !== "kube-root-ca.crt")).toHaveLength(21);
  });
});

describe("what is promised", () => {
  it("is no version whose event nobody was told of yet", async () => {
    const registry = await newRegistry();
    const { store } = registry;
    const before = store.reportedVersion;
    const writing = registry.create(configmaps, "default", shared);
    expect(store.resourceVersion).toBe(before + 1);
    expect(store.reportedVersion).toBe(before);
    await writing;
    expect(store.reportedVersion).toBe(before + 1);
  });

  it("is another name where the generated one is taken, but not for ever", async () => {
    const registry = await newRegistry();
    const { store } = registry;
    const taken = await registry.create(configmaps, "default", shared);
    const get = store.get.bind(store);
    let collisions = 3;
    store.get = (asked) => {
      if (asked.resource === "configmaps" && asked.name.startsWith("some-") && (collisions -= 1) >= 0) {
        return get({ resource: "configmaps", ...key });
      }
      return get(asked);
    };
    const object: KubeObject = { metadata: { generateName: "some-" } };
    const created = await registry.create(configmaps, "default", object);
    expect(created.metadata.name).toMatch(/^some-/);
    expect(created.metadata.uid).not.toBe(taken.metadata.uid);
    collisions = Number.POSITIVE_INFINITY;
    await expect(registry.create(configmaps, "default", object)).rejects.toMatchObject({ code: 409 });
  });

  it("is the end of what is being deleted: no finalizer comes any more", async () => {
    const registry = await newRegistry();
    await registry.create(configmaps, "default", { metadata: { name: "shared", finalizers: ["example.com/a"] } });
    await registry.delete(configmaps, key);
    const more = { metadata: { finalizers: ["example.com/a", "example.com/b"] } };
    await expect(registry.patch(configmaps, key, "merge", more)).rejects.toThrow(
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/b"}',
    );
    await registry.patch(configmaps, key, "merge", { metadata: { finalizers: [] } });
    await expect(registry.get(configmaps, key)).rejects.toMatchObject({ code: 404 });
  });

  it("is the rest of a list for five minutes, and then no memory", async () => {
    const registry = await newRegistry();
    for (const name of ["a", "b", "c"]) await registry.create(configmaps, "default", { metadata: { name } });
    const clock = new FakeClock();
    const snapshots = new ListSnapshots(clock);
    const { continueToken = "" } = snapshots.first(registry.store.list("configmaps"), 1, 1);
    clock.advance(299_000);
    expect(snapshots.next(continueToken, 1).items).toHaveLength(1);
    clock.advance(1000);
    expect(() => snapshots.next(continueToken, 1)).toThrow("too old to display a consistent list");
  });

  it("is an end of a watch: a thousand that were opened and closed leave no listener", async () => {
    const registry = await newRegistry();
    const events: WatchEvent[] = [];
    for (let count = 0; count < 1000; count += 1) {
      const controller = new AbortController();
      registry.watch(configmaps, {}, { event: (event) => events.push(event) }, controller.signal);
      controller.abort();
    }
    events.length = 0;
    await registry.create(configmaps, "default", shared);
    expect(events).toEqual([]);
  });
});
