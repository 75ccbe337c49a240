import type { ApiResource } from "../../src/lib/kube/gvr.ts";
import { kinds } from "../../src/resources/kinds/index.gen.ts";
import { presumedResource } from "../../src/state/resource-names.ts";

const READ_WRITE = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"] as const;

function resource(
  group: string,
  version: string,
  name: string,
  kind: string,
  options: Partial<Omit<ApiResource, "group" | "version" | "resource" | "kind">> = {},
): ApiResource {
  return {
    group,
    version,
    resource: name,
    kind,
    singular: kind.toLowerCase(),
    namespaced: true,
    verbs: READ_WRITE,
    shortNames: [],
    categories: [],
    subresources: [],
    ...options,
  };
}

const WORKLOAD = ["scale", "status"] as const;

/** What the fake API server serves. `widgets.example.com` stands for a custom resource nobody knows. */
export const FAKE_RESOURCES: readonly ApiResource[] = [
  resource("", "v1", "namespaces", "Namespace", { namespaced: false, shortNames: ["ns"], subresources: ["status"] }),
  resource("", "v1", "nodes", "Node", { namespaced: false, shortNames: ["no"], subresources: ["status"] }),
  resource("", "v1", "pods", "Pod", {
    shortNames: ["po"],
    categories: ["all"],
    subresources: ["attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "status"],
  }),
  resource("", "v1", "services", "Service", { shortNames: ["svc"], categories: ["all"] }),
  resource("", "v1", "configmaps", "ConfigMap", { shortNames: ["cm"] }),
  resource("", "v1", "secrets", "Secret"),
  resource("", "v1", "events", "Event", { shortNames: ["ev"] }),
  resource("", "v1", "serviceaccounts", "ServiceAccount", { shortNames: ["sa"] }),
  resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", { shortNames: ["pvc"] }),
  resource("apps", "v1", "deployments", "Deployment", {
    shortNames: ["deploy"],
    categories: ["all"],
    subresources: WORKLOAD,
  }),
  resource("apps", "v1", "replicasets", "ReplicaSet", {
    shortNames: ["rs"],
    categories: ["all"],
    subresources: WORKLOAD,
  }),
  resource("apps", "v1", "statefulsets", "StatefulSet", {
    shortNames: ["sts"],
    categories: ["all"],
    subresources: WORKLOAD,
  }),
  resource("apps", "v1", "daemonsets", "DaemonSet", { shortNames: ["ds"], categories: ["all"] }),
  resource("certificates.k8s.io", "v1", "certificatesigningrequests", "CertificateSigningRequest", {
    namespaced: false,
    shortNames: ["csr"],
    subresources: ["approval", "status"],
  }),
  resource("batch", "v1", "jobs", "Job", { categories: ["all"] }),
  resource("batch", "v1", "cronjobs", "CronJob", { shortNames: ["cj"], categories: ["all"] }),
  resource("networking.k8s.io", "v1", "ingresses", "Ingress", { shortNames: ["ing"] }),
  resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
  resource("coordination.k8s.io", "v1", "leases", "Lease"),
  resource("example.com", "v1alpha1", "widgets", "Widget", { shortNames: ["wd"] }),
];

/** Those and a resource for each kind that kelpie has a file for. */
export function withEveryKind(resources: readonly ApiResource[]): readonly ApiResource[] {
  const others = kinds.filter(({ gvr }) =>
    resources.every((each) => each.group !== gvr.group || each.resource !== gvr.resource),
  );
  return [...resources, ...others.map(presumedResource)];
}

/** Served only with the option `metrics`. */
export const FAKE_METRICS_RESOURCES: readonly ApiResource[] = [
  resource("metrics.k8s.io", "v1beta1", "nodes", "NodeMetrics", { namespaced: false, verbs: ["get", "list"] }),
  resource("metrics.k8s.io", "v1beta1", "pods", "PodMetrics", { verbs: ["get", "list"] }),
];
