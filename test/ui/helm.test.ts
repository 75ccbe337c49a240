import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { createClusters } from "../../src/cluster/clusters.ts";
import { asRecords, at, type KubeObject } from "../../src/lib/kube/object.ts";
import { manifestObjects } from "../../src/resources/helm/manifest.ts";
import { unpackRelease, type ReleaseBody } from "../../src/resources/helm/release-body.ts";
import { storedRelease } from "../../src/resources/helm/stored-release.ts";
import { apiClient } from "../support/api-client.ts";
import { Cleanup, writeKubeconfig } from "../support/cluster-fixture.ts";
import { startFakeApiServer } from "../support/fake-api-server.ts";
import { startEmbeddedCluster, type EmbeddedCluster } from "../support/embedded-cluster.ts";
import { PATIENCE } from "../support/patience.ts";
import { TestScreen } from "../support/screen.ts";

/** Three revisions of `web` in Secrets and one of `stored` in a ConfigMap, made by helm itself. */
const fixture: unknown = JSON.parse(readFileSync("test/fixtures/helm/releases.json", "utf8"));
const releases = asRecords(at(fixture, "items"));

const PATHS: Readonly<Record<string, string>> = {
  Secret: "/api/v1/namespaces/shop/secrets",
  ConfigMap: "/api/v1/namespaces/shop/configmaps",
  Service: "/api/v1/namespaces/shop/services",
  Deployment: "/apis/apps/v1/namespaces/shop/deployments",
};

let cluster: EmbeddedCluster;
let api: ReturnType<typeof apiClient>;
let open: TestScreen | undefined;

beforeAll(async () => {
  cluster = await startEmbeddedCluster();
  api = apiClient(cluster);
  await create("/api/v1/namespaces", { metadata: { name: "shop" } });
});
afterAll(() => cluster.dispose());

beforeEach(async () => {
  for (const release of releases) await create(PATHS[String(release["kind"])] ?? "", release);
  const { manifest } = await bodyOf(`secrets/sh.helm.release.v1.web.v3`);
  for (const { kind, object } of await manifestObjects(manifest, () => Promise.resolve())) {
    await create(PATHS[kind] ?? "", { ...object, metadata: { ...object.metadata, ...owned(object) } });
  }
});
afterEach(async () => {
  await open?.close();
  open = undefined;
  for (const path of Object.values(PATHS)) await api.call(path, { method: "DELETE" });
});

/** What helm sets on every object of a release. */
function owned({
  metadata: { labels, annotations },
}: KubeObject): Pick<KubeObject["metadata"], "labels" | "annotations"> {
  const owner = { "meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "shop" };
  return {
    labels: { ...labels, "app.kubernetes.io/managed-by": "Helm" },
    annotations: { ...annotations, ...owner },
  };
}

async function create(path: string, object: unknown): Promise<void> {
  const { code, text } = await api.call(path, { method: "POST", body: object });
  if (code !== 201) throw new Error(`${path}: ${text}`);
}

async function patch(path: string, body: unknown): Promise<void> {
  const headers = { "content-type": "application/merge-patch+json" };
  const { code, text } = await api.call(`/api/v1/namespaces/shop/${path}`, { method: "PATCH", headers, body });
  if (code !== 200) throw new Error(text);
}

async function names(kind: string): Promise<readonly string[]> {
  const { body } = await api.call(PATHS[kind] ?? "");
  return asRecords(at(body, "items"))
    .map((item) => String(at(item, "metadata", "name")))
    .filter((name) => name !== "kube-root-ca.crt");
}

async function read(path: string): Promise<KubeObject> {
  const prefix = path.startsWith("deployments") ? "/apis/apps/v1" : "/api/v1";
  return (await api.call(`${prefix}/namespaces/shop/${path}`)).body;
}

async function bodyOf(path: string): Promise<ReleaseBody> {
  return unpackRelease("secrets", at(await read(path), "data", "release"));
}

async function start(options: { readonly readOnly?: boolean } = {}): Promise<TestScreen> {
  const clusters = createClusters({ overrides: { kubeconfig: cluster.kubeconfig }, env: {} });
  open = await TestScreen.open({ clusters, initialCommand: "helm all", columns: 120, rows: 40, ...options });
  await shows(open, /web +shop +3 +deployed +web-1\.1\.0/);
  return open;
}

/** Waits until what a server brings is on the screen. */
async function shows(app: TestScreen, text: RegExp): Promise<void> {
  await vi.waitFor(
    async () => {
      await app.idle();
      expect(app.text()).toMatch(text);
    },
    { timeout: PATIENCE, interval: 10 },
  );
}

/** The list with the cursor on `web`, then its history. */
async function openHistory(app: TestScreen): Promise<void> {
  await app.press("move.down", "helm.history");
  await shows(app, /1 +superseded +web-1\.0\.0 .*Install complete/);
}

test("The list has the newest revision of every release, of both of helm's drivers", async () => {
  const app = await start();
  await shows(app, /stored +shop +1 +deployed +web-1\.1\.0 +1\.10/);
  expect(app.text()).toContain("helm releases(all)[2]");
  expect(app.text()).not.toContain("superseded");
  await patch("secrets/sh.helm.release.v1.web.v3", { metadata: { labels: { status: "failed" } } });
  await shows(app, /web +shop +3 +failed/);
});

test("The history tells every revision, and Enter compares two of them with Secrets masked", async () => {
  const app = await start();
  await openHistory(app);
  expect(app.text()).toMatch(/3 +deployed +web-1\.1\.0 [^]*2 +superseded +web-1\.0\.0 +1\.10 .*Upgrade complete/);
  await app.press("move.bottom", "revisions.mark", "move.up", "revisions.mark");
  expect(app.text()).toContain("marked: 1, 2");
  await app.press("revisions.difference");
  await shows(app, /revision 1 → 2\(shop\/web\)/);
  expect(app.text()).toMatch(/ConfigMap web-extra\n\+ apiVersion: v1/);
  await app.press("escape", "revisions.mark", "move.down", "revisions.mark", "move.top", "revisions.mark");
  await app.press("move.bottom", "revisions.difference");
  await shows(app, /revision 1 → 3\(shop\/web\)/);
  expect(app.text()).toMatch(/- +password: <masked, 8 bytes>\n\+ +password: <masked, 6 bytes>/);
});

test("Values are the user's, or with the chart's defaults; the manifest's Secrets are masked; notes are notes", async () => {
  const app = await start();
  await app.press("move.down", "helm.values");
  await shows(app, /greeting: hey/);
  expect(app.text()).not.toContain("replicas");
  await app.press("helm.all-values");
  expect(app.text()).toContain("replicas: 1");
  await app.press("escape", "helm.manifest");
  await shows(app, /password: <masked, 6 bytes>/);
  expect(app.text()).not.toContain("other9");
  await app.press("text.decode");
  expect(app.text()).toContain("other9");
  await app.press("escape", "helm.notes");
  await shows(app, /web says hey on port 80\./);
});

test("A rollback asks with every change, makes them, and leaves what helm would leave", async () => {
  const before = await read("deployments/web");
  // What others have set on the live object stays, as in every three-way merge.
  const sidecar = { name: "sidecar", image: "localhost/other" };
  const containers = [...asRecords(at(before, "spec", "template", "spec", "containers")), sidecar];
  const headers = { "content-type": "application/merge-patch+json" };
  const body = { spec: { template: { spec: { containers } } } };
  await api.call(`${PATHS["Deployment"]}/web`, { method: "PATCH", headers, body });
  const app = await start();
  await openHistory(app);
  await app.press("move.down", "helm.roll-back");
  await shows(app, /Roll release web back to revision 2\?/);
  expect(app.text()).toContain("1 created, 4 changed, 1 unchanged");
  expect(app.text()).toContain("hook not run: pre-rollback, pre-delete ConfigMap web-hook");
  expect(app.text()).toMatch(/~ change Secret shop\/web\s[^]*<masked, 6 bytes>[^]*<masked, 8 bytes>/);
  expect(app.text()).toContain("+ create ConfigMap shop/web-extra");
  expect(await names("ConfigMap")).not.toContain("web-extra");
  await app.press(...Array.from({ length: 20 }, () => "page-down"));
  expect(app.text()).toMatch(
    /\+ history Secret shop\/sh\.helm\.release\.v1\.web\.v4 [^]*~ superseded Secret .*web\.v3 /,
  );
  await app.press("tab", "enter");
  await shows(app, /release web rolled back to revision 2, as revision 4/);
  await shows(app, /4 +deployed +web-1\.0\.0 .*Rollback to 2\s*\n +3 +superseded/);
  expect(await names("ConfigMap")).toEqual(["sh.helm.release.v1.stored.v1", "web", "web-extra", "web-kept"]);
  const web = await read("deployments/web");
  expect(at(web, "spec", "replicas")).toBe(2);
  expect(asRecords(at(web, "spec", "template", "spec", "containers")).map((each) => each["name"])).toEqual([
    "web",
    "sidecar",
  ]);
  expect((await read("services/web")).metadata.labels).toMatchObject({ tier: "front" });
  const made = await read("secrets/sh.helm.release.v1.web.v4");
  expect(made["type"]).toBe("helm.sh/release.v1");
  expect(storedRelease("secrets", made)).toMatchObject({ name: "web", revision: 4, status: "deployed" });
  const [second, fourth] = [
    await bodyOf("secrets/sh.helm.release.v1.web.v2"),
    await bodyOf("secrets/sh.helm.release.v1.web.v4"),
  ];
  expect(fourth.info).toMatchObject({ status: "deployed", description: "Rollback to 2", notes: second.notes });
  expect([fourth.manifest, fourth.values, fourth.hooks]).toEqual([second.manifest, second.values, second.hooks]);
  expect((await bodyOf("secrets/sh.helm.release.v1.web.v3")).info["status"]).toBe("superseded");
});

test("What the target no longer has is deleted, and r on the list asks for the revision", async () => {
  const app = await start();
  await openHistory(app);
  await app.press("move.down", "helm.roll-back");
  await shows(app, /Roll release web back to revision 2\?/);
  await app.press("tab", "enter");
  await shows(app, /as revision 4/);
  await app.press("escape");
  await shows(app, /web +shop +4 +deployed/);
  await app.press("move.down", "helm.roll-back");
  await shows(app, /Roll web back to/);
  await app.type("revision 1");
  await app.press("enter");
  await shows(app, /Roll release web back to revision 1\?/);
  expect(app.text()).toContain("- delete ConfigMap shop/web-extra");
  await app.press("tab", "enter");
  await shows(app, /as revision 5/);
  expect(await names("ConfigMap")).not.toContain("web-extra");
});

test("A rollback that the server refuses is kept as failed, deletes nothing and tells no value of a Secret", async () => {
  await patch("secrets/web", { immutable: true });
  const app = await start();
  await openHistory(app);
  await app.press("move.bottom", "helm.roll-back");
  await shows(app, /the server would refuse it/);
  expect(app.text()).not.toContain("changeme");
  await app.press("tab", "enter");
  await shows(app, /release web was not rolled back: Secret shop\/web: refused/);
  await shows(app, /4 +failed +web-1\.0\.0[^\n]*Rollback "web" failed/);
  expect(app.text()).toMatch(/3 +superseded/);
  expect(await names("ConfigMap")).toContain("web-kept");
});

test("An uninstallation lists what goes, wants the name, keeps what the chart keeps, and takes the history", async () => {
  const app = await start();
  await app.press("move.down", "helm.uninstall");
  await shows(app, /Uninstall release web from shop\?/);
  const order = [...app.text().matchAll(/- delete (\w+) shop\/web\s/g)].map((match) => match[1]);
  expect(order).toEqual(["Service", "Deployment", "ConfigMap", "Secret"]);
  expect(app.text()).toContain("keep ConfigMap shop/web-kept (helm.sh/resource-policy: keep)");
  expect(app.text()).toMatch(/- history Secret shop\/sh\.helm\.release\.v1\.web\.v3[^]*web\.v2[^]*web\.v1\s/);
  await app.press("tab", "tab", "enter");
  expect(await names("Deployment")).toEqual(["web"]);
  await app.press("escape", "helm.uninstall");
  await shows(app, /Uninstall release web from shop\?/);
  await app.type("web");
  await app.press("tab", "tab", "enter");
  await shows(app, /release web uninstalled: 4 objects deleted/);
  expect(await names("Deployment")).toEqual([]);
  expect(await names("ConfigMap")).toEqual(["sh.helm.release.v1.stored.v1", "web-kept"]);
  expect(await names("Secret")).toEqual([]);
});

test("An uninstallation may keep the history", async () => {
  const app = await start();
  await app.press("move.down", "helm.uninstall");
  await shows(app, /Uninstall release web from shop\?/);
  await app.type("web");
  await app.press("shift-tab", "right", "tab", "tab", "tab", "enter");
  await shows(app, /web +shop +3 +uninstalled/);
  expect(await names("Service")).toEqual([]);
  expect((await bodyOf("secrets/sh.helm.release.v1.web.v3")).info).toMatchObject({
    status: "uninstalled",
    description: "Uninstallation complete",
  });
});

test("A release that helm is at work on, or that changed meanwhile, is left alone", async () => {
  const app = await start();
  const stale = storedRelease("secrets", await read("secrets/sh.helm.release.v1.web.v2"));
  if (stale === undefined) throw new Error("the fixture has no second revision");
  await app.ui.controller.doors.operations.uninstallRelease(stale);
  await shows(app, /release web was not uninstalled: revision 3 \(deployed\) came meanwhile/);
  await patch("secrets/sh.helm.release.v1.web.v3", { metadata: { labels: { status: "pending-upgrade" } } });
  await shows(app, /web +shop +3 +pending-upgrade/);
  await app.press("move.down", "helm.roll-back");
  expect(app.line(-1)).toContain("revision 3 is pending-upgrade: helm is at work on it, or was cut off");
  await app.press("helm.uninstall");
  expect(app.line(-1)).toContain("Uninstall: revision 3 is pending-upgrade");
});

test("A second key press does not begin the same work again", async () => {
  const app = await start();
  const release = storedRelease("secrets", await read("secrets/sh.helm.release.v1.web.v3"));
  if (release === undefined) throw new Error("the fixture has no third revision");
  const { operations } = app.ui.controller.doors;
  const first = operations.uninstallRelease(release);
  await operations.uninstallRelease(release);
  await shows(app, /Uninstall release web from shop\?/);
  await app.press("escape");
  await first;
  expect(app.text()).not.toContain("Uninstall release");
});

test("An object that another release has taken over is not deleted", async () => {
  const annotations = { "meta.helm.sh/release-name": "other", "meta.helm.sh/release-namespace": "shop" };
  await patch("services/web", { metadata: { annotations } });
  const app = await start();
  await app.press("move.down", "helm.uninstall");
  await shows(app, /keep Service shop\/web \(it is of the release shop\/other by now\)/);
});

test("A protected context asks once more for all that is written, and lets it through", async () => {
  const clusters = createClusters({ overrides: { kubeconfig: cluster.kubeconfig }, env: {} });
  const settings = { contexts: { kelpie: { protection: "type-name" } } } as const;
  open = await TestScreen.open({ clusters, initialCommand: "helm shop", columns: 120, rows: 40, settings });
  const app = open;
  await shows(app, /web +3 +deployed/);
  await openHistory(app);
  await app.press("move.down", "helm.roll-back");
  await shows(app, /Roll release web back to revision 2\?/);
  await app.press("tab", "enter");
  await shows(app, /shop\/sh\.helm\.release\.v1\.web\.v3\s/);
  await app.type("kelpie");
  await app.press("tab", "tab", "enter");
  await shows(app, /as revision 4/);
  await shows(app, /4 +deployed/);
});

test("Read-only keeps both off", async () => {
  const app = await start({ readOnly: true });
  await app.press("move.down", "helm.uninstall");
  expect(app.line(-1)).toContain("Uninstall: read-only");
  await app.press("helm.roll-back");
  expect(app.line(-1)).toContain("Roll back: read-only");
});

test("What holds no release is told in its row, and does not hide the others", async () => {
  const labels = { owner: "helm", name: "broken", version: "1", status: "deployed" };
  const data = { release: Buffer.from("bm90IGEgcmVsZWFzZQ==").toString("base64") };
  const metadata = { name: "sh.helm.release.v1.broken.v1", namespace: "shop", labels };
  await create(PATHS["Secret"] ?? "", { metadata, type: "helm.sh/release.v1", data });
  const app = await start();
  await shows(app, /broken +shop +1 +deployed +secrets sh\.helm\.release/);
});

test("Who may not list secrets is told so, with the verb and the resource", async () => {
  const cleanup = new Cleanup();
  const server = await startFakeApiServer({ pods: 0 });
  cleanup.add(() => server.close());
  server.deny("list", "secrets");
  const path = await writeKubeconfig(cleanup, server.kubeconfig);
  open = await TestScreen.open({
    clusters: createClusters({ overrides: { kubeconfig: path }, env: {} }),
    initialCommand: "helm",
    columns: 160,
  });
  await shows(open, /secrets is forbidden|cannot list (resource )?"?secrets/i);
  await open.close();
  open = undefined;
  await cleanup.run();
});
