import type { Cluster, ResourceStore } from "../../cluster/cluster.ts";
import type { TargetObject } from "../../hotkeys/action.ts";
import { Disposer } from "../../lib/disposer.ts";
import { objectPath, type KubeObject } from "../../lib/kube/object.ts";
import { podResource, podSelections, type PodList, type PodSelection } from "./pod-selection.ts";

/** Of what is read: objects, or a list of pods. */
export interface LogSelection {
  readonly targets: readonly TargetObject[];
  readonly list: PodList | undefined;
}

export interface PodListener {
  /** All pods of a list, after each change. @param joined the list was there before: who is new has come since */
  pods(pods: readonly KubeObject[], joined: boolean): void;
  gone(uid: string, name: string): void;
  /** Why there are no pods. */
  note(text: string): void;
}

/** Follows the lists that hold the pods behind a selection. @returns what ends it */
export function followPods(cluster: Cluster, { targets, list }: LogSelection, listener: PodListener): () => void {
  const running = new Disposer();
  const resource = podResource(targets, cluster.catalog.get().resources);
  if (resource === undefined) {
    listener.note("the server has not told yet that it has pods: Ctrl-R tries again");
    return () => undefined;
  }
  const { selections, without } = podSelections(targets);
  for (const { resource: kind, name } of without)
    listener.note(`${kind.singular} ${name} has no pods: it selects none`);
  for (const selection of list === undefined ? selections : [{ name: "the list", ...list }]) {
    const { namespace, labelSelector, fieldSelector } = selection;
    const query = {
      resource,
      namespace,
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      form: "objects" as const,
    };
    running.add(followList(cluster.store(query), selection, listener));
  }
  return () => running.dispose();
}

function followList(store: ResourceStore, { name, pods: chosen }: PodSelection, listener: PodListener): () => void {
  const names = chosen === undefined ? undefined : new Set(chosen.map((pod) => pod.metadata.name));
  let fellBack = false;
  let loading = true;
  /** Names of those that were there, by uid. */
  let present: ReadonlyMap<string, string> = new Map();
  const take = (): void => {
    const { status, rows } = store.get();
    const joined = !loading;
    loading &&= status.state === "loading";
    if (status.state === "denied") {
      // Without the right to list, the pods themselves are still known from the rows they were opened on.
      if (!fellBack && chosen !== undefined) listener.pods(chosen, false);
      else if (!fellBack) listener.note(`the pods of ${name} cannot be listed: ${status.error.message}`);
      fellBack = true;
      return;
    }
    const all = Array.from(rows.values(), (row) => row.object);
    const pods = names === undefined ? all : all.filter((pod) => names.has(pod.metadata.name));
    if (status.state === "live") {
      if (!joined && chosen !== undefined) tellMissing(chosen, pods, listener);
      const now = new Map(pods.map((pod) => [pod.metadata.uid ?? "", pod.metadata.name ?? ""]));
      for (const [uid, gone] of present) if (!now.has(uid)) listener.gone(uid, gone);
      present = now;
    }
    listener.pods(pods, joined);
  };
  const stop = store.subscribe(take);
  take();
  return stop;
}

/** Pods that were chosen by name and are not there. */
function tellMissing(chosen: readonly KubeObject[], pods: readonly KubeObject[], listener: PodListener): void {
  const there = new Set(pods.map((pod) => pod.metadata.name));
  for (const { metadata } of chosen)
    if (!there.has(metadata.name)) listener.note(`there is no pod ${objectPath({ metadata })}`);
}
