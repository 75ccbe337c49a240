import { afterEach, expect, test } from "vitest";
import { at, type KubeObject } from "../../../src/lib/kube/object.ts";
import { createEventRecorder } from "../../../src/embedded/machinery/event-recorder.ts";
import { RESOURCES } from "../../../src/embedded/machinery/registry.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { eventTexts, keepMoving, pod, startTestCluster, type TestCluster } from "./cluster-harness.ts";

let cluster: TestCluster | undefined;
afterEach(() => {
  cluster?.dispose();
  cluster = undefined;
});

async function startBare(clock: FakeClock): Promise<TestCluster> {
  return startTestCluster({ clock, controllers: false, scheduler: false });
}

function recorderOf(here: TestCluster, clock: FakeClock) {
  return createEventRecorder({ registry: here.registry, component: "kubelet", host: "node-1", clock });
}

test("an event has upstream's fields and is about the object", async () => {
  const clock = new FakeClock();
  const here = (cluster = await startBare(clock));
  const subject = await here.apply(RESOURCES.pods, pod("a"));
  const recorder = recorderOf(here, clock);
  recorder.event(subject, "Warning", "Failed", "it failed", "spec.containers{web}");
  await recorder.settled();
  const [event] = here.all(RESOURCES.events);
  expect(event).toMatchObject({
    involvedObject: {
      kind: "Pod",
      apiVersion: "v1",
      namespace: "default",
      name: "a",
      uid: subject.metadata.uid,
      resourceVersion: subject.metadata.resourceVersion,
      fieldPath: "spec.containers{web}",
    },
    type: "Warning",
    reason: "Failed",
    message: "it failed",
    source: { component: "kubelet", host: "node-1" },
    count: 1,
    firstTimestamp: "2026-01-01T00:00:00Z",
    lastTimestamp: "2026-01-01T00:00:00Z",
    reportingComponent: "kubelet",
    reportingInstance: "node-1",
  });
  expect(event?.metadata.name).toMatch(/^a\.[0-9a-f]{16}$/);
});

test("equal events raise the count of one", async () => {
  const clock = new FakeClock();
  const here = (cluster = await startBare(clock));
  const subject = await here.apply(RESOURCES.pods, pod("a"));
  const recorder = recorderOf(here, clock);
  for (let time = 0; time < 3; time += 1) {
    recorder.event(subject, "Warning", "BackOff", "again");
    clock.advance(10_000);
  }
  recorder.event(subject, "Normal", "Started", "once");
  await recorder.settled();
  const events = here.all(RESOURCES.events).map((event) => [event["message"], event["count"], event["lastTimestamp"]]);
  expect(events).toEqual([
    ["again", 3, "2026-01-01T00:00:20Z"],
    ["once", 1, "2026-01-01T00:00:30Z"],
  ]);
});

test("an event about a node goes to the namespace default", async () => {
  const clock = new FakeClock();
  const here = (cluster = await startBare(clock));
  const recorder = recorderOf(here, clock);
  recorder.event(here.all(RESOURCES.nodes)[0] ?? { metadata: {} }, "Normal", "Starting", "hello");
  await recorder.settled();
  expect(here.all(RESOURCES.events)[0]?.metadata.namespace).toBe("default");
});

test("many similar events are combined, and more than 25 about one object are dropped", async () => {
  const clock = new FakeClock();
  const here = (cluster = await startBare(clock));
  const subject = await here.apply(RESOURCES.pods, pod("a"));
  const recorder = recorderOf(here, clock);
  for (let index = 0; index < 40; index += 1) recorder.event(subject, "Warning", "Failed", `attempt ${index}`);
  await recorder.settled();
  const events = here.all(RESOURCES.events);
  const combined = events.filter((event) => String(event["message"]).startsWith("(combined from similar events): "));
  expect(events).toHaveLength(10);
  expect(combined.map((event) => event["count"])).toEqual([16]);
  clock.advance(5 * 60_000);
  recorder.event(subject, "Normal", "Started", "allowed again");
  recorder.event(subject, "Normal", "Started", "one too many");
  await recorder.settled();
  expect(here.all(RESOURCES.events)).toHaveLength(11);
});

test("an event that cannot be written disturbs nobody", async () => {
  const clock = new FakeClock();
  const here = (cluster = await startBare(clock));
  const recorder = recorderOf(here, clock);
  const lost: KubeObject = { apiVersion: "v1", kind: "Pod", metadata: { name: "a", namespace: "nowhere" } };
  recorder.event(lost, "Normal", "Started", "nobody hears");
  recorder.event({ metadata: {} }, "Normal", "Started", "about nothing");
  await expect(recorder.settled()).resolves.toBeUndefined();
});

test("events go an hour after they last happened", async () => {
  const clock = new FakeClock();
  const here = (cluster = await startTestCluster({ clock, scheduler: false }));
  const subject = await here.apply(RESOURCES.pods, pod("a"));
  const recorder = recorderOf(here, clock);
  recorder.event(subject, "Normal", "Once", "once");
  recorder.event(subject, "Normal", "Twice", "twice");
  await recorder.settled();
  clock.advance(30 * 60_000);
  recorder.event(subject, "Normal", "Twice", "twice");
  await recorder.settled();
  const reasons = (): readonly unknown[] => here.all(RESOURCES.events).map((event) => event["reason"]);
  await here.until("both are there", () => reasons().length === 2);
  clock.advance(32 * 60_000);
  await here.until("the first has gone", () => !reasons().includes("Once"));
  expect(reasons()).toContain("Twice");
  keepMoving(clock, here.signal);
  clock.advance(31 * 60_000);
  await here.until("the second has gone", () => !reasons().includes("Twice"));
});

function conditionStatus(here: TestCluster, type: string): unknown {
  const conditions = at(here.get(RESOURCES.nodes, "node-1"), "status", "conditions");
  return Array.isArray(conditions) ? conditions.find((each) => each.type === type)?.status : undefined;
}

function taints(here: TestCluster): readonly unknown[] {
  const found = at(here.get(RESOURCES.nodes, "node-1"), "spec", "taints");
  return Array.isArray(found) ? found.map((taint) => taint.key) : [];
}

test("a node that is heard of no more becomes unknown and tainted, and back when it reports", async () => {
  const clock = new FakeClock();
  const here = (cluster = await startTestCluster({ clock, scheduler: false }));
  const lease = (renewTime: string): KubeObject => ({
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "node-1", namespace: "kube-node-lease" },
    spec: { holderIdentity: "node-1", leaseDurationSeconds: 40, renewTime },
  });
  await here.apply(RESOURCES.leases, lease("2026-01-01T00:00:00.000000Z"));
  await clock.timerWithin(39_000, 40_000);
  clock.advance(30_000);
  const key = { namespace: "kube-node-lease", name: "node-1" };
  await here.registry.update(RESOURCES.leases, key, lease("2026-01-01T00:00:30.000000Z"));
  clock.advance(15_000);
  await clock.timerWithin(20_000, 30_000);
  expect(conditionStatus(here, "Ready")).toBe("True");
  clock.advance(30_000);
  await here.until("it is unknown", () => conditionStatus(here, "Ready") === "Unknown");
  await here.until("it is tainted", () => taints(here).includes("node.kubernetes.io/unreachable"));
  await here.until("it is recorded", () => eventTexts(here, "NodeNotReady").length === 1);
  const node = await here.registry.get(RESOURCES.nodes, { namespace: "", name: "node-1" });
  const status = { ...Object(node["status"]), conditions: [{ type: "Ready", status: "True" }] };
  await here.registry.updateStatus(RESOURCES.nodes, { namespace: "", name: "node-1" }, { ...node, status });
  keepMoving(clock, here.signal);
  await here.until("the taint is gone", () => taints(here).length === 0);
});

test("a cordoned node has the taint of it, and taints of others stay", async () => {
  const here = (cluster = await startTestCluster({ scheduler: false }));
  const mine = { key: "mine", value: "yes", effect: "NoSchedule" };
  await here.patch(RESOURCES.nodes, "node-1", { spec: { unschedulable: true, taints: [mine] } });
  await here.until("it is tainted", () => taints(here).length === 2);
  expect(taints(here)).toEqual(["mine", "node.kubernetes.io/unschedulable"]);
  await here.patch(RESOURCES.nodes, "node-1", { spec: { unschedulable: null } });
  await here.until("only the other is left", () => taints(here).join() === "mine");
});

test("pods of a node that is gone are deleted after 40 seconds", async () => {
  const clock = new FakeClock();
  const here = (cluster = await startTestCluster({ clock }));
  await here.apply(RESOURCES.pods, pod("a"));
  await here.until("it runs", () => at(here.get(RESOURCES.pods, "default/a"), "status", "phase") === "Running");
  await here.registry.delete(RESOURCES.nodes, { namespace: "", name: "node-1" });
  await clock.timerWithin(40_000, 40_000);
  clock.advance(39_000);
  expect(here.get(RESOURCES.pods, "default/a")).toBeDefined();
  keepMoving(clock, here.signal);
  await here.until("it is gone", () => here.get(RESOURCES.pods, "default/a") === undefined);
  const last = here.history(RESOURCES.pods).at(-1);
  expect(at(last?.object, "status", "phase")).toBe("Failed");
});

test("an idle cluster has no timers but those of nodes and events", async () => {
  const clock = new FakeClock();
  const here = (cluster = await startTestCluster({ clock }));
  await here.apply(RESOURCES.pods, pod("a"));
  await here.until("it is recorded", () => eventTexts(here, "Scheduled").length === 1);
  await here.until("it runs", () => at(here.get(RESOURCES.pods, "default/a"), "status", "phase") === "Running");
  expect(clock.pending.every((wait) => wait >= 10_000)).toBe(true);
  expect(clock.pending.length).toBeLessThanOrEqual(2);
});
