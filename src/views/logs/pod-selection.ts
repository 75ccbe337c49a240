import type { TargetObject } from "../../hotkeys/action.ts";
import { singularName, type ApiResource } from "../../lib/kube/gvr.ts";
import { objectPath, type KubeObject } from "../../lib/kube/object.ts";
import { knownKind } from "../../resources/catalog.ts";

/** A list of pods whose logs are read. */
export interface PodSelection {
  /** What it is called in notes: `deployment web`. */
  readonly name: string;
  /** `""` is all namespaces. */
  readonly namespace: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Of the list, these only: pods that were chosen one by one. */
  readonly pods?: readonly KubeObject[];
}

/** The pods that a table lists, those that come later included. */
export interface PodList {
  readonly namespace: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** The lists that hold the pods behind some objects, as few as may be; and the objects that have none. */
export function podSelections(targets: readonly TargetObject[]): {
  readonly selections: readonly PodSelection[];
  readonly without: readonly TargetObject[];
} {
  const selections: PodSelection[] = [];
  const without: TargetObject[] = [];
  const chosen = new Map<string, TargetObject[]>();
  for (const target of targets) {
    if (isPod(target)) {
      const others = chosen.get(target.namespace);
      if (others === undefined) chosen.set(target.namespace, [target]);
      else others.push(target);
      continue;
    }
    const selection = podsBehind(target);
    if (selection === undefined) without.push(target);
    else selections.push({ name: `${target.resource.singular} ${target.name}`, ...selection });
  }
  for (const [namespace, pods] of chosen) {
    const [first] = pods;
    const objects = pods.map((pod) => pod.object);
    // A watch for each of a hundred marked pods would be a hundred watches: that of their namespace serves them all.
    if (pods.length > 1) selections.push({ name: `${pods.length} pods of ${namespace}`, namespace, pods: objects });
    else if (first !== undefined)
      selections.push({ name: first.name, namespace, fieldSelector: `metadata.name=${first.name}`, pods: objects });
  }
  return { selections, without };
}

function isPod({ resource }: TargetObject): boolean {
  return resource.resource === "pods" && resource.group === "";
}

function podsBehind(target: TargetObject): PodList | undefined {
  const { group, resource } = target.resource;
  if (group === "" && resource === "namespaces") return { namespace: target.name };
  if (group === "" && resource === "nodes") return { namespace: "", fieldSelector: `spec.nodeName=${target.name}` };
  const labelSelector = knownKind(group, resource)?.podSelector?.(target.object);
  return labelSelector === undefined ? undefined : { namespace: target.namespace, labelSelector };
}

/** The resource that pods are; `undefined` while the server has not told its kinds. */
export function podResource(
  targets: readonly TargetObject[],
  resources: readonly ApiResource[],
): ApiResource | undefined {
  return (
    targets.find(isPod)?.resource ?? resources.find((resource) => resource.resource === "pods" && resource.group === "")
  );
}

/** What the title says of the objects: `default/web-1`, or how many there are. */
export function targetsText(targets: readonly TargetObject[]): string {
  const [first] = targets;
  if (first === undefined) return "";
  const path = objectPath({ metadata: { name: first.name, namespace: first.namespace } });
  if (targets.length > 1) return `${targets.length} ${first.resource.resource}`;
  return isPod(first) ? path : `${singularName(first.resource)} ${path}`;
}

/** What the title says of a list: its namespace and selectors. */
export function podListText({ namespace, labelSelector, fieldSelector }: PodList): string {
  const selectors = [labelSelector, fieldSelector].filter((selector) => selector !== undefined);
  return ["pods", namespace === "" ? "all" : namespace, ...selectors].join(" ");
}
