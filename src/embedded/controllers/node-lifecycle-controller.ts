import type { Cancel } from "../../lib/clock.ts";
import { asRecord, asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { keyOf, RESOURCES } from "../machinery/registry.ts";
import { isNotFound } from "../machinery/status-error.ts";
import { createEventRecorder } from "../machinery/event-recorder.ts";
import { formatTime } from "../machinery/time.ts";
import type { Controller, ControllerContext } from "./runtime/controller.ts";
import { conditionOf, conditionsOf } from "./runtime/pod-state.ts";
import { isSemanticallyEqual } from "./runtime/semantic-equality.ts";
import { createWorkQueue } from "./runtime/work-queue.ts";

/** Without a sign of life for this long a node is unknown (--node-monitor-grace-period, 40 s before 1.32). */
const GRACE_PERIOD = 40_000;
const LEASE_NAMESPACE = "kube-node-lease";
const REPORTED_CONDITIONS = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/** Taints that follow the state of a node: condition, status and taint. All with the effect NoSchedule. */
const CONDITION_TAINTS: ReadonlyArray<readonly [string, string, string]> = [
  ["Ready", "False", "node.kubernetes.io/not-ready"],
  ["Ready", "Unknown", "node.kubernetes.io/unreachable"],
  ["MemoryPressure", "True", "node.kubernetes.io/memory-pressure"],
  ["DiskPressure", "True", "node.kubernetes.io/disk-pressure"],
  ["PIDPressure", "True", "node.kubernetes.io/pid-pressure"],
  ["NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"],
];
const UNSCHEDULABLE = "node.kubernetes.io/unschedulable";
const OWN_TAINTS: ReadonlySet<string> = new Set([...CONDITION_TAINTS.map(([, , key]) => key), UNSCHEDULABLE]);

/**
 * Marks nodes whose lease is not renewed as unknown, and keeps the NoSchedule taints that follow a node's conditions and
 * `spec.unschedulable` (pkg/controller/nodelifecycle). Pods are not evicted from a lost node: there is no other one.
 */
export function createNodeLifecycleController(context: ControllerContext): Controller {
  const { registry, informers, clock, signal } = context;
  const logger = context.logger.child("node-controller");
  const nodes = informers.get(RESOURCES.nodes);
  const leases = informers.get(RESOURCES.leases);
  const recorder = createEventRecorder({ registry, component: "node-controller", clock, logger });
  /** When each node was last heard of by the local clock, so that clocks need not agree. */
  const heard = new Map<string, number>();
  const timers = new Map<string, Cancel>();
  const queue = createWorkQueue({ name: "node", clock, logger, signal, process: sync });

  async function sync(name: string): Promise<void> {
    const node = nodes.get(name);
    if (node === undefined) return;
    const since = clock.now() - (heard.get(name) ?? clock.now());
    const isLost = since >= GRACE_PERIOD;
    try {
      const current = isLost ? await markUnknown(node) : node;
      await writeTaints(current);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    if (!isLost) watchOver(name, GRACE_PERIOD - since);
  }

  /** One timer per node, armed again only when it has run out: renewals cost nothing. */
  function watchOver(name: string, wait: number): void {
    if (signal.aborted || timers.has(name)) return;
    const ring = (): void => {
      timers.delete(name);
      queue.add(name);
    };
    timers.set(name, clock.after(wait, ring, { background: true }));
  }

  async function markUnknown(node: KubeObject): Promise<KubeObject> {
    if (conditionOf(node, "Ready")?.status === "Unknown") return node;
    const time = formatTime(clock.now());
    const unknown = REPORTED_CONDITIONS.map((type) => ({
      type,
      status: "Unknown",
      ...heartbeatOf(node, type),
      lastTransitionTime: time,
      reason: "NodeStatusUnknown",
      message: "Kubelet stopped posting node status.",
    }));
    const others = conditionsOf(node).filter(({ type }) => !REPORTED_CONDITIONS.includes(type));
    const status = { ...asRecord(node["status"]), conditions: [...others, ...unknown] };
    const stored = await registry.updateStatus(RESOURCES.nodes, keyOf(node), { ...node, status });
    recorder.event(node, "Normal", "NodeNotReady", `Node ${node.metadata.name ?? ""} status is now: NodeNotReady`);
    return stored;
  }

  async function writeTaints(node: KubeObject): Promise<void> {
    const taints = wantedTaints(node, formatTime(clock.now()));
    if (isSemanticallyEqual(taints, at(node, "spec", "taints"))) return;
    const spec = { ...asRecord(node["spec"]), taints };
    await registry.update(RESOURCES.nodes, keyOf(node), { ...node, spec });
  }

  function hear(name: string): void {
    heard.set(name, clock.now());
    const isUnknown = conditionOf(nodes.get(name) ?? { metadata: {} }, "Ready")?.status === "Unknown";
    if (isUnknown || !timers.has(name)) queue.add(name);
  }

  nodes.listen({
    added: (node) => hear(node.metadata.name ?? ""),
    updated: (old, node) => {
      const heartbeat = conditionOf(node, "Ready")?.status;
      const changed = !isSemanticallyEqual(conditionsOf(old), conditionsOf(node));
      if (changed && heartbeat !== "Unknown") heard.set(node.metadata.name ?? "", clock.now());
      queue.add(node.metadata.name ?? "");
    },
    deleted: (node) => {
      const name = node.metadata.name ?? "";
      heard.delete(name);
      timers.get(name)?.();
      timers.delete(name);
    },
  });
  const renewed = (lease: KubeObject): void => {
    if (lease.metadata.namespace === LEASE_NAMESPACE) hear(lease.metadata.name ?? "");
  };
  leases.listen({ added: renewed, updated: (_old, lease) => renewed(lease) });
  signal.addEventListener("abort", () => timers.forEach((cancel) => cancel()), { once: true });
  return { start: () => queue.start() };
}

function heartbeatOf(node: KubeObject, type: string): Readonly<Record<string, string>> {
  const known = asRecords(at(node, "status", "conditions")).find((condition) => condition["type"] === type);
  const lastHeartbeatTime = asString(known?.["lastHeartbeatTime"]) || (node.metadata.creationTimestamp ?? "");
  return lastHeartbeatTime === "" ? {} : { lastHeartbeatTime };
}

/** The taints of others as they are, and ours as the node's state wants them; `timeAdded` of known ones stays. */
function wantedTaints(node: KubeObject, time: string): readonly unknown[] {
  const taints = asRecords(at(node, "spec", "taints"));
  const keys = CONDITION_TAINTS.filter(([type, status]) => conditionOf(node, type)?.status === status).map(
    ([, , key]) => key,
  );
  if (at(node, "spec", "unschedulable") === true) keys.push(UNSCHEDULABLE);
  const isOurs = (taint: Readonly<Record<string, unknown>>): boolean =>
    taint["effect"] === "NoSchedule" && OWN_TAINTS.has(asString(taint["key"]));
  const ours = keys.map(
    (key) =>
      taints.find((taint) => isOurs(taint) && taint["key"] === key) ?? { key, effect: "NoSchedule", timeAdded: time },
  );
  return [...taints.filter((taint) => !isOurs(taint)), ...ours];
}
