import type { KubeObject } from "../../lib/kube/object.ts";
import { podsOnNode, selectedPods, selectedReplicaSets, type RelatedQuery } from "../related-query.ts";
import { describeConfigMap, describeSecret } from "./data.ts";
import { DescribeDocument } from "./document.ts";
import type { DescribeLine } from "./document.ts";
import { describeGeneric } from "./generic.ts";
import { describeNamespace, LIMIT_RANGES, RESOURCE_QUOTAS } from "./namespaces.ts";
import { describeNode } from "./nodes.ts";
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
  "/nodes": { write: describeNode, related: podsOnNode },
  "/services": { write: describeService, related: endpointSlices },
  "/namespaces": { write: describeNamespace, related: namespaceLimits },
  "/configmaps": { write: describeConfigMap },
  "/secrets": { write: describeSecret },
  "apps/deployments": { write: describeDeployment, related: selectedReplicaSets },
  "apps/replicasets": workload,
  "apps/statefulsets": workload,
  "apps/daemonsets": workload,
  "batch/jobs": workload,
  "rbac.authorization.k8s.io/roles": { write: describeRole },
  "rbac.authorization.k8s.io/clusterroles": { write: describeRole },
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
