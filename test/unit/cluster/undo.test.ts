import { describe, expect, it } from "vitest";
import type { JournalEntry } from "../../../src/cluster/cluster.ts";
import { recreatable } from "../../../src/cluster/recreate.ts";
import { planUndo } from "../../../src/cluster/undo.ts";
import type { KubeObject } from "../../../src/lib/kube/object.ts";

function deployment(change: { readonly replicas?: number; readonly containers?: unknown } = {}): KubeObject {
  const { replicas = 1, containers = [{ name: "web", image: "web:1" }] } = change;
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "default", uid: "u", resourceVersion: "1", labels: { app: "web" } },
    spec: { replicas, template: { spec: { containers } } },
  };
}

function labelled(labels: Readonly<Record<string, string>> | undefined): KubeObject {
  const { metadata, ...rest } = deployment();
  const { labels: _labels, ...others } = metadata;
  return { ...rest, metadata: { ...others, ...(labels === undefined ? {} : { labels }) } };
}

function tainted(...taints: readonly string[]): KubeObject {
  const spec = taints.length === 0 ? {} : { taints: taints.map((key) => ({ key, effect: "NoSchedule" })) };
  return { apiVersion: "v1", kind: "Node", metadata: { name: "web", uid: "u", resourceVersion: "1" }, spec };
}

function entry(change: Partial<JournalEntry>): JournalEntry {
  return {
    id: "1",
    at: 0,
    verb: "patch",
    operation: "update",
    context: "prod",
    target: {
      group: "apps",
      version: "v1",
      resource: "deployments",
      namespace: "default",
      name: "web",
      uid: "u",
      subresource: "",
    },
    result: "ok",
    ...change,
  };
}

const containers = (web: string, side: string): unknown => [
  { name: "web", image: web },
  { name: "side", image: side },
];

describe("undoing a change", () => {
  it.each([
    [
      "scales back, and leaves the image that changed since",
      deployment({ replicas: 1 }),
      deployment({ replicas: 5 }),
      deployment({ replicas: 5, containers: [{ name: "web", image: "web:2" }] }),
      { spec: { replicas: 1 } },
      [],
    ],
    [
      "puts the image of one container back, and leaves the other one's",
      deployment({ containers: containers("web:1", "side:1") }),
      deployment({ containers: containers("web:2", "side:1") }),
      deployment({ containers: containers("web:2", "side:9") }),
      { spec: { template: { spec: { containers: containers("web:1", "side:9") } } } },
      [],
    ],
    [
      "tells what somebody changed since, and would put that back too",
      deployment({ replicas: 1 }),
      deployment({ replicas: 5 }),
      deployment({ replicas: 7 }),
      { spec: { replicas: 1 } },
      ["spec.replicas"],
    ],
    [
      "takes away the first label, and leaves one that came since",
      labelled(undefined),
      labelled({ tier: "gold" }),
      labelled({ tier: "gold", team: "one" }),
      { metadata: { labels: { tier: null } } },
      [],
    ],
    [
      "takes away a taint, and leaves others",
      tainted(),
      tainted("a"),
      tainted("a", "b"),
      { spec: tainted("b")["spec"] },
      [],
    ],
  ])("%s", (_name, before, after, live, patch, conflicts) => {
    const plan = planUndo(entry({ before, after }), { ...live, metadata: { ...live.metadata, resourceVersion: "9" } });
    if (plan.how !== "update") throw new Error(`it is ${JSON.stringify(plan)}`);
    const { metadata, ...rest } = plan.patch;
    const { resourceVersion, ...ownMetadata } = metadata as Readonly<Record<string, unknown>>;
    expect(resourceVersion).toBe("9");
    expect({ ...rest, ...(Object.keys(ownMetadata).length === 0 ? {} : { metadata: ownMetadata }) }).toEqual(patch);
    expect(plan.conflicts).toEqual(conflicts);
  });
});

describe("what is not undone says why", () => {
  const before = deployment();
  const after = deployment({ replicas: 5 });
  const pod: KubeObject = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "web",
      namespace: "default",
      uid: "u",
      ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "web-1", uid: "r", controller: true }],
    },
  };
  const podTarget = { ...entry({}).target, group: "", resource: "pods" };
  const other = { ...after, metadata: { ...after.metadata, uid: "other" } };
  it.each<[string, Partial<JournalEntry>, KubeObject | undefined, RegExp]>([
    ["a restart", { verb: "restart", before, after }, after, /replace them once more/],
    ["an expansion", { verb: "expand", before, after }, after, /never shrinks/],
    [
      "a pod of a controller",
      { operation: "delete", before: pod, target: podTarget },
      undefined,
      /pointless: ReplicaSet web-1/,
    ],
    ["an evicted pod of a controller", { operation: "evict", before: pod, target: podTarget }, undefined, /pointless/],
    ["an object made anew", { before, after }, other, /another object by now/],
    ["an object that is gone", { before, after }, undefined, /is gone/],
    ["an object that is as before", { before, after }, before, /as it was before already/],
    ["a refused write", { before, result: "failed" }, before, /nothing to undo/],
    ["a secret of another session", { before, after, masked: true }, after, /another one/],
    ["an unknown state", { after }, after, /could not be read/],
    [
      "an ephemeral container",
      { before, after, target: { ...podTarget, subresource: "ephemeralcontainers" } },
      after,
      /pods\/ephemeralcontainers/,
    ],
    ["a deleted object that is there again", { operation: "delete", before }, other, /made it anew/],
    [
      "a deleted object that is still ending",
      { operation: "delete", before },
      { ...before, metadata: { ...before.metadata, deletionTimestamp: "now" } },
      /wait until it is gone/,
    ],
    ["a created object that is gone", { operation: "create", after }, undefined, /gone already/],
    ["a created object's namesake", { operation: "create", after }, other, /another object/],
  ])("%s", (_name, change, live, why) => {
    const plan = planUndo(entry(change), live);
    expect(plan).toMatchObject({ how: "refused" });
    if (plan.how === "refused") expect(plan.why).toMatch(why);
  });
});

describe("an object that is created again", () => {
  it("has nothing of its first life, and only the owners that still live", () => {
    const owner = (uid: string) => ({ apiVersion: "v1", kind: "ConfigMap", name: uid, uid });
    const object: KubeObject = {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: {
        name: "data",
        namespace: "default",
        uid: "u",
        resourceVersion: "1",
        generation: 2,
        creationTimestamp: "2026-01-01T00:00:00Z",
        deletionTimestamp: "2026-01-02T00:00:00Z",
        finalizers: ["kubernetes.io/pvc-protection"],
        annotations: { "pv.kubernetes.io/bind-completed": "yes", team: "one" },
        ownerReferences: [owner("lives"), owner("gone")],
      },
      spec: { volumeName: "pv-1", accessModes: ["ReadWriteOnce"] },
      status: { phase: "Bound" },
    };
    expect(recreatable(object, new Set(["lives"]))).toEqual({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "data", namespace: "default", annotations: { team: "one" }, ownerReferences: [owner("lives")] },
      spec: { accessModes: ["ReadWriteOnce"] },
    });
  });

  it("of a job finds its own pods by labels of its own", () => {
    const labels = { "batch.kubernetes.io/controller-uid": "u", app: "it" };
    const job: KubeObject = {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "it" },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: {} } },
    };
    expect(recreatable(job, new Set())["spec"]).toEqual({
      template: { metadata: { labels: { app: "it" } }, spec: {} },
    });
  });
});
