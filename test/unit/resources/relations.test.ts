import { expect, test } from "vitest";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { references } from "../../../src/resources/relations/references.ts";
import { RelationGraph, type Member, type RelationNode } from "../../../src/resources/relations/relation-tree.ts";
import { NOW, pod, running } from "./pod-builder.ts";

const podSpec = {
  serviceAccountName: "builder",
  imagePullSecrets: [{ name: "registry" }],
  volumes: [
    { name: "data", persistentVolumeClaim: { claimName: "disk" } },
    {
      name: "all",
      projected: { sources: [{ configMap: { name: "ca", optional: true } }, { secret: { name: "key" } }] },
    },
  ],
  containers: [
    {
      name: "main",
      image: "app",
      envFrom: [{ secretRef: { name: "env" } }],
      env: [
        { name: "A", valueFrom: { configMapKeyRef: { name: "settings", key: "a" } } },
        { name: "B", valueFrom: { configMapKeyRef: { name: "settings", key: "b" } } },
      ],
    },
  ],
};

test.each<[string, string, string, KubeObject]>([
  ["a pod", "", "pods", { metadata: {}, spec: podSpec }],
  ["a workload", "apps", "deployments", { metadata: {}, spec: { template: { spec: podSpec } } }],
  [
    "a CronJob",
    "batch",
    "cronjobs",
    { metadata: {}, spec: { jobTemplate: { spec: { template: { spec: podSpec } } } } },
  ],
])("%s names every object its pod spec uses, each container's once", (_name, group, resource, object) => {
  expect(references({ group, resource }, object).map((one) => `${one.resource}/${one.name}: ${one.how}`)).toEqual([
    "serviceaccounts/builder: service account",
    "secrets/registry: image pull",
    "persistentvolumeclaims/disk: volume data",
    "configmaps/ca: volume all",
    "secrets/key: volume all",
    "secrets/env: env of main",
    "configmaps/settings: env of main",
  ]);
});

test("a binding names its role, and subjects in their own namespaces", () => {
  const binding: KubeObject = {
    metadata: { name: "b", namespace: "here" },
    roleRef: { kind: "ClusterRole", name: "view" },
    subjects: [
      { kind: "ServiceAccount", name: "robot", namespace: "there" },
      { kind: "User", name: "ann" },
    ],
  };
  const found = references({ group: "rbac.authorization.k8s.io", resource: "rolebindings" }, binding);
  expect(found).toMatchObject([
    { resource: "clusterroles", name: "view" },
    { resource: "serviceaccounts", name: "robot", namespace: "there" },
  ]);
});

function member(
  resource: string,
  name: string,
  fields: Readonly<Record<string, unknown>> = {},
  owner?: Member,
): Member {
  const group = { deployments: "apps", replicasets: "apps", ingresses: "networking.k8s.io" }[resource] ?? "";
  const { name: ownerName = "", uid = "" } = owner?.object.metadata ?? {};
  return {
    group,
    resource,
    object: {
      metadata: {
        name,
        namespace: "default",
        uid: `uid-${name}`,
        labels: { app: "web" },
        ownerReferences:
          owner === undefined ? [] : [{ apiVersion: "apps/v1", kind: "x", name: ownerName, uid, controller: true }],
      },
      ...fields,
    },
  };
}

const webSpec = { containers: [{ name: "main", image: "app", envFrom: [{ configMapRef: { name: "settings" } }] }] };
const deployment = member("deployments", "web", { spec: { template: { spec: webSpec } } });
const set = member("replicasets", "web-1", { spec: { template: { spec: webSpec } } }, deployment);
const webPod = member("pods", "web-1-a", { spec: webSpec, status: { containerStatuses: [running()] } }, set);
const service = member("services", "web-svc", { spec: { selector: { app: "web" } } });
const ingress = member("ingresses", "edge", {
  spec: {
    rules: [{ http: { paths: [{ backend: { service: { name: "web-svc" } } }] } }],
    tls: [{ secretName: "cert" }],
  },
});
const settings = member("configmaps", "settings");
const everything = [deployment, set, webPod, service, ingress, settings];
const listed = new Set(["/secrets", "/configmaps", "/pods"]);

function drawn(nodes: readonly RelationNode[], depth = 0): string[] {
  return nodes.flatMap((node) => {
    const state = node.state === undefined ? "" : ` [${node.state.text}]`;
    return [`${"  ".repeat(depth)}${node.what} ${node.name}${state}`, ...drawn(node.children, depth + 1)];
  });
}

test("an ingress leads over its service to pods, containers and their configuration; a missing secret is told", () => {
  const tree = new RelationGraph(everything, listed, NOW).tree(ingress);
  expect(drawn([tree])).toEqual([
    "ingresses edge",
    "  services web-svc",
    "    pods web-1-a",
    "      container main [Running]",
    "        configmaps settings",
    "  secrets cert [does not exist]",
  ]);
});

test("a pod stands under the objects that own it", () => {
  const tree = new RelationGraph(everything, listed, NOW).tree(webPod);
  expect(drawn([tree]).slice(0, 4)).toEqual([
    "deployments web",
    "  replicasets web-1",
    "    pods web-1-a",
    "      container main [Running]",
  ]);
});

test("the users of a ConfigMap stand under the workload that made them", () => {
  expect(drawn(new RelationGraph(everything, listed, NOW).usersOf(settings))).toEqual([
    "deployments web",
    "  replicasets web-1",
    "    pods web-1-a",
  ]);
});

test("a service is used by the ingress that names it, a pod by the service that selects it", () => {
  const graph = new RelationGraph(everything, listed, NOW);
  expect(drawn(graph.usersOf(service))).toEqual(["ingresses edge"]);
  expect(drawn(graph.usersOf(webPod))).toEqual(["services web-svc"]);
});

test("an object of the same name in another namespace is no user", () => {
  const elsewhere = { ...pod({ metadata: { namespace: "other", uid: "u2" }, spec: webSpec }) };
  const graph = new RelationGraph([settings, { group: "", resource: "pods", object: elsewhere }], listed, NOW);
  expect(graph.usersOf(settings)).toEqual([]);
});

test("objects that own each other make a tree that ends", () => {
  const first = member("replicasets", "one");
  const second = member("replicasets", "two", {}, first);
  const [owner] = second.object.metadata.ownerReferences ?? [];
  if (owner === undefined) throw new Error("the second has no owner");
  const ownerOfFirst = { ...owner, name: "two", uid: "uid-two" };
  const looped = { ...first, object: { metadata: { ...first.object.metadata, ownerReferences: [ownerOfFirst] } } };
  expect(drawn([new RelationGraph([looped, second], listed, NOW).tree(looped)]).length).toBeLessThan(30);
});

test("what is named in another namespace than those listed is neither there nor missing", () => {
  const route = member("httproutes", "shop", {
    spec: { parentRefs: [{ name: "edge", namespace: "infra" }], rules: [{ backendRefs: [{ name: "gone" }] }] },
  });
  const root = { ...route, group: "gateway.networking.k8s.io" };
  const all = new Set(["gateway.networking.k8s.io/gateways", "/services"]);
  const [here] = drawn([new RelationGraph([root], all, NOW, "default").tree(root)]).slice(1);
  expect(here).toBe("  gateways infra/edge");
  expect(drawn([new RelationGraph([root], all, NOW).tree(root)])).toEqual([
    "httproutes shop",
    "  gateways edge [does not exist]",
    "  services gone [does not exist]",
  ]);
});
