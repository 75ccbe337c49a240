import { afterEach, expect, test } from "vitest";
import { createClusters } from "../../src/cluster/clusters.ts";
import type { Settings } from "../../src/config/settings-schema.ts";
import { Cleanup, openFakeCluster, writeKubeconfig } from "../support/cluster-fixture.ts";
import { startFakeApiServer, type FakeApiServer } from "../support/fake-api-server.ts";
import { TestScreen } from "../support/screen.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

async function start(
  prepare: (server: FakeApiServer) => void,
  options: { readonly settings?: Partial<Settings>; readonly readOnly?: boolean } = {},
): Promise<{ readonly app: TestScreen; readonly server: FakeApiServer }> {
  const server = await startFakeApiServer({ pods: 30 });
  cleanup.add(() => server.close());
  prepare(server);
  const kubeconfig = await writeKubeconfig(cleanup, server.kubeconfig);
  const clusters = createClusters({ overrides: { kubeconfig }, env: {} });
  const app = await TestScreen.open({ clusters, initialCommand: "pods all", columns: 120, rows: 30, ...options });
  cleanup.add(() => app.close());
  const view = app.ui.controller.navigation.front;
  if (view === undefined) throw new Error("no view is open");
  await app.until(view.title, ({ count }) => count === "30");
  return { app, server };
}

const reviews = (server: FakeApiServer): number =>
  server.requests.filter(({ path }) => /(accessreviews|rulesreviews)$/.test(path)).length;

async function known(app: TestScreen, verb: string, resource: string, namespace: string): Promise<void> {
  const cluster = app.ui.controller.session.cluster.get();
  const found = cluster?.catalog.get().resources.find((each) => each.resource === resource);
  if (cluster === undefined || found === undefined) throw new Error(`there is no ${resource}`);
  await app.until(cluster.access.allowed(verb, found, namespace), (answer) => answer !== "unknown");
}

test("What is not allowed is off with verb and resource, and moving the cursor asks nothing", async () => {
  const { app, server } = await start((each) => each.deny("delete", "pods"));
  await known(app, "delete", "pods", "default");
  await app.press("resource.delete");
  expect(app.line(-1)).toMatch(/Delete: you may not delete pods in \S+/);
  expect(server.requests.some(({ method }) => method === "DELETE")).toBe(false);
  await app.press("?");
  expect(app.text()).toMatch(/you may not delete pods/);
  await app.press("escape");
  const before = reviews(server);
  await app.press("move.down", "move.down", "move.down");
  expect(reviews(server)).toBe(before);
  await app.press("resource.label");
  expect(app.text()).toContain("Label pod");
});

test("What the server cannot be asked about stays on, and it is not asked for ever", async () => {
  const { app, server } = await start((each) =>
    each.intercept(({ path }) => (path.endsWith("reviews") ? { kind: "status", code: 404 } : undefined)),
  );
  await app.press("resource.delete");
  expect(app.text()).toContain("Delete pod");
  await app.press("escape");
  const before = reviews(server);
  await app.press("move.down", "move.up", "move.down");
  expect(reviews(server)).toBe(before);
});

async function command(app: TestScreen, text: string): Promise<void> {
  await app.press(":");
  await app.type(text);
  await app.press("enter");
}

test(":readonly on refuses writes at once and when the context is opened again; off asks", async () => {
  const { app, server } = await start(() => {});
  await command(app, "readonly on");
  expect(app.line(0)).toContain("read-only");
  await app.press("resource.delete");
  expect(app.line(-1)).toContain("read-only");
  await command(app, "ctx fake");
  expect(app.line(0)).toContain("read-only");
  await command(app, "readonly off");
  expect(app.text()).toContain("Allow writes in fake?");
  await app.press("enter");
  expect(app.line(0)).toContain("read-only");
  await command(app, "readonly off");
  await app.press("tab", "enter");
  expect(app.line(0)).not.toContain("read-only");
  expect(server.requests.some(({ method }) => method === "DELETE")).toBe(false);
});

test.each([
  ["the settings of the context", { settings: { contexts: { fake: { readOnly: true } } } }, "contexts.fake.readOnly"],
  [
    "its protection",
    { settings: { contexts: { fake: { protection: "read-only" as const } } } },
    "contexts.fake.protection",
  ],
  ["the settings", { settings: { readOnly: true } }, "readOnly in the settings"],
  ["the flag", { readOnly: true }, "--readonly"],
])("Read-only by %s is not switched off on the screen", async (_what, options, why) => {
  const { app } = await start(() => {}, options);
  await command(app, "readonly off");
  expect(app.line(-1)).toContain("stays read-only");
  expect(app.line(-1)).toContain(why);
  expect(app.line(0)).toContain("read-only");
});

test("A refusal of a secret does not quote its values", async () => {
  const { server, cluster } = await openFakeCluster(cleanup, { pods: 0 });
  const metadata = { name: "login", namespace: "default", uid: "u" };
  server.push({ apiVersion: "v1", kind: "Secret", metadata });
  const words = 'Secret "login" is invalid: data[key]: Invalid value: "hunter2 \\"quoted\\"": too short; found hunter';
  server.intercept(({ method }) =>
    method === "PATCH" ? { kind: "status", code: 422, reason: "Invalid", message: words } : undefined,
  );
  const target = { resource: server.resource("secrets"), ...metadata };
  const message = await cluster.writes.patch(target, "merge", {}).then(String, String);
  expect(message).toContain('Secret "login" is invalid: data[key]: Invalid value: (hidden): too short');
  expect(message).not.toContain("hunter2");
});
