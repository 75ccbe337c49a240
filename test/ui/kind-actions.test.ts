import { afterEach, expect, test } from "vitest";
import type { KubeObject } from "../../src/lib/kube/object.ts";
import { deployment, memoryClusters, MemoryCluster } from "../support/memory-cluster.ts";
import { TestScreen } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

async function start(dev: MemoryCluster, initialCommand: string): Promise<TestScreen> {
  open = await TestScreen.open({ clusters: memoryClusters([dev]), columns: 120, initialCommand });
  return open;
}

function request(name: string, conditions: readonly Readonly<Record<string, string>>[] = []): KubeObject {
  return {
    metadata: { name, uid: `uid-${name}`, resourceVersion: "7", creationTimestamp: "2025-12-31T23:00:00Z" },
    spec: { signerName: "kubernetes.io/kubelet-serving", username: `system:node:${name}` },
    status: { conditions },
  };
}

test("marked certificate requests are approved after a question that names who asks", async () => {
  const dev = new MemoryCluster("dev");
  for (const name of ["a", "b"]) dev.put("certificatesigningrequests", request(name));
  const app = await start(dev, "csr");
  expect(app.text()).toMatch(/a +\d+\w* .*system:node:a .*Pending/);
  await app.press("mark.toggle", "mark.toggle", "certificate.approve");
  expect(app.text()).toContain("Approve 2 certificatesigningrequests?");
  expect(app.text()).toContain("b: system:node:b asks kubernetes.io/kubelet-serving");
  await app.press("enter");
  expect(dev.recorded).toEqual([]);
  await app.press("certificate.approve", "tab", "enter");
  expect(dev.recorded).toHaveLength(2);
  expect(dev.recorded[0]).toMatchObject({
    verb: "patch",
    target: "a",
    detail: {
      type: "merge",
      patch: { metadata: { resourceVersion: "7" }, status: { conditions: [{ type: "Approved", status: "True" }] } },
    },
  });
});

test("a request that is decided cannot be denied, and says so", async () => {
  const dev = new MemoryCluster("dev");
  dev.put("certificatesigningrequests", request("a", [{ type: "Approved", status: "True" }]));
  const app = await start(dev, "csr");
  await app.press("certificate.deny");
  expect(app.line(-1)).toContain("a is decided already");
  expect(dev.recorded).toEqual([]);
});

function claim(name: string): KubeObject {
  return {
    metadata: { name, namespace: "default", uid: `uid-${name}` },
    spec: { storageClassName: "disk", resources: { requests: { storage: "1Gi" } } },
    status: { phase: "Bound" },
  };
}

function storageClass(allowVolumeExpansion: boolean): KubeObject {
  return { metadata: { name: "disk", namespace: "", uid: "uid-disk" }, allowVolumeExpansion };
}

test("a claim grows where its storage class allows it, and says where it does not", async () => {
  const dev = new MemoryCluster("dev");
  dev.put("persistentvolumeclaims", claim("data"));
  dev.put("storageclasses", storageClass(false));
  const app = await start(dev, "pvc");
  await app.press("claim.expand");
  expect(app.line(-1)).toContain("claim data cannot grow: its storage class disk does not allow it");
  dev.put("storageclasses", storageClass(true));
  await app.press("claim.expand");
  await app.type("2Gi");
  await app.press("enter");
  const patch = { spec: { resources: { requests: { storage: "2Gi" } } } };
  expect(dev.recorded).toMatchObject([{ verb: "patch", target: "default/data", detail: { patch } }]);
});

function replicaSet(revision: string, image: string, ownerUid = "uid-deploy-web"): KubeObject {
  return {
    metadata: {
      name: `web-${revision}`,
      namespace: "default",
      uid: `uid-web-${revision}`,
      annotations: { "deployment.kubernetes.io/revision": revision },
      ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: ownerUid, controller: true }],
    },
    spec: {
      replicas: 0,
      template: {
        metadata: { labels: { app: "web", "pod-template-hash": "x" } },
        spec: { containers: [{ name: "main", image }] },
      },
    },
  };
}

function web(revision: string): KubeObject {
  const made = deployment("web", 1);
  const annotations = { "deployment.kubernetes.io/revision": revision };
  return { ...made, metadata: { ...made.metadata, annotations } };
}

test("a deployment goes back to the replica set under the cursor, after showing the difference", async () => {
  const dev = new MemoryCluster("dev");
  dev.put("deployments", web("2"));
  dev.put("replicasets", replicaSet("1", "localhost/old"));
  const app = await start(dev, "rs");
  await app.press("replicaset.roll-back");
  expect(app.text()).toContain("Roll deployment web back to revision 1?");
  expect(app.text()).toMatch(/\+ .*localhost\/old/);
  await app.press("tab", "enter");
  expect(dev.recorded[0]).toMatchObject({ verb: "patch", target: "default/web", detail: { type: "json" } });
  expect(JSON.stringify(dev.recorded[0]?.detail)).not.toContain("pod-template-hash");
});

test.for([
  ["the current revision", replicaSet("2", "x"), "is the current revision of web"],
  ["one of a deployment that was replaced", replicaSet("1", "x", "uid-other"), "was replaced by another of its name"],
] as const)("no roll-back to %s", async ([, set, reason]) => {
  const dev = new MemoryCluster("dev");
  dev.put("deployments", web("2"));
  dev.put("replicasets", set);
  const app = await start(dev, "rs");
  await app.press("replicaset.roll-back");
  expect(app.line(-1)).toContain(reason);
  expect(dev.recorded).toEqual([]);
});
