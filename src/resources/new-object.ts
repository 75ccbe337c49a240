import { apiVersionOf } from "../lib/kube/gvr.ts";
import type { ApiResource } from "../lib/kube/gvr.ts";
import type { KindDefinition } from "./kind.ts";

/**
 * The text of a new object of a kind for an editor: the least that makes sense, with words on what one may choose.
 * `NAME` stands for the name everywhere.
 */
export function newObjectYaml(resource: ApiResource, kind: KindDefinition | undefined, namespace: string): string {
  const name = `new-${resource.singular || resource.kind.toLowerCase()}`;
  const head = [
    `apiVersion: ${apiVersionOf(resource)}`,
    `kind: ${resource.kind}`,
    "metadata:",
    `  name: ${name}`,
    ...(resource.namespaced ? [`  namespace: ${namespace}`] : []),
  ];
  const body = kind?.template ?? "spec: {}\n";
  return `${head.join("\n")}\n${body.replaceAll("NAME", name)}`;
}
