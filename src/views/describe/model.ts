import type { TargetObject } from "../../hotkeys/action.ts";
import { asString, at, type KubeObject } from "../../lib/kube/object.ts";

/** The field selector of an object's events, as `kubectl describe` asks for them. */
export function eventSelector(kind: string, name: string): string {
  return `involvedObject.name=${name},involvedObject.kind=${kind}`;
}

/**
 * The events that are about this object and not about an earlier one of the same name. The kubelet names a node by its
 * name where others give its uid, so nodes are told apart by name alone.
 */
export function eventsOf(
  events: readonly KubeObject[],
  target: Pick<TargetObject, "resource" | "name">,
  object: KubeObject,
): readonly KubeObject[] {
  return events.filter((event) => {
    if (at(event, "involvedObject", "name") !== target.name) return false;
    if (at(event, "involvedObject", "kind") !== target.resource.kind) return false;
    const uid = asString(at(event, "involvedObject", "uid"));
    return target.resource.kind === "Node" || uid === "" || uid === object.metadata.uid;
  });
}
