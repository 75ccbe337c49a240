import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loggedAttempt } from "../../../src/embedded/kubelet/pod-streams.ts";
import { nodeMetrics, podMetrics } from "../../../src/embedded/metrics/resource-metrics.ts";
import { RESOURCES } from "../../../src/embedded/machinery/registry.ts";
import { asRecord, asRecords, at } from "../../../src/lib/kube/object.ts";
import type { ManualClock } from "./manual-clock.ts";
import type { ScriptedRuntime } from "./scripted-runtime.ts";
import { containerOf, scriptedNode, stateOf, type TestNode } from "./test-node.ts";

const web = { name: "web", image: "localhost/host:1" };

let node: TestNode<ScriptedRuntime, ManualClock>;
beforeEach(async () => {
  node = await scriptedNode();
});
afterEach(() => node.dispose());

describe("the node", () => {
  it("is registered with what the machine has and what the runtime cannot do", async () => {
    const object = await node.registry.get(RESOURCES.nodes, { namespace: "", name: "node" });
    expect(object.metadata.labels).toMatchObject({
      "kubernetes.io/hostname": "node",
      "kubernetes.io/os": "linux",
      "node-role.kubernetes.io/control-plane": "",
    });
    expect(at(object, "status", "nodeInfo", "containerRuntimeVersion")).toBe("kelpie-process://0.1.0");
    expect(Number(at(object, "status", "capacity", "cpu"))).toBeGreaterThan(0);
    const conditions = asRecords(at(object, "status", "conditions")).map(
      ({ type, status }) => `${String(type)}=${String(status)}`,
    );
    expect(conditions).toContain("Ready=True");
    expect(conditions).toContain("LimitsNotEnforced=True");
  });

  it("keeps what users set on it over a restart", async () => {
    const key = { namespace: "", name: "node" };
    const patch = { metadata: { labels: { disk: "fast" } }, spec: { unschedulable: true } };
    await node.registry.patch(RESOURCES.nodes, key, "merge", patch);
    await node.restart();
    const object = await node.registry.get(RESOURCES.nodes, key);
    expect(object.metadata.labels).toMatchObject({ disk: "fast", "kubernetes.io/hostname": "node" });
    expect(at(object, "spec", "unschedulable")).toBe(true);
  });

  it("renews its lease every ten seconds and writes its status only every five minutes", async () => {
    const leases: string[] = [];
    const versions: string[] = [];
    const stop = new AbortController();
    const renewed = Promise.withResolvers<void>();
    node.registry.watch(
      RESOURCES.leases,
      {},
      {
        event: ({ object }) => {
          leases.push(String(at(object, "spec", "renewTime")));
          if (leases.includes("2026-01-01T00:00:10.000000Z")) renewed.resolve();
        },
      },
      stop.signal,
    );
    const nodeEvent = {
      event: ({ object }: { object: { metadata: { resourceVersion?: string } } }) => {
        versions.push(object.metadata.resourceVersion ?? "");
      },
    };
    node.registry.watch(RESOURCES.nodes, {}, nodeEvent, stop.signal);
    node.clock.advance(10_000);
    await renewed.promise;
    stop.abort();
    expect(new Set(versions).size).toBe(1);
  });
});

describe("logs", () => {
  async function logs(options: { readonly previous?: boolean; readonly follow?: boolean } = {}): Promise<string> {
    const stream = await node.kubelet.logs(
      await node.get("web"),
      { container: "web", follow: options.follow ?? false, previous: options.previous ?? false, timestamps: false },
      new AbortController().signal,
    );
    let text = "";
    for await (const chunk of stream) text += String(chunk);
    return text;
  }

  it("are those of the running container, and with previous those of the one before", async () => {
    await node.create("web", { containers: [web] });
    await node.untilReady("web");
    node.runtime.log("web", "first life");
    await expect(logs({ previous: true })).rejects.toThrow(
      'previous terminated container "web" in pod "web" not found',
    );
    node.runtime.exit("web", 1);
    await node.until("web", (pod) => containerOf(pod, "web")["restartCount"] === 1);
    node.runtime.log("web", "second life");
    expect(await logs()).toBe("second life\n");
    expect(await logs({ previous: true })).toBe("first life\n");
    node.runtime.exit("web", 1);
    await node.until("web", (pod) => stateOf(pod, "web") === "waiting CrashLoopBackOff");
    expect(await logs()).toBe("second life\n");
    expect(await logs({ previous: true })).toBe("second life\n");
  });

  it("end with the container when followed, and are kept when the pod has finished", async () => {
    await node.create("web", { restartPolicy: "Never", containers: [web] });
    await node.untilReady("web");
    node.runtime.log("web", "working");
    const followed = logs({ follow: true });
    node.runtime.log("web", "done");
    node.runtime.exit("web", 0);
    expect(await followed).toBe("working\ndone\n");
    await node.untilPhase("web", "Succeeded");
    expect(await logs()).toBe("working\ndone\n");
    await node.restart();
    expect(await logs()).toBe("working\ndone\n");
  });

  it.each([
    [{ state: { waiting: { reason: "ContainerCreating" } } }, "is waiting to start: ContainerCreating"],
    [{ state: { waiting: { reason: "ErrImagePull" } } }, "is waiting to start: image can't be pulled"],
    [{ state: { waiting: { reason: "ImagePullBackOff" } } }, "is waiting to start: trying and failing to pull image"],
    [{}, "is waiting to start - no logs yet"],
  ])("of a container in %j are refused", (status, message) => {
    expect(() => loggedAttempt(status, { pod: "p", container: "c", previous: false })).toThrow(
      `container "c" in pod "p" ${message}`,
    );
  });

  it("of a container that the pod does not have are refused", async () => {
    await node.create("web", { containers: [web] });
    const options = { container: "db", follow: false, previous: false, timestamps: false };
    await expect(node.kubelet.logs(await node.get("web"), options, new AbortController().signal)).rejects.toThrow(
      "container db is not valid for pod web",
    );
  });
});

describe("streams", () => {
  it("are refused for a container that does not run", async () => {
    await node.create("web", { restartPolicy: "Never", containers: [web] });
    await node.untilReady("web");
    const spec = { command: ["sh"], tty: false, stdin: false };
    expect(await (await node.kubelet.exec(await node.get("web"), "web", spec)).exited).toBe(0);
    node.runtime.exit("web", 0);
    const pod = await node.untilPhase("web", "Succeeded");
    await expect(node.kubelet.exec(pod, "web", spec)).rejects.toThrow('container not found ("web")');
    await expect(node.kubelet.attach(pod, "web")).rejects.toThrow('container not found ("web")');
    await expect(node.kubelet.dial({ ...pod, metadata: { ...pod.metadata, uid: "other" } }, 80)).rejects.toThrow(
      "pod web_default is not running",
    );
  });
});

describe("usage", () => {
  it("is measured when it is asked for, as a rate over the time since the last question", async () => {
    await node.create("web", { containers: [web] });
    const pod = await node.untilReady("web");
    const uid = pod.metadata.uid ?? "";
    const first = node.kubelet.refreshUsage();
    await node.clock.untilTimer(250);
    node.clock.advance(250);
    await first;
    expect(node.kubelet.podUsage(uid)?.get("web")?.cpu).toBe(0);
    node.clock.advance(10_000);
    node.runtime.cpuNanos += 5_000_000_000n;
    await node.kubelet.refreshUsage();
    expect(node.kubelet.podUsage(uid)?.get("web")).toMatchObject({
      cpu: 0.5,
      workingSetBytes: 5 * 2 ** 20,
      windowMilliseconds: 10_000,
    });
    const [metrics] = podMetrics([pod], node.kubelet);
    expect(metrics).toMatchObject({
      kind: "PodMetrics",
      metadata: { name: "web", namespace: "default" },
      window: "10.000s",
      containers: [{ name: "web", usage: { cpu: "500000000n", memory: "5120Ki" } }],
    });
    const [nodeUsage] = nodeMetrics([{ metadata: { name: "node" } }], node.kubelet);
    expect(asRecord(nodeUsage?.["usage"])["memory"]).toMatch(/^\d+Ki$/);
  });

  it("is unknown for a pod that does not run", () => {
    expect(node.kubelet.podUsage("nobody")).toBeUndefined();
    expect(podMetrics([{ metadata: { name: "x" } }], node.kubelet)).toEqual([]);
  });
});
