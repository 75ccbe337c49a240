import { expect, test } from "vitest";
import { applyDefaults } from "../../../src/embedded/machinery/defaulting.ts";
import { validateObject } from "../../../src/embedded/machinery/validation.ts";
import type { KubeObject } from "../../../src/lib/kube/object.ts";

function faults(object: KubeObject, old?: KubeObject): readonly string[] {
  const before = old === undefined ? undefined : applyDefaults(old);
  return validateObject(applyDefaults(object), before).map((cause) => `${cause.field}: ${cause.message}`);
}

const metadata = { name: "web", namespace: "default" };
const container = { name: "web", image: "nginx" };

function pod(spec: Readonly<Record<string, unknown>>): KubeObject {
  return { apiVersion: "v1", kind: "Pod", metadata, spec: { containers: [container], ...spec } };
}
function podOf(parts: Readonly<Record<string, unknown>>): KubeObject {
  return pod({ containers: [{ ...container, ...parts }] });
}
function deployment(spec: Readonly<Record<string, unknown>>, app = "web"): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata,
    spec: {
      selector: { matchLabels: { app } },
      template: { metadata: { labels: { app: "web" } }, spec: { containers: [container] } },
      ...spec,
    },
  };
}
function service(spec: Readonly<Record<string, unknown>>): KubeObject {
  return { apiVersion: "v1", kind: "Service", metadata, spec };
}

test("good objects have no fault", () => {
  expect(faults(pod({}))).toEqual([]);
  expect(faults(deployment({}))).toEqual([]);
  expect(faults(service({ ports: [{ port: 80, targetPort: "http" }] }))).toEqual([]);
  expect(faults(service({ type: "ExternalName", externalName: "example.com" }))).toEqual([]);
  expect(faults({ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } })).toEqual([]);
  expect(faults(pod({ initContainers: [{ name: "first", image: "a" }], volumes: [{ name: "v" }] }))).toEqual([]);
});

const CASES: ReadonlyArray<readonly [string, KubeObject, readonly string[]]> = [
  [
    "no name",
    { ...pod({}), metadata: { namespace: "default" } },
    ["metadata.name: Required value: name or generateName is required"],
  ],
  ["no namespace", { ...pod({}), metadata: { name: "web" } }, ["metadata.namespace: Required value"]],
  [
    "capitals in a name",
    { ...pod({}), metadata: { ...metadata, name: "Web" } },
    [
      `metadata.name: Invalid value: "Web": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
    ],
  ],
  [
    "a service whose name begins with a digit",
    { ...service({ ports: [{ port: 80 }] }), metadata: { ...metadata, name: "1web" } },
    [
      `metadata.name: Invalid value: "1web": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')`,
    ],
  ],
  [
    "a namespace on a cluster-scoped object",
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop", namespace: "x" } },
    ["metadata.namespace: Forbidden: not allowed on this type"],
  ],
  ["no containers", pod({ containers: [] }), ["spec.containers: Required value"]],
  ["no image", podOf({ image: "" }), ["spec.containers[0].image: Required value"]],
  [
    "two containers of one name",
    pod({ containers: [container, container] }),
    ['spec.containers[1].name: Duplicate value: "web"'],
  ],
  [
    "a port out of range",
    podOf({ ports: [{ containerPort: 70_000 }] }),
    ["spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive"],
  ],
  [
    "a restart policy that does not exist",
    pod({ restartPolicy: "Sometimes" }),
    ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"'],
  ],
  [
    "a mount of no volume",
    podOf({ volumeMounts: [{ name: "data", mountPath: "/data" }] }),
    ['spec.containers[0].volumeMounts[0].name: Not found: "data"'],
  ],
  [
    "two volumes of one name",
    pod({ volumes: [{ name: "v" }, { name: "v" }] }),
    ['spec.volumes[1].name: Duplicate value: "v"'],
  ],
  [
    "two sources of one volume",
    pod({ volumes: [{ name: "v", emptyDir: {}, hostPath: { path: "/x" } }] }),
    ["spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"],
  ],
  [
    "requests above limits",
    podOf({ resources: { limits: { cpu: "1" }, requests: { cpu: "2" } } }),
    ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
  ],
  [
    "a probe without a handler",
    podOf({ livenessProbe: { periodSeconds: 5 } }),
    ["spec.containers[0].livenessProbe: Required value: must specify a handler type"],
  ],
  [
    "a liveness probe that must succeed twice",
    podOf({ livenessProbe: { exec: { command: ["true"] }, successThreshold: 2 } }),
    ["spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"],
  ],
  [
    "an environment variable with an equals sign",
    podOf({ env: [{ name: "A=B", value: "1" }] }),
    [
      `spec.containers[0].env[0].name: Invalid value: "A=B": a valid environment variable name must consist only of printable ASCII characters other than '='`,
    ],
  ],
  [
    "negative replicas",
    deployment({ replicas: -1 }),
    ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"],
  ],
  [
    "a selector that does not match the template",
    deployment({}, "api"),
    ['spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`'],
  ],
  [
    "an empty selector",
    deployment({ selector: {} }),
    ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"],
  ],
  [
    "a deployment of pods that never restart",
    deployment({
      template: { metadata: { labels: { app: "web" } }, spec: { containers: [container], restartPolicy: "Never" } },
    }),
    ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
  ],
  [
    "a rolling update that may do nothing",
    deployment({ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } }),
    ["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"],
  ],
  ["a service without ports", service({}), ["spec.ports: Required value"]],
  [
    "two ports, one without a name",
    service({ ports: [{ port: 80 }, { port: 81, name: "b" }] }),
    ["spec.ports[0].name: Required value"],
  ],
  [
    "a key that is no file name",
    { apiVersion: "v1", kind: "ConfigMap", metadata, data: { "a b": "x" } },
    [
      `data[a b]: Invalid value: "a b": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')`,
    ],
  ],
  [
    "a TLS secret without its key",
    { apiVersion: "v1", kind: "Secret", metadata, type: "kubernetes.io/tls", data: { "tls.crt": "" } },
    ["data[tls.key]: Required value"],
  ],
];

test.for(CASES)("refused: %s", ([, object, expected]) => {
  expect(faults(object)).toEqual(expected);
});

test("a deployment's selector cannot change", () => {
  const old = deployment({});
  const changed = deployment({
    selector: { matchLabels: { app: "api" } },
    template: { metadata: { labels: { app: "api" } }, spec: { containers: [container] } },
  });
  expect(faults(changed, old)).toEqual([
    'spec.selector: Invalid value: {"matchLabels":{"app":"api"}}: field is immutable',
  ]);
  expect(faults(deployment({ replicas: 3 }), old)).toEqual([]);
});

test("of a pod's spec only images, the deadline and more tolerations can change", () => {
  const old = pod({ tolerations: [{ key: "a", operator: "Exists" }] });
  const more = [
    { key: "a", operator: "Exists" },
    { key: "b", operator: "Exists" },
  ];
  expect(
    faults(
      pod({ containers: [{ ...container, image: "nginx:2", imagePullPolicy: "Always" }], tolerations: more }),
      old,
    ),
  ).toEqual([]);
  expect(faults(pod({ tolerations: more, hostname: "other" }), old)).toEqual([
    "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
  ]);
  expect(faults(pod({ containers: [container, { name: "b", image: "x" }] }), pod({}))).toEqual([
    "spec.containers: Forbidden: pod updates may not add or remove containers",
  ]);
});

test("a pod without a node can be given one, and then keeps it", () => {
  expect(faults(pod({ nodeName: "kelpie" }), pod({}))).toEqual([]);
  expect(faults(pod({ nodeName: "other" }), pod({ nodeName: "kelpie" }))).toHaveLength(1);
});

test("a service keeps its cluster address", () => {
  const ports = [{ port: 80 }];
  const old = service({ ports, clusterIP: "10.96.0.10" });
  expect(faults(service({ ports, clusterIP: "10.96.0.11" }), old)).toEqual([
    'spec.clusterIPs[0]: Invalid value: ["10.96.0.11"]: may not change once set',
  ]);
  expect(faults(service({ ports: [{ port: 81 }], clusterIP: "10.96.0.10" }), old)).toEqual([]);
});

test("names, namespaces and uids cannot change", () => {
  const old = { ...pod({}), metadata: { ...metadata, uid: "1" } };
  expect(faults({ ...pod({}), metadata: { ...metadata, name: "other", uid: "2" } }, old)).toEqual([
    'metadata.name: Invalid value: "other": field is immutable',
    'metadata.uid: Invalid value: "2": field is immutable',
  ]);
});

test("an immutable config map stays as it is", () => {
  const old: KubeObject = { apiVersion: "v1", kind: "ConfigMap", metadata, immutable: true, data: { a: "1" } };
  expect(faults({ ...old, data: { a: "2" } }, old)).toEqual([
    "data: Forbidden: field is immutable when `immutable` is set",
  ]);
});
