import type { TargetObject } from "../../hotkeys/action.ts";
import type { Disposer } from "../../lib/disposer.ts";
import { asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { createValue } from "../../lib/subscribable.ts";
import { diagnosisQueries, logTails, writeDiagnosis } from "../../resources/diagnose/diagnose.ts";
import type { RelatedQuery } from "../../resources/related-query.ts";
import { hangingIndent } from "../../ui/hanging-indent.ts";
import { PagerModel } from "../../ui/pager-model.ts";
import { LiveObject } from "../live-object.ts";
import { objectSelection } from "../object-selection.ts";
import { RelatedStores } from "../related-stores.ts";
import { TextView } from "../text-view.tsx";
import { targetParameter, targetTitle } from "../view-parameters.ts";
import type { Freshness, View, ViewDefinition, ViewHost } from "../view.ts";
import { LogTails } from "./log-tails.ts";

/** Ages on screen are this old at most. */
const REFRESH_MILLISECONDS = 5000;
const EVENTS = "events";

/** Why an object is not what it should be: the likely cause, then what it was concluded from. */
class DiagnosisView {
  readonly view: TextView;
  readonly #host: ViewHost;
  readonly #target: TargetObject;
  readonly #live: LiveObject;
  readonly #related: RelatedStores;
  readonly #logs: LogTails;
  // Sentences, not columns: they are read to their end.
  readonly #pager = new PagerModel({ wrap: true, hang: hangingIndent });
  readonly #freshness = createValue<Freshness>({ state: "loading", loaded: 0 });

  constructor(host: ViewHost, target: TargetObject) {
    this.#host = host;
    this.#target = target;
    this.#live = new LiveObject(host.cluster, host.clock, target);
    this.#related = new RelatedStores(host.cluster, () => this.#refresh());
    this.#logs = new LogTails(host.cluster, () => this.#refresh());
    this.view = new TextView(host, {
      id: "diagnosis",
      what: "why",
      where: targetTitle(target),
      pager: this.#pager,
      freshness: this.#freshness,
      fileName: `${target.name}-diagnosis.txt`,
      notes: () => (this.#live.state.get().deleted ? ["deleted"] : []),
      selection: () => objectSelection(target, this.#live.state.get().object),
      command: (name) => {
        if (name !== "view.reload") return false;
        this.#live.reload();
        this.#related.reload();
        this.#logs.stop();
        this.#refresh();
        return true;
      },
      show: (shown) => this.#show(shown),
    });
  }

  #show(shown: Disposer): void {
    const { clock, cluster } = this.#host;
    shown.add(() => this.#related.stop());
    shown.add(() => this.#logs.stop());
    shown.add(this.#live.watch(() => this.#refresh()));
    shown.add(clock.every(REFRESH_MILLISECONDS, () => this.#refresh(), { background: true }));
    shown.add(cluster.catalog.subscribe(() => this.#refresh()));
    this.#refresh();
  }

  #refresh(): void {
    if (!this.view.isShown) return;
    const { object, freshness } = this.#live.state.get();
    this.#freshness.set(freshness);
    if (object === undefined) {
      this.#pager.setLines(freshness.state === "denied" ? [{ text: freshness.reason }] : []);
      return;
    }
    const { resource } = this.#target;
    this.#related.follow([...diagnosisQueries(resource, object), this.#eventsQuery(resource.namespaced)]);
    const related = this.#related.lists();
    const events = eventsAbout(object, this.#target, related);
    const input = { object, events, related, now: this.#host.clock.now() };
    const tails = logTails(resource, input);
    const answers = this.#logs.read(tails);
    this.#pager.setLines(writeDiagnosis(resource, input, answers, this.#eventsNote()));
  }

  /** Events of the whole namespace: those of the pods of a workload are wanted too. A node's are kept in `default`. */
  #eventsQuery(namespaced: boolean): RelatedQuery {
    const gvr = { group: "", version: "v1", resource: "events" } as const;
    const { name, namespace, resource } = this.#target;
    return {
      key: EVENTS,
      gvr,
      namespace,
      ...(namespaced && resource.resource !== "pods" ? {} : { fieldSelector: `involvedObject.name=${name}` }),
    };
  }

  /** Why the events shown may not be all of them; `undefined` where they are. */
  #eventsNote(): string | undefined {
    const status = this.#related.snapshot(EVENTS)?.status;
    if (status === undefined) return "<the server has told of no events API>";
    if (status.state === "denied") return `<not listed: ${status.error.message}>`;
    return status.state === "loading" ? "<loading>" : undefined;
  }
}

/** Events of the object, and of the pods and ReplicaSets that belong to it. */
function eventsAbout(
  object: KubeObject,
  target: TargetObject,
  related: ReadonlyMap<string, readonly KubeObject[]>,
): readonly KubeObject[] {
  const isNode = target.resource.kind === "Node";
  const uids = new Set([object.metadata.uid]);
  if (!isNode) {
    for (const key of ["pods", "replicasets"]) for (const one of related.get(key) ?? []) uids.add(one.metadata.uid);
  }
  return (related.get(EVENTS) ?? []).filter((event) => {
    const uid = asString(at(event, "involvedObject", "uid"));
    const own =
      at(event, "involvedObject", "name") === target.name &&
      at(event, "involvedObject", "kind") === target.resource.kind;
    // The kubelet names a node by its name where others give its uid.
    return own ? isNode || uid === "" || uids.has(uid) : uids.has(uid);
  });
}

export const diagnosisView: ViewDefinition = {
  id: "diagnosis",
  create(host, parameters): View {
    return new DiagnosisView(host, targetParameter(parameters)).view;
  },
};
