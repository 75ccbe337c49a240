import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createClusters } from "../../src/cluster/clusters.ts";
import type { KubeObject } from "../../src/lib/kube/object.ts";
import type { View } from "../../src/views/view.ts";
import { startFakeApiServer, type FakeApiServer } from "../support/fake-api-server.ts";
import { TestScreen } from "../support/screen.ts";

let server: FakeApiServer;
let folder = "";
let open: TestScreen | undefined;
beforeEach(async () => {
  server = await startFakeApiServer({ pods: 6 });
  folder = mkdtempSync(join(tmpdir(), "kelpie-real-"));
  writeFileSync(join(folder, "kubeconfig"), server.kubeconfig);
});
afterEach(async () => {
  await open?.close();
  open = undefined;
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const widget = (name: string, size: number): KubeObject => ({
  apiVersion: "example.com/v1alpha1",
  kind: "Widget",
  metadata: { name, namespace: "default", uid: `uid-${name}`, creationTimestamp: "2025-12-31T23:00:00Z" },
  spec: { size, colour: "red" },
});

/** The program with the real client over real sockets. */
async function start(initialCommand: string): Promise<TestScreen> {
  const clusters = createClusters({ overrides: { kubeconfig: join(folder, "kubeconfig") }, env: {} });
  open = await TestScreen.open({ clusters, initialCommand });
  return open;
}

function front(app: TestScreen): View {
  const view = app.ui.controller.navigation.front;
  if (view === undefined) throw new Error("no view is open");
  return view;
}

/** Waits until the list is live and its title counts so many rows. */
async function rowCount(app: TestScreen, count: number): Promise<void> {
  await app.until(front(app).freshness, ({ state }) => state === "live");
  await app.until(front(app).title, (title) => title.count === String(count));
}

test("A kind that kelpie does not know has the server's columns, sorted by value, and changes live", async () => {
  for (const [name, size] of [
    ["big", 100],
    ["small", 9],
    ["middle", 20],
  ] as const) {
    server.push(widget(name, size));
  }
  const app = await start("pods");
  const { cluster } = app.ui.controller.session;
  const catalog = cluster.get()?.catalog;
  if (catalog === undefined) throw new Error("no cluster is open");
  await app.until(catalog, ({ state }) => state === "ready");
  await app.press(":");
  await app.type("wd");
  await app.press("enter");
  await rowCount(app, 3);
  expect(app.text()).toMatch(/NAME +SIZE +COLOUR +AGE/);
  await app.press("shift-right", "shift-right");
  expect(app.rows().map((row) => row.replace(" *selected*", ""))).toEqual(["small", "middle", "big"]);
  server.push(widget("tiny", 1));
  await rowCount(app, 4);
  expect(app.rows()[0]).toMatch(/^tiny/);
});

test("A deleted pod leaves the screen by the watch, and the request carried its uid", async () => {
  const app = await start("pods default");
  await app.until(front(app).freshness, ({ state }) => state === "live");
  const before = app.rows();
  await app.press("resource.delete", "tab", "enter");
  await rowCount(app, before.length - 1);
  expect(app.rows()).toHaveLength(before.length - 1);
  const request = server.requests.find(({ method }) => method === "DELETE");
  expect(JSON.parse(request?.body ?? "{}")).toMatchObject({ preconditions: { uid: expect.any(String) } });
});

test("Read-only sends no write, whatever keys are pressed", async () => {
  const clusters = createClusters({ overrides: { kubeconfig: join(folder, "kubeconfig") }, env: {} });
  const app = await TestScreen.open({ clusters, initialCommand: "pods default", readOnly: true });
  open = app;
  await app.until(front(app).freshness, ({ state }) => state === "live");
  for (const { id, mutates } of app.ui.controller.bindings.actions) {
    if (mutates !== true) continue;
    app.ui.controller.runAction(id);
    await app.press("tab", "enter", "escape");
  }
  expect(server.requests.filter(({ method }) => method !== "GET" && method !== "POST")).toEqual([]);
  expect(server.requests.filter(({ method, path }) => method === "POST" && !path.endsWith("reviews"))).toEqual([]);
});

test("A namespace that does not exist is told apart from an empty one, until somebody makes it", async () => {
  const app = await start("pods nowhere");
  await app.untilShown(/The namespace nowhere does not exist\./);
  expect(app.text()).toMatch(/pods\(nowhere\)\[0\] .* live ─/);
  server.push({ apiVersion: "v1", kind: "Namespace", metadata: { name: "nowhere", uid: "uid-nowhere" } });
  await app.advance(11_000);
  await app.untilShown(/There are no pods in the namespace nowhere\./);
});

test("Without the right to read a namespace nothing is said of whether it exists", async () => {
  server.deny("get", "namespaces");
  const app = await start("pods nowhere");
  await rowCount(app, 0);
  await server.until(() => server.requests.some(({ path }) => path === "/api/v1/namespaces/nowhere"));
  await app.idle();
  expect(app.text()).toContain("There are no pods in the namespace nowhere.");
  expect(app.text()).not.toContain("not exist");
});
