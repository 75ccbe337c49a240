import { errorMessage, KelpieError } from "../lib/errors.ts";
import { themeDescriptions, themeNames } from "../config/theme.ts";
import type { Busy } from "../lib/busy.ts";
import type { PickRequest } from "../lib/dialog-request.ts";
import type { ApiResource } from "../lib/kube/gvr.ts";
import { createValue } from "../lib/subscribable.ts";
import type { KindPlace, ViewRequest } from "../hotkeys/action.ts";
import { kinds } from "../resources/kinds/index.gen.ts";
import { findResource, listable } from "../state/resource-names.ts";
import { accessCommand } from "./access-commands.ts";
import { parseCommand, type ParsedCommand } from "./command-parser.ts";
import { commandName, findBuiltIn, kindDescription, suggestCommands } from "./commands.ts";
import { logsRequest } from "./logs-command.ts";
import type { Session } from "./session.ts";

/** What commands do to the program. */
export interface CommandHost {
  readonly session: Session;
  readonly busy: Busy;
  startTrail(request: ViewRequest): void;
  open(request: ViewRequest): void;
  useNamespace(namespace: string): void;
  pick(request: PickRequest): Promise<string | undefined>;
  failed(message: string): void;
  useTheme(name: string): void;
  /** Names of the sets of port-forwards of the context in use. */
  forwardSets(): readonly string[];
  switchReadOnly(word: string): void;
  openForwardSet(name: string): void;
  quit(): void;
}

function noCluster(): KelpieError {
  return new KelpieError("no cluster is open", { hint: ":ctx lists the contexts." });
}

/** The command prompt's commands: runs them, and completes them while they are typed. */
export class CommandRunner {
  readonly #host: CommandHost;
  readonly #namespaceNames = createValue<readonly string[]>([]);
  #endNamespaces: (() => void) | undefined;
  /** Waits for the context that is being opened. */
  #next: string | undefined;

  constructor(host: CommandHost, first: string) {
    this.#host = host;
    this.#next = first;
  }

  /** What to run in a cluster that was just opened, once. */
  takeNext(): string | undefined {
    const next = this.#next;
    this.#next = undefined;
    return next;
  }

  /** Runs a command as typed; what is wrong with it is told on the flash line. */
  run(text: string): void {
    if (text.trim() === "") return;
    this.#saying(() => {
      if (this.#runNamed(text) || this.#runAccess(text)) return;
      const xray = /^\s*xray\s+(.*)$/i.exec(text)?.[1];
      if (xray === undefined) this.#execute(parseCommand(text));
      else this.#openXray(parseCommand(xray));
    });
  }

  /** Runs what may be refused, and says why. */
  #saying(work: () => void): void {
    try {
      work();
    } catch (error) {
      const hint = error instanceof KelpieError && error.hint !== undefined ? `. ${error.hint}` : "";
      this.#host.failed(`${errorMessage(error)}${hint}`);
    }
  }

  /** `:can` and `:who-can`, whose words are verbs and subjects. */
  #runAccess(text: string): boolean {
    const cluster = this.#host.session.cluster.get();
    const namespace = this.#host.session.namespace.get() || (cluster?.context.namespace ?? "");
    const request = accessCommand(text, namespace);
    if (request === undefined) return false;
    if (cluster === undefined) throw noCluster();
    this.#host.startTrail(request);
    return true;
  }

  /** Commands whose argument is no namespace or filter: contexts are called `arn:aws:eks:…` or `gke_a_b`. */
  #runNamed(text: string): boolean {
    const [, first = "", name = ""] = /^\s*(\S+)\s*(.*?)\s*$/s.exec(text) ?? [];
    switch (findBuiltIn(first.toLowerCase())?.names[0]) {
      case "ctx":
        if (name === "") this.#host.startTrail({ view: "contexts", parameters: {}, title: "contexts" });
        else void this.#host.busy.during(this.#host.session.useContext(name));
        return true;
      case "pf":
        this.#host.startTrail({ view: "port-forwards", parameters: {}, title: "port-forwards" });
        if (name !== "") this.#host.openForwardSet(name);
        return true;
      case "readonly":
        this.#host.switchReadOnly(name.toLowerCase());
        return true;
      case "logs":
        this.#host.open(logsRequest(name, this.#host.session.namespace.get(), this.#resource("pods")));
        return true;
      case "dir":
        if (this.#host.session.cluster.get() === undefined) throw noCluster();
        this.#host.startTrail({ view: "dir", parameters: { path: name || "." }, title: `dir ${name || "."}` });
        return true;
      default:
        return false;
    }
  }

  #execute(command: ParsedCommand): void {
    const [word] = command.words;
    switch (findBuiltIn(command.name)?.names[0]) {
      case "q":
        this.#host.quit();
        return;
      case "ns":
        if (word !== undefined) {
          this.#host.useNamespace(command.namespace ?? word);
          return;
        }
        this.#openKind({ ...command, name: "namespaces" });
        return;
      case "journal":
        if (!this.#elsewhere(command)) this.#host.startTrail({ view: "journal", parameters: {}, title: "journal" });
        return;
      case "workloads":
        this.#openIn("workloads", command);
        return;
      case "pulse":
        this.#openIn("pulse", command);
        return;
      case "helm":
        this.#openIn("helm", command);
        return;
      case "xray":
        throw new KelpieError("xray needs a kind", { hint: "For example `:xray deploy`." });
      case "clusters":
        this.#host.startTrail({ view: "local-clusters", parameters: {}, title: "local clusters" });
        return;
      case "alias":
        void this.#pickKind();
        return;
      case "theme":
        if (word === undefined) void this.#pickTheme();
        else this.#useTheme(word);
        return;
      case "help":
        this.#host.open({ view: "help", parameters: {}, title: "help" });
        return;
      default:
        this.#openKind(command);
    }
  }

  /** Opens the context that a command names, and runs the command there. @returns false where it is open */
  #elsewhere({ name, words, context }: ParsedCommand): boolean {
    if (context === undefined || context === this.#host.session.context.get()) return false;
    this.#next = [name, ...words.filter((word) => !word.startsWith("@"))].join(" ");
    void this.#host.busy.during(this.#host.session.useContext(context));
    return true;
  }

  #openKind(command: ParsedCommand): void {
    if (this.#elsewhere(command)) return;
    const resource = this.#resource(command.name);
    const namespace = this.#namespace(command);
    const { filter, labelSelector, fieldSelector } = command;
    this.#host.startTrail({
      view: "resource-table",
      parameters: { resource, namespace, labelSelector, fieldSelector, filter },
      title: resource.resource,
    });
  }

  goTo({ kind, namespace, name, fieldSelector }: KindPlace): void {
    this.#saying(() =>
      this.#openKind({
        name: kind.toLowerCase(),
        words: [],
        ...(namespace === undefined ? {} : { namespace }),
        ...(name === undefined ? {} : { filter: `name:=${name}` }),
        ...(fieldSelector === undefined ? {} : { fieldSelector }),
      }),
    );
  }

  /** The trees of all objects of a kind. */
  #openXray(command: ParsedCommand): void {
    const resource = this.#resource(command.name);
    const namespace = this.#namespace(command);
    this.#host.startTrail({ view: "xray", parameters: { resource, namespace }, title: `xray ${resource.resource}` });
  }

  /** A view of its own about a namespace. */
  #openIn(view: "workloads" | "pulse" | "helm", command: ParsedCommand): void {
    if (this.#host.session.cluster.get() === undefined) throw noCluster();
    const namespace = this.#namespace(command);
    this.#host.startTrail({ view, parameters: { namespace }, title: view });
  }

  /** The namespace a command names, which is in use from now on, or the one that is. */
  #namespace({ namespace }: ParsedCommand): string {
    if (namespace !== undefined) this.#host.session.useNamespace(namespace);
    return this.#host.session.namespace.get();
  }

  /** @throws KelpieError where the server has no such kind, or has not told yet */
  #resource(name: string): ApiResource {
    const cluster = this.#host.session.cluster.get();
    if (cluster === undefined) throw noCluster();
    const catalog = cluster.catalog.get();
    const resource = findResource(name, catalog.resources, kinds) ?? this.#onlyBeginning(name, catalog.resources);
    if (resource !== undefined) return resource;
    const why =
      catalog.state === "ready"
        ? `the server has no kind "${name}"`
        : `"${name}" is not known yet: the server has not told its kinds`;
    throw new KelpieError(why, { hint: "Ctrl-A lists those it has." });
  }

  /** The one kind whose plural begins as typed: `:deplo`. */
  #onlyBeginning(name: string, resources: readonly ApiResource[]): ApiResource | undefined {
    const found = listable(resources, kinds).filter((resource) => resource.resource.startsWith(name));
    return found.length === 1 ? found[0] : undefined;
  }

  async #pickKind(): Promise<void> {
    const resources = this.#host.session.cluster.get()?.catalog.get().resources ?? [];
    const all = listable(resources, kinds).toSorted((left, right) => (left.resource < right.resource ? -1 : 1));
    const names = all.map((resource) => commandName(resource, resources));
    const chosen = await this.#host.pick({
      title: "Kinds of this server",
      items: names,
      details: all.map((resource) => kindDescription(resource, kinds)),
    });
    if (chosen !== undefined) this.run(chosen);
  }

  async #pickTheme(): Promise<void> {
    const details = themeNames.map((name) => themeDescriptions[name] ?? "");
    const chosen = await this.#host.pick({ title: "Themes", items: themeNames, details });
    if (chosen !== undefined) this.#useTheme(chosen);
  }

  #useTheme(name: string): void {
    if (!themeNames.includes(name)) {
      throw new KelpieError(`there is no theme "${name}"`, { hint: `It is one of ${themeNames.join(", ")}.` });
    }
    this.#host.useTheme(name);
  }

  /** What completes a command being typed. */
  suggest(text: string): ReturnType<typeof suggestCommands> {
    return suggestCommands(text, {
      resources: this.#host.session.cluster.get()?.catalog.get().resources ?? [],
      kinds,
      contexts: this.#host.session.contexts.get(),
      forwardSets: this.#host.forwardSets(),
      namespaces: [...new Set([...this.#host.session.namespaceKeys, ...this.#namespaceNames.get()])],
    });
  }

  /** Lists namespaces for completion while a command is being typed. */
  followNamespaces(): void {
    const cluster = this.#host.session.cluster.get();
    const resource = findResource("namespaces", cluster?.catalog.get().resources ?? [], kinds);
    if (cluster === undefined || resource === undefined || this.#endNamespaces !== undefined) return;
    const store = cluster.store({ resource, namespace: "", form: "objects" });
    const read = (): void => {
      const found = [...store.get().rows.values()].map((row) => row.object.metadata.name ?? "");
      this.#namespaceNames.set(found.sort());
    };
    this.#endNamespaces = store.subscribe(read);
    read();
  }

  stopNamespaces(): void {
    this.#endNamespaces?.();
    this.#endNamespaces = undefined;
  }
}
