import type { TargetObject } from "../../hotkeys/action.ts";
import { errorMessage } from "../../lib/errors.ts";
import type { KubeObject, ObjectMeta } from "../../lib/kube/object.ts";
import { createValue } from "../../lib/subscribable.ts";
import { indentLevel } from "../../ui/folding.ts";
import { hangingIndent } from "../../ui/hanging-indent.ts";
import { PagerModel } from "../../ui/pager-model.ts";
import { LiveObject } from "../live-object.ts";
import { objectSelection } from "../object-selection.ts";
import { TextView } from "../text-view.tsx";
import { targetParameter, targetTitle } from "../view-parameters.ts";
import type { Freshness, View, ViewDefinition, ViewHost } from "../view.ts";
import { objectYaml, yamlLines } from "./model.ts";

/** The YAML of one object, kept up to date by a watch. */
class YamlView {
  readonly view: TextView;
  readonly #host: ViewHost;
  readonly #target: TargetObject;
  readonly #live: LiveObject;
  readonly #pager = new PagerModel({ levels: indentLevel, hang: hangingIndent });
  readonly #freshness = createValue<Freshness>({ state: "loading", loaded: 0 });
  #decode = false;
  #managed = false;
  /** managedFields of the version read last; lists come without them. */
  #managedFields: Pick<ObjectMeta, "managedFields" | "resourceVersion"> | undefined;

  constructor(host: ViewHost, target: TargetObject) {
    this.#host = host;
    this.#target = target;
    this.#live = new LiveObject(host.cluster, host.clock, target);
    this.view = new TextView(host, {
      id: "yaml",
      what: "yaml",
      where: targetTitle(target),
      pager: this.#pager,
      freshness: this.#freshness,
      fileName: `${target.name}.yaml`,
      notes: () => this.#notes(),
      selection: () => objectSelection(target, this.#live.state.get().object),
      command: (name) => this.#command(name),
      disabledReason: (name) =>
        name === "text.decode" && target.resource.kind !== "Secret" ? "only secrets have values to decode" : undefined,
      show: (shown) => {
        shown.add(this.#live.watch(() => this.#refresh()));
        this.#refresh();
      },
    });
  }

  #notes(): readonly string[] {
    const notes: string[] = [];
    if (this.#live.state.get().deleted) notes.push("deleted");
    if (this.#target.resource.kind === "Secret") notes.push(this.#decode ? "decoded" : "masked");
    if (this.#managed) notes.push("managed fields");
    return notes;
  }

  #command(name: string): boolean {
    switch (name) {
      case "text.decode":
        this.#decode = !this.#decode;
        break;
      case "text.managed-fields":
        this.#managed = !this.#managed;
        break;
      case "view.reload":
        this.#live.reload();
        return true;
      default:
        return false;
    }
    this.#refresh();
    return true;
  }

  #refresh(): void {
    const { object, freshness } = this.#live.state.get();
    this.#freshness.set(freshness);
    if (object === undefined) {
      this.#pager.setLines(freshness.state === "denied" ? [{ text: freshness.reason }] : []);
      return;
    }
    this.#pager.setLines(yamlLines(objectYaml(this.#withManagedFields(object), { decode: this.#decode })));
    this.view.refreshTitle();
  }

  #withManagedFields(object: KubeObject): KubeObject {
    if (!this.#managed) return object;
    const { resourceVersion } = object.metadata;
    if (this.#managedFields?.resourceVersion !== resourceVersion) this.#readManagedFields(resourceVersion);
    const { managedFields } = this.#managedFields ?? {};
    return managedFields === undefined ? object : { ...object, metadata: { ...object.metadata, managedFields } };
  }

  #readManagedFields(wanted: string | undefined): void {
    const { resource, namespace, name } = this.#target;
    const kept = this.#managedFields?.managedFields;
    // Marked as asked for at once, so that a version is read once only.
    this.#managedFields = {
      ...(kept && { managedFields: kept }),
      ...(wanted !== undefined && { resourceVersion: wanted }),
    };
    this.#host.cluster.get({ resource, namespace, name }).then(
      ({ metadata: { managedFields = [] } }) => {
        this.#managedFields = { managedFields, ...(wanted !== undefined && { resourceVersion: wanted }) };
        if (this.view.isShown) this.#refresh();
      },
      (error: unknown) => this.#host.app.flash("error", `managed fields were not read: ${errorMessage(error)}`),
    );
  }
}

export const yamlView: ViewDefinition = {
  id: "yaml",
  create(host, parameters): View {
    return new YamlView(host, targetParameter(parameters)).view;
  },
};
