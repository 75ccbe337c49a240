import type { ApiResource } from "../lib/kube/gvr.ts";
import { genericKind } from "./generic.ts";
import type { KindDefinition } from "./kind.ts";
import { kinds } from "./kinds/index.gen.ts";

const byResource = new Map(kinds.map((kind) => [`${kind.gvr.group}/${kind.gvr.resource}`, kind]));

/** The definition in `kinds/` of a group and resource, in whatever version the server has it. */
export function knownKind(group: string, resource: string): KindDefinition | undefined {
  return byResource.get(`${group}/${resource}`);
}

/** The definition of a resource: its own file, else the generic one. */
export function kindOf(resource: ApiResource): KindDefinition {
  return knownKind(resource.group, resource.resource) ?? genericKind(resource);
}
