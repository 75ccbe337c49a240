import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { errorMessage } from "../../lib/errors.ts";
import { asString } from "../../lib/kube/object.ts";
import { createValue } from "../../lib/subscribable.ts";
import { maskedManifest } from "../../resources/helm/manifest.ts";
import { indentLevel } from "../../ui/folding.ts";
import { hangingIndent } from "../../ui/hanging-indent.ts";
import { PagerModel } from "../../ui/pager-model.ts";
import { TextView } from "../text-view.tsx";
import { NOTHING_SELECTED, type Freshness, type View, type ViewDefinition, type ViewHost } from "../view.ts";
import { yamlLines } from "../yaml/model.ts";

/** The text of a manifest on this machine. Values of Secrets are masked until `x`. */
class ManifestView {
  readonly view: TextView;
  readonly #path: string;
  readonly #pager = new PagerModel({ levels: indentLevel, hang: hangingIndent });
  readonly #freshness = createValue<Freshness>({ state: "loading", loaded: 0 });
  #text = "";
  #revealed = false;

  constructor(host: ViewHost, path: string) {
    this.#path = path;
    this.view = new TextView(host, {
      id: "manifest",
      what: "manifest",
      where: path,
      pager: this.#pager,
      freshness: this.#freshness,
      fileName: basename(path),
      notes: () => [this.#revealed ? "secrets revealed" : "secrets masked"],
      selection: () => NOTHING_SELECTED,
      command: (name) => this.#command(name),
      disabledReason: (name) => (name === "text.managed-fields" ? "a manifest has no managed fields" : undefined),
      show: () => void this.#read(),
    });
  }

  #command(name: string): boolean {
    if (name === "view.reload") {
      void this.#read();
      return true;
    }
    if (name !== "text.decode") return false;
    this.#revealed = !this.#revealed;
    this.#draw();
    return true;
  }

  async #read(): Promise<void> {
    try {
      this.#text = await readFile(this.#path, "utf8");
      this.#freshness.set({ state: "static" });
      this.#draw();
    } catch (error) {
      this.#freshness.set({ state: "denied", reason: errorMessage(error) });
      this.#pager.setLines([{ text: `cannot be read: ${errorMessage(error)}` }]);
    }
  }

  #draw(): void {
    this.#pager.setLines(yamlLines(this.#revealed ? this.#text : maskedManifest(this.#text)));
    this.view.refreshTitle();
  }
}

export const manifestView: ViewDefinition = {
  id: "manifest",
  create(host, parameters): View {
    return new ManifestView(host, asString(parameters["path"])).view;
  },
};
