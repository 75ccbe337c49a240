import { errorMessage } from "../../lib/errors.ts";
import { createValue } from "../../lib/subscribable.ts";
import { sanitize } from "../../lib/text.ts";
import { toYaml } from "../../lib/yaml.ts";
import { maskedManifest } from "../../resources/helm/manifest.ts";
import type { ReleaseBody } from "../../resources/helm/release-body.ts";
import type { StoredRelease } from "../../resources/helm/stored-release.ts";
import { mergedValues } from "../../resources/helm/values.ts";
import { indentLevel } from "../../ui/folding.ts";
import { hangingIndent } from "../../ui/hanging-indent.ts";
import { PagerModel } from "../../ui/pager-model.ts";
import type { StyledLine } from "../../ui/styled-line.ts";
import { TextView } from "../text-view.tsx";
import { NOTHING_SELECTED, type Freshness, type View, type ViewDefinition, type ViewHost } from "../view.ts";
import { yamlLines } from "../yaml/model.ts";
import { releaseParameter } from "./parameters.ts";
import { readRelease } from "./read-release.ts";

export type ReleaseText = "values" | "manifest" | "notes";

/** Values, manifest or notes of one revision. A revision does not change, so it is read once. */
class ReleaseTextView {
  readonly view: TextView;
  readonly #host: ViewHost;
  readonly #release: StoredRelease;
  readonly #what: ReleaseText;
  readonly #pager = new PagerModel({ levels: indentLevel, hang: hangingIndent });
  readonly #freshness = createValue<Freshness>({ state: "loading", loaded: 0 });
  #body: ReleaseBody | undefined;
  #revealed = false;
  #all = false;
  #disposed = false;

  constructor(host: ViewHost, release: StoredRelease, what: ReleaseText) {
    this.#host = host;
    this.#release = release;
    this.#what = what;
    this.view = new TextView(host, {
      id: "helm-text",
      scopes: what === "values" ? ["helm-values", "text"] : ["text"],
      what: `helm ${what}`,
      where: `${release.namespace}/${release.name} ${release.revision}`,
      pager: this.#pager,
      freshness: this.#freshness,
      fileName: `${release.name}-${release.revision}-${what}.${what === "notes" ? "txt" : "yaml"}`,
      notes: () => this.#notes(),
      selection: () => NOTHING_SELECTED,
      command: (name) => this.#command(name),
      disabledReason: (name) => this.#reasonAgainst(name),
      show: () => {
        if (this.#body === undefined) void this.#read();
      },
      dispose: () => {
        this.#disposed = true;
      },
    });
  }

  #notes(): readonly string[] {
    if (this.#what === "values") return [this.#all ? "with the chart's defaults" : "given by the user"];
    return this.#what === "manifest" ? [this.#revealed ? "secrets revealed" : "secrets masked"] : [];
  }

  #reasonAgainst(name: string): string | undefined {
    if (name === "text.decode" && this.#what !== "manifest") return "nothing is masked here";
    return name === "text.managed-fields" ? "a release has no managed fields" : undefined;
  }

  #command(name: string): boolean {
    if (name === "text.decode") this.#revealed = !this.#revealed;
    else if (name === "helm.all-values") this.#all = !this.#all;
    else if (name === "view.reload") {
      void this.#read();
      return true;
    } else return false;
    this.#draw();
    return true;
  }

  async #read(): Promise<void> {
    this.#freshness.set({ state: "loading", loaded: 0 });
    try {
      this.#body = await readRelease(this.#host.cluster, this.#release);
      if (this.#disposed) return;
      this.#freshness.set({ state: "static" });
      this.#draw();
    } catch (error) {
      if (this.#disposed) return;
      this.#freshness.set({ state: "denied", reason: errorMessage(error) });
      this.#pager.setLines([{ text: sanitize(errorMessage(error)) }]);
    }
  }

  #draw(): void {
    const body = this.#body;
    if (body === undefined) return;
    this.#pager.setLines(this.#lines(body));
    this.view.refreshTitle();
  }

  #lines(body: ReleaseBody): readonly StyledLine[] {
    if (this.#what === "notes") {
      const notes = body.notes.trimEnd();
      return notes === ""
        ? [{ text: "The chart has no notes." }]
        : notes.split("\n").map((text) => ({ text: sanitize(text) }));
    }
    if (this.#what === "manifest") return yamlLines(this.#revealed ? body.manifest : maskedManifest(body.manifest));
    const values = this.#all ? mergedValues(body.values, body.defaults) : body.values;
    if (Object.keys(values).length > 0) return yamlLines(toYaml(values));
    return [{ text: this.#all ? "The chart has no values." : "The user gave no values; a shows those of the chart." }];
  }
}

export const releaseTextView: ViewDefinition = {
  id: "helm-text",
  create(host, parameters): View {
    const { what } = parameters;
    const text = what === "manifest" || what === "notes" ? what : "values";
    return new ReleaseTextView(host, releaseParameter(parameters), text).view;
  },
};
