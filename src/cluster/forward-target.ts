import { groupResource, singularName, type ApiResource } from "../lib/kube/gvr.ts";

/** What a port-forward is bound to: a pod, or what makes or selects pods (a workload, a service). */
export interface ForwardTarget {
  readonly resource: ApiResource;
  readonly namespace: string;
  readonly name: string;
  /** Of a pod that nothing makes anew: the forward ends with it. A pod without it is waited for by its name. */
  readonly uid?: string | undefined;
}

export function isPodTarget({ resource }: ForwardTarget): boolean {
  return resource.group === "" && resource.resource === "pods";
}

export function isServiceTarget({ resource }: ForwardTarget): boolean {
  return resource.group === "" && resource.resource === "services";
}

/** `deploy/web`, `svc/api`, `pod/db-0`: as short as kubectl takes it. */
export function targetLabel(target: ForwardTarget): string {
  const { resource, name } = target;
  const short = isPodTarget(target) ? "pod" : (resource.shortNames[0] ?? singularName(resource));
  return `${short}/${name}`;
}

/** `deployment web`: for sentences. */
export function targetWords({ resource, name }: ForwardTarget): string {
  return `${singularName(resource)} ${name}`;
}

/** Whether both name the same object; versions of an API are the same to it. */
export function sameTarget(
  left: Pick<ForwardTarget, "resource" | "namespace" | "name">,
  right: Pick<ForwardTarget, "resource" | "namespace" | "name">,
): boolean {
  return (
    groupResource(left.resource) === groupResource(right.resource) &&
    left.namespace === right.namespace &&
    left.name === right.name
  );
}
