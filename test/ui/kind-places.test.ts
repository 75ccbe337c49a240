import { afterEach, expect, test } from "vitest";
import { KelpieError } from "../../src/lib/errors.ts";
import type { KubeObject } from "../../src/lib/kube/object.ts";
import { memoryClusters, MemoryCluster, runningPod } from "../support/memory-cluster.ts";
import { TestScreen } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

type Fields = Readonly<Record<string, unknown>>;

function object(name: string, fields: Fields = {}, namespace = "default", metadata: Fields = {}): KubeObject {
  return { metadata: { name, namespace, uid: `uid-${name}`, ...metadata }, ...fields };
}

function ownedPod(name: string, kind: string, uid: string): KubeObject {
  const ownerReferences = [{ apiVersion: "apps/v1", kind, name: "one", uid, controller: true }];
  return { ...runningPod(name, { ownerReferences, labels: { app: "one" } }) };
}

const selector = { matchLabels: { app: "one" } };
const gatewayRoute = {
  spec: { parentRefs: [{ name: "one" }], rules: [{ backendRefs: [{ name: "web", port: 80 }] }] },
};
const service = object("web", { spec: { selector: { app: "one" } } });

/** A kind, an object of it named `one`, what else there is, and what Enter on it shows. */
const PLACES: ReadonlyArray<
  readonly [resource: string, object: KubeObject, others: ReadonlyArray<readonly [string, KubeObject]>, seen: RegExp]
> = [
  ["pods", runningPod("one"), [], /containers\(default\/one\)/],
  [
    "deployments",
    object("one", { spec: { selector } }),
    [["pods", ownedPod("p", "ReplicaSet", "x")]],
    /pods\(default app=one\)\[1\]/,
  ],
  [
    "statefulsets",
    object("one", { spec: { selector } }),
    [["pods", ownedPod("p", "StatefulSet", "uid-one")]],
    /pods\(default app=one\)\[1\]/,
  ],
  [
    "daemonsets",
    object("one", { spec: { selector } }),
    [["pods", ownedPod("p", "DaemonSet", "uid-other")]],
    /pods\(default app=one\)\[0\]/,
  ],
  [
    "replicasets",
    object("one", { spec: { selector } }),
    [["pods", ownedPod("p", "ReplicaSet", "uid-one")]],
    /pods\(default app=one\)\[1\]/,
  ],
  ["replicationcontrollers", object("one", { spec: { selector: { app: "one" } } }), [], /pods\(default app=one\)\[0\]/],
  [
    "jobs",
    object("one", { spec: { selector } }),
    [["pods", ownedPod("p", "Job", "uid-one")]],
    /pods\(default app=one\)\[1\]/,
  ],
  ["cronjobs", object("one", { spec: { schedule: "* * * * *" } }), [], /jobs\(default\)\[0\]/],
  ["nodes", object("one", {}, ""), [], /pods\(all spec\.nodeName=one\)/],
  ["namespaces", object("one", {}, ""), [], /pods\(one\)\[0\]/],
  [
    "services",
    object("one", { spec: { selector: { app: "one" } } }),
    [["pods", ownedPod("p", "ReplicaSet", "x")]],
    /pods\(default app=one\)\[1\]/,
  ],
  ["endpoints", object("one"), [["services", object("one")]], /services\(default\)\[1/],
  [
    "endpointslices",
    object("one", {}, "default", { labels: { "kubernetes.io/service-name": "web" } }),
    [["services", service]],
    /services\(default\)\[1/,
  ],
  [
    "ingresses",
    object("one", { spec: { defaultBackend: { service: { name: "web" } } } }),
    [["services", service]],
    /▾ one +ingresses[^]* web +services +backend/,
  ],
  [
    "ingressclasses",
    object("one", {}, ""),
    [["ingresses", object("i", { spec: { ingressClassName: "one" } })]],
    /i +ingresses +class/,
  ],
  ["networkpolicies", object("one", { spec: { podSelector: selector } }), [], /pods\(default app=one\)/],
  [
    "gatewayclasses",
    object("one", {}, ""),
    [["gateways", object("g", { spec: { gatewayClassName: "one" } })]],
    /g +gateways +class/,
  ],
  ["gateways", object("one"), [["httproutes", object("r", gatewayRoute)]], /r +httproutes +parent/],
  [
    "httproutes",
    object("one", gatewayRoute),
    [
      ["services", service],
      ["pods", ownedPod("p", "X", "x")],
    ],
    /▾ web +services +backend[^]*p +pods +selects/,
  ],
  ["grpcroutes", object("one", gatewayRoute), [["services", service]], /web +services +backend/],
  ["tlsroutes", object("one", gatewayRoute), [["services", service]], /web +services +backend/],
  ["tcproutes", object("one", gatewayRoute), [["services", service]], /web +services +backend/],
  ["udproutes", object("one", gatewayRoute), [], /web +services +backend +does not exist/],
  ["referencegrants", object("one"), [], /describe\(referencegrant default\/one\)/],
  [
    "backendtlspolicies",
    object("one", { spec: { targetRefs: [{ kind: "Service", name: "web" }] } }),
    [["services", service]],
    /web +services +target/,
  ],
  ["configmaps", object("one", { data: { a: "1" } }), [], /data\(default\/one\)/],
  ["secrets", object("one", { data: { a: "MQ==" } }), [], /data\(default\/one\)/],
  [
    "persistentvolumeclaims",
    object("one"),
    [["pods", { ...runningPod("p"), spec: { volumes: [{ name: "v", persistentVolumeClaim: { claimName: "one" } }] } }]],
    /p +pods +volume v/,
  ],
  [
    "persistentvolumes",
    object("one", { spec: { claimRef: { namespace: "default", name: "c" } } }, ""),
    [["persistentvolumeclaims", object("c")]],
    /persistentvolumeclaims\(default\)\[1/,
  ],
  [
    "storageclasses",
    object("one", {}, ""),
    [["persistentvolumeclaims", object("c", { spec: { storageClassName: "one" } })]],
    /c +persistentvolumeclaims +storage class/,
  ],
  [
    "volumeattachments",
    object("one", { spec: { source: { persistentVolumeName: "v" } } }, ""),
    [["persistentvolumes", object("v", {}, "")]],
    /persistentvolumes\[1/,
  ],
  ["csinodes", object("one", {}, ""), [["nodes", object("one", {}, "")]], /nodes\[1/],
  ["serviceaccounts", object("one"), [], /can\(s:default\/one/],
  ["rolebindings", object("one", { roleRef: { kind: "Role", name: "r" } }), [], /binding\(default\/one\)/],
  [
    "events",
    object("one", { involvedObject: { kind: "Service", name: "web", namespace: "default" } }),
    [["services", service]],
    /services\(default\)\[1/,
  ],
  [
    "horizontalpodautoscalers",
    object("one", { spec: { scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } } }),
    [["deployments", object("web", { spec: { selector } })]],
    /deployments\(default\)\[1/,
  ],
  ["poddisruptionbudgets", object("one", { spec: { selector } }), [], /pods\(default app=one\)/],
  [
    "priorityclasses",
    object("one", {}, ""),
    [["pods", { ...runningPod("p"), spec: { priorityClassName: "one" } }]],
    /p +pods +priority/,
  ],
  [
    "runtimeclasses",
    object("one", {}, ""),
    [["pods", { ...runningPod("p"), spec: { runtimeClassName: "one" } }]],
    /p +pods +runtime class/,
  ],
  [
    "resourceclaims",
    object("one"),
    [["pods", { ...runningPod("p"), spec: { resourceClaims: [{ name: "gpu", resourceClaimName: "one" }] } }]],
    /p +pods +resource claim gpu/,
  ],
  ["resourcequotas", object("one"), [], /describe\(resourcequota default\/one\)/],
  ["limitranges", object("one"), [], /describe\(limitrange default\/one\)/],
  ["leases", object("one"), [], /describe\(lease default\/one\)/],
  [
    "customresourcedefinitions",
    object("one", { spec: { group: "", names: { plural: "services" } } }, ""),
    [["services", service]],
    /services\(all\)\[1\]/,
  ],
  [
    "validatingwebhookconfigurations",
    object("one", { webhooks: [{ clientConfig: { service: { namespace: "default", name: "web" } } }] }, ""),
    [["services", service]],
    /web +services +calls/,
  ],
  [
    "mutatingwebhookconfigurations",
    object("one", { webhooks: [{ clientConfig: { service: { namespace: "default", name: "gone" } } }] }, ""),
    [],
    /default\/gone|gone +services +calls +does not exist/,
  ],
  [
    "validatingadmissionpolicies",
    object("one", {}, ""),
    [["validatingadmissionpolicybindings", object("b", { spec: { policyName: "one" } }, "")]],
    /b +validatingadmissionpolicybindings +policy/,
  ],
  [
    "validatingadmissionpolicybindings",
    object("one", { spec: { policyName: "p" } }, ""),
    [["validatingadmissionpolicies", object("p", {}, "")]],
    /validatingadmissionpolicies\[1/,
  ],
  [
    "apiservices",
    object("one", { spec: { service: { namespace: "default", name: "web" } } }, ""),
    [["services", service]],
    /web +services +served by/,
  ],
  ["certificatesigningrequests", object("one", {}, ""), [], /describe\(certificatesigningrequest one\)/],
];

test.for(PLACES)("Enter on one of %s", async ([resource, one, others, seen]) => {
  const dev = new MemoryCluster("dev");
  dev.put(resource, one);
  for (const [other, another] of others) dev.put(other, another);
  const group = dev.resource(resource).group;
  const initialCommand = group === "" ? resource : `${resource}.${group}`;
  open = await TestScreen.open({ clusters: memoryClusters([dev]), columns: 140, initialCommand });
  expect(open.rows().join()).toContain("*selected*");
  await open.press("enter");
  expect(open.text()).toMatch(seen);
});

test("every kind leads somewhere, or to its description", () => {
  const dev = new MemoryCluster("dev");
  const tried = new Set(PLACES.map(([resource]) => resource));
  const rest = dev.catalog.get().resources.filter(({ resource }) => !tried.has(resource));
  expect(rest.map(({ resource }) => resource).sort()).toEqual(["clusterrolebindings", "clusterroles", "roles"]);
});

test("a route in another namespace hangs on the gateway, and its parent there can be opened", async () => {
  const dev = new MemoryCluster("dev");
  dev.put("gateways", object("edge", {}, "infra"));
  const parent = { spec: { parentRefs: [{ name: "edge", namespace: "infra" }] } };
  dev.put("httproutes", object("shop", parent, "default"));
  open = await TestScreen.open({ clusters: memoryClusters([dev]), columns: 140, initialCommand: "httproutes" });
  await open.press("enter");
  expect(open.text()).toMatch(/infra\/edge +gateways +parent/);
  expect(open.text()).not.toContain("does not exist");
  await open.press("down", "enter");
  expect(open.text()).toContain("gateways(infra)");
  expect(open.rows()).toEqual(["edge *selected*"]);
  await open.press("resource.used-by");
  expect(open.text()).toMatch(/shop +httproutes +parent/);
  const error = new KelpieError("cannot list httproutes in all namespaces");
  dev.setListStatus("httproutes", { state: "denied", error });
  await open.idle();
  open.clock.advance(1000);
  await open.idle();
  expect(open.text()).toContain("of this namespace only");
});
