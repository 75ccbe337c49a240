import type { KubeObject } from "../../lib/kube/object.ts";
import { podsOnNode, selectedPods, selectedReplicaSets, type RelatedQuery } from "../related-query.ts";
import { accountTokens, describeBinding, describeServiceAccount } from "./accounts.ts";
import { describeAutoscaler } from "./autoscalers.ts";
import { describeConfigMap, describeSecret } from "./data.ts";
import { DescribeDocument } from "./document.ts";
import type { DescribeLine } from "./document.ts";
import { describeEndpoints, describeEndpointSlice } from "./endpoints.ts";
import { describeGeneric } from "./generic.ts";
import { describeNamespace, LIMIT_RANGES, RESOURCE_QUOTAS } from "./namespaces.ts";
import { describeCronJob, describeJob } from "./jobs.ts";
import { describeIngress, describeIngressClass, ingressBackends } from "./ingresses.ts";
import { describeNetworkPolicy } from "./network-policies.ts";
import { describeNode, NODE_LEASE } from "./nodes.ts";
import { describeDisruptionBudget, describePriorityClass } from "./policies.ts";
import { describeLimits, describeQuota } from "./quotas.ts";
import { describeClaim, describePersistentVolume, describeStorageClass, podsBeside } from "./storage.ts";
import { describePod } from "./pods.ts";
import { describeRole } from "./roles.ts";
import type { DescribeInput } from "./sections.ts";
import { describeService, ENDPOINT_SLICES } from "./services.ts";
import { describeDeployment, describeWorkload } from "./workloads.ts";

interface Describer {
  write(document: DescribeDocument, input: DescribeInput): void;
  related?(object: KubeObject): readonly RelatedQuery[];
}

const workload: Describer = { write: describeWorkload, related: selectedPods };

/** By `group/resource`. */
const describers: Readonly<Record<string, Describer>> = {
  "/pods": { write: describePod },
  "/nodes": { write: describeNode, related: nodeNeighbours },
  "/services": { write: describeService, related: endpointSlices },
  "/namespaces": { write: describeNamespace, related: namespaceLimits },
  "/configmaps": { write: describeConfigMap },
  "/secrets": { write: describeSecret },
  "apps/deployments": { write: describeDeployment, related: selectedReplicaSets },
  "apps/replicasets": workload,
  "apps/statefulsets": workload,
  "apps/daemonsets": workload,
  "/replicationcontrollers": workload,
  "batch/jobs": { write: describeJob },
  "batch/cronjobs": { write: describeCronJob },
  "/serviceaccounts": { write: describeServiceAccount, related: accountTokens },
  "/resourcequotas": { write: describeQuota },
  "/limitranges": { write: describeLimits },
  "/persistentvolumeclaims": { write: describeClaim, related: podsBeside },
  "/persistentvolumes": { write: describePersistentVolume },
  "storage.k8s.io/storageclasses": { write: describeStorageClass },
  "/endpoints": { write: describeEndpoints },
  "discovery.k8s.io/endpointslices": { write: describeEndpointSlice },
  "networking.k8s.io/ingresses": { write: describeIngress, related: ingressBackends },
  "networking.k8s.io/ingressclasses": { write: describeIngressClass },
  "networking.k8s.io/networkpolicies": { write: describeNetworkPolicy },
  "autoscaling/horizontalpodautoscalers": { write: describeAutoscaler },
  "policy/poddisruptionbudgets": { write: describeDisruptionBudget },
  "scheduling.k8s.io/priorityclasses": { write: describePriorityClass },
  "rbac.authorization.k8s.io/roles": { write: describeRole },
  "rbac.authorization.k8s.io/clusterroles": { write: describeRole },
  "rbac.authorization.k8s.io/rolebindings": { write: describeBinding },
  "rbac.authorization.k8s.io/clusterrolebindings": { write: describeBinding },
};

const generic: Describer = { write: describeGeneric };

function describerOf(resource: { readonly group: string; readonly resource: string }): Describer {
  return describers[`${resource.group}/${resource.resource}`] ?? generic;
}

/** What else must be listed to describe an object of this resource. */
export function relatedQueries(
  resource: { readonly group: string; readonly resource: string },
  object: KubeObject,
): readonly RelatedQuery[] {
  return describerOf(resource).related?.(object) ?? [];
}

/** An object as `kubectl describe` shows it. Kinds without a describer of their own get every field by name. */
export function describeObject(
  resource: { readonly group: string; readonly resource: string },
  input: DescribeInput,
): readonly DescribeLine[] {
  const document = new DescribeDocument();
  describerOf(resource).write(document, input);
  return document.lines();
}

/** The pods of a node, and the lease by which its kubelet says that it lives. */
function nodeNeighbours(node: KubeObject): readonly RelatedQuery[] {
  const lease: RelatedQuery = {
    key: NODE_LEASE,
    gvr: { group: "coordination.k8s.io", version: "v1", resource: "leases" },
    namespace: "kube-node-lease",
    fieldSelector: `metadata.name=${node.metadata.name ?? ""}`,
  };
  return [...podsOnNode(node), lease];
}

function endpointSlices(service: KubeObject): readonly RelatedQuery[] {
  return [
    {
      key: ENDPOINT_SLICES,
      gvr: { group: "discovery.k8s.io", version: "v1", resource: "endpointslices" },
      namespace: service.metadata.namespace ?? "",
      labelSelector: `kubernetes.io/service-name=${service.metadata.name ?? ""}`,
    },
  ];
}

function namespaceLimits(object: KubeObject): readonly RelatedQuery[] {
  const namespace = object.metadata.name ?? "";
  return [
    { key: RESOURCE_QUOTAS, gvr: { group: "", version: "v1", resource: "resourcequotas" }, namespace },
    { key: LIMIT_RANGES, gvr: { group: "", version: "v1", resource: "limitranges" }, namespace },
  ];
}
