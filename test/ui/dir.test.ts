import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createClusters } from "../../src/cluster/clusters.ts";
import { apiClient } from "../support/api-client.ts";
import { startEmbeddedCluster, type EmbeddedCluster } from "../support/embedded-cluster.ts";
import { TestScreen } from "../support/screen.ts";

let cluster: EmbeddedCluster;
let api: ReturnType<typeof apiClient>;
let open: TestScreen | undefined;
let folder = "";

beforeAll(async () => {
  cluster = await startEmbeddedCluster();
  api = apiClient(cluster);
  folder = mkdtempSync(join(tmpdir(), "kelpie-dir-"));
  mkdirSync(join(folder, "deep"));
  mkdirSync(join(folder, "kustom"));
  writeFileSync(join(folder, "kustom", "kustomization.yaml"), "resources: [x.yaml]\n");
  writeFileSync(join(folder, "notes.txt"), "no manifest");
});
afterAll(async () => {
  await cluster.dispose();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(async () => {
  await open?.close();
  open = undefined;
});

const MAPS = "/api/v1/namespaces/default/configmaps";

function write(data: string): void {
  const secret = `apiVersion: v1\nkind: Secret\nmetadata: {name: keys}\nstringData: {token: hunter2}\n`;
  writeFileSync(
    join(folder, "app.yaml"),
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata: ${data}\n---\n${secret}`,
  );
}

async function start(): Promise<TestScreen> {
  const clusters = createClusters({ overrides: { kubeconfig: cluster.kubeconfig }, env: {} });
  open = await TestScreen.open({ clusters, columns: 120, rows: 40, initialCommand: "pods" });
  const catalog = open.ui.controller.session.cluster.get()?.catalog;
  if (catalog === undefined) throw new Error("no cluster is open");
  await open.until(catalog, ({ state }) => state === "ready");
  await open.press(":");
  await open.type(`dir ${folder}`);
  await open.press("enter");
  const front = open.ui.controller.navigation.front;
  if (front === undefined) throw new Error("no view is open");
  await open.until(front.freshness, ({ state }) => state === "static");
  return open;
}

async function onFile(app: TestScreen, name: string): Promise<void> {
  await app.press("move.top");
  for (let row = 0; row < 10 && !app.rows().includes(`${name} *selected*`); row += 1) await app.press("down");
  expect(app.rows()).toContain(`${name} *selected*`);
}

/** Presses an action and waits until a dialog asks. */
async function asked(app: TestScreen, action: string): Promise<void> {
  await app.press(action);
  await app.until(app.ui.controller.dialogs.front, (dialog) => dialog !== undefined);
}

async function told(app: TestScreen, words: string): Promise<void> {
  await app.until(app.ui.controller.flash.message, (flash) => flash?.text.includes(words) === true);
}

async function mapData(): Promise<unknown> {
  const { code, text } = await api.call(`${MAPS}/conf`);
  return code === 200 ? JSON.parse(text).data : undefined;
}

test("a folder that is not there says so where its files would stand", async () => {
  const app = await start();
  await app.press(":");
  await app.type(`dir ${folder}/gone`);
  await app.press("enter");
  await app.untilShown(/gone cannot be read: ENOENT: no such file or directory\.$/m);
});

test("a manifest is read, compared, applied, applied again without what it no longer says, and deleted", async () => {
  write('{a: "1", b: "2"}');
  const app = await start();
  expect(app.text()).toMatch(/\.\. +folder above/);
  expect(app.text()).toMatch(/deep\/ +folder/);
  expect(app.text()).not.toContain("notes.txt");
  await onFile(app, "app.yaml");
  await app.press("dir.open");
  const manifest = app.ui.controller.navigation.front;
  if (manifest === undefined) throw new Error("no view is open");
  await app.until(manifest.freshness, ({ state }) => state === "static");
  expect(app.text()).toContain("<masked, 7 bytes>");
  expect(app.text()).not.toContain("hunter2");
  await app.press("escape");
  expect(await mapData()).toBeUndefined();

  await asked(app, "dir.apply");
  expect(app.text()).toContain("2 created");
  expect(app.text()).toContain("+ create ConfigMap default/conf");
  await app.press("enter");
  expect(await mapData()).toBeUndefined();
  await asked(app, "dir.apply");
  await app.press("tab", "enter");
  await told(app, "2 objects applied");
  expect(await mapData()).toEqual({ a: "1", b: "2" });

  await app.press("dir.apply");
  await told(app, "nothing to apply: 2 objects looked at, nothing differs");

  write('{a: "3"}');
  await app.press("dir.difference");
  await app.until(app.ui.controller.navigation.trail, ({ places }) => places.length === 2);
  expect(app.text()).toMatch(/ConfigMap default\/conf changes/);
  expect(app.text()).toMatch(/- +a: "1"/);
  expect(app.text()).toMatch(/\+ +a: "3"/);
  expect(app.text()).toMatch(/- +b: "2"/);
  expect(app.text()).toContain("Secret default/keys is as it should be");
  await app.press("escape");
  await asked(app, "dir.apply");
  await app.press("tab", "enter");
  await told(app, "1 object applied");
  expect(await mapData()).toEqual({ a: "3" });

  await asked(app, "dir.delete");
  expect(app.text()).toContain("- delete ConfigMap default/conf");
  await app.press("tab", "enter");
  await told(app, "2 objects deleted");
  expect(await mapData()).toBeUndefined();
});

test("a kustomization, a broken manifest and an unknown kind are told, and nothing is written", async () => {
  const app = await start();
  await onFile(app, "kustom/");
  await app.press("dir.apply");
  await told(app, "it is a kustomization, and kelpie builds none");
  writeFileSync(join(folder, "app.yaml"), "apiVersion: v1\nkind: [\n");
  await onFile(app, "app.yaml");
  await app.press("dir.apply");
  await told(app, "app.yaml was not applied: app.yaml: ");
  writeFileSync(join(folder, "app.yaml"), "apiVersion: example.com/v1\nkind: Gizmo\nmetadata: {name: x}\n");
  await app.press("dir.apply");
  await told(app, "the server does not serve Gizmo of example.com/v1");
  await app.press("move.top", "dir.apply");
  expect(app.line(-1)).toContain("that is the folder above: open it first");
});
