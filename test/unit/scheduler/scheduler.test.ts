import { afterEach, expect, test } from "vitest";
import { at, type Json, type KubeObject } from "../../../src/lib/kube/object.ts";
import { RESOURCES } from "../../../src/embedded/machinery/registry.ts";
import { filterNode, unschedulableMessage } from "../../../src/embedded/scheduler/filters.ts";
import { podRequests } from "../../../src/embedded/scheduler/pod-requests.ts";
import { bestNode } from "../../../src/embedded/scheduler/scoring.ts";
import type { Topology } from "../../../src/embedded/scheduler/pod-affinity.ts";
import { eventTexts, pod, readyNode, startTestCluster, type TestCluster } from "../controllers/cluster-harness.ts";

let cluster: TestCluster | undefined;
afterEach(() => {
  cluster?.dispose();
  cluster = undefined;
});

function requesting(cpu: string, more: Readonly<Record<string, Json>> = {}): Readonly<Record<string, Json>> {
  return { containers: [{ name: "web", image: "localhost/host", resources: { requests: { cpu, ...more } } }] };
}

function nodeOf(of: TestCluster, name: string): unknown {
  return at(of.get(RESOURCES.pods, `default/${name}`), "spec", "nodeName");
}

function scheduled(of: TestCluster, name: string): unknown {
  const conditions = at(of.get(RESOURCES.pods, `default/${name}`), "status", "conditions");
  return Array.isArray(conditions) ? conditions.find((each) => each.type === "PodScheduled") : undefined;
}

test("a pod gets its node and the event of it", async () => {
  const here = (cluster = await startTestCluster({ controllers: false }));
  await here.apply(RESOURCES.pods, pod("a"));
  await here.until("it has a node", () => nodeOf(here, "a") === "node-1");
  await here.until("it is recorded", () => eventTexts(here, "Scheduled").length === 1);
  expect(eventTexts(here, "Scheduled")).toEqual(["Successfully assigned default/a to node-1"]);
  expect(scheduled(here, "a")).toMatchObject({ status: "True" });
});

test("a pod that does not fit says why, and is scheduled when room is made", async () => {
  const here = (cluster = await startTestCluster({ controllers: false }));
  await here.apply(RESOURCES.pods, pod("big", requesting("3")));
  await here.until("big runs", () => nodeOf(here, "big") === "node-1");
  await here.apply(RESOURCES.pods, pod("late", requesting("2")));
  await here.until("late is refused", () => scheduled(here, "late") !== undefined);
  const message =
    "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.";
  expect(scheduled(here, "late")).toMatchObject({ status: "False", reason: "Unschedulable", message });
  await here.until("it is recorded", () => eventTexts(here, "FailedScheduling").length === 1);
  expect(eventTexts(here, "FailedScheduling")).toEqual([message]);
  await here.registry.delete(RESOURCES.pods, { namespace: "default", name: "big" });
  await here.until("late runs", () => nodeOf(here, "late") === "node-1");
});

test("many pods at once never take more than the node has", async () => {
  const here = (cluster = await startTestCluster({ controllers: false }));
  await Promise.all(
    Array.from({ length: 20 }, (_, index) => here.apply(RESOURCES.pods, pod(`p${index}`, requesting("300m")))),
  );
  const all = (): readonly KubeObject[] => here.all(RESOURCES.pods);
  const bound = (): number => all().filter((each) => at(each, "spec", "nodeName") === "node-1").length;
  const refused = (): number =>
    all().filter((each) => at(scheduled(here, each.metadata.name ?? ""), "status") === "False").length;
  await here.until("all are decided", () => bound() + refused() === 20);
  expect(bound()).toBe(13);
});

test("a cordoned node takes no pods until it is uncordoned", async () => {
  const here = (cluster = await startTestCluster({ controllers: false }));
  await here.patch(RESOURCES.nodes, "node-1", { spec: { unschedulable: true } });
  await here.apply(RESOURCES.pods, pod("a"));
  await here.until("it is refused", () => scheduled(here, "a") !== undefined);
  expect(at(scheduled(here, "a"), "message")).toBe(
    "0/1 nodes are available: 1 node(s) were unschedulable. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
  );
  await here.patch(RESOURCES.nodes, "node-1", { spec: { unschedulable: false } });
  await here.until("it has a node", () => nodeOf(here, "a") === "node-1");
});

test("without a node a pod waits, and runs when the first one comes", async () => {
  const here = (cluster = await startTestCluster({ controllers: false, node: false }));
  await here.apply(RESOURCES.pods, pod("a"));
  await here.until("it is refused", () => scheduled(here, "a") !== undefined);
  expect(at(scheduled(here, "a"), "message")).toBe("no nodes available to schedule pods");
  await here.apply(RESOURCES.nodes, readyNode("node-2"));
  await here.until("it has a node", () => nodeOf(here, "a") === "node-2");
});

test("pods of other schedulers and gated pods are left alone", async () => {
  const here = (cluster = await startTestCluster({ controllers: false }));
  await here.apply(RESOURCES.pods, pod("other", { schedulerName: "mine" }));
  await here.apply(RESOURCES.pods, pod("gated", { schedulingGates: [{ name: "example.com/wait" }] }));
  await here.apply(RESOURCES.pods, pod("ours"));
  await here.until("ours has a node", () => nodeOf(here, "ours") === "node-1");
  expect(nodeOf(here, "other")).toBeUndefined();
  expect(nodeOf(here, "gated")).toBeUndefined();
  await here.patch(RESOURCES.pods, "default/gated", { spec: { schedulingGates: null } });
  await here.until("the gate is open", () => nodeOf(here, "gated") === "node-1");
});

function onNodes(nodes: readonly KubeObject[], pods: readonly KubeObject[] = []): Topology {
  return {
    nodes,
    podsOn: (node) => pods.filter((each) => at(each, "spec", "nodeName") === node.metadata.name),
    namespaceLabels: () => ({}),
  };
}

function node(
  name: string,
  labels: Record<string, string> = {},
  spec: Readonly<Record<string, unknown>> = {},
): KubeObject {
  const base = readyNode(name);
  return { ...base, metadata: { ...base.metadata, labels: { ...base.metadata.labels, ...labels } }, spec };
}

const GPU = node(
  "gpu",
  { gpu: "yes", zone: "b", size: "7" },
  { taints: [{ key: "gpu", value: "yes", effect: "NoSchedule" }] },
);
const TOLERATES = { tolerations: [{ key: "gpu", operator: "Exists" }] };

function needing(...matchExpressions: readonly Json[]): Readonly<Record<string, Json>> {
  const required = { nodeSelectorTerms: [{ matchExpressions }] };
  return { ...TOLERATES, affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } } };
}

test.each<[string, Readonly<Record<string, Json>>, string | undefined]>([
  ["without toleration", {}, "node(s) had untolerated taint(s)"],
  ["with a toleration of the key", TOLERATES, undefined],
  [
    "with a toleration of another value",
    { tolerations: [{ key: "gpu", value: "no" }] },
    "node(s) had untolerated taint(s)",
  ],
  ["with a toleration of everything", { tolerations: [{ operator: "Exists" }] }, undefined],
  ["with a node selector that matches", { ...TOLERATES, nodeSelector: { gpu: "yes" } }, undefined],
  [
    "with another node selector",
    { ...TOLERATES, nodeSelector: { gpu: "no" } },
    "node(s) didn't match Pod's node affinity/selector",
  ],
  ["that needs zone a or b", needing({ key: "zone", operator: "In", values: ["a", "b"] }), undefined],
  [
    "that needs no zone",
    needing({ key: "zone", operator: "DoesNotExist" }),
    "node(s) didn't match Pod's node affinity/selector",
  ],
  ["that needs a size above 5", needing({ key: "size", operator: "Gt", values: ["5"] }), undefined],
  [
    "that needs a size above 7",
    needing({ key: "size", operator: "Gt", values: ["7"] }),
    "node(s) didn't match Pod's node affinity/selector",
  ],
  ["that needs too much memory", { ...TOLERATES, ...requesting("1", { memory: "9Gi" }) }, "Insufficient memory"],
  [
    "that needs a resource nobody has",
    { ...TOLERATES, ...requesting("1", { "example.com/tpu": "1" }) },
    "Insufficient example.com/tpu",
  ],
])("a pod %s on a tainted node: %s", (_why, spec, reason) => {
  expect(filterNode(pod("a", spec), GPU, onNodes([GPU]))?.reasons[0]).toBe(reason);
});

test("a node that is not ready takes no pod that does not tolerate it", () => {
  const base = node("down");
  const down = { ...base, status: { ...Object(base["status"]), conditions: [{ type: "Ready", status: "False" }] } };
  expect(filterNode(pod("a"), down, onNodes([down]))?.reasons).toEqual(["node(s) had untolerated taint(s)"]);
  const tolerant = pod("b", { tolerations: [{ key: "node.kubernetes.io/not-ready", operator: "Exists" }] });
  expect(filterNode(tolerant, down, onNodes([down]))).toBeUndefined();
});

test("two pods cannot have one host port, but on different addresses they can", () => {
  const here = node("here");
  const withPort = (name: string, hostIP: string): KubeObject =>
    pod(name, {
      nodeName: "here",
      containers: [{ name: "web", image: "x", ports: [{ containerPort: 80, hostPort: 80, hostIP }] }],
    });
  const free = (wanted: string, taken: string): boolean =>
    filterNode(withPort("a", wanted), here, onNodes([here], [withPort("b", taken)])) === undefined;
  expect(free("127.0.0.1", "127.0.0.1")).toBe(false);
  expect(free("127.0.0.1", "127.0.0.2")).toBe(true);
  expect(free("127.0.0.1", "0.0.0.0")).toBe(false);
});

test("anti-affinity keeps pods on different nodes, whoever asks for it", () => {
  const nodes = [node("one"), node("two")];
  const terms = [{ labelSelector: { matchLabels: { app: "db" } }, topologyKey: "kubernetes.io/hostname" }];
  const apart = { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } } };
  const first = pod("db-0", { ...apart, nodeName: "one" }, { app: "db" });
  const topology = onNodes(nodes, [first]);
  const [one, two] = nodes;
  if (one === undefined || two === undefined) throw new Error("there are two nodes");
  expect(filterNode(pod("db-1", apart, { app: "db" }), one, topology)?.reasons).toEqual([
    "node(s) didn't match pod anti-affinity rules",
  ]);
  expect(filterNode(pod("db-1", apart, { app: "db" }), two, topology)).toBeUndefined();
  expect(filterNode(pod("db-2", {}, { app: "db" }), one, topology)?.reasons).toEqual([
    "node(s) didn't satisfy existing pods anti-affinity rules",
  ]);
});

test("affinity goes where its companion is, and the first of a group goes anywhere", () => {
  const nodes = [node("one"), node("two")];
  const terms = [{ labelSelector: { matchLabels: { app: "web" } }, topologyKey: "kubernetes.io/hostname" }];
  const together = { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } } };
  const fits = (labels: Record<string, string>, others: readonly KubeObject[]): readonly string[] =>
    nodes
      .filter((each) => filterNode(pod("a", together, labels), each, onNodes(nodes, others)) === undefined)
      .map((each) => each.metadata.name ?? "");
  expect(fits({ app: "web" }, [])).toEqual(["one", "two"]);
  expect(fits({ app: "other" }, [])).toEqual([]);
  expect(fits({ app: "other" }, [pod("web", { nodeName: "two" }, { app: "web" })])).toEqual(["two"]);
});

test("the emptier node is better, a preferred one better still", () => {
  const nodes = [node("a"), node("b"), node("c", { disk: "ssd" })];
  const topology = onNodes(nodes, [
    pod("x", { ...requesting("2"), nodeName: "a" }),
    pod("y", { ...requesting("1"), nodeName: "c" }),
  ]);
  expect(bestNode(pod("p"), nodes, topology)?.metadata.name).toBe("b");
  const preference = { matchExpressions: [{ key: "disk", operator: "In", values: ["ssd"] }] };
  const preferred = [{ weight: 100, preference }];
  const wishes = { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } } };
  expect(bestNode(pod("p", wishes), nodes, topology)?.metadata.name).toBe("c");
});

test("a pod asks for its containers and sidecars, or for its largest init container", () => {
  const container = (name: string, cpu: string, more: Readonly<Record<string, Json>> = {}): Json => ({
    name,
    image: "x",
    resources: { requests: { cpu } },
    ...more,
  });
  const cpu = (initContainers: readonly Json[]): number | undefined =>
    podRequests(pod("a", { containers: [container("a", "1"), container("b", "500m")], initContainers })).requests.get(
      "cpu",
    );
  expect(cpu([])).toBe(1.5);
  expect(cpu([container("init", "3")])).toBe(3);
  expect(cpu([container("side", "1", { restartPolicy: "Always" })])).toBe(2.5);
  expect(cpu([container("side", "1", { restartPolicy: "Always" }), container("init", "2")])).toBe(3);
});

test("the message counts the reasons of all nodes", () => {
  const full = { reasons: ["Insufficient cpu", "Insufficient memory"], unresolvable: false };
  const tainted = { reasons: ["node(s) had untolerated taint(s)"], unresolvable: true };
  expect(unschedulableMessage([full, tainted, full])).toBe(
    "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu, 2 Insufficient memory. preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.",
  );
});
