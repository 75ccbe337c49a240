import { afterEach, expect, test } from "vitest";
import type { KubeObject } from "../../src/lib/kube/object.ts";
import { deployment, MemoryCluster, memoryClusters, runningPod } from "../support/memory-cluster.ts";
import { TestScreen } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

const pod = (name: string, app: string, namespace = "default"): KubeObject =>
  runningPod(name, { labels: { app }, namespace, uid: `uid-${namespace}-${name}` });

/** A pod of two containers and an init container that is done. */
function largePod(name: string): KubeObject {
  const base = pod(name, "large");
  const running = { running: { startedAt: "2025-12-31T23:00:00Z" } };
  const status = (container: string, state: object): object => ({ name: container, restartCount: 0, state });
  return {
    ...base,
    spec: {
      nodeName: "node-1",
      initContainers: [{ name: "setup" }],
      containers: [{ name: "main" }, { name: "proxy" }],
    },
    status: {
      phase: "Running",
      initContainerStatuses: [status("setup", { terminated: { exitCode: 0 } })],
      containerStatuses: [status("main", running), status("proxy", running)],
    },
  };
}

const object = (kind: string, apiVersion: string, name: string, more: object): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace: "default", uid: `uid-${kind}-${name}`, creationTimestamp: "2025-12-31T23:00:00Z" },
  ...more,
});

function clusterWide({ metadata, ...rest }: KubeObject): KubeObject {
  return { ...rest, metadata: { ...metadata, namespace: "" } };
}

async function start(): Promise<{ readonly app: TestScreen; readonly cluster: MemoryCluster }> {
  const cluster = new MemoryCluster("dev");
  for (const each of [pod("db-0", "db"), pod("web-a", "web"), pod("web-b", "web"), largePod("zzz")])
    cluster.put("pods", each);
  cluster.put("pods", pod("far", "web", "other"));
  cluster.put("deployments", deployment("web", 2));
  const selector = { matchLabels: { app: "db" } };
  cluster.put("statefulsets", object("StatefulSet", "apps/v1", "db", { spec: { selector } }));
  cluster.put("services", object("Service", "v1", "web", { spec: { selector: { app: "web" } } }));
  for (const name of ["default", "other"]) {
    cluster.put("namespaces", clusterWide(object("Namespace", "v1", name, { status: { phase: "Active" } })));
  }
  cluster.put("nodes", clusterWide(object("Node", "v1", "node-1", {})));
  const app = await TestScreen.open({ clusters: memoryClusters([cluster]), columns: 120 });
  open = app;
  return { app, cluster };
}

/** Pods and containers whose logs are followed. */
const followed = (cluster: MemoryCluster): string[] =>
  cluster.logStreams.map(({ query }) => `${query.namespace}/${query.pod}/${query.container}`).sort();

async function command(app: TestScreen, text: string): Promise<void> {
  await app.press(":");
  await app.type(text);
  await app.press("enter");
}

const WEB = ["default/web-a/main", "default/web-b/main"];

test("l on a pod reads all its containers but those that are done, Enter on a container that one alone", async () => {
  const { app, cluster } = await start();
  await app.press("G", "resource.logs");
  expect(followed(cluster)).toEqual(["default/zzz/main", "default/zzz/proxy"]);
  cluster.writeLog("zzz", "hello");
  await app.advance(50);
  expect(app.text()).toMatch(/^main {2}hello$/m);
  expect(app.text()).toMatch(/^proxy hello$/m);
  await app.press("escape", "enter", "enter");
  expect(followed(cluster)).toEqual(["default/zzz/setup"]);
});

test.each([
  { what: "a deployment", list: "deployments", expected: WEB, joining: ["web-new"] },
  { what: "a stateful set", list: "statefulsets", expected: ["default/db-0/main"], joining: ["db-new"] },
  { what: "a service", list: "services", expected: WEB, joining: ["web-new"] },
  {
    what: "a namespace",
    list: "namespaces",
    expected: ["default/db-0/main", ...WEB, "default/zzz/main", "default/zzz/proxy"],
    joining: ["db-new", "web-new"],
  },
  {
    what: "a node",
    list: "nodes",
    expected: ["default/db-0/main", ...WEB, "default/zzz/main", "default/zzz/proxy", "other/far/main"],
    joining: ["db-new", "web-new"],
  },
])("l on $what reads the pods behind it, and those that come later", async ({ list, expected, joining }) => {
  const { app, cluster } = await start();
  await command(app, list);
  await app.press("g", "resource.logs");
  expect(followed(cluster)).toEqual(expected);
  for (const label of ["web", "db"]) {
    const state = { running: { startedAt: "2026-01-01T00:00:00Z" } };
    const status = { phase: "Running", containerStatuses: [{ name: "main", restartCount: 0, state }] };
    cluster.put("pods", { ...pod(`${label}-new`, label), status });
  }
  await app.advance(100);
  const joined = cluster.logStreams.filter(({ query }) => query.pod.endsWith("-new"));
  expect(joined.map(({ query }) => query.pod).sort()).toEqual(joining);
  // What begins while the log is followed is read from its beginning.
  for (const { query } of joined) expect(query.tailLines).toBeUndefined();
  await app.press("escape");
  expect(cluster.logStreams).toHaveLength(0);
});

test("l with marks reads everything marked, pods and workloads alike", async () => {
  const { app, cluster } = await start();
  await app.press("g", "mark.toggle", "mark.toggle", "G", "resource.logs");
  expect(followed(cluster)).toEqual(["default/db-0/main", "default/web-a/main"]);
  await app.press("escape");
  await command(app, "deployments");
  cluster.put("deployments", deployment("db", 1));
  await app.advance(100);
  await app.press("g", "mark.toggle", "mark.toggle", "resource.logs");
  expect(followed(cluster)).toEqual(["default/db-0/main", ...WEB]);
});

test("Shift-L reads a label selection, and so does :logs with labels, in the namespace that it names", async () => {
  const { app, cluster } = await start();
  await command(app, "pods app=web");
  await app.press("table.logs");
  expect(followed(cluster)).toEqual(WEB);
  cluster.put("pods", pod("web-c", "web"));
  cluster.put("pods", pod("db-1", "db"));
  await app.advance(100);
  expect(followed(cluster)).toEqual([...WEB, "default/web-c/main"]);
  await app.press("escape");
  await command(app, "logs app=web -n other");
  expect(followed(cluster)).toEqual(["other/far/main"]);
  await app.press("escape");
  await command(app, "logs app=web -A");
  expect(followed(cluster)).toEqual([...WEB, "default/web-c/main", "other/far/main"]);
  await app.press("escape");
  await command(app, "logs zzz proxy");
  expect(followed(cluster)).toEqual(["default/zzz/proxy"]);
});

test("p on a pod reads the instance before the restart, and l shows it before a mark", async () => {
  const { app, cluster } = await start();
  const terminated = { containerID: "c://1", exitCode: 137, reason: "OOMKilled" };
  const restarted = pod("aaa", "a");
  const running = { running: { startedAt: "2026-01-01T00:00:00Z" } };
  const status = { name: "main", restartCount: 1, containerID: "c://2", state: running, lastState: { terminated } };
  cluster.put("pods", { ...restarted, status: { phase: "Running", containerStatuses: [status] } });
  await app.advance(100);
  await app.press("g", "resource.previous-logs");
  expect(cluster.logStreams.map(({ query }) => [query.pod, query.previous, query.follow])).toEqual([
    ["aaa", true, false],
  ]);
  await app.press("escape", "resource.logs");
  const [before, now] = cluster.logStreams;
  expect([before?.query.previous, now?.query.previous]).toEqual([true, undefined]);
  now?.handler.lines([{ time: "2026-01-01T00:00:05Z", text: "hello again" }]);
  before?.handler.lines([{ time: "2026-01-01T00:00:01Z", text: "last words" }]);
  await app.advance(50);
  const lines = app.lines();
  const top = lines.findIndex((line) => line.startsWith("──"));
  expect(lines.slice(top + 1, top + 4)).toEqual([
    "last words",
    "── aaa/main was restarted (once so far); before: exit code 137, OOMKilled",
    "hello again",
  ]);
});
