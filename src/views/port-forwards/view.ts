import type { PortForward } from "../../cluster/cluster.ts";
import { targetLabel } from "../../cluster/forward-target.ts";
import type { TargetObject } from "../../hotkeys/action.ts";
import { Disposer } from "../../lib/disposer.ts";
import { groupResource } from "../../lib/kube/gvr.ts";
import { createValue } from "../../lib/subscribable.ts";
import { ListView } from "../list-view.tsx";
import { targetParameter } from "../view-parameters.ts";
import type { Freshness, View, ViewDefinition, ViewHost } from "../view.ts";
import { forwardAddress, forwardColumns, forwardRow, isForwardOf } from "./model.ts";

/** The port-forwards of this session in every context, or those of one object. */
class PortForwardsView {
  readonly view: ListView;
  readonly #host: ViewHost;
  readonly #object: TargetObject | undefined;
  readonly #freshness = createValue<Freshness>({ state: "static" });
  #shown: Disposer | undefined;

  constructor(host: ViewHost, object: TargetObject | undefined) {
    this.#host = host;
    this.#object = object;
    const of = object === undefined ? "" : ` of ${targetLabel(object)}`;
    const { forwards } = host.session;
    this.view = new ListView({
      id: "port-forwards",
      scopes: ["port-forwards"],
      what: "port-forwards",
      ...(object === undefined ? {} : { where: `${object.namespace}/${object.name}` }),
      freshness: this.#freshness,
      empty: () => `no port-forwards${of}: Shift-F on a pod, a container or a service opens one`,
      selection: () => ({ targets: [], cursor: undefined, kind: undefined, container: undefined }),
      disabledReason: (name, key) => this.#reasonAgainst(name, key),
      command: (name, key) => this.#command(name, key),
      show: () => {
        const shown = new Disposer();
        this.#shown = shown;
        shown.add(forwards.subscribe(() => this.#refresh()));
        this.#refresh();
      },
      hide: () => {
        this.#shown?.dispose();
        this.#shown = undefined;
      },
    });
  }

  #find(key: string | undefined): PortForward | undefined {
    return this.#host.session.forwards.get().find((forward) => forward.id === key);
  }

  #reasonAgainst(name: string, key: string | undefined): string | undefined {
    if (!name.startsWith("port-forward.")) return undefined;
    return this.#find(key) === undefined ? "nothing is selected" : undefined;
  }

  #command(name: string, key: string | undefined): boolean {
    const { app, session } = this.#host;
    const forward = this.#find(key);
    if (forward === undefined) return false;
    if (name === "port-forward.stop") {
      session.stopForward(forward.id);
      app.flash("info", `127.0.0.1:${forward.localPort} is closed`);
    } else if (name === "port-forward.open") {
      const { target, context } = forward;
      const elsewhere = context === session.context.get() ? "" : ` @${context}`;
      app.command(`${groupResource(target.resource)} ${target.namespace} =${target.name}${elsewhere}`);
    } else if (name === "port-forward.browse") void app.operations.browse(forwardAddress(forward));
    else if (name === "port-forward.copy") void app.operations.copy(forwardAddress(forward), "the address");
    else return false;
    return true;
  }

  #refresh(): void {
    const object = this.#object;
    const all = this.#host.session.forwards.get();
    const forwards = object === undefined ? all : all.filter((forward) => isForwardOf(forward, object));
    const here = this.#host.session.context.get();
    const contexts = forwards.some(({ context }) => context !== here);
    this.view.setRows(
      forwardColumns(contexts),
      forwards.map((forward) => forwardRow(forward, contexts)),
    );
  }
}

export const portForwardsView: ViewDefinition = {
  id: "port-forwards",
  create(host, parameters): View {
    return new PortForwardsView(host, parameters["target"] === undefined ? undefined : targetParameter(parameters))
      .view;
  },
};
