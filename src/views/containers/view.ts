import type { TargetObject } from "../../hotkeys/action.ts";
import type { Disposer } from "../../lib/disposer.ts";
import { createValue } from "../../lib/subscribable.ts";
import { ListView } from "../list-view.tsx";
import { LiveObject } from "../live-object.ts";
import { objectSelection } from "../object-selection.ts";
import { targetParameter, targetPath } from "../view-parameters.ts";
import type { Freshness, View, ViewDefinition, ViewHost } from "../view.ts";
import { containerTable } from "./model.ts";

const REFRESH_MILLISECONDS = 1000;

/** The containers of one pod: init containers, sidecars and ephemeral ones too. */
class ContainersView {
  readonly view: ListView;
  readonly #host: ViewHost;
  readonly #live: LiveObject;
  readonly #freshness = createValue<Freshness>({ state: "loading", loaded: 0 });

  constructor(host: ViewHost, target: TargetObject) {
    this.#host = host;
    this.#live = new LiveObject(host.cluster, host.clock, target);
    const selection = (key: string | undefined): ReturnType<ListView["selection"]> =>
      objectSelection(target, this.#live.state.get().object, key);
    this.view = new ListView({
      id: "containers",
      scopes: ["containers"],
      what: "containers",
      where: targetPath(target),
      freshness: this.#freshness,
      empty: () => "this pod has no containers",
      notes: () => (this.#live.state.get().deleted ? ["deleted"] : []),
      selection,
      command: (name, key) => {
        if (name === "view.reload") {
          this.#live.reload();
          return true;
        }
        const { cursor } = selection(key);
        if (name !== "open" || key === undefined || cursor === undefined) return false;
        host.app.open({ view: "logs", parameters: { targets: [cursor], container: key }, title: `logs ${key}` });
        return true;
      },
      show: (shown) => this.#show(shown),
    });
  }

  #show(shown: Disposer): void {
    const { clock, cluster } = this.#host;
    shown.add(this.#live.watch(() => this.#refresh()));
    shown.add(cluster.metrics.subscribe(() => this.#refresh()));
    shown.add(clock.every(REFRESH_MILLISECONDS, () => this.#refresh(), { background: true }));
    this.#refresh();
  }

  #refresh(): void {
    const { object, freshness } = this.#live.state.get();
    this.#freshness.set(freshness);
    if (object === undefined) return;
    const { columns, rows } = containerTable(object, this.#host.cluster.metrics.get(), this.#host.clock.now());
    this.view.setRows(columns, rows);
  }
}

export const containersView: ViewDefinition = {
  id: "containers",
  create(host, parameters): View {
    return new ContainersView(host, targetParameter(parameters)).view;
  },
};
