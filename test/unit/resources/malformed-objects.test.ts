import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { readWholeObject } from "../../../src/cluster/row-reader.ts";
import type { Json, KubeObject } from "../../../src/lib/kube/object.ts";
import { createPalette } from "../../../src/config/theme.ts";
import { textWidth } from "../../../src/lib/text.ts";
import { dataEntries } from "../../../src/resources/data-entries.ts";
import { describeObject, relatedQueries } from "../../../src/resources/describe/describe.ts";
import { kindOf } from "../../../src/resources/catalog.ts";
import type { RowContext } from "../../../src/resources/kind.ts";
import { JoinIndex } from "../../../src/resources/joins/join-index.ts";
import { joins, type Join, type Joined, type JoinName } from "../../../src/resources/joins/joins.ts";
import { kinds } from "../../../src/resources/kinds/index.gen.ts";
import { presumedResource } from "../../../src/state/resource-names.ts";
import { TableModel } from "../../../src/state/table/table-model.ts";
import { containerTable } from "../../../src/views/containers/model.ts";
import { dataRows, valueLines } from "../../../src/views/data/model.ts";
import { CustomColumns } from "../../../src/views/resource-table/custom-columns.ts";
import { RowPainter } from "../../../src/views/resource-table/row-painter.ts";
import { kindColumns, serverColumns } from "../../../src/views/resource-table/table-columns.ts";
import { objectYaml, yamlLines } from "../../../src/views/yaml/model.ts";

/** A repeatable sequence of numbers from 0 to 1. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

type Random = () => number;

function pick<T>(random: Random, from: readonly [T, ...T[]]): T {
  return from[Math.floor(random() * from.length)] ?? from[0];
}

const STRINGS: readonly [string, ...string[]] = [
  "",
  "web",
  "10.0.0.1",
  "250m",
  "-5Gi",
  "3/0",
  "99999999999999999999999999Ei",
  "2026-01-01T00:00:00Z",
  "9999-99-99T99:99:99Z",
  "\u001B[2J\u001B]0;owned\u0007",
  "\u202Egpj.exe\u202C\u200B\uFEFF",
  "\uD800 lone surrogate",
  "𝕳e\u0301llo 漢字 👩‍👩‍👧‍👦",
  "a\nb\r\nc\td",
  "x".repeat(20_000),
  "__proto__",
  "*/5 * * * *",
  "99 99 99 99 99",
  "%",
  "YWJj!!!",
];
const NUMBERS: readonly [number, ...number[]] = [0, -1, 1, 3, -2_147_483_648, 1e308, 0.1, 65_536];

/** Field names that code looks for, so that random objects reach deep into it. */
const FIELDS: readonly [string, ...string[]] = [
  "metadata",
  ..."name namespace uid labels annotations ownerReferences creationTimestamp deletionTimestamp controller kind".split(
    " ",
  ),
  ..."spec status template metadata containers initContainers ephemeralContainers containerStatuses state lastState".split(
    " ",
  ),
  ..."waiting running terminated exitCode reason message conditions type phase replicas readyReplicas selector".split(
    " ",
  ),
  ..."matchLabels matchExpressions key operator values ports port targetPort nodePort protocol data binaryData".split(
    " ",
  ),
  ..."resources requests limits cpu memory image env valueFrom volumeMounts volumes addresses taints capacity".split(
    " ",
  ),
  ..."allocatable nodeInfo rules subjects roleRef involvedObject count lastTimestamp eventTime schedule endpoints".split(
    " ",
  ),
  ..."listeners addresses parents parentRefs backendRefs hostnames targetRefs webhooks clientConfig subsets".split(" "),
  ..."attached reservedFor allocation certificate paramRef timeZone updateStrategy drivers scaleTargetRef".split(" "),
  ..."restartPolicy loadBalancer ingress hosts paths backend service minAvailable metrics targetRef hard used".split(
    " ",
  ),
];

function randomJson(random: Random, depth: number): Json {
  const choice = random();
  if (depth === 0 || choice < 0.3) {
    return pick<() => Json>(random, [
      () => pick(random, STRINGS),
      () => pick(random, NUMBERS),
      () => null,
      () => random() < 0.5,
    ])();
  }
  if (choice < 0.5) return Array.from({ length: Math.floor(random() * 4) }, () => randomJson(random, depth - 1));
  return Object.fromEntries(
    Array.from({ length: Math.floor(random() * 8) }, () => [pick(random, FIELDS), randomJson(random, depth - 1)]),
  );
}

/** A right object with some of its values replaced by anything. */
function spoil(random: Random, value: unknown, chance: number): unknown {
  if (random() < chance) return randomJson(random, 2);
  if (Array.isArray(value)) return value.map((each) => spoil(random, each, chance));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, spoil(random, each, chance)]));
}

const CONTAINER = {
  name: "main",
  image: "nginx",
  command: ["a"],
  args: ["b"],
  ports: [{ containerPort: 80, protocol: "TCP", name: "http" }],
  env: [
    { name: "A", value: "b" },
    { name: "B", valueFrom: { fieldRef: { fieldPath: "x" } } },
  ],
  envFrom: [{ configMapRef: { name: "x" } }],
  resources: { requests: { cpu: "250m", memory: "64Mi" }, limits: { cpu: "1", memory: "1Gi" } },
  volumeMounts: [{ name: "v", mountPath: "/x", readOnly: true }],
  livenessProbe: { httpGet: { path: "/", port: 80 }, periodSeconds: 3 },
  readinessProbe: { exec: { command: ["x"] } },
};
const STATUS = {
  name: "main",
  ready: true,
  restartCount: 2,
  state: { running: { startedAt: "2026-01-01T00:00:00Z" } },
  lastState: { terminated: { exitCode: 137, reason: "OOMKilled", finishedAt: "2026-01-01T00:00:00Z" } },
};
/** Fields of many kinds in one object: each kind reads those it knows. */
const RIGHT = {
  metadata: {
    name: "web",
    namespace: "default",
    uid: "uid-1",
    resourceVersion: "3",
    creationTimestamp: "2026-01-01T00:00:00Z",
    deletionTimestamp: "2026-01-01T00:00:00Z",
    labels: { app: "web" },
    annotations: { "deployment.kubernetes.io/revision": "3", note: "x" },
    ownerReferences: [{ apiVersion: "v1", kind: "ReplicaSet", name: "web", uid: "u", controller: true }],
    finalizers: ["x"],
  },
  type: "Opaque",
  data: { key: "YWJj" },
  binaryData: { key: "YWJj" },
  rules: [{ verbs: ["get"], apiGroups: [""], resources: ["pods"], resourceNames: ["x"] }],
  subjects: [{ kind: "User", name: "x" }],
  roleRef: { kind: "Role", name: "x" },
  involvedObject: { kind: "Pod", name: "web", namespace: "default", uid: "u" },
  reason: "Killing",
  message: "x",
  count: 4,
  series: { count: 3, lastObservedTime: "2026-01-01T00:00:00Z" },
  addressType: "IPv4",
  ports: [{ port: 80, name: "x", protocol: "TCP" }],
  endpoints: [{ addresses: ["10.0.0.1"], conditions: { ready: true }, targetRef: { kind: "Pod", name: "x" } }],
  provisioner: "x",
  parameters: { a: "b" },
  value: 4,
  handler: "runc",
  webhooks: [
    { name: "x", failurePolicy: "Fail", clientConfig: { service: { namespace: "a", name: "b" } } },
    { name: "y", clientConfig: { url: "https://x" } },
  ],
  subsets: [{ addresses: [{ ip: "10.0.0.1" }], ports: [{ port: 80 }] }],
  spec: {
    gatewayClassName: "x",
    controllerName: "x",
    listeners: [{ name: "http", port: 80, protocol: "HTTP", tls: { certificateRefs: [{ name: "x" }] } }],
    hostnames: ["x.example"],
    parentRefs: [{ name: "x", namespace: "y", sectionName: "z" }],
    targetRefs: [{ kind: "Service", name: "x" }],
    validation: { hostname: "x", caCertificateRefs: [{ kind: "ConfigMap", name: "x" }] },
    from: [{ kind: "HTTPRoute", namespace: "x" }],
    to: [{ kind: "Service", name: "x" }],
    controller: "x",
    parameters: { apiGroup: "x.io", kind: "X", name: "x" },
    attacher: "x",
    source: { persistentVolumeName: "x" },
    nodeName: "x",
    drivers: [{ name: "x" }],
    signerName: "x",
    username: "x",
    expirationSeconds: 3600,
    policyName: "x",
    paramRef: { name: "x", namespace: "y" },
    paramKind: { apiVersion: "v1", kind: "X" },
    validations: [{ expression: "x" }],
    validationActions: ["Deny"],
    service: { name: "x", namespace: "y" },
    timeZone: "Europe/Berlin",
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 1 } },
    replicas: 3,
    selector: { matchLabels: { app: "web" }, matchExpressions: [{ key: "a", operator: "In", values: ["b"] }] },
    containers: [CONTAINER],
    initContainers: [{ ...CONTAINER, name: "init", restartPolicy: "Always" }],
    ephemeralContainers: [CONTAINER],
    volumes: [{ name: "v", configMap: { name: "x", items: [{ key: "a", path: "b" }] } }],
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [CONTAINER], volumes: [] } },
    jobTemplate: { spec: { template: { spec: { containers: [CONTAINER] } } } },
    schedule: "*/5 * * * *",
    suspend: false,
    completions: 3,
    taints: [{ key: "a", effect: "NoSchedule" }],
    tolerations: [{ key: "a", operator: "Exists", effect: "NoExecute", tolerationSeconds: 3 }],
    ports: [{ port: 80, targetPort: "http", nodePort: 30000, protocol: "TCP" }],
    type: "LoadBalancer",
    clusterIP: "10.0.0.1",
    externalIPs: ["1.2.3.4"],
    rules: [
      {
        backendRefs: [{ name: "x", port: 80 }],
        host: "x",
        http: { paths: [{ path: "/", backend: { service: { name: "x", port: { number: 80 } } } }] },
      },
    ],
    tls: [{ hosts: ["x"] }],
    ingress: [{}],
    capacity: { storage: "1Gi" },
    accessModes: ["ReadWriteOnce"],
    claimRef: { name: "x", namespace: "y" },
    resources: { requests: { storage: "1Gi" } },
    metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } }],
    scaleTargetRef: { kind: "Deployment", name: "x", apiVersion: "apps/v1" },
    minAvailable: "50%",
    hard: { pods: "3" },
    limits: [{ type: "Container", max: { cpu: "1" }, default: { cpu: "1" } }],
    names: { plural: "x", kind: "X", shortNames: ["x"] },
    versions: [{ name: "v1", served: true, storage: true }],
    group: "x.io",
    holderIdentity: "x",
    renewTime: "2026-01-01T00:00:00Z",
  },
  status: {
    phase: "Running",
    podIP: "10.0.0.1",
    podIPs: [{ ip: "10.0.0.1" }],
    containerStatuses: [STATUS],
    initContainerStatuses: [{ ...STATUS, name: "init" }],
    conditions: [
      { type: "Ready", status: "True", reason: "x", message: "y", lastTransitionTime: "2026-01-01T00:00:00Z" },
    ],
    parents: [{ conditions: [{ type: "Accepted", status: "True" }] }],
    ancestors: [{ conditions: [{ type: "Accepted", status: "False" }] }],
    listeners: [{ attachedRoutes: 1, conditions: [{ type: "Ready", status: "True" }] }],
    attachError: { message: "x" },
    reservedFor: [{ name: "x" }],
    allocation: {},
    certificate: "x",
    replicas: 3,
    readyReplicas: 2,
    active: [{ name: "x" }],
    startTime: "2026-01-01T00:00:00Z",
    completionTime: "2026-01-01T00:00:00Z",
    lastScheduleTime: "2026-01-01T00:00:00Z",
    addresses: [{ type: "InternalIP", address: "10.0.0.1" }],
    allocatable: { cpu: "4", memory: "1Gi" },
    nodeInfo: { kubeletVersion: "v1", osImage: "x" },
    loadBalancer: { ingress: [{ ip: "1.2.3.4", hostname: "x" }] },
    hard: { pods: "3" },
    used: { pods: "1" },
    currentMetrics: [{ type: "Resource", resource: { name: "cpu", current: { averageUtilization: 5 } } }],
    capacity: { storage: "1Gi" },
  },
};

const NOW = Date.parse("2026-01-02T00:00:00Z");
/** What lists of this very object would join. */
function contextWith(object: KubeObject): RowContext {
  const rows = new Map([["one", { object }]]);
  const indexed = <Value>(join: Join<Value>): JoinIndex<Value> => {
    const index = new JoinIndex(join);
    index.apply(rows, { changed: ["one"], removed: [] });
    return index;
  };
  const indexes: { readonly [Name in JoinName]: JoinIndex<Joined[Name]> } = {
    endpoints: indexed(joins.endpoints),
    "claim-pods": indexed(joins["claim-pods"]),
    "node-pods": indexed(joins["node-pods"]),
  };
  return {
    now: NOW,
    usage: () => ({ cpu: 0.1, memory: 1e6 }),
    isForwarded: () => true,
    favourite: () => 1,
    joined: (name, path) => ({ state: "known", value: indexes[name].valueOf(path) }),
  };
}
const none = new Map();
const metrics = { state: "available", version: 1, pods: none, containers: none, nodes: none, history: [] } as const;
const palette = createPalette("dark", "ansi256");

const custom = new CustomColumns(
  {
    columns: [
      "A:.metadata..name",
      "B:.spec.*|number",
      'C:.status.conditions[?(@.type=="Ready")]|quantity',
      "D:.spec|age",
    ],
  },
  () => NOW,
);

/** Everything the program does with an object it was sent. */
function useEverywhere(object: KubeObject, kind: (typeof kinds)[number]): void {
  const resource = presumedResource(kind);
  const context = contextWith(object);
  const columns = kindColumns(kind, context, context);
  const toneOf = (row: { readonly object: KubeObject }) => kind.tone?.(row.object, context);
  const row = { key: "one", object };
  for (const column of columns) {
    const model = new TableModel({ columns, toneOf, sort: { column: column.id, descending: false } });
    model.apply(
      new Map([
        ["one", row],
        ["two", { key: "two", object }],
      ]),
      { changed: new Set(), removed: new Set(), reset: true },
      false,
    );
    model.setFilter("name:web age:<1h a=b");
    model.setFilter("!web");
    model.setFaultsOnly(true);
    model.setFaultsOnly(false);
    model.setFilter("");
    if (column !== columns[0]) continue;
    const painter = new RowPainter(palette, toneOf);
    const entries = model.window(2);
    painter.prepare(columns, entries, entries, { width: 120, skip: 0 });
    for (const entry of entries) {
      const plain = stripVTControlCharacters(painter.row(entry, false, false));
      expect(plain).not.toMatch(/\p{Cc}|\p{Bidi_Control}/u);
      expect(textWidth(plain)).toBeLessThanOrEqual(120);
    }
  }
  for (const column of custom.arrange([], false)) {
    expect(typeof column.text(row)).toBe("string");
    column.sortKey?.(row);
  }
  kind.drillDown?.(object);
  kind.podSelector?.(object);
  relatedQueries(resource, object);
  const related = new Map(
    ["pods", "replicasets", "endpointslices", "resourcequotas", "limitranges"].map((key) => [key, [object]]),
  );
  describeObject(resource, { object, events: [object], related, now: NOW });
  yamlLines(objectYaml(object, { decode: false }));
  yamlLines(objectYaml({ ...object, kind: "Secret" }, { decode: true }));
  containerTable(object, metrics, NOW);
  const entries = dataEntries(object);
  dataRows(entries, false, new Set());
  for (const entry of entries) valueLines(entry);
}

function received(value: unknown, kind: (typeof kinds)[number]): KubeObject | undefined {
  return readWholeObject(JSON.parse(JSON.stringify(value)), presumedResource(kind));
}

test.each(kinds.map((kind) => [kind.gvr.resource, kind] as const))(
  "Malformed %s go through table, describe, YAML and drill-down without an exception",
  (_name, kind) => {
    const random = randomOf(42);
    for (const chance of [0, 0.02, 0.05, 0.1, 0.2, 0.4]) {
      for (let round = 0; round < (chance === 0 ? 1 : 5); round += 1) {
        const spoilt = spoil(random, RIGHT, chance);
        const object = received(spoilt, kind);
        if (object === undefined) continue;
        try {
          useEverywhere(object, kind);
        } catch (error) {
          throw new Error(`with ${JSON.stringify(spoilt).slice(0, 3000)}`, { cause: error });
        }
      }
    }
  },
);

test("An object of 10,000 labels and one of nothing but a name are used like any other", () => {
  const labels = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`label-${index}`, "x".repeat(60)]));
  for (const kind of kinds) {
    const heavy = kind.gvr.resource === "pods" ? [{ name: "many", labels, annotations: labels }] : [];
    for (const metadata of [...heavy, { name: "bare" }, {}]) {
      const object = received({ metadata }, kind);
      if (object === undefined) throw new Error("not received");
      useEverywhere(object, kind);
    }
  }
});

test("A table of the server with cells of any type is drawn and sorted", () => {
  const random = randomOf(7);
  const definitions = ["Name", "Age", "Status", "Size"].map((name) => ({
    name,
    type: pick(random, ["string", "integer", "date"]),
    format: "",
    description: "",
    priority: 0,
  }));
  const columns = serverColumns(definitions, () => NOW);
  const rows = new Map(
    Array.from({ length: 200 }, (_, index) => {
      const key = `row-${index}`;
      const cells = Array.from({ length: Math.floor(random() * 6) }, () => randomJson(random, 2));
      return [key, { key, object: { metadata: { name: key } }, cells }] as const;
    }),
  );
  for (const column of columns) {
    const model = new TableModel({ columns, toneOf: () => undefined, sort: { column: column.id, descending: true } });
    model.apply(rows, { changed: new Set(), removed: new Set(), reset: true }, false);
    const painter = new RowPainter(palette, () => undefined);
    painter.prepare(columns, model.window(200), [], { width: 80, skip: 0 });
    for (const entry of model.window(200)) expect(painter.row(entry, true, false).length).toBeGreaterThan(79);
  }
});

test("A value that is no object, or has no metadata, is not taken for one", () => {
  const [kind] = kinds;
  if (kind === undefined) throw new Error("no kinds");
  for (const value of [null, 3, "x", [], {}, { metadata: null }, { metadata: "x" }, { metadata: [] }]) {
    expect(received(value, kind)).toBeUndefined();
  }
  expect(kindOf(presumedResource(kind))).toBe(kind);
});
