import type { Cluster, ResourceStore, RowChanges } from "../../cluster/cluster.ts";
import { Disposer } from "../../lib/disposer.ts";
import { objectPath } from "../../lib/kube/object.ts";
import { JoinIndex } from "../../resources/joins/join-index.ts";
import { joins, type Joined, type JoinName } from "../../resources/joins/joins.ts";
import type { JoinAnswer } from "../../resources/kind.ts";
import { SlicedVisit } from "../sliced-visit.ts";
import type { TableRow } from "../../state/table/table-column.ts";

/** Hears of what joined columns say now. */
interface Listener {
  /** The rows of these keys may read otherwise. */
  rows(keys: readonly string[]): void;
  /** Every row may. */
  all(): void;
}

interface OpenJoin {
  /** `undefined` where the server does not serve the list, or has not told yet. */
  readonly store: ResourceStore | undefined;
  /** Why there is nothing to join; `undefined` while that is not known. */
  readonly absent: string | undefined;
  /** Reads a whole list anew. */
  readonly filling: SlicedVisit;
}

/** The lists that columns of a table join with its own: watched only while such a column is on screen. */
export class JoinedLists {
  readonly #cluster: Cluster;
  readonly #listener: Listener;
  readonly #indexes: { readonly [Name in JoinName]: JoinIndex<Joined[Name]> } = {
    endpoints: new JoinIndex(joins.endpoints),
    "claim-pods": new JoinIndex(joins["claim-pods"]),
    "node-pods": new JoinIndex(joins["node-pods"]),
  };
  readonly #open = new Map<JoinName, OpenJoin>();
  #subscriptions = new Disposer();
  #key = "";
  /** Keys of the table's rows by `namespace/name`, or `name`. */
  readonly #rows = new Map<string, string>();

  constructor(cluster: Cluster, listener: Listener) {
    this.#cluster = cluster;
    this.#listener = listener;
  }

  /** Whether any list is joined. */
  get any(): boolean {
    return this.#key !== "";
  }

  /** Watches these lists and no others. @param namespace the table's; `""` is all */
  follow(names: readonly JoinName[], namespace: string): void {
    const { resources } = this.#cluster.catalog.get();
    const key = names.length === 0 ? "" : `${names.join(" ")} in ${namespace}, ${resources.length} resources`;
    if (key === this.#key) return;
    this.#key = key;
    const before = this.#subscriptions;
    this.#subscriptions = new Disposer();
    this.#open.clear();
    this.#rows.clear();
    for (const name of names) this.#follow(name, namespace, this.#subscriptions);
    // Afterwards, so that stores that stay in use do not stop in between.
    before.dispose();
  }

  /** Tells of rows of the table: those are named when what they join changes. */
  know(rows: ReadonlyMap<string, TableRow>, keys: Iterable<string>): void {
    if (!this.any) return;
    for (const key of keys) {
      const row = rows.get(key);
      if (row !== undefined) this.#rows.set(objectPath(row.object), key);
    }
  }

  stop(): void {
    this.#subscriptions.dispose();
    this.#subscriptions = new Disposer();
    this.#open.clear();
    this.#rows.clear();
    this.#key = "";
  }

  answer<Name extends JoinName>(name: Name, path: string): JoinAnswer<Joined[Name]> {
    const open = this.#open.get(name);
    if (open === undefined) return { state: "loading" };
    const status = open.store?.get().status;
    if (status === undefined) return { state: open.absent === undefined ? "loading" : "absent" };
    if (open.filling.running) return { state: "loading" };
    if (status.state === "denied") return { state: "absent" };
    if (status.state === "loading") return { state: "loading" };
    return { state: "known", value: this.#indexes[name].valueOf(path) };
  }

  /** What is to be said of the lists that are not there or not live. */
  notes(): readonly string[] {
    const said = [...this.#open].flatMap(([name, open]) => {
      const status = open.store?.get().status;
      if (open.absent !== undefined) return [open.absent];
      if (status?.state === "denied") return [`n/a: ${status.error.message}`];
      return status?.state === "stale" ? [`${joins[name].gvr.resource} stale`] : [];
    });
    return [...new Set(said)];
  }

  #follow(name: JoinName, namespace: string, subscriptions: Disposer): void {
    const { gvr, allNamespaces } = joins[name];
    const { state, resources } = this.#cluster.catalog.get();
    const index = this.#indexes[name];
    index.clear();
    const filling = new SlicedVisit();
    subscriptions.add(() => filling.stop());
    const resource = resources.find((each) => each.group === gvr.group && each.resource === gvr.resource);
    if (resource === undefined) {
      const absent = state === "ready" ? `n/a: the server has no ${gvr.resource}` : undefined;
      this.#open.set(name, { store: undefined, absent, filling });
      return;
    }
    const where = allNamespaces === true ? "" : namespace;
    const store = this.#cluster.store({ resource, namespace: where, form: "objects" });
    this.#open.set(name, { store, absent: undefined, filling });
    let said = "";
    const told = (): void => {
      const status = store.get().status.state;
      // Stale says the same as live in the cells.
      if (status === said) return;
      said = status;
      this.#listener.all();
    };
    const fill = (): void => {
      const { rows } = store.get();
      index.clear();
      filling.start(
        rows.keys(),
        (key) => index.apply(rows, { changed: [key], removed: [] }),
        () => this.#listener.all(),
      );
    };
    const read = (changes: RowChanges): void => {
      if (changes.reset) {
        fill();
        return;
      }
      const touched = index.apply(store.get().rows, changes);
      if (touched.size > 0) this.#listener.rows([...touched].flatMap((path) => this.#rows.get(path) ?? []));
      told();
    };
    subscriptions.add(store.subscribe(told));
    subscriptions.add(store.subscribeChanges(read));
    fill();
    said = store.get().status.state;
  }
}

export function isJoinName(need: string | undefined): need is JoinName {
  return need !== undefined && Object.hasOwn(joins, need);
}
