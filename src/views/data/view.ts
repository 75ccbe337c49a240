import type { TargetObject } from "../../hotkeys/action.ts";
import { createValue } from "../../lib/subscribable.ts";
import { dataEntries, type DataEntry } from "../../resources/data-entries.ts";
import { ListView } from "../list-view.tsx";
import { LiveObject } from "../live-object.ts";
import { objectSelection } from "../object-selection.ts";
import { targetParameter, targetPath } from "../view-parameters.ts";
import type { Freshness, View, ViewDefinition, ViewHost } from "../view.ts";
import { dataRows, DATA_COLUMNS } from "./model.ts";

/** The keys of a ConfigMap or Secret. Secret values are masked until they are revealed one by one. */
class DataView {
  readonly view: ListView;
  readonly #host: ViewHost;
  readonly #target: TargetObject;
  readonly #live: LiveObject;
  readonly #freshness = createValue<Freshness>({ state: "loading", loaded: 0 });
  readonly #revealed = new Set<string>();
  #entries: readonly DataEntry[] = [];

  constructor(host: ViewHost, target: TargetObject) {
    this.#host = host;
    this.#target = target;
    this.#live = new LiveObject(host.cluster, host.clock, target);
    this.view = new ListView({
      id: "data",
      scopes: ["data"],
      what: "data",
      where: targetPath(target),
      freshness: this.#freshness,
      empty: () => (this.#live.state.get().object === undefined ? "loading" : "it holds no data"),
      notes: () => [
        ...(this.#live.state.get().deleted ? ["deleted"] : []),
        ...(this.#secret ? [this.#revealed.size === 0 ? "masked" : `${this.#revealed.size} revealed`] : []),
      ],
      selection: () => objectSelection(target, this.#live.state.get().object),
      command: (name, key) => this.#command(name, key),
      disabledReason: (name) =>
        name === "data.reveal" && !this.#secret ? "nothing is masked in a ConfigMap" : undefined,
      show: (shown) => {
        shown.add(this.#live.watch(() => this.#refresh()));
        this.#refresh();
      },
    });
  }

  get #secret(): boolean {
    return this.#target.resource.kind === "Secret";
  }

  #command(name: string, key: string | undefined): boolean {
    if (name === "view.reload") {
      this.#live.reload();
      return true;
    }
    const entry = this.#entries.find((one) => one.key === key);
    if (entry === undefined) return false;
    switch (name) {
      case "data.reveal":
        if (this.#secret && !this.#revealed.delete(entry.key)) this.#revealed.add(entry.key);
        this.#refresh();
        return true;
      case "data.copy":
        if (entry.text === undefined) this.#host.app.flash("warning", `${entry.key} is binary and was not copied`);
        else void this.#host.app.operations.copy(entry.text, `the value of ${entry.key}`);
        return true;
      case "open":
        this.#open(entry);
        return true;
      default:
        return false;
    }
  }

  #open(entry: DataEntry): void {
    this.#host.app.open({
      view: "value",
      parameters: { target: this.#target, key: entry.key, revealed: this.#revealed.has(entry.key) },
      title: entry.key,
    });
  }

  #refresh(): void {
    const { object, freshness } = this.#live.state.get();
    this.#freshness.set(freshness);
    if (object === undefined) return;
    this.#entries = dataEntries(object);
    this.view.setRows(DATA_COLUMNS, dataRows(this.#entries, this.#secret, this.#revealed));
  }
}

export const dataView: ViewDefinition = {
  id: "data",
  create(host, parameters): View {
    return new DataView(host, targetParameter(parameters)).view;
  },
};
