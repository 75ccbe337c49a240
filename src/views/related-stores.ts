import type { Cluster, ListSnapshot, ResourceStore } from "../cluster/cluster.ts";
import { Disposer } from "../lib/disposer.ts";
import type { KubeObject } from "../lib/kube/object.ts";
import type { RelatedQuery } from "../resources/related-query.ts";

/** The lists that a view about one object looks at beside it, watched while that view is shown. */
export class RelatedStores {
  readonly #cluster: Cluster;
  readonly #changed: () => void;
  readonly #stores = new Map<string, ResourceStore>();
  #subscriptions = new Disposer();
  #key = "";

  constructor(cluster: Cluster, changed: () => void) {
    this.#cluster = cluster;
    this.#changed = changed;
  }

  /** Subscribes to these lists and to no others. Resources that the server does not serve are left out. */
  follow(queries: readonly RelatedQuery[]): void {
    const { resources } = this.#cluster.catalog.get();
    const key = `${resources.length} ${JSON.stringify(queries)}`;
    if (key === this.#key) return;
    this.#key = key;
    const before = this.#subscriptions;
    const subscriptions = new Disposer();
    this.#subscriptions = subscriptions;
    this.#stores.clear();
    for (const { key: name, gvr, ...query } of queries) {
      const resource = resources.find((one) => one.group === gvr.group && one.resource === gvr.resource);
      if (resource === undefined) continue;
      const store = this.#cluster.store({ resource, ...query, form: "objects" });
      this.#stores.set(name, store);
      subscriptions.add(store.subscribe(() => this.#changed()));
    }
    // Afterwards, so that stores that stay in use do not stop in between.
    before.dispose();
  }

  /** The lists that have come, by their key. */
  lists(): ReadonlyMap<string, readonly KubeObject[]> {
    const lists = new Map<string, readonly KubeObject[]>();
    for (const [key, store] of this.#stores) {
      const { status, rows } = store.get();
      if (status.state === "live" || status.state === "stale")
        lists.set(
          key,
          [...rows.values()].map((row) => row.object),
        );
    }
    return lists;
  }

  snapshot(key: string): ListSnapshot | undefined {
    return this.#stores.get(key)?.get();
  }

  reload(): void {
    for (const store of this.#stores.values()) store.reload();
  }

  stop(): void {
    this.#subscriptions.dispose();
    this.#subscriptions = new Disposer();
    this.#stores.clear();
    this.#key = "";
  }
}
