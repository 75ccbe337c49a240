import type { TargetObject } from "../../hotkeys/action.ts";
import { KelpieError } from "../../lib/errors.ts";
import { createValue } from "../../lib/subscribable.ts";
import { dataEntries } from "../../resources/data-entries.ts";
import { PagerModel } from "../../ui/pager-model.ts";
import { valueLines } from "../data/model.ts";
import { LiveObject } from "../live-object.ts";
import { objectSelection } from "../object-selection.ts";
import { TextView } from "../text-view.tsx";
import { targetParameter, targetPath } from "../view-parameters.ts";
import type { Freshness, View, ViewDefinition, ViewHost } from "../view.ts";

/** One value of a ConfigMap or Secret in full; a Secret's is masked until it is revealed. */
class ValueView {
  readonly view: TextView;
  readonly #key: string;
  readonly #secret: boolean;
  readonly #live: LiveObject;
  readonly #pager = new PagerModel();
  readonly #freshness = createValue<Freshness>({ state: "loading", loaded: 0 });
  #revealed: boolean;

  constructor(host: ViewHost, target: TargetObject, key: string, revealed: boolean) {
    this.#key = key;
    this.#secret = target.resource.kind === "Secret";
    this.#revealed = revealed || !this.#secret;
    this.#live = new LiveObject(host.cluster, host.clock, target);
    this.view = new TextView(host, {
      id: "value",
      what: key,
      where: targetPath(target),
      pager: this.#pager,
      freshness: this.#freshness,
      fileName: key,
      notes: () => (this.#revealed ? [] : ["masked"]),
      selection: () => objectSelection(target, this.#live.state.get().object),
      wholeText: () => this.#rawText(),
      disabledReason: (name) =>
        name === "text.decode" && !this.#secret ? "nothing is masked in a ConfigMap" : undefined,
      command: (name) => {
        if (name !== "text.decode" || !this.#secret) return false;
        this.#revealed = !this.#revealed;
        this.#refresh();
        return true;
      },
      show: (shown) => {
        shown.add(this.#live.watch(() => this.#refresh()));
        this.#refresh();
      },
    });
  }

  /** What is on screen is sanitised; what is copied or saved is the value itself, unless it is masked. */
  #rawText(): string {
    const { object } = this.#live.state.get();
    const entry = object === undefined ? undefined : dataEntries(object).find((one) => one.key === this.#key);
    if (!this.#revealed || entry === undefined) return "";
    return (
      entry.text ??
      valueLines(entry)
        .map((line) => `${line.text}\n`)
        .join("")
    );
  }

  #refresh(): void {
    const { object, freshness } = this.#live.state.get();
    this.#freshness.set(freshness);
    if (object === undefined) return;
    const entry = dataEntries(object).find((one) => one.key === this.#key);
    if (entry === undefined) this.#pager.setLines([{ text: `the key ${this.#key} is gone` }]);
    else if (this.#revealed) this.#pager.setLines(valueLines(entry));
    else this.#pager.setLines([{ text: `<masked, ${entry.bytes.length} bytes>` }]);
  }
}

export const valueView: ViewDefinition = {
  id: "value",
  create(host, parameters): View {
    const { key, revealed } = parameters;
    if (typeof key !== "string") throw new KelpieError("the value view needs a key and was opened without one");
    return new ValueView(host, targetParameter(parameters), key, revealed === true).view;
  },
};
