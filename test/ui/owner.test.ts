import { afterEach, expect, test } from "vitest";
import type { KubeObject } from "../../src/lib/kube/object.ts";
import { deployment, memoryClusters, MemoryCluster, runningPod } from "../support/memory-cluster.ts";
import { TestScreen } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

test("Shift-J goes up the chain of owners, and says where it ends", async () => {
  const dev = new MemoryCluster("dev");
  const owner = (kind: string, name: string, uid: string): Partial<KubeObject["metadata"]> => ({
    ownerReferences: [{ apiVersion: "apps/v1", kind, name, uid, controller: true }],
  });
  dev.put("deployments", deployment("web", 1));
  const set = { name: "web-1", namespace: "default", uid: "uid-set", ...owner("Deployment", "web", "uid-deploy-web") };
  dev.put("replicasets", { metadata: set, spec: { replicas: 1 } });
  dev.put("pods", runningPod("web-1-a", owner("ReplicaSet", "web-1", "uid-set")));
  open = await TestScreen.open({ clusters: memoryClusters([dev]) });
  await open.press("resource.owner");
  expect(open.text()).toContain("replicasets(default)[1]");
  expect(open.rows()).toEqual(["web-1 *selected*"]);
  await open.press("resource.owner");
  expect(open.text()).toContain("deployments(default)[1]");
  await open.press("resource.owner");
  expect(open.line(-1)).toContain("has no owner");
});

test("an owner reference without its fields is no owner and breaks nothing", async () => {
  const dev = new MemoryCluster("dev");
  const broken: KubeObject = JSON.parse(
    JSON.stringify({ ...runningPod("web-1"), kind: "Pod" }).replace(
      '"namespace"',
      '"ownerReferences":[{"uid":7}],"namespace"',
    ),
  );
  dev.put("pods", broken);
  open = await TestScreen.open({ clusters: memoryClusters([dev]) });
  await open.press("resource.owner");
  expect(open.line(-1)).toContain("has no owner");
  await open.press("resource.relations");
  expect(open.text()).toContain("relations(pod default/web-1)");
});

test.each([
  ["q", "now"],
  ["ctx", "other"],
  ["Pod", "x @other"],
  ["xray", "deploy all"],
])("an owner that calls itself %s %s is looked for, and never read as a command", async (kind, name) => {
  const dev = new MemoryCluster("dev");
  const owner = { apiVersion: "v1", kind, name, uid: "1", controller: true };
  dev.put("pods", runningPod("web-1", { ownerReferences: [owner] }));
  open = await TestScreen.open({ clusters: memoryClusters([dev, new MemoryCluster("other")]) });
  await open.press("resource.owner");
  expect(open.line(0)).toContain("dev");
  expect(open.text()).toMatch(/the server has no kind|── pods\(default\)\[0\/1\]/);
});

test("o on a pod shows its node, and says where there is none yet", async () => {
  const dev = new MemoryCluster("dev");
  dev.put("pods", runningPod("web-1"));
  dev.put("pods", { ...runningPod("web-2"), spec: {} });
  for (const name of ["node-1", "node-10"]) {
    dev.put("nodes", { apiVersion: "v1", kind: "Node", metadata: { name, uid: name }, spec: {} });
  }
  open = await TestScreen.open({ clusters: memoryClusters([dev]) });
  await open.press("move.down", "pod.node");
  expect(open.line(-1)).toContain("web-2 is on no node yet");
  await open.press("move.up", "pod.node");
  expect(open.rows()).toEqual(["node-1 *selected*"]);
});
