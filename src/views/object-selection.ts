import type { TargetObject } from "../hotkeys/action.ts";
import type { KubeObject } from "../lib/kube/object.ts";
import { knownKind } from "../resources/catalog.ts";
import { genericKind } from "../resources/generic.ts";
import type { ViewSelection } from "./view.ts";

/** A view about one object acts on that object, as it is now. */
export function objectSelection(
  target: TargetObject,
  object: KubeObject | undefined,
  container?: string,
): ViewSelection {
  const { resource } = target;
  const now: TargetObject =
    object === undefined ? target : { ...target, object, uid: object.metadata.uid ?? target.uid };
  return {
    targets: [now],
    cursor: now,
    kind: knownKind(resource.group, resource.resource) ?? genericKind(resource),
    container,
  };
}
