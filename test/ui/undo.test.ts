import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { createClusters } from "../../src/cluster/clusters.ts";
import { at, type KubeObject } from "../../src/lib/kube/object.ts";
import { Cleanup } from "../support/cluster-fixture.ts";
import { startFakeApiServer, type FakeApiServer } from "../support/fake-api-server.ts";
import { fakeKubeconfig } from "../support/fake-kubeconfig.ts";
import { TestScreen } from "../support/screen.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

function configMap(name: string): KubeObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: "default", uid: `uid-${name}`, labels: { app: name } },
    data: { colour: "blue" },
  };
}

class Scene {
  readonly app: TestScreen;
  readonly server: FakeApiServer;

  constructor(app: TestScreen, server: FakeApiServer) {
    this.app = app;
    this.server = server;
  }

  object(resource: string, name: string): KubeObject | undefined {
    const known = this.server.resource(resource);
    return this.server.store.get(known, known.namespaced ? "default" : "", name)?.object;
  }

  get writes(): readonly string[] {
    return this.server.requests
      .filter(({ method }) => method !== "GET" && method !== "POST")
      .map(({ method, path }) => `${method} ${path.split("/").slice(-2).join("/")}`);
  }

  async command(text: string): Promise<void> {
    await this.app.press(":");
    await this.app.type(text);
    await this.app.press("enter");
  }

  /** Opens the journal and presses undo on its newest entry; the question is on the screen then. */
  async undo(): Promise<void> {
    await this.command("journal");
    await this.app.press("journal.undo");
    await this.app.until(this.app.ui.controller.dialogs.front, (dialog) => dialog !== undefined);
  }

  /** Agrees to what is asked, and waits for what is said of it. */
  async agree(): Promise<void> {
    await this.app.press("tab", "enter");
    await this.app.until(this.app.ui.controller.flash.message, (message) => message !== undefined);
  }
}

async function start(initialCommand: string, objects: readonly KubeObject[] = []): Promise<Scene> {
  const server = await startFakeApiServer({ pods: 2 });
  cleanup.add(() => server.close());
  for (const object of objects) server.push(object);
  const folder = mkdtempSync(join(tmpdir(), "kelpie-undo-"));
  cleanup.add(() => rmSync(folder, { recursive: true, force: true }));
  const other = JSON.parse(fakeKubeconfig({ server: server.url, name: "other" })) as Record<string, unknown[]>;
  const config = JSON.parse(server.kubeconfig) as Record<string, unknown[]>;
  for (const list of ["clusters", "users", "contexts"]) config[list]?.push(...(other[list] ?? []));
  writeFileSync(join(folder, "kubeconfig"), JSON.stringify(config));
  const clusters = createClusters({ overrides: { kubeconfig: join(folder, "kubeconfig") }, env: {} });
  const app = await TestScreen.open({ clusters, initialCommand, columns: 120, rows: 40 });
  cleanup.add(() => app.close());
  const view = app.ui.controller.navigation.front;
  if (view === undefined) throw new Error("no view is open");
  await app.until(view.freshness, ({ state }) => state === "live");
  return new Scene(app, server);
}

test("Enter shows what a write changed, u puts it back after showing that, and the journal says so", async () => {
  const scene = await start("deploy /web-0");
  const { app } = scene;
  await app.press("resource.scale");
  await app.type("3");
  await app.press("enter");
  expect(at(scene.object("deployments", "web-0"), "spec", "replicas")).toBe(3);
  await scene.command("journal");
  await app.press("journal.open");
  expect(app.text()).toMatch(/verb\s+scale/);
  expect(app.text()).toMatch(/- +replicas: 2\n.*\+ +replicas: 3/);
  await app.press("journal.undo");
  await app.until(app.ui.controller.dialogs.front, (dialog) => dialog !== undefined);
  expect(app.text()).toContain("Undo scale of deployment default/web-0?");
  expect(app.text()).toMatch(/- +replicas: 3/);
  expect(app.text()).toMatch(/\+ +replicas: 2/);
  await app.press("enter");
  expect(at(scene.object("deployments", "web-0"), "spec", "replicas")).toBe(3);
  await scene.undo();
  await scene.agree();
  expect(at(scene.object("deployments", "web-0"), "spec", "replicas")).toBe(2);
  expect(app.text()).toMatch(
    /undo scale\s+deployments.apps default\/web-0\s+ok[^]* scale\s+deployments.apps default\/web-0\s+undone/,
  );
  await app.press("down", "journal.undo");
  expect(app.line(-1)).toContain("it was undone already");
});

test("A label goes away again, others that came since stay, and what somebody changed is told first", async () => {
  const scene = await start("configmaps /settings", [configMap("settings")]);
  const { app, server } = scene;
  await app.press("resource.label");
  await app.type("tier=gold");
  await app.press("enter");
  const labelled = scene.object("configmaps", "settings");
  server.push({
    ...configMap("settings"),
    metadata: { ...labelled?.metadata, labels: { app: "settings", tier: "lead", team: "one" } },
  });
  await scene.undo();
  expect(app.text()).toMatch(/Changed by somebody since; these go back, too:\s*│\s*\n.*metadata\.labels\.tier/);
  await scene.agree();
  expect(scene.object("configmaps", "settings")?.metadata.labels).toEqual({ app: "settings", team: "one" });
});

test("A change between the question and the answer is asked about anew", async () => {
  const scene = await start("configmaps /settings", [configMap("settings")]);
  const { app, server } = scene;
  await app.press("resource.label");
  await app.type("tier=gold");
  await app.press("enter");
  await scene.undo();
  const labelled = scene.object("configmaps", "settings");
  server.push({
    ...configMap("settings"),
    metadata: { ...labelled?.metadata, labels: { app: "settings", tier: "tin" } },
  });
  await app.press("tab", "enter");
  await app.until(app.ui.controller.dialogs.front, (dialog) => dialog?.type === "confirm" && dialog.request.danger);
  expect(app.text()).toContain("metadata.labels.tier");
  await app.press("enter");
  expect(scene.object("configmaps", "settings")?.metadata.labels?.["tier"]).toBe("tin");
});

test("What was deleted is created again without what its first life had", async () => {
  const scene = await start("configmaps /settings", [configMap("settings")]);
  const { app } = scene;
  await app.press("resource.delete", "tab", "enter");
  expect(scene.object("configmaps", "settings")).toBeUndefined();
  await scene.undo();
  expect(app.text()).toContain("create configmap default/settings again?");
  expect(app.text()).toContain("It gets a new uid");
  await scene.agree();
  const again = scene.object("configmaps", "settings");
  expect(again).toMatchObject({ metadata: { labels: { app: "settings" } }, data: { colour: "blue" } });
  expect(again?.metadata.uid).not.toBe("uid-settings");
  // And that is undone by deleting the new one, after a question.
  await scene.undo();
  expect(app.text()).toContain("Undo undo delete: delete configmap default/settings?");
  await scene.agree();
  expect(scene.object("configmaps", "settings")).toBeUndefined();
});

test("A secret is put back by the session that wrote it, and its values are on no screen", async () => {
  const secret = {
    ...configMap("login"),
    kind: "Secret",
    data: { password: Buffer.from("hunter2").toString("base64") },
  };
  const scene = await start("secrets /login", [secret]);
  const { app } = scene;
  await app.press("resource.delete", "tab", "enter");
  await scene.command("journal");
  await app.press("journal.open");
  expect(app.text()).toContain("- data:");
  expect(app.text()).toContain("password: <masked, 7 bytes>");
  await app.press("journal.undo");
  await app.until(app.ui.controller.dialogs.front, (dialog) => dialog !== undefined);
  expect(app.text()).toContain("password: <masked, 7 bytes>");
  expect(app.text()).not.toContain(secret.data.password);
  await scene.agree();
  expect(scene.object("secrets", "login")?.["data"]).toEqual(secret.data);
});

test("A restart, and a pod of a controller, say why they are not undone", async () => {
  const scene = await start("deploy /web-0");
  const { app } = scene;
  await app.press("resource.restart", "tab", "enter");
  await scene.command("journal");
  await app.press("journal.undo");
  expect(app.line(-1)).toContain("restart cannot be undone");
  const before = scene.writes.length;
  await app.press("enter", "u");
  expect(app.text()).toMatch(/undo\s+restart cannot be undone/);
  expect(scene.writes).toHaveLength(before);
});

test("An undo happens only in the context of the write, and offers to go there", async () => {
  const scene = await start("configmaps /settings", [configMap("settings")]);
  const { app } = scene;
  await app.press("resource.label");
  await app.type("tier=gold");
  await app.press("enter");
  await scene.command("ctx other");
  await scene.undo();
  expect(app.text()).toContain("Switch to fake?");
  const before = scene.writes.length;
  await app.press("tab", "enter");
  await app.until(app.ui.controller.session.context, (context) => context === "fake");
  expect(app.text()).toContain("journal[1]");
  expect(scene.writes).toHaveLength(before);
  await app.press("journal.undo");
  await app.until(app.ui.controller.dialogs.front, (dialog) => dialog !== undefined);
  await scene.agree();
  expect(scene.object("configmaps", "settings")?.metadata.labels).toEqual({ app: "settings" });
});
