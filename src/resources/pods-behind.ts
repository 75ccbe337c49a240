import type { KubeObject } from "../lib/kube/object.ts";
import { querySelector } from "./columns.ts";
import type { DrillDown } from "./kind.ts";

/** The pods that a selector of an object selects, in its namespace; `undefined` where it selects nothing. */
export function podsBySelector(object: KubeObject, selector: unknown): DrillDown | undefined {
  const labelSelector = querySelector(selector);
  if (labelSelector === undefined) return undefined;
  return { to: "list", resource: "pods", group: "", namespace: object.metadata.namespace ?? "", labelSelector };
}

/** The pods that a selector selects and this object controls. */
export function podsOwnedBy(object: KubeObject, selector: unknown): DrillDown | undefined {
  const pods = podsBySelector(object, selector);
  const { uid } = object.metadata;
  return pods?.to === "list" && uid !== undefined ? { ...pods, ownerUid: uid } : pods;
}
