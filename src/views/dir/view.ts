import { readdir, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { ageOf } from "../../lib/age.ts";
import { errorMessage, KelpieError } from "../../lib/errors.ts";
import { createValue } from "../../lib/subscribable.ts";
import { ListView, type ListColumn, type ListRow } from "../list-view.tsx";
import { NOTHING_SELECTED, type Freshness, type View, type ViewDefinition, type ViewHost } from "../view.ts";

const COLUMNS: readonly ListColumn[] = [
  { title: "NAME", minWidth: 16 },
  { title: "WHAT", keep: 7 },
  { title: "BYTES", align: "right", keep: 5 },
  { title: "CHANGED", keep: 4 },
];

const MANIFEST = /\.(ya?ml|json)$/i;

interface Entry {
  readonly name: string;
  readonly folder: boolean;
  readonly bytes: number;
  /** RFC 3339. */
  readonly changed: string;
}

/** The folders and manifests of one folder of this machine; read when it is shown, and on Ctrl-R. */
class DirView {
  readonly view: ListView;
  readonly #host: ViewHost;
  readonly #path: string;
  readonly #freshness = createValue<Freshness>({ state: "loading", loaded: 0 });
  #entries = new Map<string, Entry>();
  /** Why the folder cannot be read. */
  #fault: string | undefined;

  constructor(host: ViewHost, path: string) {
    this.#host = host;
    this.#path = path;
    this.view = new ListView({
      id: "dir",
      scopes: ["dir"],
      what: "dir",
      where: path,
      freshness: this.#freshness,
      empty: () =>
        this.#freshness.get().state === "static" ? (this.#fault ?? "there is no folder and no manifest here") : "",
      selection: () => NOTHING_SELECTED,
      command: (name, key) => this.#command(name, key),
      disabledReason: (name, key) => this.#reasonAgainst(name, key),
      show: () => void this.#read(),
    });
  }

  async #read(): Promise<void> {
    try {
      const names = await readdir(this.#path);
      const entries = await Promise.all(names.filter((name) => !name.startsWith(".")).map((name) => this.#entry(name)));
      const shown = entries
        .filter((entry): entry is Entry => entry !== undefined && (entry.folder || MANIFEST.test(entry.name)))
        .toSorted((left, right) => Number(right.folder) - Number(left.folder) || (left.name < right.name ? -1 : 1));
      this.#entries = new Map(shown.map((entry) => [entry.name, entry]));
      const above: readonly ListRow[] =
        dirname(this.#path) === this.#path ? [] : [row("..", "..", { text: "folder above" }, "", "")];
      this.#fault = undefined;
      this.#freshness.set({ state: "static" });
      this.view.setRows(COLUMNS, [...above, ...shown.map((entry) => this.#row(entry))]);
    } catch (error) {
      // Node says the call and the path once more: `ENOENT: no such file or directory, scandir '/x'`.
      this.#fault = `${this.#path} cannot be read: ${errorMessage(error).replace(/, scandir '.*'$/s, "")}`;
      this.#freshness.set({ state: "static" });
      this.view.setRows(COLUMNS, []);
    }
  }

  /** `undefined` where it went meanwhile, or may not be looked at. */
  async #entry(name: string): Promise<Entry | undefined> {
    try {
      const found = await stat(join(this.#path, name));
      if (!found.isDirectory() && !found.isFile()) return undefined;
      return { name, folder: found.isDirectory(), bytes: found.size, changed: found.mtime.toISOString() };
    } catch {
      return undefined;
    }
  }

  #row({ name, folder, bytes, changed }: Entry): ListRow {
    const what = folder ? ({ text: "folder", tone: "accent" } as const) : { text: "manifest" };
    return row(
      name,
      folder ? `${name}/` : name,
      what,
      folder ? "" : String(bytes),
      ageOf(changed, this.#host.clock.now()),
    );
  }

  #reasonAgainst(name: string, key: string | undefined): string | undefined {
    if (!name.startsWith("dir.")) return undefined;
    if (key === undefined) return "nothing is selected";
    return key === ".." && name !== "dir.open" ? "that is the folder above: open it first" : undefined;
  }

  #command(name: string, key: string | undefined): boolean {
    const { app } = this.#host;
    if (name === "view.reload") {
      void this.#read();
      return true;
    }
    if (key === undefined || this.#reasonAgainst(name, key) !== undefined) return false;
    const path = key === ".." ? dirname(this.#path) : join(this.#path, key);
    if (name === "dir.apply") void app.operations.applyManifests(path);
    else if (name === "dir.delete") void app.operations.deleteManifests(path);
    else if (name === "dir.difference") void app.operations.compareManifests(path);
    else if (name === "dir.open") {
      const folder = key === ".." || this.#entries.get(key)?.folder === true;
      app.open({ view: folder ? "dir" : "manifest", parameters: { path }, title: basename(path) || path });
    } else return false;
    return true;
  }
}

function row(key: string, name: string, what: ListRow["cells"][number], bytes: string, changed: string): ListRow {
  return { key, cells: [{ text: name }, what, { text: bytes }, { text: changed, tone: "muted" }] };
}

export const dirView: ViewDefinition = {
  id: "dir",
  create(host, parameters): View {
    const { path } = parameters;
    if (typeof path !== "string" || path === "") {
      throw new KelpieError("dir needs a folder", { hint: "For example `:dir ~/manifests`." });
    }
    return new DirView(host, resolve(path.replace(/^~(?=$|\/)/, homedir()))).view;
  },
};
