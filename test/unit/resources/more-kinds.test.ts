import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { kindOf, knownKind } from "../../../src/resources/catalog.ts";
import type { KindDefinition, RowContext, Tone } from "../../../src/resources/kind.ts";
import { NOW, secondsAgo } from "./pod-builder.ts";

const context: RowContext = { now: NOW, usage: () => undefined };

function kind(group: string, resource: string): KindDefinition {
  const found = knownKind(group, resource);
  if (found === undefined) throw new Error(`no kind ${resource}.${group}`);
  return found;
}

function look(
  definition: KindDefinition,
  object: KubeObject,
): { readonly cells: Readonly<Record<string, string>>; readonly tone: Tone | undefined } {
  const cells = definition.columns.map((column) => [column.title, column.text(object, context)]);
  return { cells: Object.fromEntries(cells), tone: definition.tone?.(object, context) };
}

const object = (fields: Readonly<Record<string, unknown>>): KubeObject => ({
  metadata: { name: "one", namespace: "shop", generation: 1, creationTimestamp: secondsAgo(3600) },
  ...fields,
});
const condition = (type: string, status: string, reason = ""): Readonly<Record<string, string>> => ({
  type,
  status,
  reason,
});

describe("cron jobs", () => {
  const cronJob = (spec: Readonly<Record<string, unknown>>, status = {}): KubeObject => object({ spec, status });

  test.for([
    ["0 13 * * *", undefined, "60m", "ok"],
    // Noon in UTC is 13:00 in Berlin.
    ["0 14 * * *", "Europe/Berlin", "60m", "ok"],
    ["0 0 30 2 *", undefined, "never", "warning"],
    ["nonsense", undefined, "?", "warning"],
    ["* * * * *", "Mars/Olympus", "?", "warning"],
  ] as const)("with the schedule %s in %s run next in %s", ([schedule, timeZone, expected, tone]) => {
    const seen = look(kind("batch", "cronjobs"), cronJob({ schedule, timeZone }));
    expect(seen.cells["NEXT"]).toBe(expected);
    expect(seen.tone).toBe(tone);
  });

  test("that are suspended do not run next", () => {
    const seen = look(kind("batch", "cronjobs"), cronJob({ schedule: "* * * * *", suspend: true }));
    expect(seen.cells).toMatchObject({ NEXT: "-", SUSPEND: "True" });
    expect(seen.tone).toBe("muted");
  });

  test("with @every count from their last run", () => {
    const last = { lastScheduleTime: secondsAgo(60 * 20) };
    expect(look(kind("batch", "cronjobs"), cronJob({ schedule: "@every 30m" }, last)).cells["NEXT"]).toBe("10m");
  });
});

test("a failed job stopped when it failed", () => {
  const conditions = [{ ...condition("Failed", "True"), lastTransitionTime: secondsAgo(3000) }];
  const job = object({ spec: { completions: 1 }, status: { startTime: secondsAgo(3060), conditions } });
  expect(look(kind("batch", "jobs"), job).cells).toMatchObject({ STATUS: "Failed", DURATION: "60s" });
});

describe("rollouts", () => {
  test.for([
    ["Complete", "ok", { readyReplicas: 3, updatedReplicas: 3 }, {}],
    ["Progressing", "warning", { readyReplicas: 2, updatedReplicas: 3 }, {}],
    ["Progressing", "progress", { readyReplicas: 3, updatedReplicas: 1, updateRevision: "b" }, {}],
    ["Waiting", "progress", { readyReplicas: 3, updatedReplicas: 1, updateRevision: "b" }, { type: "OnDelete" }],
    [
      "Complete",
      "ok",
      { readyReplicas: 3, updatedReplicas: 1, updateRevision: "b" },
      { rollingUpdate: { partition: 2 } },
    ],
  ] as const)("of stateful sets are %s (%s)", ([word, tone, status, updateStrategy]) => {
    const set = object({
      spec: { replicas: 3, updateStrategy },
      status: { observedGeneration: 1, replicas: 3, currentRevision: "a", updateRevision: "a", ...status },
    });
    const seen = look(kind("apps", "statefulsets"), set);
    expect([seen.cells["ROLLOUT"], seen.tone]).toEqual([word, tone]);
  });

  test.for([
    ["Complete", "ok", { updatedNumberScheduled: 2, numberAvailable: 2 }],
    ["Progressing", "warning", { updatedNumberScheduled: 1, numberAvailable: 1 }],
    ["Progressing", "progress", { updatedNumberScheduled: 1, numberAvailable: 2 }],
  ] as const)("of daemon sets are %s (%s)", ([word, tone, status]) => {
    const set = object({ spec: {}, status: { observedGeneration: 1, desiredNumberScheduled: 2, ...status } });
    const seen = look(kind("apps", "daemonsets"), set);
    expect([seen.cells["ROLLOUT"], seen.tone]).toEqual([word, tone]);
  });
});

test.for([
  [
    "cpu: 12%/80%",
    { type: "Resource", resource: { name: "cpu", target: { averageUtilization: 80 } } },
    { type: "Resource", resource: { name: "cpu", current: { averageUtilization: 12, averageValue: "12m" } } },
  ],
  ["memory: <unknown>/1Gi", { type: "Resource", resource: { name: "memory", target: { averageValue: "1Gi" } } }, {}],
  [
    "5/10",
    { type: "Pods", pods: { metric: { name: "hits" }, target: { averageValue: "10" } } },
    { type: "Pods", pods: { metric: { name: "hits" }, current: { averageValue: "5" } } },
  ],
  [
    "5/10 (avg)",
    { type: "External", external: { metric: { name: "queue" }, target: { averageValue: "10" } } },
    { type: "External", external: { metric: { name: "queue" }, current: { averageValue: "5" } } },
  ],
] as const)("an autoscaler's TARGETS are kubectl's: %s", ([expected, metric, sample]) => {
  const scaler = object({ spec: { metrics: [metric] }, status: { currentMetrics: [sample] } });
  expect(look(kind("autoscaling", "horizontalpodautoscalers"), scaler).cells["TARGETS"]).toBe(expected);
});

test("an autoscaler without metrics is a fault", () => {
  const scaler = object({ status: { conditions: [condition("ScalingActive", "False", "FailedGetResourceMetric")] } });
  expect(look(kind("autoscaling", "horizontalpodautoscalers"), scaler).tone).toBe("error");
});

describe("gateway kinds", () => {
  const group = "gateway.networking.k8s.io";
  const route = (...parents: readonly unknown[]): KubeObject =>
    object({
      spec: {
        hostnames: ["a.example", "b.example"],
        parentRefs: [
          { name: "edge", sectionName: "https" },
          { name: "inner", namespace: "infra" },
        ],
        rules: [
          {
            backendRefs: [
              { name: "web", port: 80 },
              { name: "api", port: 81 },
            ],
          },
          { backendRefs: [{ name: "web", port: 80 }] },
        ],
      },
      status: { parents },
    });
  const good = { conditions: [condition("Accepted", "True"), condition("ResolvedRefs", "True")] };
  const lost = { conditions: [condition("Accepted", "True"), condition("ResolvedRefs", "False")] };

  test("show where a route hangs, where it leads, and the worst of its parents", () => {
    const seen = look(kind(group, "httproutes"), route(good, lost));
    expect(seen.cells).toMatchObject({
      HOSTNAMES: "a.example,b.example",
      PARENTS: "edge:https,infra/inner",
      BACKENDS: "web:80,api:81",
      ACCEPTED: "True",
      RESOLVED: "False",
    });
    expect(seen.tone).toBe("warning");
    expect(look(kind(group, "httproutes"), route(good, good)).tone).toBe("ok");
  });

  test("call a route that nobody accepted a fault", () => {
    const seen = look(kind(group, "httproutes"), route());
    expect(seen.cells["ACCEPTED"]).toBe("Unknown");
    expect(seen.tone).toBe("warning");
  });

  test("count the routes of a gateway and see its sick listeners", () => {
    const gateway = (listener: readonly unknown[]): KubeObject =>
      object({
        spec: { gatewayClassName: "nginx", listeners: [{ name: "http", port: 80, protocol: "HTTP" }] },
        status: {
          addresses: [{ value: "1.2.3.4" }],
          conditions: [condition("Programmed", "True")],
          listeners: [{ name: "http", attachedRoutes: 2, conditions: listener }],
        },
      });
    const seen = look(kind(group, "gateways"), gateway([condition("Ready", "True")]));
    expect(seen.cells).toMatchObject({ CLASS: "nginx", ADDRESS: "1.2.3.4", LISTENERS: "http:80/HTTP", ROUTES: "2" });
    expect(seen.tone).toBe("ok");
    expect(look(kind(group, "gateways"), gateway([condition("ResolvedRefs", "False")])).tone).toBe("warning");
  });
});

test.for([
  ["True", "True", "ok"],
  ["False (FailedDiscoveryCheck)", "False", "error"],
] as const)("an API service is %s", ([expected, status, tone]) => {
  const service = object({ status: { conditions: [condition("Available", status, "FailedDiscoveryCheck")] } });
  const seen = look(kind("apiregistration.k8s.io", "apiservices"), service);
  expect([seen.cells["AVAILABLE"], seen.tone]).toEqual([expected, tone]);
});

test.for([
  ["Pending", [], "", "progress"],
  ["Approved", ["Approved"], "", "progress"],
  ["Approved,Issued", ["Approved"], "x", "ok"],
  ["Denied", ["Approved", "Denied"], "", "muted"],
  ["Approved,Failed", ["Approved", "Failed"], "", "error"],
] as const)("a certificate signing request is %s", ([expected, types, certificate, tone]) => {
  const request = object({ status: { conditions: types.map((type) => condition(type, "True")), certificate } });
  const seen = look(kind("certificates.k8s.io", "certificatesigningrequests"), request);
  expect([seen.cells["CONDITION"], seen.tone]).toEqual([expected, tone]);
});

test.for([
  ["ok", []],
  ["ok", [condition("Ready", "True"), condition("Whatever", "False")]],
  ["warning", [condition("Ready", "False")]],
  ["progress", [condition("Ready", "False"), condition("Reconciling", "True")]],
  ["progress", [condition("Ready", "Unknown")]],
  ["error", [condition("Ready", "False"), condition("Stalled", "True")]],
] as const)("a kind that kelpie does not know is %s by its conditions", ([tone, conditions]) => {
  const widgets = kindOf({
    group: "example.com",
    version: "v1",
    resource: "widgets",
    kind: "Widget",
    singular: "widget",
    namespaced: true,
    verbs: [],
    shortNames: [],
    categories: [],
    subresources: [],
  });
  expect(widgets.tone?.(object({ status: { conditions } }), context)).toBe(tone);
});
