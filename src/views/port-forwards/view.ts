import type { PortForward } from "../../cluster/cluster.ts";
import { targetLabel } from "../../cluster/forward-target.ts";
import type { TargetObject } from "../../hotkeys/action.ts";
import type { Disposer } from "../../lib/disposer.ts";
import { groupResource } from "../../lib/kube/gvr.ts";
import { createValue } from "../../lib/subscribable.ts";
import { ListView } from "../list-view.tsx";
import { targetParameter } from "../view-parameters.ts";
import {
  NOTHING_SELECTED,
  type Freshness,
  type SavedRow,
  type View,
  type ViewDefinition,
  type ViewHost,
} from "../view.ts";
import {
  forwardAddress,
  forwardColumns,
  forwardRow,
  isForwardOf,
  savedForwardRow,
  type ShownColumns,
} from "./model.ts";
import { runningOf } from "./saved-forwards.ts";

/** Another program may change the file of the sets: it is read again so often while it is shown. */
const READ_MILLISECONDS = 5000;

/** The port-forwards of this session in every context and the saved ones of this context, or those of one object. */
class PortForwardsView {
  readonly view: ListView;
  readonly #host: ViewHost;
  readonly #object: TargetObject | undefined;
  readonly #freshness = createValue<Freshness>({ state: "static" });
  readonly #marks = new Set<string>();
  #saved = new Map<string, SavedRow>();

  constructor(host: ViewHost, object: TargetObject | undefined) {
    this.#host = host;
    this.#object = object;
    const of = object === undefined ? "" : ` of ${targetLabel(object)}`;
    this.view = new ListView({
      id: "port-forwards",
      scopes: ["port-forwards"],
      what: "port-forwards",
      ...(object === undefined ? {} : { where: `${object.namespace}/${object.name}` }),
      freshness: this.#freshness,
      empty: () => `no port-forwards${of}: Shift-F on a pod, a container or a service opens one`,
      notes: () => (this.#marks.size === 0 ? [] : [`${this.#marks.size} marked`]),
      selection: () => NOTHING_SELECTED,
      disabledReason: (name, key) => this.#reasonAgainst(name, key),
      command: (name, key) => this.#command(name, key),
      show: (shown) => this.#show(shown),
    });
  }

  #show(shown: Disposer): void {
    const { session, clock } = this.#host;
    const { forwards } = session;
    shown.add(forwards.running.subscribe(() => this.#refresh()));
    shown.add(forwards.saved.subscribe(() => this.#refresh()));
    shown.add(session.context.subscribe(() => this.#refresh()));
    shown.add(clock.every(READ_MILLISECONDS, () => void forwards.reread(), { background: true }));
    void forwards.reread();
    this.#refresh();
  }

  #find(key: string | undefined): PortForward | undefined {
    return this.#host.session.forwards.running.get().find((forward) => forward.id === key);
  }

  #savedAt(key: string | undefined): SavedRow | undefined {
    return key === undefined ? undefined : this.#saved.get(key);
  }

  #reasonAgainst(name: string, key: string | undefined): string | undefined {
    if (!name.startsWith("port-forward.")) return undefined;
    const forward = this.#find(key);
    const saved = this.#savedAt(key);
    if (name === "port-forward.save") return this.#toSave().length === 0 ? "none of this context runs" : undefined;
    if (name === "port-forward.clear-marks") return this.#marks.size === 0 ? "nothing is marked" : undefined;
    if (forward === undefined && saved === undefined) return "nothing is selected";
    if (name === "port-forward.start") {
      return saved !== undefined || forward?.state === "failed" ? undefined : "it runs";
    }
    if (saved === undefined || name === "port-forward.stop" || name === "port-forward.open") return undefined;
    return "it does not run: Enter starts it";
  }

  #command(name: string, key: string | undefined): boolean {
    const { app, session } = this.#host;
    const { forwards } = session;
    if (name === "view.reload") void forwards.reread();
    else if (name === "port-forward.save") void forwards.save(this.#toSave());
    else if (name === "port-forward.clear-marks") this.#mark(() => this.#marks.clear());
    else {
      const saved = this.#savedAt(key);
      const forward = this.#find(key);
      if (saved !== undefined) this.#commandOfSaved(name, saved);
      else if (forward === undefined) return false;
      else if (name === "port-forward.stop") this.#stop(forward);
      else if (name === "port-forward.start") void forwards.restart(forward.id);
      else if (name === "port-forward.mark") {
        this.#mark(() => this.#marks.delete(forward.id) || this.#marks.add(forward.id));
        this.view.command("move.down");
      } else if (name === "port-forward.open") this.#goTo(forward);
      else if (name === "port-forward.browse") void app.operations.browse(forwardAddress(forward));
      else if (name === "port-forward.copy") void app.operations.copy(forwardAddress(forward), "the address");
      else return false;
    }
    return true;
  }

  #commandOfSaved(name: string, saved: SavedRow): void {
    const { forwards } = this.#host.session;
    if (name === "port-forward.open" || name === "port-forward.start") void forwards.start([saved]);
    else if (name === "port-forward.stop") void forwards.deleteSaved(saved);
  }

  /** Stops the marked forwards, else this one. */
  #stop(forward: PortForward): void {
    const { app, session } = this.#host;
    const marked = session.forwards.running.get().filter(({ id }) => this.#marks.has(id));
    const stopped = marked.length > 0 ? marked : [forward];
    for (const { id } of stopped) session.forwards.stop(id);
    const names = stopped.map(({ localPort }) => `127.0.0.1:${localPort}`).join(", ");
    app.flash("info", `${names} ${stopped.length === 1 ? "is" : "are"} closed`);
  }

  #goTo({ target, context }: PortForward): void {
    const elsewhere = context === this.#host.session.context.get() ? "" : ` @${context}`;
    this.#host.app.command(`${groupResource(target.resource)} ${target.namespace} =${target.name}${elsewhere}`);
  }

  #mark(change: () => unknown): void {
    change();
    this.#refresh();
  }

  /** The marked ones, else all that run, of the context in use. */
  #toSave(): readonly string[] {
    const { session } = this.#host;
    const here = session.forwards.running
      .get()
      .filter(({ context, state }) => context === session.context.get() && state !== "failed")
      .map(({ id }) => id);
    const marked = here.filter((id) => this.#marks.has(id));
    return marked.length > 0 ? marked : here;
  }

  #refresh(): void {
    const object = this.#object;
    const { session } = this.#host;
    const here = session.context.get();
    const all = session.forwards.running.get();
    for (const id of this.#marks) if (!all.some((forward) => forward.id === id)) this.#marks.delete(id);
    const running = object === undefined ? all : all.filter((forward) => isForwardOf(forward, object));
    const { rows, fault } = session.forwards.saved.get();
    const sets = rows.filter(({ context }) => context === here);
    // Those of an object are told apart by what they run as.
    const idle = object === undefined ? sets.filter((row) => runningOf(row, all) === undefined) : [];
    this.#saved = new Map(idle.map((row) => [JSON.stringify([row.set, row.index]), row]));
    const shown: ShownColumns = {
      contexts: running.some(({ context }) => context !== here),
      sets: sets.length > 0,
      errors: running.some(({ error }) => error !== undefined) || idle.some((row) => row.fault !== undefined),
    };
    const setsOf = (forward: PortForward): string =>
      sets
        .filter((row) => runningOf(row, [forward]) !== undefined)
        .map(({ set }) => set)
        .join(",");
    this.view.setRows(forwardColumns(shown), [
      ...running.map((forward) => ({
        ...forwardRow(forward, shown, setsOf(forward)),
        marked: this.#marks.has(forward.id),
      })),
      ...Array.from(this.#saved, ([key, row]) => savedForwardRow(key, row, shown)),
    ]);
    this.#readFault(fault);
    this.view.refreshTitle();
  }

  #readFault(fault: string | undefined): void {
    const before = this.#freshness.get();
    if (fault === undefined) this.#freshness.set({ state: "static" });
    else if (before.state !== "stale" || before.reason !== fault) {
      this.#freshness.set({ state: "stale", since: this.#host.clock.now(), reason: fault });
    }
  }
}

export const portForwardsView: ViewDefinition = {
  id: "port-forwards",
  create(host, parameters): View {
    return new PortForwardsView(host, parameters["target"] === undefined ? undefined : targetParameter(parameters))
      .view;
  },
};
