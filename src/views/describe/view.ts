import type { ListSnapshot } from "../../cluster/cluster.ts";
import type { TargetObject } from "../../hotkeys/action.ts";
import type { Disposer } from "../../lib/disposer.ts";
import type { KubeObject } from "../../lib/kube/object.ts";
import { createValue } from "../../lib/subscribable.ts";
import { describeObject, relatedQueries } from "../../resources/describe/describe.ts";
import type { RelatedQuery } from "../../resources/related-query.ts";
import { indentLevel } from "../../ui/folding.ts";
import { hangingIndent } from "../../ui/hanging-indent.ts";
import { PagerModel } from "../../ui/pager-model.ts";
import { LiveObject } from "../live-object.ts";
import { objectSelection } from "../object-selection.ts";
import { RelatedStores } from "../related-stores.ts";
import { TextView } from "../text-view.tsx";
import { targetParameter, targetTitle } from "../view-parameters.ts";
import type { Freshness, View, ViewDefinition, ViewHost } from "../view.ts";
import { eventSelector, eventsOf } from "./model.ts";

/** Ages on screen are this old at most. */
const REFRESH_MILLISECONDS = 5000;

/** The key of the events among the related lists. */
const EVENTS = "events";

/** The description of one object, its events included, kept up to date by watches. */
class DescribeView {
  readonly view: TextView;
  readonly #host: ViewHost;
  readonly #target: TargetObject;
  readonly #live: LiveObject;
  readonly #pager = new PagerModel({ levels: indentLevel, hang: hangingIndent });
  readonly #freshness = createValue<Freshness>({ state: "loading", loaded: 0 });
  readonly #related: RelatedStores;

  constructor(host: ViewHost, target: TargetObject) {
    this.#host = host;
    this.#target = target;
    this.#live = new LiveObject(host.cluster, host.clock, target);
    this.#related = new RelatedStores(host.cluster, () => this.#refresh());
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
        this.#related.reload();
        return true;
      },
      show: (shown) => this.#show(shown),
    });
  }

  #show(shown: Disposer): void {
    shown.add(() => this.#related.stop());
    shown.add(this.#live.watch(() => this.#refresh()));
    shown.add(this.#host.clock.every(REFRESH_MILLISECONDS, () => this.#refresh(), { background: true }));
    shown.add(this.#host.cluster.catalog.subscribe(() => this.#refresh()));
    this.#refresh();
  }

  #refresh(): void {
    if (!this.view.isShown) return;
    const { object, freshness } = this.#live.state.get();
    const { resource } = this.#target;
    this.#freshness.set(freshness);
    this.#related.follow([this.#eventsQuery(), ...(object === undefined ? [] : relatedQueries(resource, object))]);
    if (object === undefined) {
      this.#pager.setLines(freshness.state === "denied" ? [{ text: freshness.reason }] : []);
      return;
    }
    const snapshot = this.#related.snapshot(EVENTS);
    const events = snapshot === undefined ? [] : eventsOf(objectsOf(snapshot), this.#target, object);
    const note = eventsNote(snapshot, this.#host.cluster.catalog.get().state === "loading");
    const input = {
      object,
      events,
      related: this.#related.lists(),
      now: this.#host.clock.now(),
      ...(note === undefined ? {} : { eventsNote: note }),
    };
    this.#pager.setLines(describeObject(resource, input));
  }

  #eventsQuery(): RelatedQuery {
    const { namespace, resource, name } = this.#target;
    const gvr = { group: "", version: "v1", resource: "events" } as const;
    return { key: EVENTS, gvr, namespace, fieldSelector: eventSelector(resource.kind, name) };
  }
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
