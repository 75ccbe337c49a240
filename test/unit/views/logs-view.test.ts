import { readFile } from "node:fs/promises";
import { afterEach, expect, test } from "vitest";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { logsView } from "../../../src/views/logs/view.ts";
import type { View } from "../../../src/views/view.ts";
import { Cleanup, eventually, openFakeCluster, temporaryDirectory } from "../../support/cluster-fixture.ts";
import type { FakeApiServer } from "../../support/fake-api-server.ts";
import { recordingHost, targetOf, textOf, viewText, type RecordingHost } from "../../support/view-host.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

function pod(name: string, status: Readonly<Record<string, unknown>> = {}): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "shop",
      uid: `uid-${name}`,
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: { app: "shop" },
    },
    spec: { containers: [{ name: "main", image: "x" }] },
    status: {
      phase: "Running",
      containerStatuses: [
        { name: "main", ready: true, restartCount: 0, containerID: `c://${name}-1`, state: { running: {} }, ...status },
      ],
    },
  };
}

const deployment: KubeObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "shop", namespace: "shop", uid: "uid-shop", creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: { selector: { matchLabels: { app: "shop" } } },
};

const time = (second: number): string => `2026-01-01T00:00:${String(second).padStart(2, "0")}.000000001Z`;

interface Opened {
  readonly server: FakeApiServer;
  readonly cluster: Cluster;
  readonly host: RecordingHost;
  readonly open: (resource: string, object: KubeObject) => View;
}

async function start(...pods: readonly KubeObject[]): Promise<Opened> {
  const { server, cluster } = await openFakeCluster(cleanup, { pods: 0 });
  for (const one of [...pods, deployment]) server.push(one);
  await eventually(cluster.catalog, (catalog) => catalog.state === "ready");
  const host = recordingHost(cluster, { directory: await temporaryDirectory(cleanup) });
  const open = (resource: string, object: KubeObject): View => {
    const view = logsView.create(host.host, { targets: [targetOf(server, resource, object)] });
    cleanup.add(() => view.dispose());
    view.show();
    return view;
  };
  return { server, cluster, host, open };
}

test("the pods of a deployment are merged by time, and one that comes later joins", async () => {
  const { server, host, open } = await start(pod("shop-a"), pod("shop-b"));
  server.logs.append("shop/shop-a/main", time(1), "first");
  server.logs.append("shop/shop-b/main", time(2), "second");
  server.logs.append("shop/shop-a/main", time(3), "third");
  const view = open("deployments", deployment);
  const text = await viewText(view, host, (now) => now.split("\n").length === 4);
  expect(text).toBe("shop-a first\nshop-b second\nshop-a third\n");
  server.push(pod("shop-c"));
  server.logs.append("shop/shop-c/main", time(4), "fourth");
  await viewText(view, host, (now) => now.endsWith("shop-c fourth\n"));
});

test("a container that is not started says why, and is followed once it is", async () => {
  const waiting = pod("shop-a", { containerID: "", state: { waiting: { reason: "ImagePullBackOff" } } });
  const { server, host, open } = await start(waiting);
  const view = open("pods", waiting);
  await viewText(view, host, (now) => now.includes("shop-a/main: waiting: ImagePullBackOff"));
  server.push(pod("shop-a"));
  server.logs.append("shop/shop-a/main", time(1), "hello");
  await viewText(view, host, (now) => now.includes("hello"));
});

test("a restarted container's new instance is read from its beginning", async () => {
  const { server, host, open } = await start(pod("shop-a"));
  server.logs.append("shop/shop-a/main", time(1), "old instance");
  const view = open("pods", pod("shop-a"));
  await viewText(view, host, (now) => now.includes("old instance"));
  server.logs.end("shop/shop-a/main", "clean");
  server.logs.append("shop/shop-a/main", time(9), "new instance");
  server.push(pod("shop-a", { containerID: "c://shop-a-2", restartCount: 1 }));
  await viewText(view, host, (now) => now.includes("new instance"));
});

test("a restarted container shows its previous instance, a mark with the reason, and the new one", async () => {
  const ended = { terminated: { containerID: "c://shop-a-1", exitCode: 137, reason: "OOMKilled" } };
  const restarted = pod("shop-a", { containerID: "c://shop-a-2", restartCount: 1, lastState: ended });
  const { server, host, open } = await start(restarted);
  server.intercept(({ path, query }) =>
    path.endsWith("/log") && query.get("previous") === "true"
      ? { kind: "raw", code: 200, body: `${time(1)} last words\n`, contentType: "text/plain" }
      : undefined,
  );
  server.logs.append("shop/shop-a/main", time(9), "hello again");
  const view = open("pods", restarted);
  const text = await viewText(view, host, (now) => now.includes("last words") && now.includes("hello again"));
  expect(text).toBe(
    "last words\n── shop-a/main was restarted (once so far); before: exit code 137, OOMKilled\nhello again\n",
  );
});

test.each([
  { name: "marked pods", parameters: undefined },
  { name: "a label selection", parameters: { list: { namespace: "shop", labelSelector: "app=shop" } } },
])("$name share one list of pods, and make one log", async ({ parameters }) => {
  const pods = ["a", "b", "c"].map((name) => pod(`shop-${name}`));
  const { server, host } = await start(...pods, pod("other"));
  for (const [index, one] of ["a", "b", "c"].entries()) server.logs.append(`shop/shop-${one}/main`, time(index), one);
  const targets = pods.slice(0, 2).map((each) => targetOf(server, "pods", each));
  const view = logsView.create(host.host, parameters ?? { targets });
  cleanup.add(() => view.dispose());
  view.show();
  await viewText(view, host, (now) => now.includes("b b"));
  const lists = server.requests.filter(({ path, query }) => path.endsWith("/pods") && !query.has("watch"));
  expect(lists).toHaveLength(1);
  if (parameters === undefined) expect(await textOf(view, host)).toBe("shop-a a\nshop-b b\n");
  else await viewText(view, host, (now) => now.endsWith("c c\n"));
});

test("a broken stream is resumed and the break stands in the log once", async () => {
  const { server, host, open } = await start(pod("shop-a"));
  server.logs.append("shop/shop-a/main", time(1), "before");
  const view = open("pods", pod("shop-a"));
  await viewText(view, host, (now) => now.includes("before"));
  await server.until(() => server.logs.followers("shop/shop-a/main") === 1);
  server.logs.end("shop/shop-a/main", "cut");
  server.logs.append("shop/shop-a/main", time(2), "after");
  const text = await viewText(view, host, (now) => now.includes("after"));
  expect(text.match(/^before$/gm)).toHaveLength(1);
  expect(text.match(/the stream broke/g)).toHaveLength(1);
});

test("a filter hides lines and Esc brings them back", async () => {
  const { server, host, open } = await start(pod("shop-a"));
  for (const [index, word] of ["red", "green", "red again"].entries())
    server.logs.append("shop/shop-a/main", time(index), word);
  const view = open("pods", pod("shop-a"));
  await viewText(view, host, (now) => now.includes("red again"));
  host.answer = "!red";
  view.command("logs.filter");
  await eventually(view.title, (title) => title.notes?.includes("& !red") === true);
  expect(await textOf(view, host)).toBe("green\n");
  expect(view.escape?.()).toBe(true);
  expect(await textOf(view, host)).toBe("red\ngreen\nred again\n");
  expect(view.escape?.()).toBe(false);
});

test("a filtered log takes late lines in their place", async () => {
  const { server, host, open } = await start(pod("shop-a"), pod("shop-b"));
  server.logs.append("shop/shop-a/main", time(1), "red one");
  server.logs.append("shop/shop-b/main", time(2), "blue");
  server.logs.append("shop/shop-a/main", time(5), "red five");
  const view = open("deployments", deployment);
  await viewText(view, host, (now) => now.includes("five") && now.includes("blue"));
  host.answer = "red";
  view.command("logs.filter");
  await eventually(view.title, (title) => title.notes?.includes("& red") === true);
  server.logs.append("shop/shop-b/main", time(3), "red three");
  server.logs.append("shop/shop-b/main", time(4), "green");
  const text = await viewText(view, host, (now) => now.includes("three"));
  expect(text).toBe("shop-a red one\nshop-b red three\nshop-a red five\n");
  view.command("search.set", "three");
  server.logs.append("shop/shop-a/main", time(6), "red three again");
  await eventually(view.title, (title) => title.filter === "/three 1/2");
});

test("a log is saved whole and without control sequences, readable by its owner alone", async () => {
  const { server, host, open } = await start(pod("shop-a"));
  server.logs.append("shop/shop-a/main", time(1), "\u001B[31mred\u001B[0m \u001B]0;title\u0007x");
  const view = open("pods", pod("shop-a"));
  await viewText(view, host, (now) => now.includes("red"));
  view.command("logs.timestamps");
  view.command("text.save");
  await expect.poll(() => host.flashes.length).toBe(1);
  expect(host.flashes[0]).toContain("1 line saved");
  const path = /saved to (\S+)$/.exec(host.flashes[0] ?? "")?.[1] ?? "";
  expect(await readFile(path, "utf8")).toBe(`${time(1)} red x\n`);
});

test("a workload that selects nothing says so", async () => {
  const { host, open } = await start();
  const view = open("deployments", { ...deployment, spec: {} });
  await viewText(view, host, (now) => now.includes("has no pods"));
});
