import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createClusters } from "../../src/cluster/clusters.ts";
import type { KubeObject, ObjectMeta } from "../../src/lib/kube/object.ts";
import { startFakeApiServer, type FakeApiServer } from "../support/fake-api-server.ts";
import { TestScreen } from "../support/screen.ts";

let server: FakeApiServer;
let folder = "";
let open: TestScreen | undefined;
beforeEach(async () => {
  server = await startFakeApiServer({ pods: 0 });
  folder = mkdtempSync(join(tmpdir(), "kelpie-nodes-"));
  writeFileSync(join(folder, "kubeconfig"), server.kubeconfig);
});
afterEach(async () => {
  await open?.close();
  open = undefined;
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const owned = (kind: string): Partial<ObjectMeta> => ({
  ownerReferences: [{ apiVersion: "apps/v1", kind, name: "owner", uid: "uid-owner", controller: true }],
});

function pod(name: string, metadata: Partial<ObjectMeta>, spec: Readonly<Record<string, unknown>> = {}): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", uid: `uid-${name}`, ...metadata },
    spec: { nodeName: "worker", containers: [{ name: "main", image: "localhost/host" }], ...spec },
    status: { phase: "Running" },
  };
}

/** The nodes view with the cursor on `worker`, the only one. */
async function nodesView(): Promise<TestScreen> {
  for (const stored of server.store.select(server.resource("nodes"), {
    namespace: "",
    labelSelector: "",
    fieldSelector: "",
  })) {
    server.remove(stored.object);
  }
  server.push({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "worker", uid: "uid-worker" },
    spec: {},
    status: {},
  });
  const clusters = createClusters({ overrides: { kubeconfig: join(folder, "kubeconfig") }, env: {} });
  const app = await TestScreen.open({ clusters, initialCommand: "nodes", columns: 120 });
  open = app;
  const view = app.ui.controller.navigation.front;
  if (view === undefined) throw new Error("no view is open");
  await app.until(view.title, (title) => title.count === "1");
  return app;
}

/** Waits until the task in front has ended in a state, letting time go on. */
async function taskEnds(app: TestScreen, state: string): Promise<void> {
  const view = app.ui.controller.navigation.front;
  if (view?.id !== "task") throw new Error(`${view?.id} is in front`);
  const ticking = setInterval(() => app.clock.advance(1000), 5);
  await app.until(view.title, (title) => title.notes?.includes(state) === true);
  clearInterval(ticking);
}

const writes = (): readonly string[] =>
  server.requests
    .filter(({ method, path }) => method !== "GET" && !path.includes("accessreviews"))
    .map(({ method, path }) => `${method} ${path.replace(/\?.*/, "")}`);

const unschedulable = (): unknown => server.store.get(server.resource("nodes"), "", "worker")?.object["spec"];

test("Cordon asks and uncordon does not; each is refused where it changes nothing", async () => {
  const app = await nodesView();
  await app.press("node.uncordon");
  expect(app.line(-1)).toContain("it is not cordoned");
  await app.press("node.cordon");
  expect(app.text()).toContain("Cordon node worker?");
  await app.press("tab", "enter");
  expect(app.line(-1)).toContain("node worker cordoned");
  expect(unschedulable()).toEqual({ unschedulable: true });
  await app.until({ get: () => app.text(), subscribe: tick }, (text) => text.includes("SchedulingDisabled"));
  await app.press("node.uncordon");
  expect(app.line(-1)).toContain("node worker uncordoned");
  expect(unschedulable()).toEqual({});
});

test("Drain evicts what a controller makes anew and says of every pod what became of it", async () => {
  server.push(pod("web", owned("ReplicaSet")));
  server.push(pod("agent", owned("DaemonSet")));
  server.push(pod("static", { annotations: { "kubernetes.io/config.mirror": "1" } }));
  const app = await nodesView();
  await app.press("node.drain");
  expect(app.text()).toMatch(/default\/web: evicted/);
  expect(app.text()).toMatch(/default\/agent: stays, of daemonset owner/);
  await app.press("tab", "enter");
  await taskEnds(app, "done");
  expect(app.text()).toContain("default/static stays: a static pod of the node");
  expect(app.text()).toContain("default/web gone");
  expect(writes()).toEqual(["PATCH /api/v1/nodes/worker", "POST /api/v1/namespaces/default/pods/web/eviction"]);
  expect(unschedulable()).toEqual({ unschedulable: true });
});

test("Drain refuses before it changes anything where pods would be lost, and goes on where the dialog allows it", async () => {
  server.push(pod("bare", {}));
  server.push(pod("scratch", owned("ReplicaSet"), { volumes: [{ name: "tmp", emptyDir: {} }] }));
  const app = await nodesView();
  await app.press("node.drain", "tab", "enter");
  await taskEnds(app, "failed");
  expect(app.text()).toContain("refused, nothing was evicted");
  expect(writes()).toEqual([]);
  await app.press("escape", "node.drain");
  expect(app.text()).toContain("Unmanaged pods");
  await app.press("shift-tab", "shift-tab", "right", "shift-tab", "right", "shift-tab", "enter");
  await taskEnds(app, "done");
  expect(app.text()).toContain("worker drained: 2 pods gone");
});

test("A disruption budget is shown and tried again; Esc does not leave, Ctrl-D cancels", async () => {
  server.push(pod("web", owned("ReplicaSet")));
  const message = "Cannot evict pod as it would violate the pod's disruption budget.";
  server.intercept(({ path }) =>
    path.includes("eviction") ? { kind: "status", code: 429, reason: "TooManyRequests", message } : undefined,
  );
  const app = await nodesView();
  await app.press("node.drain", "tab", "enter");
  const evictions = (): number => writes().filter((write) => write.endsWith("eviction")).length;
  const ticking = setInterval(() => app.clock.advance(1000), 5);
  await server.until(() => evictions() > 2);
  clearInterval(ticking);
  await app.press("escape");
  expect(app.text()).toContain("default/web held back, trying every 5 s");
  await app.press("task.cancel");
  await taskEnds(app, "cancelled");
  expect(app.line(-1)).toContain("the drain of node worker was cancelled; it stays cordoned");
});

function tick(listener: () => void): () => void {
  const timer = setInterval(listener, 5);
  return () => clearInterval(timer);
}
