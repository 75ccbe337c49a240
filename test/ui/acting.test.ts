import { afterEach, expect, test } from "vitest";
import { KelpieError } from "../../src/lib/errors.ts";
import type { KubeObject } from "../../src/lib/kube/object.ts";
import { deployment, memoryClusters, MemoryCluster, runningPod } from "../support/memory-cluster.ts";
import { TestScreen } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

const cluster = new MemoryCluster("dev");
for (const name of ["web-1", "web-2", "web-3"]) cluster.put("pods", runningPod(name));
cluster.put("deployments", deployment("web", 3));
const template = { spec: { template: { spec: { containers: [{ name: "main", image: "localhost/host" }] } } } };
const batch = (kind: string, name: string, spec: Readonly<Record<string, unknown>>): KubeObject => ({
  apiVersion: "batch/v1",
  kind,
  metadata: { name, namespace: "default", uid: `uid-${kind}-${name}` },
  spec,
});
cluster.put("cronjobs", batch("CronJob", "nightly", { schedule: "0 3 * * *", jobTemplate: template }));
cluster.put("jobs", batch("Job", "import", { ...template.spec, selector: { matchLabels: { "controller-uid": "1" } } }));
cluster.put("persistentvolumeclaims", {
  metadata: { name: "data", namespace: "default", uid: "uid-data" },
  spec: { resources: { requests: { storage: "1Gi" } } },
  status: { phase: "Bound" },
});
cluster.put("nodes", {
  metadata: { name: "worker", uid: "uid-worker", resourceVersion: "7" },
  spec: { taints: [{ key: "old", effect: "NoExecute" }] },
});

async function start(initialCommand: string): Promise<TestScreen> {
  cluster.recorded.length = 0;
  cluster.refusals.clear();
  open = await TestScreen.open({ clusters: memoryClusters([cluster]), initialCommand, columns: 120 });
  return open;
}

test("Labels go to every marked object; a text that is no label stays in the dialog with the reason", async () => {
  const app = await start("pods");
  await app.press("mark.toggle", "mark.toggle", "resource.label");
  expect(app.text()).toContain("Label 2 pods");
  await app.type("tier=a b");
  await app.press("enter");
  expect(app.text()).toContain("key=value sets, key- takes away");
  await app.press("backspace", "backspace", "enter");
  const patch = { metadata: { labels: { tier: "a" } } };
  expect(cluster.recorded).toEqual([
    { verb: "patch", target: "default/web-1", detail: { type: "merge", patch } },
    { verb: "patch", target: "default/web-2", detail: { type: "merge", patch } },
  ]);
  expect(app.line(-1)).toContain("2 pods labelled");
});

test("An annotation is shown before it is taken away", async () => {
  cluster.put("pods", runningPod("web-1", { annotations: { owner: "the web team" } }));
  const app = await start("pods");
  await app.press("resource.annotate");
  expect(app.text()).toContain("owner=the web team");
  await app.type("owner-");
  await app.press("enter");
  expect(cluster.recorded[0]?.detail).toEqual({ type: "merge", patch: { metadata: { annotations: { owner: null } } } });
});

test("A taint is added to those of the node, on the version they were read from", async () => {
  const app = await start("nodes");
  await app.press("node.taint");
  expect(app.text()).toContain("old:NoExecute");
  await app.type("gpu=yes:NoSchedule");
  await app.press("enter");
  const taints = [
    { key: "old", effect: "NoExecute" },
    { key: "gpu", value: "yes", effect: "NoSchedule" },
  ];
  expect(cluster.recorded[0]?.detail).toEqual({
    type: "merge",
    patch: { metadata: { resourceVersion: "7" }, spec: { taints } },
  });
});

test("Evict and kill ask with the exact list, and the server's refusal is shown in its words", async () => {
  const app = await start("pods");
  cluster.refusals.set("web-1", new KelpieError("it would violate the pod's disruption budget"));
  await app.press("pod.evict");
  expect(app.text()).toContain("default/web-1");
  await app.press("enter");
  expect(cluster.recorded).toEqual([]);
  await app.press("pod.evict", "tab", "enter");
  expect(app.line(-1)).toContain("pod web-1 not evicted: it would violate the pod's disruption budget");
  await app.press("move.down", "pod.kill", "tab", "enter");
  expect(cluster.recorded).toEqual([{ verb: "delete", target: "default/web-2", detail: { gracePeriodSeconds: 0 } }]);
});

test("A rollout is paused, a cron job suspended", async () => {
  const app = await start("deployments");
  await app.press("deployment.pause", "tab", "enter");
  expect(app.line(-1)).toContain("deployment web paused");
  await app.press(":");
  await app.type("cronjobs");
  await app.press("enter", "job.suspend");
  expect(app.text()).toContain("no new jobs are started; one that runs goes on");
  await app.press("tab", "enter");
  expect(app.line(-1)).toContain("cronjob nightly suspended");
  expect(cluster.recorded.map(({ detail }) => detail)).toEqual([
    { type: "merge", patch: { spec: { paused: true } } },
    { type: "merge", patch: { spec: { suspend: true } } },
  ]);
});

test("Suspending a job says what becomes of its pods", async () => {
  const app = await start("jobs");
  await app.press("job.suspend");
  expect(app.text()).toContain("its pods are ended, and started anew when it is resumed");
  expect(app.text()).not.toContain("no new jobs");
});

test("A job starts now from a cron job's template, and a job runs again without the labels of the first", async () => {
  const app = await start("cronjobs");
  await app.press("job.run-now", "tab", "enter");
  await app.press(":");
  await app.type("jobs");
  await app.press("enter", "job.run-now", "tab", "enter");
  expect(cluster.recorded.map(({ verb }) => verb)).toEqual(["create", "create"]);
  const jobs = await cluster.list(cluster.resource("jobs"));
  const manual = jobs.find((job) => job.metadata.generateName === "nightly-manual-");
  expect(manual?.metadata.ownerReferences?.[0]).toMatchObject({ kind: "CronJob", name: "nightly", controller: true });
  const again = jobs.find((job) => job.metadata.generateName === "import-again-");
  expect(again?.["spec"]).not.toHaveProperty("selector");
});

test("A claim grows and never shrinks", async () => {
  const app = await start("pvc");
  await app.press("claim.expand");
  await app.type("500Mi");
  await app.press("enter");
  expect(app.text()).toContain("a claim cannot shrink");
  await app.press(...Array.from({ length: 5 }, () => "backspace"));
  await app.type("2Gi");
  await app.press("enter");
  expect(cluster.recorded[0]?.detail).toEqual({
    type: "merge",
    patch: { spec: { resources: { requests: { storage: "2Gi" } } } },
  });
});

test("Keys in one piece with an answer do not act on the table behind the dialog; those that come later do", async () => {
  const app = await start("deployments");
  await app.press("resource.scale");
  await app.send("\rm");
  expect(cluster.recorded).toHaveLength(1);
  expect(app.text()).not.toContain("Label deployment");
  await app.press("resource.label");
  expect(app.text()).toContain("Label deployment");
});
