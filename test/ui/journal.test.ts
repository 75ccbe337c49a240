import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { Journal } from "../../src/app/journal.ts";
import { createClusters } from "../../src/cluster/clusters.ts";
import { resolvePaths } from "../../src/config/paths.ts";
import { at } from "../../src/lib/kube/object.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { Cleanup, openFakeCluster } from "../support/cluster-fixture.ts";
import { startFakeApiServer } from "../support/fake-api-server.ts";
import { TestScreen } from "../support/screen.ts";

const HUNTER1 = Buffer.from("hunter1").toString("base64");
const HUNTER2 = Buffer.from("hunter2").toString("base64");

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "kelpie-journal-"));
  cleanup.add(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("What was written stands in :journal, refused writes with the server's words", async () => {
  const server = await startFakeApiServer({ pods: 2 });
  cleanup.add(() => server.close());
  const folder = temporaryFolder();
  writeFileSync(join(folder, "kubeconfig"), server.kubeconfig);
  const clusters = createClusters({ overrides: { kubeconfig: join(folder, "kubeconfig") }, env: {} });
  const app = await TestScreen.open({ clusters, initialCommand: "pods all", columns: 160 });
  cleanup.add(() => app.close());
  const view = app.ui.controller.navigation.front;
  if (view === undefined) throw new Error("no view is open");
  await app.until(view.title, (title) => title.count === "2");
  await app.press("resource.label");
  await app.type("tier=gold");
  await app.press("enter");
  server.deny("create", "pods/eviction");
  await app.press("pod.evict", "tab", "enter", ":");
  await app.type("journal");
  await app.press("enter");
  expect(app.text()).toContain("journal[2]");
  expect(app.text()).toMatch(/fake\s+evict\s+pods \S+\s+failed\s+cannot evict pods[^]*fake\s+label\s+pods \S+\s+ok/);
});

test("The journal outlives the session, for its owner alone, and holds no value of a secret", async () => {
  const { server, cluster } = await openFakeCluster(cleanup, { pods: 0 });
  server.push({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "login", namespace: "default", uid: "uid-login" },
    data: {},
  });
  const paths = resolvePaths({ KELPIE_HOME: temporaryFolder() });
  const first = new Journal(paths, silentLogger);
  first.follow(cluster);
  first.follow(cluster);
  const target = { resource: server.resource("secrets"), namespace: "default", name: "login" };
  await cluster.writes.patch(target, "merge", { data: { password: HUNTER2, user: HUNTER1 } });
  await cluster.writes.patch(target, "merge", { data: { password: HUNTER1 } });
  server.intercept(({ method }) =>
    method === "PATCH"
      ? { kind: "status", code: 422, reason: "Invalid", message: 'Invalid value: "hunter3"' }
      : undefined,
  );
  await expect(cluster.writes.patch(target, "merge", { data: { password: "hunter3" } })).rejects.toThrow();
  await first.flush();
  const file = join(paths.state, "journal.jsonl");
  expect(statSync(file).mode & 0o077).toBe(0);
  const kept = readFileSync(file, "utf8");
  for (const value of ["hunter", HUNTER1, HUNTER2]) expect(kept).not.toContain(value);
  writeFileSync(file, '{"id":"1","at":1,"verb":"cut o', { flag: "a" });
  const second = new Journal(paths, silentLogger);
  await second.load();
  const [created, changed, failed] = second.entries.get();
  expect(second.entries.get()).toHaveLength(3);
  expect(created).toMatchObject({ verb: "patch", result: "ok", masked: true, target: { uid: "uid-login" } });
  expect(changed?.before?.["data"]).toEqual({ password: "<masked, 7 bytes>", user: "<masked, 7 bytes>" });
  expect(changed?.after?.["data"]).toEqual({ password: "<masked, 7 bytes, changed>", user: "<masked, 7 bytes>" });
  expect(failed?.result).toBe("failed");
  // This session still has the values: it can undo.
  await first.load();
  expect(first.entries.get()[1]?.before?.["data"]).toEqual({ password: HUNTER2, user: HUNTER1 });
  // What is written after a line that was cut is not lost with it.
  await expect(cluster.writes.patch(target, "merge", { data: { password: "hunter4" } })).rejects.toThrow();
  await first.flush();
  const third = new Journal(paths, silentLogger);
  await third.load();
  expect(third.entries.get()).toHaveLength(4);
});

test("The file of the journal does not grow for ever, and the newest entries are read from both of its parts", async () => {
  const { server, cluster } = await openFakeCluster(cleanup, { pods: 0 });
  const big = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "big", namespace: "default", uid: "uid-big" } };
  server.push({ ...big, data: { text: "x".repeat(1_000_000) } });
  const paths = resolvePaths({ KELPIE_HOME: temporaryFolder() });
  const journal = new Journal(paths, silentLogger);
  journal.follow(cluster);
  const target = { resource: server.resource("configmaps"), namespace: "default", name: "big" };
  for (let count = 0; count < 12; count += 1) {
    await cluster.writes.patch(target, "merge", { data: { count: String(count) } });
    await journal.flush();
  }
  const file = join(paths.state, "journal.jsonl");
  const sizes = [file, `${file}.1`].map((path) => statSync(path).size);
  expect(Math.max(...sizes)).toBeLessThan(13 * 2 ** 20);
  const later = new Journal(paths, silentLogger);
  await later.load();
  const counts = later.entries.get().map(({ after }) => at(after, "data", "count"));
  expect(counts.at(-1)).toBe("11");
  expect(counts).toEqual(Array.from({ length: 12 }, (_, count) => String(count)).slice(-counts.length));
  expect(counts.length).toBeGreaterThan(4);
});
