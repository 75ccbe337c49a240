import type { TargetObject } from "../../hotkeys/action.ts";
import { humanDuration } from "../../lib/age.ts";
import type { Disposer } from "../../lib/disposer.ts";
import { createValue } from "../../lib/subscribable.ts";
import { toYaml } from "../../lib/yaml.ts";
import { revisionResource, revisionsOf, type Revision } from "../../resources/rollout-history.ts";
import { freshnessOf } from "../list-freshness.ts";
import { ListView, type ListColumn, type ListRow } from "../list-view.tsx";
import { LiveObject } from "../live-object.ts";
import { objectSelection } from "../object-selection.ts";
import { RelatedStores } from "../related-stores.ts";
import { RevisionMarks } from "../revision-marks.ts";
import { targetParameter, targetPath } from "../view-parameters.ts";
import type { Freshness, View, ViewDefinition, ViewHost } from "../view.ts";

const COLUMNS: readonly ListColumn[] = [
  { title: "REVISION", align: "right", keep: 10 },
  { title: "CURRENT", keep: 8 },
  { title: "AGE", keep: 7 },
  { title: "IMAGES", keep: 9, minWidth: 12 },
  { title: "CHANGE-CAUSE", keep: 5 },
  { title: "KEPT IN", keep: 3 },
];

const KEPT = "kept";

/** The revisions of a workload, live. Enter shows what a revision differs in, `u` goes back to it. */
class RolloutView {
  readonly view: ListView;
  readonly #host: ViewHost;
  readonly #target: TargetObject;
  readonly #live: LiveObject;
  readonly #kept: RelatedStores;
  readonly #marks = new RevisionMarks();
  readonly #freshness = createValue<Freshness>({ state: "loading", loaded: 0 });
  #revisions: readonly Revision[] = [];

  constructor(host: ViewHost, target: TargetObject) {
    this.#host = host;
    this.#target = target;
    this.#live = new LiveObject(host.cluster, host.clock, target);
    this.#kept = new RelatedStores(host.cluster, () => this.#refresh());
    this.view = new ListView({
      id: "rollout",
      scopes: ["rollout", "revisions"],
      what: "rollout",
      where: targetPath(target),
      freshness: this.#freshness,
      empty: () => this.#emptyText(),
      notes: () => this.#marks.notes(),
      selection: () => objectSelection(target, this.#live.state.get().object),
      disabledReason: (name, key) => this.#reasonAgainst(name, key),
      command: (name, key) => {
        const revision = this.#find(key);
        if (revision === undefined) return false;
        if (name === "revisions.difference") this.#openDifference(revision);
        else if (name === "revisions.mark") this.#mark(revision);
        else if (name === "rollout.undo") void host.app.operations.rollBack(this.#now(), revision, this.#current());
        else return false;
        return true;
      },
      show: (shown) => this.#show(shown),
    });
  }

  #show(shown: Disposer): void {
    shown.add(this.#live.watch(() => this.#refresh()));
    shown.add(this.#host.cluster.catalog.subscribe(() => this.#refresh()));
    shown.add(() => this.#kept.stop());
    this.#refresh();
  }

  #refresh(): void {
    const resource = revisionResource(this.#target.resource.resource);
    const { namespace } = this.#target;
    this.#kept.follow([{ key: KEPT, gvr: { group: "apps", version: "v1", resource }, namespace }]);
    const snapshot = this.#kept.snapshot(KEPT);
    const { object, freshness } = this.#live.state.get();
    this.#freshness.set(
      snapshot === undefined || freshness.state === "stale" ? freshness : freshnessOf(snapshot.status),
    );
    const list = this.#kept.lists().get(KEPT);
    if (object === undefined || list === undefined) return;
    this.#revisions = revisionsOf(object, list);
    this.#marks.keep(this.#revisions.map(markKey));
    this.#place();
  }

  #place(): void {
    const now = this.#host.clock.now();
    this.view.setRows(
      COLUMNS,
      this.#revisions.map((each) => ({ ...revisionRow(each, now), marked: this.#marks.has(markKey(each)) })),
    );
  }

  #mark(revision: Revision): void {
    this.#marks.toggle(markKey(revision));
    this.#place();
  }

  #emptyText(): string {
    const resource = revisionResource(this.#target.resource.resource);
    const { state, resources } = this.#host.cluster.catalog.get();
    if (state === "ready" && !resources.some((each) => each.resource === resource)) {
      return `the server does not serve ${resource}, where revisions are kept`;
    }
    return "no revisions";
  }

  #reasonAgainst(name: string, key: string | undefined): string | undefined {
    const revision = this.#find(key);
    if (revision === undefined) return "nothing is selected";
    if (name === "rollout.undo" && revision.current) return "it is the current revision";
    if (name === "revisions.difference" && this.#revisions.length < 2) return "there is no other revision";
    return undefined;
  }

  #find(key: string | undefined): Revision | undefined {
    return this.#revisions.find((revision) => revision.name === key);
  }

  #current(): Revision | undefined {
    return this.#revisions.find((revision) => revision.current);
  }

  #now(): TargetObject {
    return objectSelection(this.#target, this.#live.state.get().object).cursor ?? this.#target;
  }

  #openDifference(revision: Revision): void {
    const pair = this.#marks.pair(markKey(revision), this.#revisions.map(markKey));
    const [before, after] = (pair ?? []).map((key) => this.#revisions.find((each) => markKey(each) === key));
    if (before === undefined || after === undefined) return;
    const what = `revision ${before.number} → ${after.number}`;
    const texts = { before: toYaml(before.template), after: toYaml(after.template) };
    this.#host.app.open({ view: "difference", parameters: { target: this.#now(), what, ...texts }, title: what });
  }
}

/** What the title calls a marked revision by. */
function markKey({ number }: Revision): string {
  return String(number);
}

function revisionRow(revision: Revision, now: number): ListRow {
  const created = Date.parse(revision.createdAt);
  return {
    key: revision.name,
    cells: [
      { text: String(revision.number) },
      { text: revision.current ? "yes" : "", tone: "ok" },
      { text: Number.isNaN(created) ? "" : humanDuration(now - created) },
      { text: revision.images.join(",") },
      { text: revision.changeCause },
      { text: revision.name, tone: "muted" },
    ],
  };
}

export const rolloutView: ViewDefinition = {
  id: "rollout",
  create(host, parameters): View {
    return new RolloutView(host, targetParameter(parameters)).view;
  },
};
