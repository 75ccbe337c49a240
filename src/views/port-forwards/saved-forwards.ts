import type { Cluster, ForwardRequest, PortForward } from "../../cluster/cluster.ts";
import type { ForwardTarget } from "../../cluster/forward-target.ts";
import type { SavedForward } from "../../config/forward-sets.ts";
import { KelpieError } from "../../lib/errors.ts";
import { groupResource } from "../../lib/kube/gvr.ts";
import { knownKind } from "../../resources/catalog.ts";
import { kinds } from "../../resources/kinds/index.gen.ts";
import { findResource } from "../../state/resource-names.ts";
import type { SavedRow } from "../view.ts";

/** `deployment/web`, or with its group where kelpie has no own name for the kind. */
function savedTarget({ resource, name }: ForwardTarget): string {
  const known = knownKind(resource.group, resource.resource);
  return `${known?.kind.toLowerCase() ?? groupResource(resource)}/${name}`;
}

export function toSaved({ target, port, localPort }: PortForward): SavedForward {
  return { target: savedTarget(target), namespace: target.namespace, port, local: localPort };
}

/** Whether a forward that runs is the one that was saved. */
export function isSaved(forward: PortForward, saved: SavedForward): boolean {
  const { target, namespace, port, local } = toSaved(forward);
  return (
    forward.state !== "failed" &&
    target === saved.target &&
    namespace === saved.namespace &&
    port === saved.port &&
    (saved.local === 0 || local === saved.local)
  );
}

/** @throws KelpieError where the server has no such kind */
export function toRequest(cluster: Cluster, { target, namespace, port, local }: SavedForward): ForwardRequest {
  const slash = target.indexOf("/");
  const kind = target.slice(0, slash);
  const resource = findResource(kind, cluster.catalog.get().resources, kinds);
  if (resource === undefined) throw new KelpieError(`the server has no kind "${kind}"`);
  return { target: { resource, namespace, name: target.slice(slash + 1) }, port, localPort: local };
}

/** The forward that a saved one runs as. */
export function runningOf(row: SavedRow, running: readonly PortForward[]): PortForward | undefined {
  return running.find((forward) => forward.context === row.context && isSaved(forward, row.forward));
}
