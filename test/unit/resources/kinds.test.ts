import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import type { KindDefinition, RowContext } from "../../../src/resources/kind.ts";
import { kinds } from "../../../src/resources/kinds/index.gen.ts";
import { NOW, pod, running, secondsAgo } from "./pod-builder.ts";

const context: RowContext = { now: NOW, usage: () => undefined };

function kindNamed(resource: string): KindDefinition {
  const found = kinds.find((kind) => kind.gvr.resource === resource);
  if (found === undefined) throw new Error(`no kind ${resource}`);
  return found;
}

/** The cells of a row by column title, wide ones included. */
function cells(resource: string, object: KubeObject, row: RowContext = context): Readonly<Record<string, string>> {
  return Object.fromEntries(kindNamed(resource).columns.map((column) => [column.title, column.text(object, row)]));
}

describe("every kind", () => {
  test.each(kinds.map((kind) => ({ name: kind.gvr.resource, kind })))(
    "$name shows an object with nothing but a name, and has no column twice",
    ({ kind }) => {
      const bare: KubeObject = { metadata: { name: "bare" } };
      const ids = kind.columns.map((column) => column.id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const column of kind.columns) {
        expect(typeof column.text(bare, context)).toBe("string");
        column.sortKey?.(bare, context);
        column.tone?.(bare, context);
      }
      kind.tone?.(bare, context);
      expect(() => kind.drillDown?.(bare)).not.toThrow();
    },
  );

  test("has aliases of its own", () => {
    const names = kinds.flatMap((kind) => Array.from(new Set(kind.aliases).add(kind.gvr.resource)));
    const twice = names.filter((name, index) => names.indexOf(name) !== index);
    expect(twice).toEqual([]);
  });
});

describe("pods", () => {
  const asking = pod({
    spec: {
      containers: [
        {
          name: "main",
          resources: { requests: { cpu: "100m", memory: "100Mi" }, limits: { cpu: "200m", memory: "200Mi" } },
        },
      ],
    },
    status: { containerStatuses: [running()], podIP: "10.0.0.7", qosClass: "Burstable" },
  });

  test("show use as a share of requests and limits", () => {
    const measured: RowContext = { now: NOW, usage: () => ({ cpu: 0.05, memory: 190 * 2 ** 20 }) };
    expect(cells("pods", asking, measured)).toMatchObject({
      CPU: "50m",
      MEM: "190Mi",
      "%CPU/R": "50",
      "%CPU/L": "25",
      "%MEM/R": "190",
      "%MEM/L": "95",
    });
    const limit = kindNamed("pods").columns.find((column) => column.title === "%MEM/L");
    expect(limit?.tone?.(asking, measured)).toBe("error");
  });

  test("tell a missing request from a missing sample", () => {
    expect(cells("pods", pod())).toMatchObject({ CPU: "n/a", "%CPU/R": "-" });
    expect(cells("pods", asking)).toMatchObject({ CPU: "n/a", "%CPU/R": "n/a" });
  });

  test("sort addresses by number, not by text", () => {
    const address = kindNamed("pods").columns.find((column) => column.title === "IP");
    const key = (ip: string): number | string | undefined =>
      address?.sortKey?.(pod({ status: { podIP: ip } }), context);
    expect(Number(key("10.0.0.9"))).toBeLessThan(Number(key("10.0.0.10")));
  });

  test("lead to their containers", () => {
    expect(kindNamed("pods").drillDown?.(asking)).toEqual({ to: "containers" });
  });
});

describe("deployments", () => {
  const deployment = (spec: Record<string, unknown>, status: Record<string, unknown>): KubeObject => ({
    metadata: { name: "web", namespace: "shop", generation: 2 },
    spec: { replicas: 3, selector: { matchLabels: { app: "web" } }, ...spec },
    status: { observedGeneration: 2, ...status },
  });
  const done = { replicas: 3, updatedReplicas: 3, availableReplicas: 3, readyReplicas: 3 };

  test.each([
    { name: "a finished rollout", object: deployment({}, done), rollout: "Complete", tone: "ok" },
    {
      name: "a rollout that keeps all replicas available",
      object: deployment({}, { ...done, replicas: 4, updatedReplicas: 1 }),
      rollout: "Progressing",
      tone: "progress",
    },
    {
      name: "missing replicas",
      object: deployment({}, { ...done, availableReplicas: 1 }),
      rollout: "Progressing",
      tone: "warning",
    },
    {
      name: "a rollout past its deadline",
      object: deployment(
        {},
        { ...done, conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }] },
      ),
      rollout: "Stalled",
      tone: "error",
    },
    { name: "a paused one", object: deployment({ paused: true }, done), rollout: "Paused", tone: "muted" },
    {
      name: "a change the controller has not seen",
      object: deployment({}, { ...done, observedGeneration: 1 }),
      rollout: "Progressing",
      tone: "progress",
    },
  ])("with $name are $rollout", ({ object, rollout, tone }) => {
    expect(cells("deployments", object)["ROLLOUT"]).toBe(rollout);
    expect(kindNamed("deployments").tone?.(object, context)).toBe(tone);
  });

  test("lead to the pods they select", () => {
    expect(kindNamed("deployments").drillDown?.(deployment({}, done))).toEqual({
      to: "list",
      resource: "pods",
      group: "",
      namespace: "shop",
      labelSelector: "app=web",
    });
  });
});

test("a node's STATUS and ROLES are kubectl's", () => {
  const node: KubeObject = {
    metadata: {
      name: "n1",
      labels: { "node-role.kubernetes.io/control-plane": "", "node-role.kubernetes.io/worker": "" },
    },
    spec: { unschedulable: true, taints: [{ key: "a", effect: "NoSchedule" }] },
    status: { conditions: [{ type: "Ready", status: "True" }], nodeInfo: { kubeletVersion: "v1.36.0" } },
  };
  expect(cells("nodes", node)).toMatchObject({
    STATUS: "Ready,SchedulingDisabled",
    ROLES: "control-plane,worker",
    TAINTS: "1",
    VERSION: "v1.36.0",
  });
  expect(kindNamed("nodes").drillDown?.(node)).toMatchObject({ resource: "pods", fieldSelector: "spec.nodeName=n1" });
});

test.each([
  { spec: { type: "ClusterIP" }, status: {}, external: "<none>" },
  { spec: { type: "LoadBalancer" }, status: {}, external: "<pending>" },
  { spec: { type: "LoadBalancer" }, status: { loadBalancer: { ingress: [{ ip: "1.2.3.4" }] } }, external: "1.2.3.4" },
  { spec: { type: "ExternalName", externalName: "example.com" }, status: {}, external: "example.com" },
])("a $spec.type service has EXTERNAL-IP $external", ({ spec, status, external }) => {
  const ports = [{ port: 80 }, { port: 443, nodePort: 30443, protocol: "TCP" }];
  const service: KubeObject = { metadata: { name: "s" }, spec: { ...spec, ports }, status };
  expect(cells("services", service)).toMatchObject({ "EXTERNAL-IP": external, "PORT(S)": "80/TCP,443:30443/TCP" });
});

test("an event of the new API counts its series and leads to its object", () => {
  const event: KubeObject = {
    metadata: { name: "e", namespace: "default" },
    type: "Warning",
    reason: "BackOff",
    message: "back-off\nrestarting",
    eventTime: secondsAgo(600),
    series: { count: 12, lastObservedTime: secondsAgo(30) },
    involvedObject: { kind: "ReplicaSet", name: "web", namespace: "default", apiVersion: "apps/v1" },
  };
  expect(cells("events", event)).toMatchObject({
    "LAST SEEN": "30s",
    "FIRST SEEN": "10m",
    COUNT: "12",
    OBJECT: "replicaset/web",
    MESSAGE: "back-off restarting",
  });
  expect(kindNamed("events").drillDown?.(event)).toEqual({
    to: "object",
    resource: "replicasets",
    group: "apps",
    namespace: "default",
    name: "web",
  });
});

describe("wide columns", () => {
  test("of a cron job are those of its jobs' template", () => {
    const containers = [
      { name: "dump", image: "dump:1" },
      { name: "send", image: "send:2" },
    ];
    const spec = { schedule: "0 3 * * *", jobTemplate: { spec: { template: { spec: { containers } } } } };
    expect(cells("cronjobs", { metadata: { name: "nightly" }, spec })).toMatchObject({
      CONTAINERS: "dump,send",
      IMAGES: "dump:1,send:2",
      SELECTOR: "<none>",
    });
  });

  test("of a node have its architecture beside the kernel", () => {
    const node = (nodeInfo: Readonly<Record<string, unknown>>): KubeObject => ({
      metadata: { name: "n" },
      status: { nodeInfo },
    });
    const kernel = (object: KubeObject): string | undefined => cells("nodes", object)["KERNEL-VERSION"];
    expect(kernel(node({ kernelVersion: "6.1.0", architecture: "arm64" }))).toBe("6.1.0 (arm64)");
    expect(kernel(node({ kernelVersion: "6.1.0" }))).toBe("6.1.0");
    expect(kernel(node({}))).toBe("<unknown>");
  });
});
