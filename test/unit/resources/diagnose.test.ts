import { expect, test } from "vitest";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { diagnosisFindings, logTails, writeDiagnosis } from "../../../src/resources/diagnose/diagnose.ts";
import { podHeadline } from "../../../src/resources/diagnose/pod-findings.ts";
import { NOW, pod, running, secondsAgo, terminated, waiting } from "./pod-builder.ts";

const PODS = { group: "", resource: "pods" };
const DEPLOYMENTS = { group: "apps", resource: "deployments" };

interface Facts {
  readonly events?: readonly KubeObject[];
  readonly related?: Readonly<Record<string, readonly KubeObject[]>>;
}

function input(object: KubeObject, { events = [], related = {} }: Facts = {}): Parameters<typeof diagnosisFindings>[1] {
  return { object, events, related: new Map(Object.entries(related)), now: NOW };
}

function cause(resource: { group: string; resource: string }, object: KubeObject, facts: Facts = {}): string {
  return diagnosisFindings(resource, input(object, facts))[0]?.text ?? "";
}

function event(reason: string, message: string, about: Readonly<Record<string, unknown>> = {}): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `${reason}-1`, namespace: "default", uid: `${reason}-${message}` },
    involvedObject: { kind: "Pod", name: "web-1", uid: "uid-web-1", ...about },
    type: "Warning",
    reason,
    message,
    lastTimestamp: secondsAgo(10),
    count: 1,
  };
}

const unscheduled = (message: string): KubeObject =>
  pod({
    spec: { nodeName: undefined },
    status: {
      phase: "Pending",
      conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }],
    },
  });

const exit = { exitCode: 1, reason: "Error", finishedAt: secondsAgo(20) };

test.each<[string, KubeObject, Facts, RegExp]>([
  [
    "a container that ends with an error again and again",
    pod({
      status: {
        containerStatuses: [waiting("CrashLoopBackOff", { restartCount: 5, lastState: { terminated: exit } })],
      },
    }),
    {},
    /container main exited with code 1 \(Error\), 20s ago; restarted 5 times/,
  ],
  [
    "a container killed for its memory",
    pod({
      status: {
        containerStatuses: [
          waiting("CrashLoopBackOff", {
            restartCount: 2,
            lastState: { terminated: { ...exit, exitCode: 137, reason: "OOMKilled" } },
          }),
        ],
      },
    }),
    {},
    /code 137 \(OOMKilled: out of memory\)/,
  ],
  [
    "a liveness probe that kills",
    pod({
      status: {
        containerStatuses: [waiting("CrashLoopBackOff", { restartCount: 2, lastState: { terminated: exit } })],
      },
    }),
    {
      events: [
        event("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500"),
        event("Killing", "Container main failed liveness probe, will be restarted"),
      ],
    },
    /killed because its liveness probe fails: .*statuscode: 500/,
  ],
  [
    "an image that does not exist, in the words of the first failure",
    pod({ status: { phase: "Pending", containerStatuses: [waiting("ImagePullBackOff")] } }),
    { events: [event("Failed", 'Failed to pull image "nginx": manifest unknown')] },
    /image nginx of container main cannot be had \(ImagePullBackOff\): .*manifest unknown/,
  ],
  [
    "a Secret that is missing",
    pod({
      status: {
        phase: "Pending",
        containerStatuses: [
          waiting("CreateContainerConfigError", {
            state: { waiting: { reason: "CreateContainerConfigError", message: 'secret "db" not found' } },
          }),
        ],
      },
    }),
    {},
    /cannot be configured: secret "db" not found/,
  ],
  [
    "no node with enough memory",
    unscheduled("0/1 nodes are available: 1 Insufficient memory."),
    {},
    /no node can take it: .*Insufficient memory/,
  ],
  [
    "a scheduler that says nothing",
    pod({ spec: { nodeName: undefined }, status: { phase: "Pending" } }),
    {},
    /the scheduler default-scheduler has said nothing of it for 60m/,
  ],
  [
    "a volume that cannot be mounted",
    pod({ status: { phase: "Pending", containerStatuses: [waiting("ContainerCreating")] } }),
    { events: [event("FailedMount", 'configmap "settings" not found')] },
    /volumes cannot be mounted: configmap "settings" not found/,
  ],
  [
    "a readiness probe that fails",
    pod({
      spec: { containers: [{ name: "main", image: "nginx", readinessProbe: { httpGet: { path: "/up", port: 80 } } }] },
      status: { containerStatuses: [running("main", { ready: false })] },
    }),
    { events: [event("Unhealthy", "Readiness probe failed: connection refused")] },
    /its readiness probe does not succeed \(http-get http:\/\/:80\/up\): .*connection refused/,
  ],
  [
    "a failing init container before the containers that wait for it",
    pod({
      spec: { initContainers: [{ name: "setup", image: "busybox" }] },
      status: {
        phase: "Pending",
        initContainerStatuses: [{ ...terminated(exit), name: "setup" }],
        containerStatuses: [waiting("PodInitializing")],
      },
    }),
    {},
    /init container setup exited with code 1/,
  ],
  [
    "a node that is silent",
    pod({ status: { containerStatuses: [running()] } }),
    {
      related: {
        nodes: [
          {
            metadata: { name: "node-1" },
            status: {
              conditions: [
                {
                  type: "Ready",
                  status: "Unknown",
                  message: "Kubelet stopped posting",
                  lastTransitionTime: secondsAgo(120),
                },
              ],
            },
          },
        ],
      },
    },
    /its node node-1 is not ready since 2m: Kubelet stopped posting/,
  ],
  ["nothing at all", pod({ status: { containerStatuses: [running()] } }), {}, /^$/],
])("the first line of a pod's diagnosis names %s", (_name, object, facts, expected) => {
  expect(cause(PODS, object, facts)).toMatch(expected);
});

function deployment(status: Readonly<Record<string, unknown>> = {}): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "default", uid: "uid-web" },
    spec: { replicas: 3, selector: { matchLabels: { app: "web" } } },
    status,
  };
}

const crashing = (name: string, restarts: number): KubeObject =>
  pod({
    metadata: { name, uid: `uid-${name}` },
    status: {
      containerStatuses: [
        waiting("CrashLoopBackOff", {
          restartCount: restarts,
          lastState: { terminated: { ...exit, finishedAt: secondsAgo(restarts) } },
        }),
      ],
    },
  });

test.each([
  [1, "restarted 1 time,", "1 restart (1s ago)"],
  [7, "restarted 7 times,", "7 restarts (7s ago)"],
])("restarts are counted as one says it: %i", (restarts, cause, headline) => {
  const web = crashing("web", restarts);
  expect(diagnosisFindings(PODS, input(web))[0]?.text).toContain(cause);
  expect(podHeadline(web, NOW)).toContain(headline);
});

test("a deployment says once what is wrong with several of its pods, and what its conditions add", () => {
  const stalled = deployment({
    conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message: "timed out" }],
  });
  const pods = [crashing("web-a", 3), crashing("web-b", 7), pod({ status: { containerStatuses: [running()] } })];
  const found = diagnosisFindings(DEPLOYMENTS, input(stalled, { related: { pods } }));
  expect(found.map(({ text }) => text)).toEqual([
    expect.stringMatching(/^2 of 3 pods \(web-a, …\): container main exited with code 1/),
    "Progressing is False: ProgressDeadlineExceeded: timed out",
  ]);
});

test("a quota that forbids pods is the first cause of a deployment without them", () => {
  const starved = deployment({
    conditions: [
      { type: "Available", status: "False", reason: "MinimumReplicasUnavailable" },
      { type: "ReplicaFailure", status: "True", message: 'pods "web-1" is forbidden: exceeded quota: small' },
    ],
  });
  const [first] = diagnosisFindings(DEPLOYMENTS, input(starved, { related: { pods: [] } }));
  expect(first?.text).toContain("its pods cannot be created");
  expect(first?.advice).toContain("ResourceQuota");
});

test("a diagnosis of a deployment shows which image came with the newest revision", () => {
  const set = (revision: number, image: string): KubeObject => ({
    metadata: {
      name: `web-${revision}`,
      creationTimestamp: secondsAgo(600 - revision * 60),
      annotations: { "deployment.kubernetes.io/revision": String(revision) },
      ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: "uid-web", controller: true }],
    },
    spec: { template: { spec: { containers: [{ name: "main", image }] } } },
  });
  const facts = input(deployment(), { related: { pods: [], replicasets: [set(1, "app:1"), set(2, "app:2")] } });
  const text = writeDiagnosis(DEPLOYMENTS, facts, [], undefined)
    .map((line) => line.text)
    .join("\n");
  expect(text).toContain("revision 2, ReplicaSet web-2 made 8m ago: main app:1 → app:2");
});

const service = (spec: Readonly<Record<string, unknown>>): KubeObject => ({
  metadata: { name: "web", namespace: "default" },
  spec: { selector: { app: "web" }, ports: [{ port: 80 }], ...spec },
});

test.each<[string, KubeObject, readonly KubeObject[], RegExp]>([
  ["labels no pod has", service({}), [], /no pod of the namespace has the labels app=web: it has no endpoints/],
  ["pods none of which is ready", service({}), [crashing("web-a", 3)], /none of its 1 pods is ready.*code 1/],
  [
    "a port that no container names",
    service({ ports: [{ port: 80, targetPort: "http" }] }),
    [pod({ status: { conditions: [{ type: "Ready", status: "True" }], containerStatuses: [running()] } })],
    /target port "http" is the name of no container port/,
  ],
])("a service without endpoints is explained by %s", (_name, object, pods, expected) => {
  expect(cause({ group: "", resource: "services" }, object, { related: { pods } })).toMatch(expected);
});

const claim = (storageClassName: string | undefined): KubeObject => ({
  metadata: { name: "data", namespace: "default" },
  spec: storageClassName === undefined ? {} : { storageClassName },
  status: { phase: "Pending" },
});
const CLAIMS = { group: "", resource: "persistentvolumeclaims" };

test.each<[string, KubeObject, readonly KubeObject[], RegExp]>([
  ["a storage class that does not exist", claim("fast"), [], /its storage class fast does not exist/],
  ["no default storage class", claim(undefined), [{ metadata: { name: "slow" } }], /the cluster has no default one/],
  [
    "no pod that uses it yet",
    claim("local"),
    [{ metadata: { name: "local" }, volumeBindingMode: "WaitForFirstConsumer" }],
    /as soon as the first pod uses it/,
  ],
])("a pending claim is explained by %s", (_name, object, storageclasses, expected) => {
  expect(cause(CLAIMS, object, { related: { storageclasses, pods: [] } })).toMatch(expected);
});

test("a node under pressure that is cordoned says both, the pressure first", () => {
  const node: KubeObject = {
    metadata: { name: "node-1" },
    spec: { unschedulable: true },
    status: {
      conditions: [
        { type: "Ready", status: "True" },
        { type: "DiskPressure", status: "True", reason: "KubeletHasDiskPressure" },
      ],
    },
  };
  const found = diagnosisFindings({ group: "", resource: "nodes" }, input(node)).map(({ text }) => text);
  expect(found).toEqual(["DiskPressure is True: KubeletHasDiskPressure", "it is cordoned: no new pods come to it"]);
});

test("an object of an unknown kind is judged by its conditions and the finalizers that hold it", () => {
  const object: KubeObject = {
    metadata: { name: "w", deletionTimestamp: secondsAgo(60), finalizers: ["example.com/wait"] },
    status: { conditions: [{ type: "Synced", status: "False", reason: "NoAccess" }] },
  };
  const found = diagnosisFindings({ group: "example.com", resource: "widgets" }, input(object)).map(({ text }) => text);
  expect(found).toEqual(["it is being deleted; the finalizers example.com/wait hold it", "Synced is False: NoAccess"]);
});

test.each<[string, KubeObject, readonly unknown[]]>([
  [
    "the instance before, of a container that waits to be restarted",
    crashing("web-a", 3),
    [{ container: "main", previous: true }],
  ],
  [
    "the ended instance, of a container that is not restarted",
    pod({ status: { phase: "Failed", containerStatuses: [terminated(exit)] } }),
    [{ container: "main", previous: false }],
  ],
  ["nothing, of a container that never ran", pod({ status: { containerStatuses: [waiting("ImagePullBackOff")] } }), []],
  ["nothing, of a healthy pod", pod({ status: { containerStatuses: [running()] } }), []],
])("the log that is read is of %s", (_name, object, expected) => {
  expect(logTails(PODS, input(object))).toMatchObject(expected);
  expect(logTails(PODS, input(object))).toHaveLength(expected.length);
});
