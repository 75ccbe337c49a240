import type { Gvr } from "../lib/kube/gvr.ts";
import { at, type KubeObject } from "../lib/kube/object.ts";
import { querySelector } from "./columns.ts";

/** A list of other objects that a description or a diagnosis tells of. */
export interface RelatedQuery {
  readonly key: string;
  readonly gvr: Gvr;
  readonly namespace: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Keys of related lists. */
export const PODS = "pods";
export const REPLICA_SETS = "replicasets";

export const podsGvr = { group: "", version: "v1", resource: "pods" } as const;
const replicaSetsGvr = { group: "apps", version: "v1", resource: "replicasets" } as const;

/** The pods that the object's `spec.selector` selects. */
export function selectedPods(object: KubeObject): readonly RelatedQuery[] {
  return selected(PODS, podsGvr, object);
}

/** The ReplicaSets that the object's `spec.selector` selects. */
export function selectedReplicaSets(object: KubeObject): readonly RelatedQuery[] {
  return selected(REPLICA_SETS, replicaSetsGvr, object);
}

export function podsOnNode(node: KubeObject): readonly RelatedQuery[] {
  return [{ key: PODS, gvr: podsGvr, namespace: "", fieldSelector: `spec.nodeName=${node.metadata.name ?? ""}` }];
}

function selected(key: string, gvr: Gvr, object: KubeObject): readonly RelatedQuery[] {
  const labelSelector = querySelector(at(object, "spec", "selector"));
  if (labelSelector === undefined) return [];
  return [{ key, gvr, namespace: object.metadata.namespace ?? "", labelSelector }];
}
