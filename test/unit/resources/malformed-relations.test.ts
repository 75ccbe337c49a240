import { expect, test } from "vitest";
import { readWholeObject } from "../../../src/cluster/row-reader.ts";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { diagnosisQueries, logTails, writeDiagnosis } from "../../../src/resources/diagnose/diagnose.ts";
import { RelationGraph } from "../../../src/resources/relations/relation-tree.ts";
import { NOW, pod, secondsAgo, waiting } from "./pod-builder.ts";

const exit = { exitCode: 1, reason: "Error", finishedAt: secondsAgo(20) };
const metadata = {
  name: "web",
  namespace: "default",
  uid: "uid-web",
  labels: { app: "web" },
  ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "web-1", uid: "uid-owner", controller: true }],
};
const selector = { matchLabels: { app: "web" } };

/** Objects with every field that diagnosis and relations look at. */
const SAMPLES: ReadonlyArray<readonly [group: string, resource: string, object: KubeObject]> = [
  [
    "",
    "pods",
    pod({
      metadata: { ...metadata, finalizers: ["f"], deletionTimestamp: secondsAgo(60) },
      spec: {
        nodeName: "node-1",
        readinessGates: [{ conditionType: "gate" }],
        volumes: [{ name: "v", configMap: { name: "c" }, projected: { sources: [{ secret: { name: "s" } }] } }],
        containers: [
          {
            name: "main",
            image: "i",
            readinessProbe: { exec: { command: ["a"] } },
            envFrom: [{ secretRef: { name: "s" } }],
          },
        ],
      },
      status: {
        phase: "Pending",
        conditions: [{ type: "PodScheduled", status: "False", message: "Insufficient cpu" }],
        containerStatuses: [waiting("CrashLoopBackOff", { restartCount: 2, lastState: { terminated: exit } })],
      },
    }),
  ],
  [
    "apps",
    "deployments",
    {
      metadata,
      spec: { replicas: 2, selector, template: { spec: { containers: [] } } },
      status: { conditions: [{ type: "ReplicaFailure", status: "True", message: "m" }] },
    },
  ],
  ["", "services", { metadata, spec: { selector: { app: "web" }, ports: [{ targetPort: "http" }] }, status: {} }],
  [
    "",
    "nodes",
    {
      metadata,
      spec: { taints: [{ key: "k", effect: "NoExecute" }] },
      status: { conditions: [{ type: "Ready", status: "Unknown" }] },
    },
  ],
  ["", "persistentvolumeclaims", { metadata, spec: { storageClassName: "s" }, status: { phase: "Pending" } }],
  [
    "networking.k8s.io",
    "ingresses",
    {
      metadata,
      spec: { rules: [{ http: { paths: [{ backend: { service: { name: "x" } } }] } }], tls: [{ secretName: "t" }] },
    },
  ],
  [
    "rbac.authorization.k8s.io",
    "rolebindings",
    { metadata, roleRef: { kind: "Role", name: "r" }, subjects: [{ kind: "ServiceAccount", name: "a" }] },
  ],
  [
    "gateway.networking.k8s.io",
    "gateways",
    {
      metadata,
      spec: { gatewayClassName: "c", listeners: [{ name: "l", tls: { certificateRefs: [{ name: "s" }] } }] },
    },
  ],
  [
    "gateway.networking.k8s.io",
    "httproutes",
    {
      metadata,
      spec: {
        parentRefs: [{ name: "g", namespace: "n" }],
        rules: [
          {
            backendRefs: [{ name: "x", port: 80, filters: [{ requestMirror: { backendRef: { name: "y" } } }] }],
            filters: [{ requestMirror: { backendRef: { kind: "Service", name: "z" } } }],
          },
        ],
      },
    },
  ],
  [
    "gateway.networking.k8s.io",
    "backendtlspolicies",
    {
      metadata,
      spec: { targetRefs: [{ kind: "Service", name: "x" }], validation: { caCertificateRefs: [{ name: "y" }] } },
    },
  ],
  [
    "admissionregistration.k8s.io",
    "validatingwebhookconfigurations",
    { metadata, webhooks: [{ clientConfig: { service: { name: "x", namespace: "n" } } }] },
  ],
  ["storage.k8s.io", "volumeattachments", { metadata, spec: { source: { persistentVolumeName: "v" }, nodeName: "n" } }],
  ["", "persistentvolumes", { metadata, spec: { claimRef: { name: "c", namespace: "n" } } }],
  [
    "autoscaling",
    "horizontalpodautoscalers",
    { metadata, status: { conditions: [{ type: "ScalingActive", status: "False", reason: "r", message: "m" }] } },
  ],
  ["policy", "poddisruptionbudgets", { metadata, status: { expectedPods: 1, currentHealthy: 1, desiredHealthy: 1 } }],
  ["", "resourcequotas", { metadata, status: { hard: { pods: "3" }, used: { pods: "3" } } }],
  [
    "",
    "namespaces",
    {
      metadata,
      status: {
        phase: "Terminating",
        conditions: [{ type: "NamespaceContentRemaining", status: "True", message: "m" }],
      },
    },
  ],
  [
    "batch",
    "cronjobs",
    {
      metadata,
      spec: { schedule: "* * * * *", timeZone: "UTC", concurrencyPolicy: "Forbid" },
      status: { active: [{ name: "x" }] },
    },
  ],
  [
    "certificates.k8s.io",
    "certificatesigningrequests",
    { metadata, spec: { signerName: "s" }, status: { conditions: [{ type: "Approved", status: "True" }] } },
  ],
  [
    "",
    "events",
    {
      metadata,
      involvedObject: { kind: "Pod", name: "web", uid: "uid-web", fieldPath: "f" },
      reason: "Failed",
      message: "Failed to pull image i",
    },
  ],
];

const JUNK: readonly unknown[] = [
  null,
  "",
  "text",
  0,
  -1,
  1e308,
  true,
  [],
  [null, 7, "x", {}],
  {},
  { a: { b: [] } },
  "\u001B[2J",
];

/** Every variant of a value in which one place holds something that should not be there. */
function* spoiled(value: unknown): Generator {
  for (const junk of JUNK) yield junk;
  if (Array.isArray(value)) {
    for (const [index, entry] of value.entries()) for (const bad of spoiled(entry)) yield value.with(index, bad);
  } else if (typeof value === "object" && value !== null) {
    for (const [field, entry] of Object.entries(value))
      for (const bad of spoiled(entry)) yield { ...value, [field]: bad };
  }
}

test.each(SAMPLES)("no malformed field of %s %s breaks its diagnosis or its relations", (group, resource, object) => {
  const others = SAMPLES.map(([otherGroup, otherResource, other]) => ({
    group: otherGroup,
    resource: otherResource,
    object: other,
  }));
  let tried = 0;
  for (const raw of spoiled(object)) {
    const read = readWholeObject(structuredClone(raw), { group, version: "v1", resource });
    if (read === undefined) continue;
    tried += 1;
    const related = new Map(["pods", "nodes", "replicasets", "services", "storageclasses"].map((key) => [key, [read]]));
    const input = { object: read, events: [read], related, now: NOW };
    const about = { group, resource };
    diagnosisQueries(about, read);
    logTails(about, input);
    for (const line of writeDiagnosis(about, input, [], undefined)) expect(line.text).not.toContain("\u001B");
    const member = { group, resource, object: read };
    const graph = new RelationGraph([...others, member], new Set(), NOW);
    graph.tree(member);
    graph.alone(member);
    graph.usersOf(member);
  }
  expect(tried).toBeGreaterThan(50);
});
