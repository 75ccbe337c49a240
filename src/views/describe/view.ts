import type { ListSnapshot, ResourceStore } from "../../cluster/cluster.ts";
import type { TargetObject } from "../../hotkeys/action.ts";
import { Disposer } from "../../lib/disposer.ts";
import type { ApiResource } from "../../lib/kube/gvr.ts";
import type { KubeObject } from "../../lib/kube/object.ts";
import { createValue } from "../../lib/subscribable.ts";
import { describeObject, relatedQueries } from "../../resources/describe/describe.ts";
import { PagerModel } from "../../ui/pager-model.ts";
import { LiveObject } from "../live-object.ts";
import { objectSelection } from "../object-selection.ts";
import { TextView } from "../text-view.tsx";
import { targetParameter, targetTitle } from "../view-parameters.ts";
import type { Freshness, View, ViewDefinition, ViewHost } from "../view.ts";
import { eventSelector, eventsOf } from "./model.ts";

/** Ages on screen are this old at most. */
const REFRESH_MILLISECONDS = 5000;

/** The description of one object, its events included, kept up to date by watches. */
class DescribeView {
  readonly view: TextView;
  readonly #host: ViewHost;
  readonly #target: TargetObject;
  readonly #live: LiveObject;
  readonly #pager = new PagerModel();
  readonly #freshness = createValue<Freshness>({ state: "loading", loaded: 0 });
  readonly #related = new Map<string, ResourceStore>();
  #events: ResourceStore | undefined;
  #shown: Disposer | undefined;
  #relatedKey = "";
  #relatedSubscriptions = new Disposer();

  constructor(host: ViewHost, target: TargetObject) {
    this.#host = host;
    this.#target = target;
    this.#live = new LiveObject(host.cluster, host.clock, target);
    this.view = new TextView(host, {
      id: "describe",
      what: "describe",
      where: targetTitle(target),
      pager: this.#pager,
      freshness: this.#freshness,
      fileName: `${target.name}-describe.txt`,
      notes: () => (this.#live.state.get().deleted ? ["deleted"] : []),
      selection: () => objectSelection(target, this.#live.state.get().object),
      command: (name) => {
        if (name !== "view.reload") return false;
        this.#live.reload();
        this.#events?.reload();
        return true;
      },
      show: () => this.#show(),
      hide: () => this.#hide(),
    });
  }

  #show(): void {
    const shown = new Disposer();
    this.#shown = shown;
    shown.add(this.#live.watch(() => this.#refresh()));
    shown.add(this.#host.clock.every(REFRESH_MILLISECONDS, () => this.#refresh(), { background: true }));
    shown.add(this.#host.cluster.catalog.subscribe(() => this.#subscribeOthers()));
    this.#subscribeOthers();
    this.#refresh();
  }

  #hide(): void {
    this.#shown?.dispose();
    this.#shown = undefined;
    this.#relatedSubscriptions.dispose();
    this.#relatedKey = "";
    this.#events = undefined;
  }

  /** Events and related lists; again when the catalog or the object's selectors change. */
  #subscribeOthers(): void {
    const object = this.#live.state.get().object;
    const { cluster } = this.#host;
    const { resources } = cluster.catalog.get();
    const queries = object === undefined ? [] : relatedQueries(this.#target.resource, object);
    const key = `${resources.length} ${JSON.stringify(queries)}`;
    if (this.#shown === undefined || key === this.#relatedKey) return;
    this.#relatedKey = key;
    const before = this.#relatedSubscriptions;
    const subscriptions = new Disposer();
    this.#relatedSubscriptions = subscriptions;
    this.#related.clear();
    const find = (group: string, resource: string): ApiResource | undefined =>
      resources.find((one) => one.group === group && one.resource === resource);
    const events = find("", "events");
    if (events !== undefined) {
      const { namespace, resource, name } = this.#target;
      this.#events = cluster.store({
        resource: events,
        namespace,
        fieldSelector: eventSelector(resource.kind, name),
        form: "objects",
      });
      subscriptions.add(this.#events.subscribe(() => this.#refresh()));
    }
    for (const { key: name, gvr, ...query } of queries) {
      const resource = find(gvr.group, gvr.resource);
      if (resource === undefined) continue;
      const store = cluster.store({ resource, ...query, form: "objects" });
      this.#related.set(name, store);
      subscriptions.add(store.subscribe(() => this.#refresh()));
    }
    // Afterwards, so that stores that stay in use do not stop in between.
    before.dispose();
  }

  #refresh(): void {
    const { object, freshness } = this.#live.state.get();
    this.#freshness.set(freshness);
    this.#subscribeOthers();
    if (object === undefined) {
      this.#pager.setLines(freshness.state === "denied" ? [{ text: freshness.reason }] : []);
      return;
    }
    const related = new Map<string, readonly KubeObject[]>();
    for (const [key, store] of this.#related) {
      const snapshot = store.get();
      if (hasList(snapshot)) related.set(key, objectsOf(snapshot));
    }
    const snapshot = this.#events?.get();
    const events = snapshot === undefined ? [] : eventsOf(objectsOf(snapshot), this.#target, object);
    const note = eventsNote(snapshot, this.#host.cluster.catalog.get().state === "loading");
    const input = {
      object,
      events,
      related,
      now: this.#host.clock.now(),
      ...(note === undefined ? {} : { eventsNote: note }),
    };
    this.#pager.setLines(describeObject(this.#target.resource, input));
  }
}

function hasList(snapshot: ListSnapshot): boolean {
  return snapshot.status.state === "live" || snapshot.status.state === "stale";
}

function objectsOf(snapshot: ListSnapshot): readonly KubeObject[] {
  return [...snapshot.rows.values()].map((row) => row.object);
}

/** Why the events shown may not be all of them; `undefined` where they are. */
function eventsNote(snapshot: ListSnapshot | undefined, catalogLoading: boolean): string | undefined {
  if (snapshot === undefined) return catalogLoading ? "<loading>" : "<the server has no events API>";
  if (snapshot.status.state === "denied") return `<not listed: ${snapshot.status.error.message}>`;
  return snapshot.status.state === "loading" && snapshot.rows.size === 0 ? "<loading>" : undefined;
}

export const describeView: ViewDefinition = {
  id: "describe",
  create(host, parameters): View {
    return new DescribeView(host, targetParameter(parameters)).view;
  },
};
