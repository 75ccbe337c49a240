import { afterEach, expect, test } from "vitest";
import { at, type KubeObject } from "../../../src/lib/kube/object.ts";
import { RESOURCES } from "../../../src/embedded/machinery/registry.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import {
  deployment,
  eventTexts,
  isReady,
  keepMoving,
  startTestCluster,
  turns,
  type TestCluster,
} from "./cluster-harness.ts";

let cluster: TestCluster;
afterEach(() => cluster.dispose());

function livePods(): readonly KubeObject[] {
  return cluster.all(RESOURCES.pods).filter((pod) => pod.metadata.deletionTimestamp === undefined);
}

function stored(name: string): KubeObject {
  return cluster.get(RESOURCES.deployments, `default/${name}`) ?? { metadata: {} };
}

function condition(name: string, type: string): unknown {
  const conditions = at(stored(name), "status", "conditions");
  return Array.isArray(conditions) ? conditions.find((each) => each.type === type) : undefined;
}

/** Everything is said of the present spec and all pods are new and available. */
function isRolledOut(name: string): boolean {
  const { metadata } = stored(name);
  const replicas = at(stored(name), "spec", "replicas");
  const counts = ["replicas", "updatedReplicas", "availableReplicas", "readyReplicas"];
  return (
    at(stored(name), "status", "observedGeneration") === metadata.generation &&
    counts.every((field) => (at(stored(name), "status", field) ?? 0) === replicas) &&
    livePods().length === replicas
  );
}

test("a new deployment comes to its pods, its conditions and its events", async () => {
  cluster = await startTestCluster();
  await cluster.apply(RESOURCES.deployments, deployment("web"));
  await cluster.until("web is rolled out", () => isRolledOut("web"));
  await cluster.until(
    "it has progressed",
    () => at(condition("web", "Progressing"), "reason") === "NewReplicaSetAvailable",
  );

  const [set] = cluster.all(RESOURCES.replicasets);
  const name = set?.metadata.name ?? "";
  expect(name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]+$/);
  const hash = name.slice("web-".length);
  expect(set?.metadata.labels).toEqual({ app: "web", "pod-template-hash": hash });
  expect(at(set, "spec", "selector", "matchLabels")).toEqual({ app: "web", "pod-template-hash": hash });
  expect(set?.metadata.annotations).toMatchObject({
    "deployment.kubernetes.io/revision": "1",
    "deployment.kubernetes.io/desired-replicas": "3",
    "deployment.kubernetes.io/max-replicas": "4",
  });
  expect(stored("web").metadata.annotations?.["deployment.kubernetes.io/revision"]).toBe("1");
  for (const pod of livePods()) {
    expect(pod.metadata.name).toMatch(new RegExp(`^${name}-[bcdfghjklmnpqrstvwxz2456789]{5}$`));
    expect(pod.metadata.ownerReferences?.[0]).toMatchObject({ kind: "ReplicaSet", name, controller: true });
  }
  expect(condition("web", "Available")).toMatchObject({
    status: "True",
    reason: "MinimumReplicasAvailable",
    message: "Deployment has minimum availability.",
  });
  expect(condition("web", "Progressing")).toMatchObject({
    status: "True",
    message: `ReplicaSet "${name}" has successfully progressed.`,
  });
  expect(eventTexts(cluster, "ScalingReplicaSet")).toEqual([`Scaled up replica set ${name} from 0 to 3`]);
  await cluster.until("pods are recorded", () => eventTexts(cluster, "SuccessfulCreate").length === 3);
  expect(eventTexts(cluster, "SuccessfulCreate").toSorted()).toEqual(
    livePods().map((pod) => `Created pod: ${pod.metadata.name ?? ""}`),
  );
});

test.each([
  { maxSurge: "25%", maxUnavailable: "25%", least: 4, most: 7 },
  { maxSurge: 1, maxUnavailable: 0, least: 5, most: 6 },
  { maxSurge: 0, maxUnavailable: 1, least: 4, most: 5 },
  { maxSurge: 0, maxUnavailable: "50%", least: 3, most: 5 },
  { maxSurge: "100%", maxUnavailable: 0, least: 5, most: 10 },
])(
  "a rolling update of 5 with surge $maxSurge and unavailable $maxUnavailable keeps between $least ready and $most pods",
  async ({ maxSurge, maxUnavailable, least, most }) => {
    cluster = await startTestCluster();
    const strategy = { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } };
    await cluster.apply(RESOURCES.deployments, deployment("web", { replicas: 5, strategy }));
    await cluster.until("web is rolled out", () => isRolledOut("web"));
    let fewest = 5;
    let highest = 5;
    cluster.onChange(() => {
      fewest = Math.min(fewest, livePods().filter(isReady).length);
      highest = Math.max(highest, livePods().length);
    });
    await cluster.patch(RESOURCES.deployments, "default/web", {
      spec: { template: { metadata: { annotations: { change: "1" } } } },
    });
    await cluster.until(
      "the update is rolled out",
      () => isRolledOut("web") && cluster.all(RESOURCES.replicasets).length === 2,
    );
    expect(fewest).toBeGreaterThanOrEqual(least);
    expect(highest).toBeLessThanOrEqual(most);
    const changed = livePods().map((pod) => pod.metadata.annotations?.["change"]);
    expect(changed).toEqual(["1", "1", "1", "1", "1"]);
  },
);

test("an update whose pods never become ready stops where availability would suffer", async () => {
  cluster = await startTestCluster({ becomesReady: (pod) => pod.metadata.annotations?.["broken"] === undefined });
  await cluster.apply(RESOURCES.deployments, deployment("web", { replicas: 4 }));
  await cluster.until("web is rolled out", () => isRolledOut("web"));
  await cluster.patch(RESOURCES.deployments, "default/web", {
    spec: { template: { metadata: { annotations: { broken: "yes" } } } },
  });
  await cluster.until("two broken pods run", () => livePods().length === 5 && livePods().filter(isReady).length === 3);
  await cluster.until("status says so", () => at(stored("web"), "status", "updatedReplicas") === 2);
  expect(stored("web")["status"]).toMatchObject({ replicas: 5, availableReplicas: 3, unavailableReplicas: 2 });
});

test("going back to an old template uses its ReplicaSet again and raises its revision", async () => {
  cluster = await startTestCluster();
  await cluster.apply(RESOURCES.deployments, deployment("web", { replicas: 1 }));
  await cluster.until("web is rolled out", () => isRolledOut("web"));
  const [first] = cluster.all(RESOURCES.replicasets);
  const change = (value: string | null): Promise<KubeObject> =>
    cluster.patch(RESOURCES.deployments, "default/web", {
      spec: { template: { metadata: { annotations: { change: value } } } },
    });
  await change("1");
  await cluster.until(
    "the second is rolled out",
    () => isRolledOut("web") && livePods()[0]?.metadata.annotations?.["change"] === "1",
  );
  await change(null);
  await cluster.until(
    "the first is back",
    () => isRolledOut("web") && livePods()[0]?.metadata.ownerReferences?.[0]?.uid === first?.metadata.uid,
  );
  await cluster.until(
    "the deployment says revision 3",
    () => stored("web").metadata.annotations?.["deployment.kubernetes.io/revision"] === "3",
  );
  expect(cluster.all(RESOURCES.replicasets)).toHaveLength(2);
  const reused = cluster.get(RESOURCES.replicasets, `default/${first?.metadata.name ?? ""}`);
  expect(reused?.metadata.annotations).toMatchObject({
    "deployment.kubernetes.io/revision": "3",
    "deployment.kubernetes.io/revision-history": "1",
  });
});

test("old ReplicaSets beyond revisionHistoryLimit are deleted, oldest first", async () => {
  cluster = await startTestCluster();
  await cluster.apply(RESOURCES.deployments, deployment("web", { replicas: 1, revisionHistoryLimit: 1 }));
  await cluster.until("web is rolled out", () => isRolledOut("web"));
  for (const change of ["1", "2", "3"]) {
    await cluster.patch(RESOURCES.deployments, "default/web", {
      spec: { template: { metadata: { annotations: { change } } } },
    });
    await cluster.until(
      `change ${change} is out`,
      () => isRolledOut("web") && livePods()[0]?.metadata.annotations?.["change"] === change,
    );
  }
  await cluster.until("two sets are left", () => cluster.all(RESOURCES.replicasets).length === 2);
  const revisions = cluster
    .all(RESOURCES.replicasets)
    .map((set) => set.metadata.annotations?.["deployment.kubernetes.io/revision"]);
  expect(new Set(revisions)).toEqual(new Set(["3", "4"]));
});

test("a paused deployment scales but does not roll, and rolls once it is resumed", async () => {
  cluster = await startTestCluster();
  await cluster.apply(RESOURCES.deployments, deployment("web", { replicas: 2 }));
  await cluster.until("web is rolled out", () => isRolledOut("web"));
  await cluster.patch(RESOURCES.deployments, "default/web", { spec: { paused: true } });
  await cluster.until("it says so", () => at(condition("web", "Progressing"), "reason") === "DeploymentPaused");
  await cluster.patch(RESOURCES.deployments, "default/web", {
    spec: { replicas: 4, template: { metadata: { annotations: { change: "1" } } } },
  });
  await cluster.until("it has grown", () => livePods().filter(isReady).length === 4);
  expect(cluster.all(RESOURCES.replicasets)).toHaveLength(1);
  expect(livePods().some((pod) => pod.metadata.annotations?.["change"] === "1")).toBe(false);
  await cluster.patch(RESOURCES.deployments, "default/web", { spec: { paused: false } });
  await cluster.until(
    "it has rolled",
    () => livePods().every((pod) => pod.metadata.annotations?.["change"] === "1") && isRolledOut("web"),
  );
});

test("Recreate ends every old pod, terminating ones too, before the first new one is created", async () => {
  cluster = await startTestCluster();
  await cluster.apply(RESOURCES.deployments, deployment("web", { replicas: 2, strategy: { type: "Recreate" } }));
  await cluster.until("web is rolled out", () => isRolledOut("web"));
  cluster.kubelet.holdsTermination = true;
  let mixed = false;
  cluster.onChange(() => {
    const changes = new Set(cluster.all(RESOURCES.pods).map((pod) => pod.metadata.annotations?.["change"]));
    if (changes.size > 1) mixed = true;
  });
  await cluster.patch(RESOURCES.deployments, "default/web", {
    spec: { template: { metadata: { annotations: { change: "1" } } } },
  });
  await cluster.until("the old set has no active pods", () => {
    const [set] = cluster.all(RESOURCES.replicasets);
    return livePods().length === 0 && at(set, "status", "replicas") === 0;
  });
  await turns();
  expect(cluster.all(RESOURCES.pods)).toHaveLength(2);
  expect(cluster.all(RESOURCES.replicasets)).toHaveLength(1);
  await cluster.kubelet.release();
  await cluster.until("the new ones are ready", () => isRolledOut("web") && livePods().filter(isReady).length === 2);
  expect(mixed).toBe(false);
});

test("scaling in the midst of a rollout spreads the new pods over old and new in proportion", async () => {
  cluster = await startTestCluster({ becomesReady: (pod) => pod.metadata.annotations?.["slow"] === undefined });
  const strategy = { type: "RollingUpdate", rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } };
  await cluster.apply(RESOURCES.deployments, deployment("web", { replicas: 10, strategy }));
  await cluster.until("web is rolled out", () => isRolledOut("web"));
  await cluster.patch(RESOURCES.deployments, "default/web", {
    spec: { template: { metadata: { annotations: { slow: "yes" } } } },
  });
  const sizes = (): string => {
    const replicas = cluster.all(RESOURCES.replicasets).map((set) => Number(at(set, "spec", "replicas")));
    return replicas.toSorted((a, b) => b - a).join();
  };
  await cluster.until("8 old and 5 new", () => sizes() === "8,5");
  await cluster.until("the cluster agrees", () => at(stored("web"), "status", "replicas") === 13);
  await cluster.patch(RESOURCES.deployments, "default/web", { spec: { replicas: 15 } });
  // The example of the Kubernetes documentation: 5 more become 3 for the old and 2 for the new.
  await cluster.until("11 old and 7 new", () => sizes() === "11,7");
});

test("a deployment that makes no progress says so after its deadline", async () => {
  const clock = new FakeClock();
  cluster = await startTestCluster({ clock, becomesReady: () => false });
  await cluster.apply(RESOURCES.deployments, deployment("web", { replicas: 1, progressDeadlineSeconds: 60 }));
  const wait = await clock.timerWithin(60_000, 62_000);
  expect(condition("web", "Progressing")).toMatchObject({ status: "True" });
  clock.advance(wait);
  keepMoving(clock, cluster.signal);
  await cluster.until("it is late", () => at(condition("web", "Progressing"), "reason") === "ProgressDeadlineExceeded");
  expect(condition("web", "Progressing")).toMatchObject({ status: "False" });
  expect(String(at(condition("web", "Progressing"), "message"))).toMatch(
    /^ReplicaSet "web-\w+" has timed out progressing\.$/,
  );
  await cluster.kubelet.makeReady(() => true);
  await cluster.until(
    "it has recovered",
    () => at(condition("web", "Progressing"), "reason") === "NewReplicaSetAvailable",
  );
});
