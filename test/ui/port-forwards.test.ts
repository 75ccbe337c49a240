import { connect, type Socket } from "node:net";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createClusters } from "../../src/cluster/clusters.ts";
import type { PortForward } from "../../src/cluster/cluster.ts";
import type { KubeObject } from "../../src/lib/kube/object.ts";
import { startFakeApiServer, type FakeApiServer } from "../support/fake-api-server.ts";
import { ownPort } from "../support/own-port.ts";
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

const PORT = await ownPort();
const POD_SPEC = { containers: [{ name: "main", image: "web", ports: [{ name: "http", containerPort: PORT }] }] };

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
  expect(app.text()).toContain(`${PORT}:http`);
  await app.press("ctrl-u");
  await app.type(":http");
  await app.press("enter");
  const address = `127.0.0.1:${localPort(app)}`;
  expect(app.text()).toContain(`${address} -> deploy/web:http on web-1-a; :pf lists them`);
  expect(app.text()).toMatch(/\bPF\b/);
  await command(app, "pf");
  const shown = (podName: string, state: string, error = ""): string =>
    `deploy/web  default  ${podName}${address}  http (${PORT})  ${state}  0  0 B${error}`;
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

test("A forward that failed is started again for the pod of the same name", async () => {
  const alone = pod("alone", true, {});
  server.push(alone);
  const app = await start("pods default");
  await app.press("resource.port-forward", "enter");
  const port = localPort(app);
  await command(app, "pf");
  server.remove(alone);
  await untilForward(app, ({ state }) => state === "failed");
  await app.press("port-forward.start");
  expect(app.text()).toContain(`127.0.0.1:${port} was not opened again`);
  expect(app.text()).toContain('pods "alone" not found');
  server.push(pod("alone", true, { uid: "another" }));
  await app.press("port-forward.start");
  expect(app.text()).toContain(`127.0.0.1:${port} listens again`);
  await untilForward(app, ({ state }) => state === "listening");
  expect(rows(app)).toEqual([expect.stringMatching(/^pod\/alone .*listening/)]);
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

/** Rows of the table, their cells apart. */
function rows(app: TestScreen): readonly string[] {
  const titles = app.lines().findIndex((line) => /^ ?TARGET\b/.test(line));
  return app
    .lines()
    .slice(titles + 1)
    .filter((line) => /^\w+\/\w/.test(line.trim()))
    .map((line) => line.trim().replaceAll(/ {2,}/g, "  "));
}

const setsFile = (app: TestScreen): string => {
  const path = join(app.home, "config", "port-forwards.yaml");
  return readFileSync(path, "utf8");
};

test("Forwards that run are saved as a set, shown while they do not run, and opened again by its name", async () => {
  pushWeb();
  server.push(workload("StatefulSet", "db"));
  server.push(pod("db-0", true, owner("StatefulSet", "db")));
  const app = await start("pods default =web-1-a");
  await forward(app);
  await command(app, "pods default =db-0");
  await listed(app);
  await forward(app);
  await command(app, "pf");
  expect(rows(app)).toHaveLength(2);
  await app.press("port-forward.save");
  expect(app.text()).toContain("Save 2 port-forwards of fake as a set");
  await app.type("two words");
  await app.press("enter");
  expect(app.text()).toContain("a name is one word");
  await app.press("ctrl-u");
  await app.type("shop");
  await app.press("enter");
  expect(app.text()).toContain("saved as shop; :pf shop opens them again");
  const port = localPort(app);
  expect(setsFile(app)).toContain(
    `target: deployment/web\n        namespace: default\n        port: http\n        local: ${port}`,
  );
  expect(rows(app)[0]).toContain("listening  shop");
  await app.press("port-forward.stop", "port-forward.stop");
  expect(app.ui.controller.forwards.get()).toEqual([]);
  expect(rows(app)).toEqual([
    `deploy/web  default  127.0.0.1:${port}  http  saved  shop`,
    expect.stringMatching(/^pod\/db-0  default  127\.0\.0\.1:\d+  http  saved  shop$/),
  ]);
  await app.press(":");
  await app.type("pf s");
  expect(app.text()).toMatch(/shop +port-forwards/);
  await app.press("escape");
  await command(app, "pf shop");
  expect(app.text()).toContain("shop: 2 of 2 opened");
  expect(rows(app).map((each) => each.split("  ").at(-4))).toEqual(["listening", "listening"]);
  expect(localPort(app)).toBe(port);
});

test("Only the marked forwards are saved, and one of a set is started by Enter", async () => {
  pushWeb();
  const app = await start("deploy default");
  await forward(app, ":http,:9999");
  await command(app, "pf");
  await app.press("port-forward.mark");
  expect(app.text()).toContain("1 marked");
  await app.press("port-forward.save");
  expect(app.text()).toContain("Save this port-forward of fake as a set");
  await app.type("one");
  await app.press("enter");
  expect(setsFile(app)).not.toContain("9999");
  await app.press("move.top", "port-forward.stop");
  expect(rows(app).at(-1)).toContain("saved");
  await app.press("move.bottom", "port-forward.open");
  expect(app.text()).toContain("1 of 1 opened");
  expect(rows(app).join()).not.toContain("saved");
  await app.press("move.top", "port-forward.mark", "port-forward.mark", "port-forward.stop");
  expect(app.text()).toMatch(/127\.0\.0\.1:\d+, 127\.0\.0\.1:\d+ are closed/);
  expect(app.ui.controller.forwards.get()).toEqual([]);
});

test("A set says of each forward that cannot be opened why, and the others listen", async () => {
  pushWeb();
  const app = await start("deploy default");
  await forward(app);
  await command(app, "pf");
  await app.press("port-forward.save");
  await app.type("shop");
  await app.press("enter", "port-forward.stop");
  const text = `${setsFile(app)}      - {target: service/none, namespace: default, port: 80, local: 0}\n`;
  writeFileSync(join(app.home, "config", "port-forwards.yaml"), text);
  await command(app, "pf shop");
  expect(app.text()).toContain("shop: 1 of 2 opened; service/none:");
  expect(rows(app)[0]).toContain("listening");
  expect(rows(app)[1]).toMatch(/^svc\/none .*failed  shop  cannot forward a port to services default\/none/);
  await command(app, "pf nothing");
  expect(app.text()).toContain("fake has no set of port-forwards nothing: there are shop");
  writeFileSync(join(app.home, "config", "port-forwards.yaml"), text.replace("port: 80", "port: [80]"));
  await app.advance(5000);
  expect(app.text()).toMatch(/port-forwards\.yaml:\d+: contexts\.fake\.shop\.1\.port/);
});

test("A local port that another forward has is said to be that forward's", async () => {
  pushWeb();
  const app = await start("deploy default");
  await forward(app);
  await command(app, "pf");
  await app.press("port-forward.save");
  await app.type("shop");
  await app.press("enter");
  const path = join(app.home, "config", "port-forwards.yaml");
  writeFileSync(path, setsFile(app).replace("port: http", "port: 9999"));
  await command(app, "pf shop");
  expect(app.text()).toContain(`127.0.0.1:${localPort(app)} is that of deploy/web in the context fake`);
});

test("The mark of forwarded pods follows the forward", async () => {
  pushWeb();
  server.push(pod("web-1-b", true));
  const app = await start("pods default");
  await forward(app);
  const titles = (): string => app.lines().find((line) => /\bPF\b/.test(line)) ?? "";
  const column = titles().indexOf("PF");
  const marks = (): readonly string[] =>
    app
      .lines()
      .filter((line) => /^ ?web-1-/.test(line) && line.slice(column, column + 2).trim() !== "")
      .map((line) => line.trim().split(/\s+/)[0] ?? "");
  expect(column).toBeGreaterThan(0);
  expect(marks()).toEqual(["web-1-a"]);
  server.push(pod("web-1-a", false));
  await untilForward(app, ({ pod: to }) => to?.name === "web-1-b");
  expect(marks()).toEqual(["web-1-b"]);
});

test("Deleting from a set asks, and takes one forward or the whole set", async () => {
  pushWeb();
  const app = await start("deploy default");
  await forward(app, ":http,:9999");
  await command(app, "pf");
  await app.press("port-forward.save");
  await app.type("shop");
  await app.press("enter", "port-forward.stop", "port-forward.stop");
  await app.press("move.top", "port-forward.stop");
  expect(app.text()).toContain("Delete from the set shop of fake?");
  await app.press("escape");
  expect(rows(app)).toHaveLength(2);
  await app.press("port-forward.stop", "tab", "enter");
  expect(rows(app)).toEqual([expect.stringContaining("9999")]);
  await app.press("port-forward.stop", "tab", "enter");
  expect(app.text()).toContain("the set shop is deleted");
  expect(rows(app)).toEqual([]);
});

test("The sets that a context's settings name open with it", async () => {
  pushWeb();
  const clusters = createClusters({ overrides: { kubeconfig: join(folder, "kubeconfig") }, env: {} });
  const set = { target: "deployment/web", namespace: "default", port: "http", local: 0 };
  const app = await TestScreen.open({
    clusters,
    initialCommand: "pf",
    columns: 160,
    settings: { contexts: { fake: { portForwards: ["shop"] } } },
    files: { "config/port-forwards.yaml": JSON.stringify({ contexts: { fake: { shop: [set] } } }) },
  });
  open = app;
  await untilForward(app, ({ state }) => state === "listening");
  expect(rows(app)[0]).toMatch(/^deploy\/web  default  web-1-a .*listening  shop/);
});

test("A forward goes on while another context is on the screen, and is shown there with its context", async () => {
  pushWeb();
  const other = await startFakeApiServer({ pods: 1 });
  writeFileSync(join(folder, "other"), other.kubeconfig.replaceAll(/\bfake\b/g, "other"));
  const KUBECONFIG = `${join(folder, "kubeconfig")}:${join(folder, "other")}`;
  const app = await TestScreen.open({
    clusters: createClusters({ env: { KUBECONFIG } }),
    initialCommand: "deploy default",
    columns: 160,
  });
  open = app;
  await listed(app);
  await forward(app);
  await command(app, "ctx other");
  expect(app.ui.controller.session.context.get()).toBe("other");
  await command(app, "pf");
  expect(row(app)).toMatch(/^deploy\/web  fake  default  web-1-a .*listening/);
  const first = app.ui.controller.forwards.get()[0];
  await app.press("port-forward.open");
  await listed(app);
  expect(app.ui.controller.session.context.get()).toBe("fake");
  expect(app.text()).toContain("deployments(default)");
  await command(app, "pf");
  await app.press("port-forward.stop");
  expect(app.text()).toContain(`127.0.0.1:${first?.localPort} is closed`);
  await other.close();
});
