import type { Gvr } from "../../lib/kube/gvr.ts";
import { GATEWAY_GROUP, GATEWAY_ROUTES } from "../gateway-route.ts";

const gvr = (group: string, version: string, resource: string): Gvr => ({ group, version, resource });

/** What relations are looked for among, in the order of the tree. */
const NAMESPACED: readonly Gvr[] = [
  gvr(GATEWAY_GROUP, "v1", "gateways"),
  ...GATEWAY_ROUTES.map((resource) => gvr(GATEWAY_GROUP, "v1", resource)),
  gvr("networking.k8s.io", "v1", "ingresses"),
  gvr("", "v1", "services"),
  gvr("apps", "v1", "deployments"),
  gvr("apps", "v1", "statefulsets"),
  gvr("apps", "v1", "daemonsets"),
  gvr("batch", "v1", "cronjobs"),
  gvr("batch", "v1", "jobs"),
  gvr("apps", "v1", "replicasets"),
  gvr("", "v1", "pods"),
  gvr("", "v1", "configmaps"),
  gvr("", "v1", "secrets"),
  gvr("", "v1", "persistentvolumeclaims"),
  gvr("", "v1", "serviceaccounts"),
  gvr("autoscaling", "v2", "horizontalpodautoscalers"),
  gvr("policy", "v1", "poddisruptionbudgets"),
  gvr("networking.k8s.io", "v1", "networkpolicies"),
  gvr("rbac.authorization.k8s.io", "v1", "rolebindings"),
  gvr("", "v1", "replicationcontrollers"),
  gvr("resource.k8s.io", "v1", "resourceclaims"),
  gvr(GATEWAY_GROUP, "v1", "backendtlspolicies"),
];

/** Listed only where the object itself belongs to no namespace: they are read in all namespaces. */
const CLUSTER: readonly Gvr[] = [
  gvr("rbac.authorization.k8s.io", "v1", "clusterrolebindings"),
  gvr("", "v1", "persistentvolumes"),
  gvr("storage.k8s.io", "v1", "volumeattachments"),
  gvr("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations"),
  gvr("admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations"),
  gvr("admissionregistration.k8s.io", "v1", "validatingadmissionpolicybindings"),
  gvr("apiregistration.k8s.io", "v1", "apiservices"),
];

/** The lists among which the relations of an object are found. */
export function relatedResources(namespaced: boolean): readonly Gvr[] {
  if (namespaced) return NAMESPACED;
  // Contents of every namespace would be much to read, and nothing without a namespace names them.
  return [...NAMESPACED.filter(({ resource }) => resource !== "configmaps" && resource !== "secrets"), ...CLUSTER];
}

/** Where users of an object are looked for: routes of any namespace may hang on a gateway. */
export function userResources(target: {
  readonly group: string;
  readonly resource: string;
  readonly namespaced: boolean;
}): { readonly lists: readonly Gvr[]; readonly allNamespaces: boolean } {
  if (target.group === GATEWAY_GROUP && target.resource === "gateways") {
    return { lists: NAMESPACED.filter(({ resource }) => isRoute(resource)), allNamespaces: true };
  }
  return { lists: relatedResources(target.namespaced), allNamespaces: false };
}

function isRoute(resource: string): boolean {
  return GATEWAY_ROUTES.some((route) => route === resource);
}

/** What runs, in the order of `:workloads`: controllers, pods, services. */
export const workloadResources: readonly Gvr[] = [
  gvr("apps", "v1", "deployments"),
  gvr("apps", "v1", "statefulsets"),
  gvr("apps", "v1", "daemonsets"),
  gvr("batch", "v1", "cronjobs"),
  gvr("batch", "v1", "jobs"),
  gvr("", "v1", "pods"),
  gvr("", "v1", "services"),
];
