import { isApiError } from "../../cluster/api-error.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { namespacesOf } from "../../lib/kube/namespaces.ts";
import type { Subscribable } from "../../lib/subscribable.ts";
import type { Freshness, ViewHost } from "../view.ts";

interface FollowedTable {
  readonly freshness: Subscribable<Freshness>;
  readonly model: { readonly state: Subscribable<{ readonly total: number }> };
  readonly screen: { paintAgain(): void };
  /** As `a,b`; `""` is all namespaces. */
  listedNamespace(): string | undefined;
}

/** An empty list is asked about again so often: somebody may make the namespace. */
const ASK_MILLISECONDS = 10_000;

/**
 * Which namespaces of an empty list do not exist: a server lists nothing there, too, and an ordinary empty list would be
 * half the truth. Nothing is said where the namespace may not be read.
 */
export class AbsentNamespaces {
  #names: readonly string[] = [];
  #asked: { readonly namespace: string; readonly at: number } | undefined;

  /** Those known not to exist, as a text like that of the list. */
  get text(): string {
    return this.#names.join(",");
  }

  /** Asks whenever the list is live and has no rows. @returns what ends it */
  follow({ cluster, clock }: Pick<ViewHost, "cluster" | "clock">, table: FollowedTable): () => void {
    const look = (): void => {
      const empty = table.freshness.get().state === "live" && table.model.state.get().total === 0;
      const namespace = (empty ? table.listedNamespace() : undefined) ?? "";
      const [before, now] = [this.#asked, clock.now()];
      if (before?.namespace === namespace && now - before.at < ASK_MILLISECONDS) return;
      this.#asked = { namespace, at: now };
      const say = (names: readonly string[]): void => {
        if (this.#asked?.namespace !== namespace || names.join(",") === this.text) return;
        this.#names = names;
        table.screen.paintAgain();
      };
      if (before?.namespace !== namespace) say([]);
      if (namespace !== "") void absentOf(cluster, namespace).then(say);
    };
    const unsubscribe = table.freshness.subscribe(look);
    const cancel = clock.every(1000, look, { background: true });
    look();
    return () => {
      unsubscribe();
      cancel();
    };
  }
}

async function absentOf(cluster: Cluster, namespace: string): Promise<readonly string[]> {
  const { resources } = cluster.catalog.get();
  const resource = resources.find((each) => each.group === "" && each.resource === "namespaces");
  if (resource === undefined) return [];
  const names = namespacesOf(namespace);
  const absent = await Promise.all(
    names.map((name) =>
      cluster.get({ resource, namespace: "", name }).then(
        () => false,
        (error: unknown) => isApiError(error, 404),
      ),
    ),
  );
  return names.filter((_, index) => absent[index]);
}
