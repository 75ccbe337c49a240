import type { Gvr } from "../../lib/kube/gvr.ts";
import { forbidden } from "../machinery/status-error.ts";
import type { User } from "./authentication.ts";

export interface Access {
  readonly verb: string;
  readonly gvr: Gvr;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

const REVIEW_RESOURCES = new Set(["selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"]);

/**
 * What may be done: everything by `system:masters`, reviews of oneself by everybody. This cluster serves no roles, so
 * nobody else has been granted anything, which is what upstream's RBAC says of a fresh service account too.
 */
export function isAllowed(user: User, access: Access): boolean {
  return (
    user.groups.includes("system:masters") || (access.verb === "create" && REVIEW_RESOURCES.has(access.gvr.resource))
  );
}

/** @throws StatusError 403 with upstream's wording */
export function authorize(user: User, access: Access): void {
  if (isAllowed(user, access)) return;
  const { gvr, subresource, namespace } = access;
  const resource = subresource === undefined ? gvr.resource : `${gvr.resource}/${subresource}`;
  const scope =
    namespace === undefined || namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const why = `User "${user.name}" cannot ${access.verb} resource "${resource}" in API group "${gvr.group}" ${scope}`;
  throw forbidden(gvr, access.name ?? "", why);
}
