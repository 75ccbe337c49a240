import { connect, type Socket } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createClusters } from "../../src/cluster/clusters.ts";
import type { PortForward } from "../../src/cluster/cluster.ts";
import type { KubeObject } from "../../src/lib/kube/object.ts";
import { startFakeApiServer, type FakeApiServer } from "../support/fake-api-server.ts";
import { TestScreen } from "../support/screen.ts";

let server: FakeApiServer;
let folder = "";
let open: TestScreen | undefined;
const sockets: Socket[] = [];
beforeEach(async () => {
  server = await startFakeApiServer({ pods: 0 });
  folder = mkdtempSync(join(tmpdir(), "kelpie-forwards-"));
  writeFileSync(join(folder, "kubeconfig"), server.kubeconfig);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await open?.close();
  open = undefined;
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const POD_SPEC = { containers: [{ name: "main", image: "web", ports: [{ name: "http", containerPort: 8080 }] }] };

const owner = (kind: string, name: string): KubeObject["metadata"] => ({
  ownerReferences: [{ apiVersion: "apps/v1", kind, name, uid: `uid-${kind}-${name}`, controller: true }],
});

function workload(kind: string, name: string, metadata: KubeObject["metadata"] = {}): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name, namespace: "default", uid: `uid-${kind}-${name}`, ...metadata },
    spec: { selector: { matchLabels: { app: "web" } }, template: { spec: POD_SPEC } },
  };
}

function pod(
  name: string,
  ready: boolean,
  metadata: KubeObject["metadata"] = owner("ReplicaSet", "web-1"),
): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", uid: `uid-${name}`, labels: { app: "web" }, ...metadata },
    spec: POD_SPEC,
    status: {
      phase: "Running",
      conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
      containerStatuses: [{ name: "main", ready, state: { running: {} } }],
    },
  };
}

function pushWeb(): void {
  server.push(workload("Deployment", "web"));
  server.push(workload("ReplicaSet", "web-1", owner("Deployment", "web")));
  server.push(pod("web-1-a", true));
}

async function start(initialCommand: string, columns = 160): Promise<TestScreen> {
  const clusters = createClusters({ overrides: { kubeconfig: join(folder, "kubeconfig") }, env: {} });
  const app = await TestScreen.open({ clusters, initialCommand, columns });
  open = app;
  const { cluster } = app.ui.controller.session;
  const catalog = cluster.get()?.catalog;
  if (catalog === undefined) throw new Error("no cluster is open");
  await app.until(catalog, ({ state }) => state === "ready");
  await listed(app);
  return app;
}

/** Waits until the list in front has a row. */
async function listed(app: TestScreen): Promise<void> {
  const view = app.ui.controller.navigation.front;
  if (view !== undefined) await app.until(view.title, ({ count = "0" }) => !count.startsWith("0"));
}

/** Waits until the only forward is so, and the screen shows it. */
const untilForward = (app: TestScreen, holds: (forward: PortForward) => boolean): Promise<void> =>
  app.until(app.ui.controller.forwards, ([first]) => first !== undefined && holds(first));

function localPort(app: TestScreen): number {
  return app.ui.controller.forwards.get()[0]?.localPort ?? 0;
}

/** The row of the only forward. */
function row(app: TestScreen): string {
  const titles = app.lines().findIndex((line) => /^ ?TARGET\b/.test(line));
  return app
    .line(titles + 1)
    .trim()
    .replaceAll(/ {2,}/g, "  ");
}

/** Opens a forward by its dialog, at a free local port. */
async function forward(app: TestScreen, ports = ":http"): Promise<void> {
  await app.press("resource.port-forward");
  await app.press("ctrl-u");
  await app.type(ports);
  await app.press("enter");
}

async function command(app: TestScreen, text: string): Promise<void> {
  await app.press(":");
  await app.type(text);
  await app.press("enter");
}

test("A forward of a pod is bound to its deployment, and the table shows it move to the next pod", async () => {
  pushWeb();
  const app = await start("pods default");
  await app.press("resource.port-forward");
  expect(app.text()).toContain("Port-forward to deploy/web");
  expect(app.text()).toContain("Bound to deploy/web: it moves to another ready pod when web-1-a goes.");
  expect(app.text()).toContain("8080:http");
  await app.press("ctrl-u");
  await app.type(":http");
  await app.press("enter");
  const address = `127.0.0.1:${localPort(app)}`;
  expect(app.text()).toContain(`${address} -> deploy/web:http on web-1-a; :pf lists them`);
  expect(app.text()).toMatch(/\bPF\b/);
  await command(app, "pf");
  const shown = (podName: string, state: string, error = ""): string =>
    `deploy/web  default  ${podName}${address}  http (8080)  ${state}  0  0 B${error}`;
  expect(row(app)).toBe(shown("web-1-a  ", "listening"));
  server.push(pod("web-1-a", false));
  await untilForward(app, ({ state }) => state === "waiting");
  expect(row(app)).toBe(shown("", "waiting for a pod", "  the only pod of deployment web is not ready"));
  server.push(pod("web-1-b", true));
  await untilForward(app, ({ state }) => state === "listening");
  expect(row(app)).toBe(shown("web-1-b  ", "listening"));
});

test("A connection that comes while no pod is ready gets its answer from the pod that comes", async () => {
  pushWeb();
  const app = await start("deploy default");
  await forward(app);
  server.remove(pod("web-1-a", true));
  await untilForward(app, ({ state }) => state === "waiting");
  const socket = connect(localPort(app), "127.0.0.1");
  sockets.push(socket);
  const answer = new Promise<string>((resolve) => socket.once("data", (data: Buffer) => resolve(data.toString())));
  socket.write("hello");
  await untilForward(app, ({ connections }) => connections === 1);
  server.push(pod("web-1-b", true));
  expect(await answer).toBe("hello");
  await command(app, "pf");
  await untilForward(app, ({ bytes }) => bytes === 10);
  expect(row(app)).toContain("listening  1 of 1  10 B");
});

test("The forward of a bare pod ends with the pod, and says so", async () => {
  server.push(pod("alone", true, {}));
  const app = await start("pods default");
  await app.press("resource.port-forward");
  expect(app.text()).toContain("Nothing makes this pod anew: the forward ends with it.");
  await app.press("enter");
  await command(app, "pf");
  server.remove(pod("alone", true, {}));
  await untilForward(app, ({ state }) => state === "failed");
  expect(row(app)).toContain("failed");
  expect(row(app)).toContain("pod alone is gone, and nothing makes it anew");
});

test("The pod of a stateful set is waited for by its name", async () => {
  server.push(workload("StatefulSet", "db"));
  server.push(pod("db-0", true, owner("StatefulSet", "db")));
  const app = await start("pods default");
  await app.press("resource.port-forward");
  expect(app.text()).toContain("It waits for db-0 to come again when the pod is replaced.");
  await app.press("enter");
  await command(app, "pf");
  expect(row(app)).toMatch(/^pod\/db-0 /);
  server.remove(pod("db-0", true));
  await untilForward(app, ({ state }) => state === "waiting");
  expect(row(app)).toContain("there is no pod db-0 now");
});

test("f shows the forwards of an object, Enter goes to the target, Ctrl-D stops it", async () => {
  pushWeb();
  server.push(pod("other", true, {}));
  const app = await start("pods default =web-1-a");
  await forward(app);
  await command(app, "pods default =other");
  await app.press("resource.port-forwards");
  expect(app.text()).toContain("No port-forwards of pod/other");
  await command(app, "pods default =web-1-a");
  await app.press("resource.port-forwards");
  expect(row(app)).toMatch(/^deploy\/web /);
  await app.press("port-forward.open");
  expect(app.text()).toContain("deployments(default)");
  await listed(app);
  await app.press("resource.port-forwards");
  expect(row(app)).toMatch(/^deploy\/web /);
  const port = localPort(app);
  await app.press("port-forward.browse");
  expect(app.text()).toContain(`http://127.0.0.1:${port} (no browser can be opened from here; c copies it)`);
  await app.press("port-forward.stop");
  expect(app.text()).toContain(`127.0.0.1:${port} is closed`);
  expect(app.text()).toContain("No port-forwards of deploy/web");
  expect(app.ui.controller.forwards.get()).toEqual([]);
});
