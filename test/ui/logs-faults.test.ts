import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { ApiError } from "../../src/cluster/api-error.ts";
import { createClusters } from "../../src/cluster/clusters.ts";
import { KelpieError } from "../../src/lib/errors.ts";
import type { KubeObject } from "../../src/lib/kube/object.ts";
import { startFakeApiServer } from "../support/fake-api-server.ts";
import { deployment, MemoryCluster, memoryClusters, runningPod } from "../support/memory-cluster.ts";
import { TestScreen } from "../support/screen.ts";

let open: TestScreen | undefined;
const undo: Array<() => Promise<void> | void> = [];
afterEach(async () => {
  await open?.close();
  open = undefined;
  for (const step of undo.splice(0)) await step();
});

async function start(...pods: readonly KubeObject[]): Promise<{ app: TestScreen; cluster: MemoryCluster }> {
  const cluster = new MemoryCluster("dev");
  for (const pod of pods) cluster.put("pods", pod);
  const app = await TestScreen.open({ clusters: memoryClusters([cluster]), columns: 140 });
  open = app;
  await app.press("l");
  return { app, cluster };
}

/** The lines of the log on the screen. */
function logLines(app: TestScreen): string[] {
  const lines = app.lines();
  const top = lines.findIndex((line) => line.startsWith("──"));
  return lines.slice(top + 1, -2).filter((line) => line !== "");
}

/** A pod with another status of its container, or of itself. */
function changed(
  container: Readonly<Record<string, unknown>>,
  own: Readonly<Record<string, unknown>> = {},
): KubeObject {
  const pod = runningPod("web");
  const status = { name: "main", ready: false, restartCount: 0, ...container };
  return { ...pod, status: { phase: "Running", containerStatuses: [status], ...own } };
}

test("A container that waits says why, once for each reason, and is followed when it runs", async () => {
  const waiting = (reason: string): KubeObject => changed({ state: { waiting: { reason, message: "no such image" } } });
  const { app, cluster } = await start(waiting("ErrImagePull"));
  await app.advance(50);
  for (const reason of ["ImagePullBackOff", "ErrImagePull", "ImagePullBackOff"]) cluster.put("pods", waiting(reason));
  await app.advance(50);
  expect(logLines(app)).toEqual([
    "── web/main: waiting: ErrImagePull: no such image",
    "── web/main: waiting: ImagePullBackOff: no such image",
  ]);
  expect(cluster.logStreams).toHaveLength(0);
  cluster.put("pods", runningPod("web"));
  cluster.writeLog("web", "hello");
  await app.advance(50);
  expect(logLines(app).at(-1)).toBe("hello");
});

test("An instance that ends and is put off says so between what it wrote and what the next one writes", async () => {
  const { app, cluster } = await start(changed({ containerID: "c://1", state: { running: {} } }));
  cluster.writeLog("web", "one");
  const terminated = { containerID: "c://1", exitCode: 1, reason: "Error" };
  const backOff = { reason: "CrashLoopBackOff", message: "back-off 10s" };
  const off = { containerID: "c://1", restartCount: 1, state: { waiting: backOff }, lastState: { terminated } };
  cluster.put("pods", changed(off));
  cluster.logStreams[0]?.handler.ended();
  cluster.put(
    "pods",
    changed({ containerID: "c://2", restartCount: 1, state: { running: {} }, lastState: { terminated } }),
  );
  cluster.logStreams.at(-1)?.handler.lines([{ time: "2026-01-01T00:00:20Z", text: "two" }]);
  await app.advance(50);
  expect(logLines(app)).toEqual([
    "one",
    "── web/main: exit code 1, Error; waiting: CrashLoopBackOff: back-off 10s",
    "── web/main was restarted (once so far); before: exit code 1, Error",
    "two",
  ]);
});

test("An instance that is seen only when it is put off is a restart, and what was not seen at all is told", async () => {
  const { app, cluster } = await start(changed({ containerID: "c://1", state: { running: {} } }));
  cluster.writeLog("web", "one");
  const terminated = { containerID: "c://3", exitCode: 1, reason: "Error" };
  const waiting = { reason: "CrashLoopBackOff", message: "back-off 20s" };
  cluster.put(
    "pods",
    changed({ containerID: "c://3", restartCount: 2, state: { waiting }, lastState: { terminated } }),
  );
  cluster.logStreams.at(-1)?.handler.lines([{ time: "2026-01-01T00:00:20Z", text: "three" }]);
  await app.advance(50);
  expect(logLines(app)).toContain(
    "── web/main was restarted (2 times so far); 1 instance in between could not be read",
  );
});

test("A pod that was evicted before it wrote anything says why there is no log", async () => {
  const evicted = { phase: "Failed", reason: "Evicted", message: "The node was low on memory.", containerStatuses: [] };
  const { app, cluster } = await start(changed({}, evicted));
  await app.advance(50);
  expect(logLines(app)).toEqual([
    "── web/main: it was never started: Evicted: The node was low on memory.",
    "── web: Evicted: The node was low on memory.",
  ]);
  expect(cluster.logStreams).toHaveLength(0);
});

test("An eviction, how a container ended, and that its pod was deleted stand where they happened", async () => {
  const { app, cluster } = await start(changed({ containerID: "c://1", state: { running: {} } }));
  cluster.logStreams[0]?.handler.lines([{ time: "2026-01-01T00:00:09.7Z", text: "last words" }]);
  const disrupted = {
    type: "DisruptionTarget",
    status: "True",
    reason: "EvictionByEvictionAPI",
    message: "Eviction API",
  };
  cluster.put("pods", changed({ containerID: "c://1", state: { running: {} } }, { conditions: [disrupted] }));
  const terminated = { exitCode: 137, reason: "OOMKilled", finishedAt: "2026-01-01T00:00:09Z" };
  cluster.put("pods", changed({ containerID: "c://1", state: { terminated } }, { phase: "Failed" }));
  cluster.logStreams[0]?.handler.ended();
  await app.advance(10_000);
  cluster.remove("pods", runningPod("web"));
  await app.advance(50);
  expect(logLines(app)).toEqual([
    "last words",
    "── web: EvictionByEvictionAPI: Eviction API",
    "── web/main ended: exit code 137, OOMKilled",
    "── web was deleted",
  ]);
});

test("A node that is away, a stream that breaks and a refusal are told in the words of the server", async () => {
  const { app, cluster } = await start(runningPod("web"));
  const [stream] = cluster.logStreams;
  const away = new KelpieError('Get "https://10.0.0.9:10250/containerLogs": dial tcp: connection refused');
  stream?.handler.interrupted(away, 0);
  stream?.handler.interrupted(away, 0);
  await app.advance(50);
  expect(app.text()).toContain("stale since");
  stream?.handler.resumed?.();
  cluster.writeLog("web", "one");
  stream?.handler.interrupted(new KelpieError("the connection was reset"), 0);
  stream?.handler.gap?.("2026-01-01T00:00:01Z", "2026-01-01T00:00:05Z");
  stream?.handler.lines([{ time: "2026-01-01T00:00:05Z", text: "five" }]);
  stream?.handler.failed(new ApiError('pods "web" is forbidden: User "eve" cannot get resource "pods/log"', 403));
  await app.advance(50);
  expect(logLines(app)).toEqual([
    `── web/main: its log cannot be read yet, it is tried again: ${away.message}`,
    "one",
    "── web/main: the stream broke, it is resumed where it ended: the connection was reset",
    "── web/main: lines after 2026-01-01T00:00:01Z may be missing here: the node no longer has them",
    "five",
    '── web/main: pods "web" is forbidden: User "eve" cannot get resource "pods/log"',
  ]);
});

test("Without the right to list pods a workload's log says so, and marked pods are followed all the same", async () => {
  const denied = { state: "denied", error: new KelpieError("pods is forbidden") } as const;
  const { app, cluster } = await start(runningPod("web"));
  cluster.put("deployments", deployment("shop", 1));
  cluster.store({
    resource: cluster.resource("pods"),
    namespace: "default",
    labelSelector: "app=shop",
    form: "objects",
  });
  cluster.setListStatus("pods", denied);
  await app.press("view.reload");
  expect(cluster.logStreams.map(({ query }) => query.pod)).toEqual(["web"]);
  await app.press(":");
  await app.type("deployments");
  await app.press("enter", "l");
  await app.advance(50);
  expect(logLines(app)).toEqual(["── the pods of deployment shop cannot be listed: pods is forbidden"]);
});

test("With no right but that to get pods/log, a pod's log is followed by its name", async () => {
  const server = await startFakeApiServer({ pods: 1 });
  undo.push(() => server.close());
  for (const verb of ["list", "watch", "get"]) server.deny(verb, "pods");
  const [stored] = [...server.store.collection({ group: "", version: "v1", resource: "pods" }).values()];
  const { name = "", namespace = "" } = stored?.object.metadata ?? {};
  const folder = mkdtempSync(join(tmpdir(), "kelpie-logs-"));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "kubeconfig"), server.kubeconfig);
  const clusters = createClusters({ overrides: { kubeconfig: join(folder, "kubeconfig") }, env: {} });
  const app = await TestScreen.open({ clusters, columns: 140, initialCommand: "pods", namespace });
  open = app;
  const { cluster } = app.ui.controller.session;
  const catalog = cluster.get()?.catalog;
  if (catalog === undefined) throw new Error("no cluster is open");
  await app.until(catalog, ({ state }) => state === "ready");
  await app.press(":");
  await app.type(`logs ${name} web`);
  await app.press("enter");
  const container = `${namespace}/${name}/web`;
  await expect.poll(() => server.logs.followers(container)).toBe(1);
  server.logs.append(container, "2026-01-01T00:00:01Z", "hello");
  const view = app.ui.controller.navigation.front;
  if (view === undefined) throw new Error("no view is open");
  // The stream is broken, and resumed without a look at the pod.
  await app.until(view.freshness, ({ state }) => state === "live");
  const shown = async (line: string): Promise<void> => {
    await expect
      .poll(
        async () => {
          await app.advance(50);
          return logLines(app);
        },
        { timeout: 20_000 },
      )
      .toContain(line);
  };
  await shown("hello");
  server.logs.end(container, "clean");
  server.logs.append(container, "2026-01-01T00:00:02Z", "hello again");
  await shown("hello again");
  expect(logLines(app).filter((line) => line === "hello")).toHaveLength(1);
});

test("A pod that is not there is said not to be there, and a command that names none says how", async () => {
  const { app } = await start(runningPod("web"));
  await app.press(":");
  await app.type("logs other");
  await app.press("enter");
  await app.advance(50);
  expect(logLines(app)).toEqual(["── there is no pod default/other"]);
  for (const [command, answer] of [
    ["logs", "logs needs a pod, or labels"],
    ["logs a b c", "logs needs a pod, or labels"],
    ["logs a -n", "-n needs a value"],
    ["logs a --what", "unknown flag --what"],
    ["logs a -A", "in which namespace is a?"],
  ] as const) {
    await app.press(":");
    await app.type(command);
    await app.press("enter");
    expect(app.line(-1), command).toContain(answer);
  }
  await app.press(":");
  await app.type("logs app=shop -n shop");
  await app.press("enter");
  expect(app.text()).toContain("pods shop app=shop");
});
