import { expect, test } from "vitest";
import { applyDefaults } from "../../../src/embedded/machinery/defaulting.ts";
import { at, type KubeObject } from "../../../src/lib/kube/object.ts";

const CONTAINER_DEFAULTS = {
  resources: {},
  imagePullPolicy: "IfNotPresent",
  terminationMessagePath: "/dev/termination-log",
  terminationMessagePolicy: "File",
};
const POD_SPEC_DEFAULTS = {
  dnsPolicy: "ClusterFirst",
  restartPolicy: "Always",
  securityContext: {},
  terminationGracePeriodSeconds: 30,
  schedulerName: "default-scheduler",
};

const pod: KubeObject = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", creationTimestamp: null },
  spec: {
    serviceAccountName: "robot",
    containers: [
      {
        name: "web",
        image: "nginx:1.29",
        ports: [{ containerPort: 80 }],
        resources: { limits: { cpu: 0.5, memory: "1024Mi" }, requests: { cpu: "100m" } },
        env: [{ name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
        readinessProbe: { httpGet: { port: 80 } },
      },
    ],
    volumes: [{ name: "scratch" }, { name: "settings", configMap: { name: "settings" } }],
  },
};

test("a pod gets what upstream fills in", () => {
  expect(applyDefaults(pod)).toEqual({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web" },
    spec: {
      ...POD_SPEC_DEFAULTS,
      enableServiceLinks: true,
      serviceAccountName: "robot",
      serviceAccount: "robot",
      containers: [
        {
          ...CONTAINER_DEFAULTS,
          name: "web",
          image: "nginx:1.29",
          ports: [{ containerPort: 80, protocol: "TCP" }],
          resources: { limits: { cpu: "500m", memory: "1Gi" }, requests: { cpu: "100m", memory: "1Gi" } },
          env: [{ name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name", apiVersion: "v1" } } }],
          readinessProbe: {
            httpGet: { port: 80, path: "/", scheme: "HTTP" },
            timeoutSeconds: 1,
            periodSeconds: 10,
            successThreshold: 1,
            failureThreshold: 3,
          },
        },
      ],
      volumes: [
        { name: "scratch", emptyDir: {} },
        { name: "settings", configMap: { name: "settings", defaultMode: 420 } },
      ],
    },
    status: {},
  });
});

test("a deployment gets its strategy, and its template no pod-only defaults", () => {
  const deployment: KubeObject = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: {
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: { containers: [{ name: "web", image: "nginx", resources: { limits: { cpu: 1 } } }] },
      },
    },
  };
  expect(applyDefaults(deployment)).toEqual({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: {
      selector: { matchLabels: { app: "web" } },
      replicas: 1,
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: {
          ...POD_SPEC_DEFAULTS,
          containers: [
            {
              ...CONTAINER_DEFAULTS,
              name: "web",
              image: "nginx",
              imagePullPolicy: "Always",
              resources: { limits: { cpu: "1" } },
            },
          ],
        },
      },
    },
    status: {},
  });
});

test("a strategy of Recreate gets no rolling update, and zero replicas stay zero", () => {
  const object = applyDefaults({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: { replicas: 0, strategy: { type: "Recreate" } },
  });
  expect(at(object, "spec", "strategy")).toEqual({ type: "Recreate" });
  expect(at(object, "spec", "replicas")).toBe(0);
});

test("a service gets its type, its target ports and the families of one stack", () => {
  const object = applyDefaults({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web" },
    spec: { selector: { app: "web" }, ports: [{ port: 80 }, { port: 443, targetPort: "https" }] },
  });
  expect(object["spec"]).toEqual({
    selector: { app: "web" },
    ports: [
      { port: 80, targetPort: 80, protocol: "TCP" },
      { port: 443, targetPort: "https", protocol: "TCP" },
    ],
    type: "ClusterIP",
    sessionAffinity: "None",
    internalTrafficPolicy: "Cluster",
    ipFamilies: ["IPv4"],
    ipFamilyPolicy: "SingleStack",
  });
  expect(object["status"]).toEqual({ loadBalancer: {} });
});

test("a secret takes its texts into its data", () => {
  const object = applyDefaults({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "login" },
    data: { user: "YQ==" },
    stringData: { password: "hunter2" },
  });
  expect(object).toEqual({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "login" },
    type: "Opaque",
    data: { user: "YQ==", password: "aHVudGVyMg==" },
  });
});

test("a namespace gets its label, phase and finalizer, but no finalizer again while it is deleted", () => {
  const namespace: KubeObject = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } };
  expect(applyDefaults(namespace)).toEqual({
    ...namespace,
    metadata: { name: "shop", labels: { "kubernetes.io/metadata.name": "shop" } },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  });
  const deleted = applyDefaults({
    ...namespace,
    metadata: { name: "shop", deletionTimestamp: "2026-01-01T00:00:00Z" },
    spec: { finalizers: [] },
  });
  expect(deleted["spec"]).toEqual({ finalizers: [] });
});

const KINDS = [
  ["v1", "Pod"],
  ["v1", "Service"],
  ["v1", "Namespace"],
  ["v1", "Secret"],
  ["v1", "ConfigMap"],
  ["v1", "Node"],
  ["v1", "Event"],
  ["v1", "ServiceAccount"],
  ["apps/v1", "Deployment"],
  ["apps/v1", "ReplicaSet"],
  ["apps/v1", "StatefulSet"],
  ["apps/v1", "DaemonSet"],
  ["batch/v1", "Job"],
  ["batch/v1", "CronJob"],
  ["discovery.k8s.io/v1", "EndpointSlice"],
  ["coordination.k8s.io/v1", "Lease"],
] as const;

test.for(KINDS)("defaulting %s %s twice changes nothing, and never its argument", ([apiVersion, kind]) => {
  const object: KubeObject = { apiVersion, kind, metadata: { name: "x", labels: { a: "b" } } };
  const before = structuredClone(object);
  const once = applyDefaults(object);
  expect(object).toEqual(before);
  expect(applyDefaults(once)).toEqual(once);
});
