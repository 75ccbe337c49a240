import { afterEach, expect, test } from "vitest";
import { Cleanup, eventually, openFakeCluster } from "../../support/cluster-fixture.ts";
import { holdStore, live, pod, podNames, podQuery } from "../../support/pod-stores.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const inNamespace = (name: string, namespace: string): ReturnType<typeof pod> => {
  const made = pod(name, { namespace });
  return { ...made, metadata: { ...made.metadata, uid: `uid-${namespace}-${name}` } };
};

test("Several namespaces are one list with a watch each, which lists of one of them share", async () => {
  const { server, cluster } = await openFakeCluster(cleanup);
  const pods = server.resource("pods");
  for (const namespace of ["a", "b", "c"]) server.store.seed(pods, inNamespace("web", namespace));
  const store = holdStore(cleanup, cluster.store(podQuery(server, { namespace: "a,b" })));
  holdStore(cleanup, cluster.store(podQuery(server, { namespace: "a" })));
  await live(store);
  await server.until(() => server.watchCount === 2);
  const namespaces = [...store.get().rows.values()].map(({ object }) => object.metadata.namespace ?? "");
  expect(namespaces.toSorted()).toEqual(["a", "b"]);
  const lists = server.requests.filter(({ path, query }) => path.endsWith("/pods") && !query.has("watch"));
  expect(lists.map(({ path }) => path).toSorted()).toEqual(["/api/v1/namespaces/a/pods", "/api/v1/namespaces/b/pods"]);
});

test("Changes of every namespace arrive with what changed, those of others do not", async () => {
  const { server, cluster } = await openFakeCluster(cleanup);
  const pods = server.resource("pods");
  server.store.seed(pods, inNamespace("first", "a"));
  const store = holdStore(cleanup, cluster.store(podQuery(server, { namespace: "a,b" })));
  await live(store);
  await server.until(() => server.watchCount === 2);
  const changed: string[] = [];
  cleanup.add(
    store.subscribeChanges((changes) => {
      for (const key of changes.changed) changed.push(store.get().rows.get(key)?.object.metadata.name ?? "");
    }),
  );
  for (const [name, namespace] of [
    ["second", "b"],
    ["third", "a"],
    ["hidden", "c"],
  ] as const) {
    server.store.put(pods, inNamespace(name, namespace));
  }
  await eventually(store, ({ rows }) => rows.size === 3);
  expect(podNames(store)).toEqual(["first", "second", "third"]);
  expect(changed.toSorted()).toEqual(["second", "third"]);
});

test("A namespace that may not be listed is told beside what the others have", async () => {
  const { server, cluster } = await openFakeCluster(cleanup);
  server.store.seed(server.resource("pods"), inNamespace("web", "a"));
  server.deny("list", "pods", "b");
  const store = holdStore(cleanup, cluster.store(podQuery(server, { namespace: "a,b" })));
  const { status } = await live(store);
  expect(status).toMatchObject({ state: "live", without: expect.stringMatching(/^b: .*forbidden/) });
  expect(podNames(store)).toEqual(["web"]);
  const none = holdStore(cleanup, cluster.store(podQuery(server, { namespace: "b" })));
  await eventually(none, ({ status: { state } }) => state === "denied");
});

test("A read without anybody who listens has the rows that are there", async () => {
  const { server, cluster } = await openFakeCluster(cleanup);
  server.store.seed(server.resource("pods"), inNamespace("web", "a"));
  const store = cluster.store(podQuery(server, { namespace: "a,b" }));
  const end = store.subscribe(() => undefined);
  await live(store);
  end();
  expect(podNames(cluster.store(podQuery(server, { namespace: "a,b" })))).toEqual(["web"]);
  await expect(cluster.list(server.resource("pods"), { namespace: "a,b" })).resolves.toHaveLength(1);
});
