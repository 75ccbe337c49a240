import { afterEach, expect, test } from "vitest";
import { createClusters } from "../../src/cluster/clusters.ts";
import { Cleanup, writeKubeconfig } from "../support/cluster-fixture.ts";
import { startFakeApiServer, type FakeApiServer } from "../support/fake-api-server.ts";
import { TestScreen } from "../support/screen.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const API = "rbac.authorization.k8s.io/v1";
const ROLE_REF = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" };

async function start(initialCommand: string): Promise<{ readonly app: TestScreen; readonly server: FakeApiServer }> {
  const server = await startFakeApiServer({ pods: 0, everyKind: true });
  cleanup.add(() => server.close());
  const metadata = { namespace: "default", uid: "1" };
  server.push({
    apiVersion: API,
    kind: "Role",
    metadata: { ...metadata, name: "reader" },
    rules: [
      { verbs: ["get", "list", "bind"], apiGroups: [""], resources: ["pods"] },
      { verbs: ["get"], apiGroups: [""], resources: ["secrets"], resourceNames: ["login"] },
    ],
  });
  server.push({
    apiVersion: API,
    kind: "RoleBinding",
    metadata: { ...metadata, uid: "2", name: "readers" },
    roleRef: ROLE_REF,
    subjects: [
      { kind: "User", name: "jane" },
      { kind: "ServiceAccount", name: "builder", namespace: "default" },
    ],
  });
  server.push({ apiVersion: "v1", kind: "ServiceAccount", metadata: { ...metadata, uid: "3", name: "builder" } });
  const clusters = createClusters({
    overrides: { kubeconfig: await writeKubeconfig(cleanup, server.kubeconfig) },
    env: {},
  });
  const app = await TestScreen.open({ clusters, initialCommand: "configmaps default", columns: 140, rows: 30 });
  cleanup.add(() => app.close());
  const cluster = app.ui.controller.session.cluster.get();
  if (cluster === undefined) throw new Error("no cluster is open");
  await app.until(cluster.catalog, ({ state }) => state === "ready");
  await command(app, initialCommand);
  return { app, server };
}

async function command(app: TestScreen, text: string): Promise<void> {
  await app.press(":");
  await app.type(text);
  await app.press("enter");
  await ready(app);
}

async function ready(app: TestScreen): Promise<void> {
  const view = app.ui.controller.navigation.front;
  if (view === undefined) throw new Error("no view is open");
  await app.until(view.freshness, ({ state }) => state !== "loading");
  await app.until(view.title, ({ count }) => count !== "0");
}

test(":can shows what you may do, from the server's own review, and says that it is incomplete", async () => {
  const { app } = await start("can");
  expect(app.text()).toContain("can(you, in default)");
  expect(app.text()).toContain("incomplete");
  expect(app.text()).toMatch(/\n ?pods +yes +yes +- +- +- +- +-/);
  expect(app.text()).toMatch(/deployments\.apps\/scale +- +- +- +- +- +yes +-/);
  await app.press("/");
  await app.type("healthz");
  await app.press("enter");
  expect(app.text()).toMatch(/\/healthz +yes/);
  expect(app.text()).not.toContain("pods/log");
});

test(":can u:… is evaluated from roles and bindings, and a service account opens what it may do", async () => {
  const { app } = await start("can u:jane");
  expect(app.text()).toContain("other groups of the user unknown");
  expect(app.text()).toMatch(/pods +yes +yes +- .* bind/);
  expect(app.text()).toMatch(/secrets +yes .*login/);
  await command(app, "serviceaccounts default");
  await app.press("enter");
  await ready(app);
  expect(app.text()).toContain("can(s:default/builder, in default)");
  expect(app.text()).toMatch(/pods +yes +yes/);
});

test(":who-can lists subjects with role and binding, and Enter shows what else they may do", async () => {
  const { app } = await start("who-can get secrets");
  expect(app.text()).toMatch(/jane +User +default +Role\/reader +RoleBinding\/default\/readers +login/);
  expect(app.text()).toMatch(/default\/builder +ServiceAccount/);
  await app.press("access.open");
  await ready(app);
  expect(app.text()).toContain("can(u:jane, in default)");
  await app.press(":");
  await app.type("who-can list pods -n kube-system");
  await app.press("enter");
  const view = app.ui.controller.navigation.front;
  if (view === undefined) throw new Error("no view is open");
  await app.until(view.freshness, ({ state }) => state !== "loading");
  expect(app.text()).toContain("Nobody, as far as RBAC says.");
});

test("A role opens its rules, a binding its role and subjects", async () => {
  const { app } = await start("roles default");
  await app.press("enter");
  await ready(app);
  expect(app.text()).toContain("rules(default/reader)");
  expect(app.text()).toMatch(/pods +yes +yes +- .* bind/);
  await command(app, "rolebindings default");
  await app.press("enter");
  await ready(app);
  expect(app.text()).toMatch(/reader +Role[^]*jane +User[^]*default\/builder +ServiceAccount/);
  await app.press("access.open");
  await ready(app);
  expect(app.text()).toContain("rules(default/reader)");
});

test("A server that refuses the question says so in its words", async () => {
  const { app, server } = await start("serviceaccounts default");
  server.deny("list", "clusterroles");
  await app.press(":");
  await app.type("who-can get pods");
  await app.press("enter");
  const view = app.ui.controller.navigation.front;
  if (view === undefined) throw new Error("no view is open");
  await app.until(view.freshness, ({ state }) => state === "denied");
  expect(app.text()).toContain("annot list clusterroles.rbac.authorization.k8s.io");
  expect(app.text()).not.toContain("stale");
  await app.press(":");
  await app.type("can x:jane");
  await app.press("enter");
  expect(app.line(-1)).toContain("u:name, g:group or s:namespace/name");
});
