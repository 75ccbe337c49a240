import { expect, test } from "vitest";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { describeObject, relatedQueries } from "../../../src/resources/describe/describe.ts";
import { NOW, pod, running, secondsAgo } from "./pod-builder.ts";

const podsResource = { group: "", resource: "pods" };

function textOf(
  resource: { readonly group: string; readonly resource: string },
  object: KubeObject,
  options: {
    readonly events?: readonly KubeObject[];
    readonly related?: ReadonlyMap<string, readonly KubeObject[]>;
  } = {},
): string {
  const { events = [], related = new Map() } = options;
  return describeObject(resource, { object, events, related, now: NOW })
    .map((line) => line.text)
    .join("\n");
}

const event = (reason: string, extra: Readonly<Record<string, unknown>> = {}): KubeObject => ({
  metadata: { name: reason.toLowerCase() },
  type: "Normal",
  reason,
  message: `about ${reason}`,
  source: { component: "kubelet" },
  firstTimestamp: secondsAgo(600),
  lastTimestamp: secondsAgo(60),
  count: 1,
  ...extra,
});

test("a pod's description has its containers, probes, environment, mounts, volumes and tolerations", () => {
  const text = textOf(
    podsResource,
    pod({
      metadata: { labels: { tier: "front", app: "web" } },
      spec: {
        containers: [
          {
            name: "main",
            image: "nginx:1",
            ports: [{ containerPort: 80, name: "http" }, { containerPort: 9090 }],
            command: ["nginx", "-g"],
            resources: { limits: { memory: "64Mi", cpu: "1" } },
            livenessProbe: { httpGet: { path: "/healthz", port: 80, scheme: "HTTP" }, periodSeconds: 5 },
            env: [
              { name: "PLAIN", value: "yes" },
              { name: "KEY", valueFrom: { secretKeyRef: { name: "keys", key: "api" } } },
            ],
            volumeMounts: [{ name: "config", mountPath: "/etc/app", readOnly: true }],
          },
        ],
        volumes: [{ name: "config", configMap: { name: "app-config" } }],
        tolerations: [
          { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 },
        ],
      },
      status: { containerStatuses: [running()], podIP: "10.1.2.3", hostIP: "10.0.0.1", qosClass: "Burstable" },
    }),
  );
  expect(text).toContain("Labels:           app=web\n                  tier=front");
  expect(text).toContain("Node:             node-1/10.0.0.1");
  expect(text).toMatch(/ Ports: +80\/TCP \(http\), 9090\/TCP\n +Host Ports: +0\/TCP \(http\), 0\/TCP\n/);
  expect(text).toMatch(/State: {10}Running\n {6}Started: /);
  expect(text).toContain("Liveness:  http-get http://:80/healthz delay=0s timeout=1s period=5s #success=1 #failure=3");
  expect(text).toContain("KEY:    <set to the key 'api' in secret 'keys'>  Optional: false");
  expect(text).toContain("/etc/app from config (ro)");
  expect(text).toMatch(/Type: +ConfigMap \(a volume populated by a ConfigMap\)/);
  expect(text).toContain("node.kubernetes.io/not-ready:NoExecute op=Exists for 300s");
  expect(text).toMatch(/Events:\s+<none>$/);
});

test("events stand at the end, oldest first, with how often they were seen", () => {
  const events = [
    event("BackOff", { type: "Warning", count: 7, lastTimestamp: secondsAgo(10) }),
    event("Scheduled", { firstTimestamp: secondsAgo(900), lastTimestamp: secondsAgo(900) }),
  ];
  const lines = textOf(podsResource, pod(), { events }).split("\n");
  expect(lines.slice(-4)).toEqual([
    "  Type     Reason     Age                From     Message",
    "  ----     ------     ---                ----     -------",
    "  Normal   Scheduled  15m                kubelet  about Scheduled",
    "  Warning  BackOff    10s (x7 over 10m)  kubelet  about BackOff",
  ]);
});

test("a secret's description tells sizes and never a value", () => {
  const secret: KubeObject = {
    kind: "Secret",
    metadata: { name: "keys", namespace: "default" },
    type: "Opaque",
    data: { password: Buffer.from("hunter2").toString("base64") },
  };
  const text = textOf({ group: "", resource: "secrets" }, secret);
  expect(text).toContain("password:  7 bytes");
  expect(text).not.toMatch(/hunter2|aHVudGVyMg/);
});

test("a value with control sequences is shown, not obeyed", () => {
  const text = textOf(podsResource, pod({ metadata: { annotations: { note: "\u001B[2Jgone" } } }));
  expect(text).toContain(String.raw`note: \x1b[2Jgone`);
  expect(text).not.toContain("\u001B");
});

test("a job tells how many of its active pods are ready, where the server counts them", () => {
  const job = (status: Readonly<Record<string, unknown>>): string =>
    textOf({ group: "batch", resource: "jobs" }, { metadata: { name: "import" }, spec: {}, status });
  expect(job({ active: 2, ready: 1, succeeded: 3 })).toMatch(/2 Active \(1 Ready\) \/ 3 Succeeded \/ 0 Failed/);
  expect(job({ active: 2 })).toMatch(/2 Active \/ 0 Succeeded/);
});

test("a deployment tells its old and new ReplicaSets apart by revision", () => {
  const deployment: KubeObject = {
    kind: "Deployment",
    metadata: {
      name: "web",
      namespace: "default",
      uid: "d",
      annotations: { "deployment.kubernetes.io/revision": "2" },
    },
    spec: { replicas: 3, selector: { matchLabels: { app: "web" } }, template: { spec: { containers: [] } } },
    status: { replicas: 3, updatedReplicas: 2, availableReplicas: 3 },
  };
  const set = (name: string, revision: string, owner: string): KubeObject => ({
    metadata: {
      name,
      annotations: { "deployment.kubernetes.io/revision": revision },
      ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: owner, controller: true }],
    },
    spec: { replicas: 2 },
    status: { replicas: 1 },
  });
  const resource = { group: "apps", resource: "deployments" };
  const [query] = relatedQueries(resource, deployment);
  expect(query).toMatchObject({ key: "replicasets", namespace: "default", labelSelector: "app=web" });
  const related = new Map([
    ["replicasets", [set("web-new", "2", "d"), set("web-old", "1", "d"), set("alien", "1", "x")]],
  ]);
  const text = textOf(resource, deployment, { related });
  expect(text).toContain("3 desired | 2 updated | 3 total | 3 available | 0 unavailable");
  expect(text).toMatch(/OldReplicaSets: +web-old \(1\/2 replicas created\)\n/);
  expect(text).toMatch(/NewReplicaSet: +web-new \(1\/2 replicas created\)\n/);
  expect(text).not.toContain("alien");
});

test("a node sums up the requests of its pods against what it can give", () => {
  const node: KubeObject = {
    kind: "Node",
    metadata: { name: "node-1" },
    status: { allocatable: { cpu: "2", memory: "1Gi" } },
  };
  const asking = pod({
    spec: { containers: [{ name: "main", resources: { requests: { cpu: "500m", memory: "256Mi" } } }] },
  });
  const ended = pod({ metadata: { name: "done" }, status: { phase: "Succeeded" } });
  const text = textOf({ group: "", resource: "nodes" }, node, { related: new Map([["pods", [asking, ended]]]) });
  expect(text).toContain("Non-terminated Pods:  (1 in total)");
  expect(text).toMatch(/cpu +500m \(25%\) +0 \(0%\)/);
  expect(text).toMatch(/memory +256Mi \(25%\) +0 \(0%\)/);
});

test("a service lists ready and unready endpoints of each port", () => {
  const service: KubeObject = {
    kind: "Service",
    metadata: { name: "web", namespace: "default" },
    spec: { ports: [{ name: "http", port: 80, targetPort: 8080 }], selector: { app: "web" } },
  };
  const slice: KubeObject = {
    metadata: { name: "web-1" },
    ports: [{ name: "http", port: 8080 }],
    endpoints: [
      { addresses: ["10.0.0.1"], conditions: { ready: true } },
      { addresses: ["10.0.0.2"], conditions: { ready: false } },
    ],
  };
  const text = textOf({ group: "", resource: "services" }, service, {
    related: new Map([["endpointslices", [slice]]]),
  });
  expect(text).toMatch(/Endpoints: +10\.0\.0\.1:8080\n/);
  expect(text).toMatch(/Not Ready: +10\.0\.0\.2:8080\n/);
});

test("a kind nobody wrote a describer for shows every field by its name", () => {
  const widget: KubeObject = {
    apiVersion: "example.com/v1",
    kind: "Widget",
    metadata: { name: "one", generation: 3 },
    spec: { podIP: "10.0.0.1", parts: [{ size: 2 }, { size: 3 }], tags: ["a", "b"] },
  };
  const text = textOf({ group: "example.com", resource: "widgets" }, widget);
  expect(text).toContain("Kind:         Widget");
  expect(text).toContain("Spec:\n  Parts:\n    Size:  2\n    Size:  3\n  Pod IP:  10.0.0.1\n  Tags:\n    a\n    b\n");
});
