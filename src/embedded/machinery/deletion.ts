import type { KubeObject } from "../../lib/kube/object.ts";
import type { DeleteOptions } from "./registry.ts";
import type { ServedResource } from "./served-resource.ts";
import { formatTime } from "./time.ts";

/** What a delete does to the stored object: removes it, changes it, or leaves it as it is. */
export type DeletionStep =
  | { readonly type: "remove"; readonly object: KubeObject }
  | { readonly type: "mark"; readonly object: KubeObject }
  | { readonly type: "none"; readonly object: KubeObject };

const FOREGROUND = "foregroundDeletion";
const ORPHAN = "orphan";

/**
 * Graceful deletion and finalizers (upstream: apiserver pkg/registry/rest/delete.go, BeforeDelete, and
 * pkg/registry/generic/registry/store.go, Delete).
 * @param now milliseconds since the epoch
 */
export function planDeletion(
  resource: ServedResource,
  object: KubeObject,
  options: DeleteOptions,
  now: number,
): DeletionStep {
  const finalizers = finalizersFor(object, options.propagationPolicy);
  const grace = resource.gracePeriod?.(object, options) ?? 0;
  const held = finalizers.length > 0 || resource.isHeld?.(object) === true;
  const { deletionTimestamp, deletionGracePeriodSeconds: before } = object.metadata;
  const changedFinalizers = finalizers.join() !== (object.metadata.finalizers ?? []).join();

  if (deletionTimestamp === undefined) {
    const marked = mark(resource, object, finalizers, now + grace * 1000, grace);
    return { type: grace === 0 && !held ? "remove" : "mark", object: marked };
  }
  if (grace === 0 && !held) return { type: "remove", object };
  const shorter = before !== undefined && grace < before && options.gracePeriodSeconds !== undefined;
  if (!shorter && !changedFinalizers) return { type: "none", object };
  const started = Date.parse(deletionTimestamp) - (before ?? 0) * 1000;
  const seconds = shorter ? grace : (before ?? 0);
  return { type: "mark", object: mark(resource, object, finalizers, started + seconds * 1000, seconds) };
}

/** Whether an update that was just made frees a terminating object. */
export function isReleased(resource: ServedResource, object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata;
  if (deletionTimestamp === undefined || finalizers.length > 0 || deletionGracePeriodSeconds > 0) return false;
  return resource.isHeld?.(object) !== true;
}

function mark(
  resource: ServedResource,
  object: KubeObject,
  finalizers: readonly string[],
  at: number,
  grace: number,
): KubeObject {
  const first = object.metadata.deletionTimestamp === undefined;
  const { finalizers: _, generation, ...metadata } = object.metadata;
  const marked = {
    ...object,
    metadata: {
      ...metadata,
      ...(generation === undefined ? {} : { generation: first ? generation + 1 : generation }),
      ...(finalizers.length === 0 ? {} : { finalizers }),
      deletionTimestamp: formatTime(at),
      deletionGracePeriodSeconds: grace,
    },
  };
  return first ? (resource.prepareForTermination?.(marked) ?? marked) : marked;
}

function finalizersFor(object: KubeObject, policy: DeleteOptions["propagationPolicy"]): readonly string[] {
  const finalizers = object.metadata.finalizers ?? [];
  if (policy === undefined) return finalizers;
  const others = finalizers.filter((each) => each !== FOREGROUND && each !== ORPHAN);
  if (policy === "Foreground") return [...others, FOREGROUND];
  if (policy === "Orphan") return [...others, ORPHAN];
  return others;
}
