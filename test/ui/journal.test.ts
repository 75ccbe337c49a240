import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { Journal } from "../../src/app/journal.ts";
import { createClusters } from "../../src/cluster/clusters.ts";
import { resolvePaths } from "../../src/config/paths.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { Cleanup, openFakeCluster } from "../support/cluster-fixture.ts";
import { startFakeApiServer } from "../support/fake-api-server.ts";
import { TestScreen } from "../support/screen.ts";

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
  server.deny("create", "pods");
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
  await cluster.writes.patch(target, "merge", { stringData: { password: "hunter2" } });
  server.intercept(({ method }) =>
    method === "PATCH"
      ? { kind: "status", code: 422, reason: "Invalid", message: 'Invalid value: "hunter3"' }
      : undefined,
  );
  await expect(cluster.writes.patch(target, "merge", { data: { password: "hunter3" } })).rejects.toThrow("hunter3");
  await first.flush();
  const file = join(paths.state, "journal.jsonl");
  expect(statSync(file).mode & 0o077).toBe(0);
  expect(readFileSync(file, "utf8")).not.toContain("hunter");
  writeFileSync(file, '{"at":1,"verb":"cut o', { flag: "a" });
  const second = new Journal(paths, silentLogger);
  await second.load();
  expect(second.entries.get()).toEqual(first.entries.get());
  expect(second.entries.get().map(({ verb, result }) => `${verb} ${result}`)).toEqual(["patch ok", "patch failed"]);
});
