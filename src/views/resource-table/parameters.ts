import { KelpieError } from "../../lib/errors.ts";
import type { ApiResource } from "../../lib/kube/gvr.ts";
import { asString, isRecord } from "../../lib/kube/object.ts";

export interface TableParameters {
  readonly resource: ApiResource;
  /** `""` is all namespaces. */
  readonly namespace: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Only objects this uid controls. */
  readonly ownerUid?: string;
  /** The filter to begin with. */
  readonly filter?: string;
  /** It begins with the faults only. */
  readonly faultsOnly?: boolean;
}

/** @throws KelpieError where they name no resource */
export function readTableParameters(parameters: Readonly<Record<string, unknown>>): TableParameters {
  const { resource } = parameters;
  if (!isApiResource(resource)) throw new KelpieError("a table needs a resource");
  const text = (name: string): string | undefined => asString(parameters[name]) || undefined;
  const [labelSelector, fieldSelector, ownerUid, filter] = [
    text("labelSelector"),
    text("fieldSelector"),
    text("ownerUid"),
    text("filter"),
  ];
  return {
    resource,
    namespace: resource.namespaced ? asString(parameters["namespace"]) : "",
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    ...(ownerUid === undefined ? {} : { ownerUid }),
    ...(filter === undefined ? {} : { filter }),
    ...(parameters["faultsOnly"] === true ? { faultsOnly: true } : {}),
  };
}

/** What a sort is remembered under: `apps/deployments`, `/pods`. */
export function sortName({ resource }: TableParameters): string {
  return `${resource.group}/${resource.resource}`;
}

function isApiResource(value: unknown): value is ApiResource {
  return isRecord(value) && typeof value["resource"] === "string" && Array.isArray(value["verbs"]);
}
