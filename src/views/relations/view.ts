import type { TargetObject } from "../../hotkeys/action.ts";
import { ageOf } from "../../lib/age.ts";
import type { Disposer } from "../../lib/disposer.ts";
import { groupResource, type ApiResource, type Gvr } from "../../lib/kube/gvr.ts";
import { asString, type KubeObject } from "../../lib/kube/object.ts";
import { createValue } from "../../lib/subscribable.ts";
import { kindOf } from "../../resources/catalog.ts";
import type { RelatedQuery } from "../../resources/related-query.ts";
import type { RowContext } from "../../resources/kind.ts";
import { relatedResources, userResources, workloadResources } from "../../resources/relations/related-resources.ts";
import { RelationGraph, type Member, type RelationNode } from "../../resources/relations/relation-tree.ts";
import { ListView, type ListCell, type ListColumn, type ListRow } from "../list-view.tsx";
import { freshnessOf } from "../list-freshness.ts";
import { LiveObject } from "../live-object.ts";
import { RelatedStores } from "../related-stores.ts";
import { openDrillDown } from "../resource-table/drill-down.ts";
import { readTableParameters } from "../resource-table/parameters.ts";
import { targetParameter, targetTitle } from "../view-parameters.ts";
import {
  NOTHING_SELECTED,
  type Freshness,
  type View,
  type ViewDefinition,
  type ViewHost,
  type ViewSelection,
} from "../view.ts";

const REFRESH_MILLISECONDS = 1000;
/** A tree that took longer to build is not built for every change, but once a second. */
const COSTLY_MILLISECONDS = 20;

const COLUMNS: readonly ListColumn[] = [
  { title: "NAME", minWidth: 20 },
  { title: "KIND", keep: 8 },
  { title: "RELATION", keep: 6, minWidth: 8 },
  { title: "STATUS", keep: 9 },
  { title: "AGE", keep: 4 },
];

/** Columns of kinds that tell their health, the most telling first. */
const HEALTH = [
  ...(["status", "ready", "rollout", "completions"] as const),
  ...(["programmed", "accepted", "resolved", "available", "state", "condition"] as const),
];

/** Keys of tables that a tree has no use for. */
const FIXED = /^(sort|mark|table)\./;

/** What makes one tree another than the next. */
interface TreeParts {
  readonly id: string;
  readonly what: string;
  readonly where: string;
  /** `""` is all namespaces. */
  readonly namespace: string;
  /** The lists that its rows come from. */
  readonly lists: readonly Gvr[];
  /** The one object it is about. */
  readonly target?: TargetObject;
  roots(graph: RelationGraph, members: readonly Member[], root: Member | undefined): readonly RelationNode[];
  /** What stands there when everything has come and there is no row. */
  readonly empty: string;
}

/** Objects and what they own, select and name, as rows that fold. They are acted on as in a table. */
class TreeView {
  readonly view: ListView;
  readonly #host: ViewHost;
  readonly #parts: TreeParts;
  readonly #live: LiveObject | undefined;
  readonly #related: RelatedStores;
  readonly #freshness = createValue<Freshness>({ state: "loading", loaded: 0 });
  readonly #folded = new Set<string>();
  #nodes = new Map<string, RelationNode>();
  /** Milliseconds that the tree took to build last. */
  #cost = 0;
  /** Resources that may not be listed in all namespaces. */
  readonly #narrowed = new Set<string>();

  constructor(host: ViewHost, parts: TreeParts) {
    const { target } = parts;
    this.#host = host;
    this.#parts = parts;
    this.#live = target === undefined ? undefined : new LiveObject(host.cluster, host.clock, target);
    this.#related = new RelatedStores(host.cluster, () => {
      if (this.#cost < COSTLY_MILLISECONDS) this.#refresh();
    });
    this.view = new ListView({
      id: parts.id,
      scopes: ["tree", "table"],
      what: parts.what,
      where: parts.where,
      namespace: parts.namespace,
      freshness: this.#freshness,
      empty: () => (this.#freshness.get().state === "live" ? parts.empty : ""),
      notes: () => this.#notes(),
      selection: (key) => this.#selection(key),
      command: (name, key) => this.#command(name, key),
      disabledReason: (name) => (FIXED.test(name) ? "a tree has no marks and an order of its own" : undefined),
      show: (shown) => this.#show(shown),
    });
  }

  #show(shown: Disposer): void {
    const { clock, cluster } = this.#host;
    shown.add(() => this.#related.stop());
    if (this.#live !== undefined) {
      shown.add(this.#live.watch(() => this.#refresh()));
    }
    shown.add(cluster.catalog.subscribe(() => this.#refresh()));
    shown.add(clock.every(REFRESH_MILLISECONDS, () => this.#refresh(), { background: true }));
    this.#refresh();
  }

  #queries(): readonly RelatedQuery[] {
    return this.#parts.lists.map((gvr) => ({
      key: `${gvr.group}/${gvr.resource}`,
      gvr,
      namespace: this.#namespaceOf(gvr),
    }));
  }

  #namespaceOf(gvr: Gvr): string {
    if (this.#resourceOf(gvr)?.namespaced === false) return "";
    return this.#narrowed.has(gvr.resource) ? (this.#parts.target?.namespace ?? "") : this.#parts.namespace;
  }

  /** Who may not list all namespaces sees those of the object's own. @returns whether a list is another now */
  #narrow(queries: readonly RelatedQuery[]): boolean {
    const own = this.#parts.target?.namespace ?? "";
    if (own === "" || this.#parts.namespace !== "") return false;
    const before = this.#narrowed.size;
    for (const { key, gvr } of queries) {
      if (this.#related.snapshot(key)?.status.state === "denied") this.#narrowed.add(gvr.resource);
    }
    return this.#narrowed.size > before;
  }

  #resourceOf(name: { readonly group: string; readonly resource: string }): ApiResource | undefined {
    const { resources } = this.#host.cluster.catalog.get();
    return resources.find((one) => one.group === name.group && one.resource === name.resource);
  }

  #refresh(): void {
    if (!this.view.isShown) return;
    const started = performance.now();
    const live = this.#live?.state.get();
    let queries = this.#queries();
    this.#related.follow(queries);
    if (this.#narrow(queries)) {
      queries = this.#queries();
      this.#related.follow(queries);
    }
    const liveOrNone = live === undefined || live.freshness.state === "live";
    this.#freshness.set(liveOrNone ? this.#worstList(queries) : live.freshness);
    const { target } = this.#parts;
    const object = live?.object;
    if (target !== undefined && object === undefined) return;
    const root: Member | undefined =
      target === undefined || object === undefined ? undefined : { ...target.resource, object };
    const lists = this.#related.lists();
    const members: Member[] = root === undefined ? [] : [root];
    for (const query of queries) {
      for (const one of lists.get(query.key) ?? []) {
        if (one.metadata.uid !== object?.metadata.uid) members.push({ ...query.gvr, object: one });
      }
    }
    const graph = new RelationGraph(members, new Set(lists.keys()), this.#host.clock.now(), this.#parts.namespace);
    const roots = this.#parts.roots(graph, members, root);
    this.#nodes = new Map();
    const rows: ListRow[] = [];
    for (const node of roots) this.#add(node, 0, rows);
    this.view.setRows(COLUMNS, rows);
    this.#cost = performance.now() - started;
  }

  /** A list that is not live makes the tree no better than that list; one that is refused is told in the title. */
  #worstList(queries: readonly RelatedQuery[]): Freshness {
    let without: string | undefined;
    for (const { key } of queries) {
      const status = this.#related.snapshot(key)?.status;
      if (status?.state === "loading" || status?.state === "stale") return freshnessOf(status);
      if (status?.state === "live" && status.without !== undefined) without ??= status.without;
    }
    return { state: "live", ...(without === undefined ? {} : { without }) };
  }

  #notes(): readonly string[] {
    const denied = this.#queries().filter(({ key }) => this.#related.snapshot(key)?.status.state === "denied");
    const notes: string[] =
      denied.length === 0 ? [] : [`without ${denied.map(({ gvr }) => gvr.resource).join(", ")}: not allowed`];
    const narrowed = [...this.#narrowed];
    if (narrowed.length > 0) notes.push(`${narrowed.join(", ")} of this namespace only: others are not allowed`);
    return this.#live?.state.get().deleted === true ? ["deleted", ...notes] : notes;
  }

  #add(node: RelationNode, depth: number, rows: ListRow[]): void {
    this.#nodes.set(node.key, node);
    const folded = this.#folded.has(node.key);
    const sign = node.children.length === 0 ? "  " : folded ? "▸ " : "▾ ";
    const health = this.#health(node);
    const object = node.container === undefined ? node.member?.object : undefined;
    const age = object === undefined ? "" : ageOf(object.metadata.creationTimestamp, this.#host.clock.now());
    rows.push({
      key: node.key,
      cells: [
        { text: `${"  ".repeat(depth)}${sign}${node.name}`, tone: health.tone },
        { text: node.what, tone: "muted" },
        { text: node.how, tone: "muted" },
        health,
        { text: age, tone: "muted" },
      ],
    });
    if (!folded) for (const child of node.children) this.#add(child, depth + 1, rows);
  }

  #health({ member, state }: RelationNode): ListCell {
    if (state !== undefined) return state;
    if (member === undefined) return { text: "" };
    const resource = this.#resourceOf(member);
    if (resource === undefined) return { text: "" };
    const kind = kindOf(resource);
    const context: RowContext = { now: this.#host.clock.now(), usage: () => undefined };
    const texts = HEALTH.flatMap((id) => {
      const column = kind.columns.find((one) => one.id === id);
      return column === undefined ? [] : [column.text(member.object, context)];
    });
    return { text: texts.slice(0, 2).join(" "), tone: kind.tone?.(member.object, context) };
  }

  #targetOf(member: Member): TargetObject | undefined {
    const resource = this.#resourceOf(member);
    if (resource === undefined) return undefined;
    const { name = "", namespace = "", uid } = member.object.metadata;
    return { resource, name, namespace, uid, object: named(member.object, resource) };
  }

  #selection(key: string | undefined): ViewSelection {
    const node = key === undefined ? undefined : this.#nodes.get(key);
    const target = node?.member === undefined ? undefined : this.#targetOf(node.member);
    if (node === undefined || target === undefined) {
      return NOTHING_SELECTED;
    }
    return { targets: [target], cursor: target, kind: kindOf(target.resource), container: node.container };
  }

  #command(name: string, key: string | undefined): boolean {
    const node = key === undefined ? undefined : this.#nodes.get(key);
    if (name === "view.reload") this.#related.reload();
    else if (node === undefined) return false;
    else if (name === "tree.fold") this.#fold(node, !this.#folded.has(node.key));
    else if (name === "move.left") this.#fold(node, true);
    else if (name === "move.right") this.#fold(node, false);
    else if (name === "open") this.#open(node);
    else return false;
    return true;
  }

  #fold(node: RelationNode, folded: boolean): void {
    if (node.children.length === 0) return;
    if (folded) this.#folded.add(node.key);
    else this.#folded.delete(node.key);
    this.#refresh();
  }

  #open(node: RelationNode): void {
    const target = node.member === undefined ? undefined : this.#targetOf(node.member);
    if (target === undefined) {
      this.#openNamed(node);
    } else if (node.container !== undefined) {
      const { container } = node;
      this.#host.app.open({ view: "logs", parameters: { targets: [target], container }, title: `logs ${container}` });
    } else openDrillDown(this.#host, kindOf(target.resource), target);
  }

  /** Something that is named and was not listed here. */
  #openNamed({ named: reference, name, what }: RelationNode): void {
    const resource = reference === undefined ? undefined : this.#resourceOf(reference);
    if (reference === undefined || resource === undefined) {
      this.#host.app.flash("warning", `${what} ${name} is not there to open`);
      return;
    }
    const namespace = resource.namespaced && reference.namespace !== "" ? reference.namespace : undefined;
    this.#host.app.goTo({ kind: groupResource(resource), namespace, name: name.slice(name.lastIndexOf("/") + 1) });
  }
}

/** Items of lists carry neither apiVersion nor kind; what acts on a row wants both. */
function named(object: KubeObject, resource: ApiResource): KubeObject {
  const apiVersion = resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
  return { ...object, apiVersion, kind: resource.kind };
}

export const relationsView: ViewDefinition = {
  id: "relations",
  create(host, parameters): View {
    const target = targetParameter(parameters);
    return new TreeView(host, {
      id: "relations",
      what: "relations",
      where: targetTitle(target),
      namespace: target.namespace,
      lists: relatedResources(target.resource.namespaced),
      target,
      roots: (graph, _members, root) => (root === undefined ? [] : [graph.tree(root)]),
      empty: "",
    }).view;
  },
};

export const usedByView: ViewDefinition = {
  id: "used-by",
  create(host, parameters): View {
    const target = targetParameter(parameters);
    const { lists, allNamespaces } = userResources(target.resource);
    return new TreeView(host, {
      id: "used-by",
      what: "used by",
      where: targetTitle(target),
      namespace: allNamespaces ? "" : target.namespace,
      lists,
      target,
      roots: (graph, _members, root) => (root === undefined ? [] : graph.usersOf(root)),
      empty: `nothing uses ${target.name}`,
    }).view;
  },
};

/** The trees of all objects of one kind: `:xray deploy`. */
export const xrayView: ViewDefinition = {
  id: "xray",
  create(host, parameters): View {
    const { resource, namespace } = readTableParameters(parameters);
    const { group, version } = resource;
    const own: Gvr = { group, version, resource: resource.resource };
    const others = relatedResources(resource.namespaced);
    const known = others.some((gvr) => gvr.group === group && gvr.resource === own.resource);
    return new TreeView(host, {
      id: "xray",
      what: `xray ${resource.resource}`,
      where: namespace || "all",
      namespace,
      lists: known ? others : [own, ...others],
      roots: (graph, members) =>
        members
          .filter((member) => member.group === group && member.resource === own.resource)
          .map((member) => graph.below(member)),
      empty: `there are no ${resource.resource}`,
    }).view;
  },
};

/** Controllers, pods and services of a namespace in one table: `:workloads`. */
export const workloadsView: ViewDefinition = {
  id: "workloads",
  create(host, parameters): View {
    const namespace = asString(parameters["namespace"]);
    return new TreeView(host, {
      id: "workloads",
      what: "workloads",
      where: namespace || "all",
      namespace,
      lists: workloadResources,
      roots: (graph, members) => members.map((member) => graph.alone(member)),
      empty: "there are no workloads",
    }).view;
  },
};
