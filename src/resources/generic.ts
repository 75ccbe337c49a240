import type { ApiResource } from "../lib/kube/gvr.ts";
import { ageColumn, nameColumn } from "./columns.ts";
import { objectTone } from "./conditions.ts";
import type { Capability, KindDefinition } from "./kind.ts";

/** A definition for a resource that has no file in `kinds/`: what discovery says of it, and columns every object has. */
export function genericKind(resource: ApiResource): KindDefinition {
  const { group, version, kind, namespaced, verbs, subresources } = resource;
  const can: Capability[] = ["describe", "yaml"];
  if (verbs.includes("patch")) can.push("edit");
  if (verbs.includes("delete")) can.push("delete");
  if (subresources.includes("scale")) can.push("scale");
  return {
    gvr: { group, version, resource: resource.resource },
    kind,
    aliases: [],
    namespaced,
    can,
    columns: [nameColumn, ageColumn],
    tone: objectTone,
    drillDown: () => ({ to: "describe" }),
  };
}
