import { basename } from "node:path";
import type { ContextInfo } from "../cluster/cluster.ts";
import type { AppDoors } from "../hotkeys/action.ts";
import { errorMessage, KelpieError } from "../lib/errors.ts";
import type { Session } from "./session.ts";

/** As the API takes names of namespaces. */
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

export interface ContextEditorOptions {
  readonly session: Session;
  readonly app: Pick<AppDoors, "confirm" | "input" | "flash">;
  /** Moves what is kept by the context's name: its settings, its sets of port-forwards. @returns what it changed */
  renamed(from: string, to: string): Promise<readonly string[]>;
  /** What is kept by the context's name, for the question before a rename. */
  keptBy(name: string): readonly string[];
}

/** Changes contexts in the kubeconfig. Every change asks, names the file, and leaves a backup beside it. */
export class ContextEditor {
  readonly #options: ContextEditorOptions;

  constructor(options: ContextEditorOptions) {
    this.#options = options;
  }

  /** Why a context cannot be changed. */
  reasonAgainst(name: string | undefined, change: "rename" | "delete" | "namespace"): string | undefined {
    const { session } = this.#options;
    const context = this.#find(name);
    if (context === undefined) return "nothing is selected";
    if (context.local === true) return "kelpie writes the kubeconfig of a local cluster itself; :clusters deletes it";
    if (context.file === undefined) return "no kubeconfig defines it";
    if (change === "delete" && session.context.get() === name) return "it is in use: switch to another one first";
    return undefined;
  }

  async rename(name: string): Promise<void> {
    const { session, app } = this.#options;
    const context = this.#find(name);
    if (context === undefined) return;
    const to = await app.input({
      title: `Rename the context ${name}`,
      lines: [
        ...describe(context),
        ...this.#options.keptBy(name),
        ...(context.current ? ["current-context follows."] : []),
      ],
      label: "new name",
      initial: name,
      validate: (text) => {
        if (text.trim() === "" || text.trim() !== text) return "a name has no spaces at its ends";
        if (text === name) return "this is its name";
        return this.#find(text) === undefined ? undefined : `there is a context ${text} already`;
      },
    });
    if (to === undefined) return;
    await this.#do(`the context ${name} was not renamed`, async () => {
      const backups = await session.changeContext({ type: "rename", context: name, to });
      const moved = await this.#options.renamed(name, to);
      if (session.context.get() === name) await session.useContext(to);
      app.flash("info", `${name} is ${to} now${moved.map((each) => `, ${each}`).join("")}; ${backupWords(backups)}`);
    });
  }

  async setNamespace(name: string): Promise<void> {
    const { session, app } = this.#options;
    const context = this.#find(name);
    if (context === undefined) return;
    const namespace = await app.input({
      title: `Namespace of the context ${name}`,
      lines: [...describe(context), "What kelpie and kubectl begin with in this context."],
      label: "namespace",
      initial: context.namespace,
      validate: (text) => (NAMESPACE.test(text) ? undefined : "this is no name of a namespace"),
    });
    if (namespace === undefined) return;
    await this.#do(`the namespace of ${name} was not changed`, async () => {
      const backups = await session.changeContext({ type: "namespace", context: name, namespace });
      app.flash("info", `${name} begins in ${namespace}; ${backupWords(backups)}`);
    });
  }

  async delete(name: string): Promise<void> {
    const { session, app } = this.#options;
    const context = this.#find(name);
    if (context === undefined) return;
    const others = session.contexts.get().filter((each) => each.name !== name);
    const cluster = context.cluster !== "" && !others.some((each) => each.cluster === context.cluster);
    const user = context.user !== "" && !others.some((each) => each.user === context.user);
    const orphans = [
      ...(cluster ? [`cluster ${context.cluster}`] : []),
      ...(user ? [`user ${context.user} with its credentials`] : []),
    ];
    const too = orphans.join(" and ");
    const answer = await app.confirm({
      title: `Delete the context ${name}?`,
      lines: [
        ...describe(context),
        ...(context.current ? ["It is the current context: there is none then."] : []),
        ...(orphans.length === 0 ? [] : [`No other context uses its ${too}.`]),
        "Nothing in the cluster itself is touched.",
      ],
      confirmLabel: "Delete",
      danger: true,
      choices:
        orphans.length === 0 ? [] : [{ id: "orphans", label: "Unused entries", options: ["keep", "delete it too"] }],
    });
    if (answer === undefined) return;
    const all = answer["orphans"] === "delete it too";
    await this.#do(`the context ${name} was not deleted`, async () => {
      const change = { type: "delete", context: name, cluster: cluster && all, user: user && all } as const;
      const backups = await session.changeContext(change);
      // A name that stands in two files shows the second one's context then.
      const again = this.#find(name) === undefined ? "" : "; another file has a context of this name";
      app.flash("info", `${name} is deleted${all ? `, with its ${too}` : ""}${again}; ${backupWords(backups)}`);
    });
  }

  #find(name: string | undefined): ContextInfo | undefined {
    return this.#options.session.contexts.get().find((each) => each.name === name);
  }

  async #do(fault: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      const hint = error instanceof KelpieError && error.hint !== undefined ? `: ${error.hint}` : "";
      this.#options.app.flash("error", `${fault}: ${errorMessage(error)}${hint}`);
    }
  }
}

function describe({ file, cluster, user, server }: ContextInfo): readonly string[] {
  return [file ?? "", `cluster ${cluster} (${server}), user ${user}`];
}

function backupWords(backups: readonly string[]): string {
  return `backup beside it: ${backups.map((path) => basename(path)).join(", ")}`;
}
