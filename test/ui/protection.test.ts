import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Protection } from "../../src/cluster/cluster.ts";
import { createClusters } from "../../src/cluster/clusters.ts";
import { Cleanup, openFakeCluster } from "../support/cluster-fixture.ts";
import { startFakeApiServer, type FakeApiServer } from "../support/fake-api-server.ts";
import { TestScreen } from "../support/screen.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** The nodes of a context under a protection, with the cursor on a cordoned one. */
async function start(protection: Protection): Promise<{ readonly app: TestScreen; readonly server: FakeApiServer }> {
  const server = await startFakeApiServer({ pods: 0, nodes: 0 });
  cleanup.add(() => server.close());
  server.push({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "worker", uid: "u" },
    spec: { unschedulable: true },
  });
  const folder = mkdtempSync(join(tmpdir(), "kelpie-protection-"));
  cleanup.add(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "kubeconfig"), server.kubeconfig);
  const clusters = createClusters({ overrides: { kubeconfig: join(folder, "kubeconfig") }, env: {} });
  const settings = { contexts: { fake: { protection } } };
  const app = await TestScreen.open({ clusters, initialCommand: "nodes /worker", columns: 120, settings });
  cleanup.add(() => app.close());
  const view = app.ui.controller.navigation.front;
  if (view === undefined) throw new Error("no view is open");
  await app.until(view.title, (title) => title.count?.startsWith("1") === true);
  return { app, server };
}

const patches = (server: FakeApiServer): number => server.requests.filter(({ method }) => method === "PATCH").length;

test("open writes what needs no question without one", async () => {
  const { app, server } = await start("open");
  await app.press("node.uncordon");
  expect(app.line(-1)).toContain("node worker uncordoned");
  expect(patches(server)).toBe(1);
});

test("confirm asks before each write, and a no sends nothing", async () => {
  const { app, server } = await start("confirm");
  expect(app.line(0)).toContain("asks first");
  await app.press("node.uncordon");
  expect(app.text()).toContain("Change node worker in fake?");
  await app.press("enter");
  expect(patches(server)).toBe(0);
  await app.press("node.uncordon", "tab", "enter");
  expect(app.line(-1)).toContain("node worker uncordoned");
  expect(patches(server)).toBe(1);
});

test("type-name takes the name in letters, for what another dialog has asked too", async () => {
  const { app, server } = await start("type-name");
  expect(app.line(0)).toContain("protected");
  await app.press("resource.label");
  await app.type("tier=gold");
  await app.press("enter");
  expect(app.text()).toContain("Change node worker in fake?");
  await app.type("work");
  await app.press("enter", "enter", "tab", "enter");
  expect(patches(server)).toBe(0);
  await app.press("escape", "resource.label");
  await app.type("tier=gold");
  await app.press("enter");
  await app.type("worker");
  await app.press("enter", "tab", "enter");
  expect(app.line(-1)).toContain("node worker labelled");
  expect(patches(server)).toBe(1);
});

test("read-only is read-only", async () => {
  const { app, server } = await start("read-only");
  await app.press("node.uncordon");
  expect(app.line(-1)).toContain("read-only");
  expect(patches(server)).toBe(0);
});

test("The gate refuses what nobody agreed to, and a permit holds for its objects and its time alone", async () => {
  const { server, cluster } = await openFakeCluster(cleanup, { pods: 0, nodes: 0 });
  for (const name of ["a", "b"])
    server.push({ apiVersion: "v1", kind: "Node", metadata: { name, uid: name }, spec: {} });
  cluster.writes.setProtection("confirm");
  const label = (name: string): Promise<unknown> =>
    cluster.writes.patch({ resource: server.resource("nodes"), namespace: "", name }, "merge", {
      metadata: { labels: {} },
    });
  await expect(label("a")).rejects.toThrow("nobody agreed to it");
  const release = cluster.writes.permit(({ name }) => name === "a");
  await label("a");
  await expect(label("b")).rejects.toThrow("nobody agreed to it");
  release();
  await expect(label("a")).rejects.toThrow("nobody agreed to it");
  expect(patches(server)).toBe(1);
});

test("a shell counts as a write: a protected context asks before it, and a no opens none", async () => {
  const { app, server } = await start("confirm");
  server.push({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "default", uid: "uid-web" },
    spec: { containers: [{ name: "main" }] },
    status: { phase: "Running", containerStatuses: [{ name: "main", state: { running: {} } }] },
  });
  await app.press(":");
  await app.type("pods default");
  await app.press("enter");
  const view = app.ui.controller.navigation.front;
  if (view === undefined) throw new Error("no view is open");
  await app.until(view.title, (title) => title.count === "1");
  await app.press("resource.shell");
  expect(app.text()).toContain("Open a shell in pod web in fake?");
  await app.press("escape");
  expect(server.sessions.opened).toEqual([]);
});
