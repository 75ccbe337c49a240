import { afterEach, expect, test } from "vitest";
import type { KubeObject } from "../../src/lib/kube/object.ts";
import { revisionsOf } from "../../src/resources/rollout-history.ts";
import { deployment, memoryClusters, MemoryCluster } from "../support/memory-cluster.ts";
import { TestScreen } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

const template = (image: string, labels: Readonly<Record<string, string>> = {}) => ({
  metadata: { labels: { app: "web", ...labels } },
  spec: { containers: [{ name: "main", image }] },
});

function replicaSet(revision: number, image: string, owner = "uid-deploy-web"): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `web-${revision}`,
      namespace: "default",
      uid: `uid-rs-${owner}-${revision}`,
      creationTimestamp: "2025-12-31T23:00:00Z",
      annotations: { "deployment.kubernetes.io/revision": String(revision) },
      ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: owner, controller: true }],
    },
    spec: { replicas: 0, template: template(image, { "pod-template-hash": `h${revision}` }) },
  };
}

function cluster(): MemoryCluster {
  const made = new MemoryCluster("dev");
  made.put("deployments", deployment("web", 3));
  made.put("replicasets", replicaSet(9, "localhost/web:9"));
  made.put("replicasets", replicaSet(10, "localhost/web:10"));
  made.put("replicasets", replicaSet(3, "localhost/other", "uid-other"));
  return made;
}

async function start(made: MemoryCluster): Promise<TestScreen> {
  open = await TestScreen.open({ clusters: memoryClusters([made]), initialCommand: "deployments", columns: 110 });
  return open;
}

test("The history lists the workload's own revisions, newest first, and Enter shows what one differs in", async () => {
  const app = await start(cluster());
  await app.press("resource.rollout");
  expect(app.text()).toContain("rollout(default/web)[2]");
  expect(app.text()).toMatch(/10\s+yes\s+60m\s+localhost\/web:10[^]*\n\s+9\s+60m\s+localhost\/web:9/);
  expect(app.text()).not.toContain("localhost/other");
  await app.press("move.down", "revisions.difference");
  expect(app.text()).toContain("revision 10 → 9(web)");
  expect(app.text()).toMatch(/-\s+- image: localhost\/web:10|-\s+image: localhost\/web:10/);
  expect(app.text()).not.toContain("pod-template-hash");
  await app.press("escape");
  expect(app.text()).toContain("rollout(default/web)[2]");
});

test("Two marked revisions are compared, whatever is current", async () => {
  const made = cluster();
  made.put("replicasets", replicaSet(8, "localhost/web:8"));
  const app = await start(made);
  await app.press("resource.rollout", "move.down", "revisions.mark", "move.down", "revisions.mark");
  expect(app.text()).toContain("marked: 9, 8");
  await app.press("move.top", "revisions.difference");
  expect(app.text()).toContain("revision 8 → 9(web)");
  await app.press("escape", "revisions.mark");
  expect(app.text()).toContain("marked: 8, 10");
});

test("Going back asks with the difference and sends the template on the uid of the object on screen", async () => {
  const made = cluster();
  const app = await start(made);
  await app.press("resource.rollout", "rollout.undo");
  expect(app.line(-1)).toContain("it is the current revision");
  await app.press("move.down", "rollout.undo");
  expect(app.text()).toContain("Roll deployment web back to revision 9?");
  expect(app.text()).toContain("localhost/web:9");
  await app.press("tab", "enter");
  expect(app.line(-1)).toContain("deployment web rolled back to revision 9");
  const patch = [
    { op: "test", path: "/metadata/uid", value: "uid-deploy-web" },
    { op: "replace", path: "/spec/template", value: template("localhost/web:9") },
  ];
  expect(made.recorded).toEqual([{ verb: "patch", target: "default/web", detail: { type: "json", patch } }]);
});

test("A paused rollout is not sent back", async () => {
  const made = cluster();
  const web = deployment("web", 3);
  made.put("deployments", { ...web, spec: { ...(web["spec"] as object), paused: true } });
  const app = await start(made);
  await app.press("resource.rollout", "move.down", "rollout.undo");
  expect(app.line(-1)).toContain("deployment web is paused: resume it");
  expect(made.recorded).toEqual([]);
});

test("A ControllerRevision goes back by its own patch, and what is no revision is left out", () => {
  const owner = { apiVersion: "apps/v1", kind: "StatefulSet", name: "db", uid: "uid-db", controller: true };
  const data = { spec: { template: { $patch: "replace", ...template("localhost/db:1") } } };
  const [only, ...more] = revisionsOf({ metadata: { name: "db", uid: "uid-db" } }, [
    { metadata: { name: "db-1", ownerReferences: [owner] }, revision: 1, data },
    { metadata: { name: "db-x", ownerReferences: [owner] }, revision: "x", data: [] },
    { metadata: { name: "db-y", ownerReferences: [owner] }, revision: 2 },
  ]);
  expect(more).toEqual([]);
  expect(only).toMatchObject({ number: 1, images: ["localhost/db:1"], patch: { type: "strategic", body: data } });
  expect(only?.template).not.toHaveProperty("$patch");
});
