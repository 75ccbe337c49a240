import { join } from "node:path";
import type { Cluster } from "../cluster/cluster.ts";
import { targetLabel } from "../cluster/forward-target.ts";
import { LocalPortError } from "../cluster/local-listener.ts";
import {
  readForwardSets,
  renameForwardSets,
  SET_NAME,
  writeForwardSet,
  type ForwardSetFile,
  type SavedForward,
} from "../config/forward-sets.ts";
import type { Paths } from "../config/paths.ts";
import type { AppDoors } from "../hotkeys/action.ts";
import { errorMessage } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { createValue } from "../lib/subscribable.ts";
import type { SavedRow, SavedRows, ViewForwards } from "../views/view.ts";
import { isSaved, toRequest, toSaved } from "../views/port-forwards/saved-forwards.ts";
import type { Forwards } from "./forwards.ts";

export interface ForwardSetsOptions {
  readonly paths: Paths;
  readonly logger: Logger;
  readonly forwards: Forwards;
  readonly app: Pick<AppDoors, "confirm" | "input" | "flash">;
  cluster(): Cluster | undefined;
}

/** The port-forwards of this session, and the named sets of a file, by context. */
export class ForwardSets implements Omit<ViewForwards, "running"> {
  readonly saved = createValue<SavedRows>({ rows: [] });
  readonly #options: ForwardSetsOptions;
  readonly #file: string;
  /** Why a saved forward could not be started, until it is tried again. */
  readonly #faults = new Map<string, string>();
  /** Clusters whose own sets were opened. */
  readonly #opened = new WeakSet<Cluster>();
  #sets: ForwardSetFile = {};

  constructor(options: ForwardSetsOptions) {
    this.#options = options;
    this.#file = join(options.paths.config, "port-forwards.yaml");
  }

  /** Names of the sets of a context. */
  names(context: string): readonly string[] {
    return Object.keys(this.#sets[context] ?? {});
  }

  /** A fault is shown with the rows that were read before. */
  async reread(): Promise<void> {
    try {
      this.#sets = await readForwardSets(this.#file);
      this.#publish();
    } catch (error) {
      this.#options.logger.warn("sets of port-forwards not read", { error });
      this.#publish(errorMessage(error));
    }
  }

  /** Opens every forward of a set that does not run, and says how each went. */
  async openSet(name: string): Promise<void> {
    const cluster = this.#options.cluster();
    if (cluster === undefined) return;
    await this.reread();
    await this.#openSet(cluster, name);
  }

  /** The sets that a context's settings open by themselves, once its server has told its kinds. */
  openOwn(cluster: Cluster, names: readonly string[]): void {
    if (names.length === 0 || this.#opened.has(cluster)) return;
    this.#opened.add(cluster);
    let begun = false;
    const begin = (): void => {
      if (begun || cluster.catalog.get().state !== "ready") return;
      begun = true;
      void (async (): Promise<void> => {
        await this.reread();
        for (const name of names) await this.#openSet(cluster, name);
      })();
    };
    cluster.catalog.subscribe(begin);
    begin();
  }

  async start(rows: readonly SavedRow[]): Promise<void> {
    const cluster = this.#options.cluster();
    if (cluster !== undefined) await this.#start(cluster, rows, undefined);
  }

  stop(id: string): void {
    this.#options.forwards.stop(id);
  }

  /** Listens again where a forward has failed: for the pod of the name, whichever it is now. */
  async restart(id: string): Promise<void> {
    const { app, forwards } = this.#options;
    const cluster = this.#options.cluster();
    const forward = forwards.get().find((each) => each.id === id);
    if (cluster === undefined || forward === undefined || forward.context !== cluster.context.name) return;
    const { resource, namespace, name } = forward.target;
    const { port, localPort } = forward;
    try {
      await cluster.portForwards.open({ target: { resource, namespace, name }, port, localPort });
      forwards.stop(id);
      app.flash("info", `127.0.0.1:${localPort} listens again`);
    } catch (error) {
      app.flash("error", `127.0.0.1:${localPort} was not opened again: ${errorMessage(error)}`);
    }
  }

  /** Saves forwards of the context in use as a set, by a name that is asked for. */
  async save(ids: readonly string[]): Promise<void> {
    const { app, forwards } = this.#options;
    const context = this.#options.cluster()?.context.name;
    const chosen = forwards.get().filter((each) => each.context === context && ids.includes(each.id));
    if (context === undefined || chosen.length === 0) return;
    const saved = chosen.map(toSaved);
    const name = await app.input({
      title: `Save ${saved.length === 1 ? "this port-forward" : `${saved.length} port-forwards`} of ${context} as a set`,
      lines: [...saved.map(savedText), "", ":pf <name> opens them again."],
      label: "name",
      initial: "",
      validate: (text) => (SET_NAME.test(text) ? undefined : "a name is one word: letters, digits, - _ ."),
    });
    if (name === undefined) return;
    const before = this.#sets[context]?.[name] ?? [];
    if (before.length > 0 && !(await this.#mayReplace(context, name, before))) return;
    await this.#write(context, name, saved, `saved as ${name}; :pf ${name} opens them again`);
  }

  /** Deletes a set, or one forward of it. */
  async deleteSaved({ context, set, index }: SavedRow): Promise<void> {
    const all = this.#sets[context]?.[set] ?? [];
    const forward = all[index];
    if (forward === undefined) return;
    const one = "this forward";
    const answer = await this.#options.app.confirm({
      title: `Delete from the set ${set} of ${context}?`,
      lines: all.map((each) => (each === forward ? `> ${savedText(each)}` : `  ${savedText(each)}`)),
      confirmLabel: "Delete",
      danger: true,
      choices: all.length === 1 ? [] : [{ id: "what", label: "Delete", options: [one, "the whole set"] }],
    });
    if (answer === undefined) return;
    const rest = answer["what"] === one ? all.filter((each) => each !== forward) : [];
    const done = rest.length === 0 ? `the set ${set} is deleted` : `deleted from ${set}: ${savedText(forward)}`;
    await this.#write(context, set, rest, done);
  }

  /** A context has another name: its sets follow. @returns whether there were any */
  async renameContext(from: string, to: string): Promise<boolean> {
    const renamed = await renameForwardSets(this.#file, from, to);
    await this.reread();
    return renamed;
  }

  #mayReplace(context: string, name: string, before: readonly SavedForward[]): Promise<boolean> {
    const answer = this.#options.app.confirm({
      title: `Replace the set ${name} of ${context}?`,
      lines: ["What it holds now:", ...before.map((each) => `  ${savedText(each)}`)],
      confirmLabel: "Replace",
      danger: true,
    });
    return answer.then((given) => given !== undefined);
  }

  async #write(context: string, set: string, forwards: readonly SavedForward[], done: string): Promise<void> {
    try {
      await writeForwardSet(this.#file, context, set, forwards);
      this.#options.app.flash("info", done);
    } catch (error) {
      this.#options.app.flash("error", `the set ${set} was not written: ${errorMessage(error)}`);
    }
    await this.reread();
  }

  async #openSet(cluster: Cluster, name: string): Promise<void> {
    const { saved, app } = { saved: this.saved.get(), app: this.#options.app };
    const rows = saved.rows.filter((row) => row.context === cluster.context.name && row.set === name);
    if (rows.length > 0) {
      await this.#start(cluster, rows, name);
      return;
    }
    const known = this.names(cluster.context.name).join(", ");
    const others = known === "" ? "Ctrl-S in :pf saves those that run" : `there are ${known}`;
    app.flash("error", saved.fault ?? `${cluster.context.name} has no set of port-forwards ${name}: ${others}`);
  }

  async #start(cluster: Cluster, rows: readonly SavedRow[], set: string | undefined): Promise<void> {
    const { app } = this.#options;
    let opened = 0;
    const failed: string[] = [];
    for (const row of rows) {
      const key = keyOf(row);
      this.#faults.delete(key);
      if (cluster.portForwards.get().some((forward) => isSaved(forward, row.forward))) {
        opened += 1;
        continue;
      }
      try {
        await cluster.portForwards.open(toRequest(cluster, row.forward));
        opened += 1;
      } catch (error) {
        const why = this.#why(error);
        this.#faults.set(key, why);
        failed.push(`${row.forward.target}: ${why}`);
      }
    }
    this.#publish(this.saved.get().fault);
    const lead = set === undefined ? "" : `${set}: `;
    if (failed.length === 0) app.flash("info", `${lead}${opened} of ${rows.length} opened; :pf lists them`);
    else app.flash("error", `${lead}${opened} of ${rows.length} opened; ${failed.join("; ")}`);
  }

  /** A local port that is taken is mostly ours: by which forward? */
  #why(error: unknown): string {
    if (!(error instanceof LocalPortError)) return errorMessage(error);
    const holder = this.#options.forwards
      .get()
      .find(({ localPort, state }) => localPort === error.port && state !== "failed");
    if (holder === undefined) return errorMessage(error);
    return `127.0.0.1:${error.port} is that of ${targetLabel(holder.target)} in the context ${holder.context}`;
  }

  #publish(fault?: string): void {
    const rows = Object.entries(this.#sets).flatMap(([context, sets]) =>
      Object.entries(sets).flatMap(([set, forwards]) =>
        forwards.map((forward, index): SavedRow => {
          const row = { context, set, index, forward };
          const why = this.#faults.get(keyOf(row));
          return { ...row, ...(why === undefined ? {} : { fault: why }) };
        }),
      ),
    );
    this.saved.set({ rows, ...(fault === undefined ? {} : { fault }) });
  }
}

function keyOf({ context, set, forward }: Omit<SavedRow, "fault">): string {
  return JSON.stringify([context, set, forward]);
}

/** `deployment/web:http in shop at 127.0.0.1:8080`. */
function savedText({ target, namespace, port, local }: SavedForward): string {
  return `${target}:${port} in ${namespace} at ${local === 0 ? "a free local port" : `127.0.0.1:${local}`}`;
}
