import { afterEach, expect, test } from "vitest";
import { at, objectPath, type KubeObject } from "../../../src/lib/kube/object.ts";
import { RESOURCES } from "../../../src/embedded/machinery/registry.ts";
import { startControllers } from "../../../src/embedded/controllers/start-controllers.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { silentLogger } from "../../../src/lib/log.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { podsToDelete } from "../../../src/embedded/controllers/replicaset/pod-ranking.ts";
import {
  eventTexts,
  isReady,
  keepMoving,
  pod,
  replicaSet,
  startTestCluster,
  turns,
  type TestCluster,
} from "./cluster-harness.ts";

let cluster: TestCluster | undefined;
afterEach(() => {
  cluster?.dispose();
  cluster = undefined;
});

function pods(of: TestCluster): readonly KubeObject[] {
  return of.all(RESOURCES.pods, "default");
}

test("a ReplicaSet grows to its size and shrinks by deleting pods", async () => {
  const here = (cluster = await startTestCluster());
  await here.apply(RESOURCES.replicasets, replicaSet("web", 5));
  await here.until("five are ready", () => pods(here).filter(isReady).length === 5);
  await here.until("status says five", () => {
    const status = at(here.get(RESOURCES.replicasets, "default/web"), "status");
    return at(status, "availableReplicas") === 5 && at(status, "fullyLabeledReplicas") === 5;
  });
  await here.patch(RESOURCES.replicasets, "default/web", { spec: { replicas: 2 } });
  await here.until("two are left", () => pods(here).length === 2);
  await here.until("deletions are recorded", () => eventTexts(here, "SuccessfulDelete").length === 3);
  await here.patch(RESOURCES.replicasets, "default/web", { spec: { replicas: 0 } });
  await here.until("none is left", () => pods(here).length === 0);
  await here.until("status says none", () => {
    const status = at(here.get(RESOURCES.replicasets, "default/web"), "status");
    return at(status, "replicas") === 0 && at(status, "availableReplicas") === undefined;
  });
});

test("a deleted pod is replaced once", async () => {
  const here = (cluster = await startTestCluster());
  await here.apply(RESOURCES.replicasets, replicaSet("web", 3));
  await here.until("three are ready", () => pods(here).filter(isReady).length === 3);
  const victim = pods(here)[0]?.metadata.name ?? "";
  await here.registry.delete(RESOURCES.pods, { namespace: "default", name: victim });
  await here.until("three others are ready", () => {
    const names = pods(here).map((each) => each.metadata.name);
    return names.length === 3 && !names.includes(victim) && pods(here).every(isReady);
  });
  const created = here.history(RESOURCES.pods).filter(({ type }) => type === "ADDED");
  expect(created).toHaveLength(4);
});

test("an orphan that the selector matches is adopted and counts", async () => {
  const here = (cluster = await startTestCluster());
  await here.apply(RESOURCES.pods, pod("stray", {}, { app: "web" }));
  const set = await here.apply(RESOURCES.replicasets, replicaSet("web", 2));
  await here.until("two are ready", () => pods(here).filter(isReady).length === 2);
  const stray = here.get(RESOURCES.pods, "default/stray");
  expect(stray?.metadata.ownerReferences).toMatchObject([{ uid: set.metadata.uid, controller: true }]);
});

test("a pod whose labels no longer match is released and replaced", async () => {
  const here = (cluster = await startTestCluster());
  await here.apply(RESOURCES.replicasets, replicaSet("web", 2));
  await here.until("two are ready", () => pods(here).filter(isReady).length === 2);
  const first = pods(here)[0];
  await here.patch(RESOURCES.pods, first === undefined ? "" : objectPath(first), {
    metadata: { labels: { app: "debug" } },
  });
  await here.until("a third is ready", () => pods(here).filter(isReady).length === 3);
  await here.until("the first has no owner", () => {
    const released = here.get(RESOURCES.pods, `default/${first?.metadata.name ?? ""}`);
    return (released?.metadata.ownerReferences ?? []).length === 0;
  });
});

test("pods that cannot be created leave a condition and a warning, and are created when they can be", async () => {
  const here = (cluster = await startTestCluster({ refuses: (object) => object.kind === "Pod" && refusing }));
  let refusing = true;
  await here.apply(RESOURCES.replicasets, replicaSet("web", 2));
  const conditions = (): unknown => at(here.get(RESOURCES.replicasets, "default/web"), "status", "conditions");
  await here.until("it says so", () => Array.isArray(conditions()));
  expect(conditions()).toMatchObject([{ type: "ReplicaFailure", status: "True", reason: "FailedCreate" }]);
  await here.until("it is recorded", () => eventTexts(here, "FailedCreate").length === 1);
  expect(eventTexts(here, "FailedCreate")).toEqual(["Error creating: pods is forbidden: exceeded quota: test"]);
  refusing = false;
  await here.until("both run", () => pods(here).filter(isReady).length === 2);
  await here.until("the condition is gone", () => conditions() === undefined);
});

test("a pod that has finished is replaced and does not count", async () => {
  const here = (cluster = await startTestCluster());
  await here.apply(RESOURCES.replicasets, replicaSet("web", 2));
  await here.until("two are ready", () => pods(here).filter(isReady).length === 2);
  const [first] = pods(here);
  if (first === undefined) throw new Error("there is no pod");
  const fresh = await here.registry.get(RESOURCES.pods, { namespace: "default", name: first.metadata.name ?? "" });
  const failed = { ...fresh, status: { phase: "Failed" } };
  await here.registry.updateStatus(RESOURCES.pods, { namespace: "default", name: first.metadata.name ?? "" }, failed);
  await here.until("a third runs", () => pods(here).filter(isReady).length === 2 && pods(here).length === 3);
  await here.until(
    "status says two",
    () => at(here.get(RESOURCES.replicasets, "default/web"), "status", "replicas") === 2,
  );
});

test("a ready pod counts as available only after minReadySeconds", async () => {
  const clock = new FakeClock(Date.now());
  const here = (cluster = await startTestCluster({ clock }));
  const set = replicaSet("web", 1);
  await here.apply(RESOURCES.replicasets, { ...set, spec: { ...Object(set["spec"]), minReadySeconds: 30 } });
  const status = (): unknown => at(here.get(RESOURCES.replicasets, "default/web"), "status");
  await here.until("it is ready", () => at(status(), "readyReplicas") === 1);
  const wait = await clock.timerWithin(25_000, 31_000);
  expect(at(status(), "availableReplicas")).toBeUndefined();
  clock.advance(wait);
  keepMoving(clock, here.signal);
  await here.until("it is available", () => at(status(), "availableReplicas") === 1);
});

test("what happened while the controllers were down is made up for at the start", async () => {
  const here = (cluster = await startTestCluster({ controllers: false }));
  const owner = {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    name: "gone",
    uid: "00000000-0000-4000-8000-000000000000",
  };
  const orphan = pod("left", {}, { app: "left" });
  const left = { ...orphan, metadata: { ...orphan.metadata, ownerReferences: [{ ...owner, controller: true }] } };
  await here.apply(RESOURCES.pods, left);
  await here.apply(RESOURCES.replicasets, replicaSet("web", 2));
  await here.apply(RESOURCES.namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } });
  const settings = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings", namespace: "shop" } };
  await here.apply(RESOURCES.configmaps, settings);
  await here.registry.delete(RESOURCES.namespaces, { namespace: "", name: "shop" });
  await turns();
  expect(here.get(RESOURCES.namespaces, "shop")).toBeDefined();
  await startControllers({ registry: here.registry, clock: systemClock, logger: silentLogger, signal: here.signal });
  await here.until("the pod without an owner is gone", () => here.get(RESOURCES.pods, "default/left") === undefined);
  await here.until("the ReplicaSet has its pods", () => pods(here).filter(isReady).length === 2);
  await here.until("the namespace is gone", () => here.get(RESOURCES.namespaces, "shop") === undefined);
});

test("pods whose creation is heard of late are not created twice", async () => {
  const here = (cluster = await startTestCluster({ late: [RESOURCES.pods] }));
  await here.apply(RESOURCES.replicasets, replicaSet("web", 3));
  await here.until("three are there", () => pods(here).length === 3);
  await here.patch(RESOURCES.replicasets, "default/web", { metadata: { annotations: { look: "again" } } });
  await turns();
  expect(pods(here)).toHaveLength(3);
  here.deliver();
  await here.patch(RESOURCES.replicasets, "default/web", { spec: { replicas: 1 } });
  await here.until("one is left", () => pods(here).length === 1);
  await here.patch(RESOURCES.replicasets, "default/web", { metadata: { annotations: { look: "once more" } } });
  await turns();
  expect(pods(here)).toHaveLength(1);
});

const NOW = Date.parse("2026-01-02T03:00:00Z");

interface Traits {
  readonly node?: string;
  readonly phase?: string;
  /** Minutes before now. */
  readonly readyFor?: number;
  readonly cost?: string;
  readonly restarts?: number;
  readonly age?: number;
}

function ranked(name: string, traits: Traits): KubeObject {
  const time = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();
  const ready =
    traits.readyFor === undefined
      ? { type: "Ready", status: "False" }
      : { type: "Ready", status: "True", lastTransitionTime: time(traits.readyFor) };
  return {
    metadata: {
      name,
      uid: name,
      creationTimestamp: time(traits.age ?? 60),
      ...(traits.cost === undefined
        ? {}
        : { annotations: { "controller.kubernetes.io/pod-deletion-cost": traits.cost } }),
    },
    spec: traits.node === undefined ? {} : { nodeName: traits.node },
    status: {
      phase: traits.phase ?? "Running",
      conditions: [ready],
      containerStatuses: [{ restartCount: traits.restarts ?? 0 }],
    },
  };
}

const RUNS: Traits = { node: "a", readyFor: 30 };

test.each<{ why: string; goes: Traits; stays: Traits }>([
  { why: "it has no node", goes: { ...RUNS, node: undefined as never }, stays: { node: "a" } },
  { why: "it is pending", goes: { ...RUNS, phase: "Pending" }, stays: { node: "a", phase: "Running" } },
  { why: "it is not ready", goes: { node: "a" }, stays: RUNS },
  { why: "it costs less", goes: { ...RUNS, cost: "-5" }, stays: { ...RUNS, readyFor: 1 } },
  { why: "it is ready for a shorter time", goes: { ...RUNS, readyFor: 1 }, stays: RUNS },
  { why: "it has restarted more", goes: { ...RUNS, restarts: 3 }, stays: { ...RUNS, age: 1 } },
  { why: "it is younger", goes: { ...RUNS, age: 1 }, stays: { ...RUNS, age: 300 } },
])("of two pods the one goes first because $why", ({ goes, stays }) => {
  const doomed = ranked("goes", goes.node === undefined ? { readyFor: 30 } : goes);
  const kept = ranked("stays", stays);
  for (const order of [
    [doomed, kept],
    [kept, doomed],
  ]) {
    expect(podsToDelete(order, order, 1, NOW).map((each) => each.metadata.name)).toEqual(["goes"]);
  }
});

test("of pods on two nodes one of those that share a node goes first", () => {
  const alone = ranked("alone", { ...RUNS, node: "b", readyFor: 1 });
  const first = ranked("first", RUNS);
  const second = ranked("second", RUNS);
  const all = [alone, first, second];
  expect(podsToDelete(all, all, 1, NOW)[0]?.metadata.name).not.toBe("alone");
});
