import type { KubeObject } from "../../lib/kube/object.ts";
import { matchesLabels } from "../../lib/kube/selector.ts";
import { fieldsOf, isSupportedField } from "../machinery/field-selectors.ts";
import type { ListOptions } from "../machinery/registry.ts";
import type { ServedResource } from "../machinery/served-resource.ts";
import { badRequest } from "../machinery/status-error.ts";
import type { StoreEvent } from "../store/store.ts";
import type { StoredObject } from "../store/stored-object.ts";

export type Matcher = (object: KubeObject) => boolean;

/**
 * Whether an object is in the selection.
 * @throws StatusError 400 for a field that cannot be selected by
 */
export function matcherOf(resource: ServedResource, options: ListOptions): Matcher {
  const { namespace = "", labelSelector = [], fieldSelector = [] } = options;
  for (const { field } of fieldSelector) {
    if (!isSupportedField(resource.kind, field)) throw badRequest(`field label not supported: ${field}`);
  }
  return (object) => {
    if (namespace !== "" && object.metadata.namespace !== namespace) return false;
    if (labelSelector.length > 0 && !matchesLabels(labelSelector, object.metadata.labels)) return false;
    if (fieldSelector.length === 0) return true;
    const valueOf = fieldsOf(object);
    return fieldSelector.every(({ field, operator, value }) => (valueOf(field) === value) === (operator === "="));
  };
}

/** What a watcher of a selection sees of an event: an object that leaves the selection is deleted for it. */
export interface SelectedEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly stored: StoredObject;
}

export function selectEvent(event: StoreEvent, matches: Matcher): SelectedEvent | undefined {
  const was = event.previous !== undefined && matches(event.previous.object);
  if (event.type === "DELETED") return was ? { type: "DELETED", stored: event.current } : undefined;
  const is = matches(event.current.object);
  if (is) return { type: was ? "MODIFIED" : "ADDED", stored: event.current };
  return was ? { type: "DELETED", stored: leaving(event) } : undefined;
}

/** Made once per event, shared by its watchers. */
const leftObjects = new WeakMap<StoreEvent, StoredObject>();

/** The last state in the selection, with the resourceVersion of the change that took it out. */
function leaving(event: StoreEvent): StoredObject {
  const { previous } = event;
  if (previous === undefined) return event.current;
  let left = leftObjects.get(event);
  if (left === undefined) {
    left = previous.at(event.resourceVersion);
    leftObjects.set(event, left);
  }
  return left;
}
