import type { Cluster, Clusters, ContextChange, ContextInfo, ContextProbes, Protection } from "../cluster/cluster.ts";
import type { Settings } from "../config/settings-schema.ts";
import type { Clock } from "../lib/clock.ts";
import { errorMessage, KelpieError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { createValue, type Subscribable } from "../lib/subscribable.ts";
import type { Welcome } from "../views/view.ts";
import { DEFAULT_LOCAL_CLUSTER, type LocalClusters, type LocalProgress } from "./local-clusters.ts";

export interface SessionOptions {
  readonly clusters: Clusters;
  readonly local: LocalClusters;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Context asked for on the command line. */
  readonly context?: string | undefined;
  /** Namespace asked for on the command line, `""` for all, `a,b` for several; it holds for the first context only. */
  readonly namespace?: string | undefined;
  /** `--readonly` or `--write`. */
  readonly readOnly?: boolean | undefined;
  readonly autoStart: boolean;
}

/** What the session tells the rest of the program. */
export interface SessionHooks {
  /** Another cluster is open; nothing of the old one may stay on the screen. */
  opened(cluster: Cluster): void;
  /** Nothing is open: the welcome view says why. */
  welcome(): void;
  /** The open cluster is no more: nothing of it may stay on the screen. */
  left(): void;
  failed(message: string): void;
  /** Another cluster took its place: it is to be closed once nothing needs it. */
  unneeded(cluster: Cluster): void;
  /** Work that nobody pressed a key for. */
  during(work: Promise<void>): void;
}

/** The kubeconfig cannot be read any more; what was read before is shown. */
export interface ContextsFault {
  readonly since: number;
  readonly reason: string;
}

const RECENT_NAMESPACES = 9;
/** While there is no connection, the kubeconfig is looked at so often. */
const MEND_MILLISECONDS = 3000;

/** Which cluster is open, which namespace is in use, and how the program got there. */
export class Session {
  readonly #options: SessionOptions;
  readonly #hooks: SessionHooks;
  readonly #contexts = createValue<readonly ContextInfo[]>([]);
  readonly #contextsFault = createValue<ContextsFault | undefined>(undefined);
  /** Names that settings know contexts by that were renamed in this session. */
  readonly #settingsNames = new Map<string, string>();
  readonly #context = createValue<string | undefined>(undefined);
  readonly #cluster = createValue<Cluster | undefined>(undefined);
  readonly #namespace = createValue("");
  readonly #recent = createValue<readonly string[]>([]);
  readonly #welcome = createValue<Welcome>({ steps: [], local: [], waitingFor: "Reading the kubeconfig …" });
  readonly #abort = new AbortController();
  /** Contexts that were made read-only by hand. */
  readonly #switchedOn = new Set<string>();
  #firstNamespace: string | undefined;
  #starting = false;

  constructor(options: SessionOptions, hooks: SessionHooks) {
    this.#options = options;
    this.#hooks = hooks;
    this.#firstNamespace = options.namespace;
  }

  get contexts(): Subscribable<readonly ContextInfo[]> {
    return this.#contexts;
  }

  get contextsFault(): Subscribable<ContextsFault | undefined> {
    return this.#contextsFault;
  }

  get context(): Subscribable<string | undefined> {
    return this.#context;
  }

  get cluster(): Subscribable<Cluster | undefined> {
    return this.#cluster;
  }

  /** `""` is all namespaces, `a,b` are several. */
  get namespace(): Subscribable<string> {
    return this.#namespace;
  }

  get welcome(): Subscribable<Welcome> {
    return this.#welcome;
  }

  /** Namespaces on the keys 1 to 9: favourites, then the ones used last. */
  get namespaceKeys(): readonly string[] {
    const { favourites } = this.#options.settings.namespaces;
    return [...new Set([...favourites, ...this.#recent.get()])].slice(0, RECENT_NAMESPACES);
  }

  get recentNamespaces(): Subscribable<readonly string[]> {
    return this.#recent;
  }

  /** Reads the kubeconfig and opens the context asked for, the current one, or the local cluster. */
  async start(): Promise<void> {
    const { clock } = this.#options;
    const cancel = clock.every(MEND_MILLISECONDS, () => this.#mend(), { background: true });
    this.#abort.signal.addEventListener("abort", cancel, { once: true });
    let contexts: readonly ContextInfo[];
    try {
      contexts = await this.#load();
    } catch (error) {
      this.#problem(error);
      this.#hooks.welcome();
      return;
    }
    const chosen = this.#chosen(contexts);
    if (chosen !== undefined) {
      await this.useContext(chosen);
      return;
    }
    this.#hooks.welcome();
    await this.listLocal();
    if (contexts.length > 0) {
      this.#welcome.update((welcome) => ({
        ...welcome,
        problem: {
          message: "the kubeconfig names no current context",
          hint: ":ctx lists the contexts to choose from.",
        },
      }));
    } else if (this.#options.autoStart) await this.startLocal(DEFAULT_LOCAL_CLUSTER);
  }

  /** The context asked for, or the current one. */
  #chosen(contexts: readonly ContextInfo[]): string | undefined {
    return this.#options.context ?? contexts.find((each) => each.current)?.name;
  }

  async reloadContexts(): Promise<void> {
    try {
      await this.#load();
    } catch (error) {
      this.#hooks.failed(errorMessage(error));
    }
  }

  /** Looks whether another program changed the kubeconfig. A fault is kept, not told. */
  async rereadContexts(): Promise<void> {
    try {
      await this.#load();
    } catch (error) {
      this.#options.logger.warn("kubeconfig not read again", { error });
    }
  }

  probes(): ContextProbes {
    return this.#options.clusters.probes();
  }

  /** @returns the backups of the files that were written. @throws KubeconfigError */
  async changeContext(change: ContextChange): Promise<readonly string[]> {
    const backups = await this.#options.clusters.change(change);
    if (change.type === "rename") {
      this.#settingsNames.set(change.to, this.#settingsNames.get(change.context) ?? change.context);
    }
    await this.#load();
    return backups;
  }

  /** How a context is protected when it is opened. */
  protectionOf(name: string): Protection {
    const { readOnly, settings } = this.#options;
    const { readOnly: own, protection = "open" } = this.settingsOf(name);
    return (readOnly ?? own ?? (protection === "read-only" || settings.readOnly)) ? "read-only" : protection;
  }

  /** The settings of a context, by its name or the one it had when they were read. */
  settingsOf(name: string): Settings["contexts"][string] {
    const { contexts } = this.#options.settings;
    return contexts[name] ?? contexts[this.#settingsNames.get(name) ?? name] ?? {};
  }

  async useContext(name: string): Promise<void> {
    try {
      if (!this.#contexts.get().some((each) => each.name === name)) await this.#load();
      this.#replace(await this.#openProtected(name));
    } catch (error) {
      this.#options.logger.warn("context not opened", { context: name, error });
      if (this.#cluster.get() === undefined) {
        this.#problem(error);
        this.#hooks.welcome();
      } else this.#hooks.failed(`the context ${name} was not opened: ${errorMessage(error)}`);
    }
  }

  async #openProtected(name: string): Promise<Cluster> {
    const cluster = await this.#options.clusters.open(name);
    const { readOnly, settings } = this.#options;
    const { readOnly: own, protection = "open" } = this.settingsOf(name);
    cluster.writes.setProtection(protection);
    const configured = readOnly ?? own ?? (protection === "read-only" || settings.readOnly);
    cluster.writes.setReadOnly(configured || this.#switchedOn.has(name));
    return cluster;
  }

  /** Looks whether a kubeconfig that led to no connection was mended: a login is often made in another terminal. */
  #mend(): void {
    const cluster = this.#cluster.get();
    if (cluster === undefined) {
      if (this.#welcome.get().problem !== undefined && !this.#starting) this.#hooks.during(this.#openMended());
    } else if (cluster.status.get().state === "unreachable") this.#hooks.during(this.#renew(cluster));
  }

  async #openMended(): Promise<void> {
    try {
      const chosen = this.#chosen(await this.#load());
      if (chosen === undefined) return;
      const cluster = await this.#openProtected(chosen);
      if (this.#cluster.get() !== undefined || this.#starting) return;
      this.#welcome.update(({ local }) => ({ steps: [], local }));
      this.#replace(cluster);
    } catch (error) {
      this.#setProblem(error);
    }
  }

  async #renew(cluster: Cluster): Promise<void> {
    try {
      const contexts = await this.#load();
      const { name } = cluster.context;
      if (this.#cluster.get() !== cluster || !contexts.some((each) => each.name === name)) return;
      const renewed = await this.#openProtected(name);
      if (renewed === cluster || this.#cluster.get() !== cluster) return;
      this.#firstNamespace = this.#namespace.get();
      this.#replace(renewed);
    } catch (error) {
      this.#options.logger.warn("kubeconfig not read again", { error });
    }
  }

  /** Takes a namespace that was chosen before, without a change of those used last. */
  followNamespace(namespace: string): void {
    if (namespace !== this.#namespace.get()) this.#namespace.set(namespace);
  }

  /** Why the open context must stay read-only: the settings or a flag say so. */
  whyReadOnly(): string | undefined {
    const name = this.#context.get() ?? "";
    const { readOnly: flag, settings } = this.#options;
    const { readOnly: own, protection } = this.settingsOf(name);
    if (flag !== undefined) return flag ? "--readonly was given on the command line" : undefined;
    if (own !== undefined) return own ? `contexts.${name}.readOnly in the settings says so` : undefined;
    if (protection === "read-only") return `contexts.${name}.protection in the settings says so`;
    return settings.readOnly ? "readOnly in the settings says so" : undefined;
  }

  /** Switches the read-only mode of the open context by hand; that holds when it is opened again. */
  setReadOnly(readOnly: boolean): void {
    const cluster = this.#cluster.get();
    if (cluster === undefined) return;
    if (readOnly) this.#switchedOn.add(cluster.context.name);
    else this.#switchedOn.delete(cluster.context.name);
    cluster.writes.setReadOnly(readOnly);
  }

  useNamespace(namespace: string): void {
    this.followNamespace(namespace);
    if (namespace === "") return;
    this.#recent.update((recent) =>
      [namespace, ...recent.filter((each) => each !== namespace)].slice(0, RECENT_NAMESPACES),
    );
  }

  /** Leaves the context in use, with its port-forwards: its cluster is being ended. */
  leave(): void {
    const cluster = this.#cluster.get();
    if (cluster === undefined) return;
    this.#cluster.set(undefined);
    this.#context.set(undefined);
    cluster.close();
    this.#hooks.left();
  }

  async startLocal(name: string): Promise<void> {
    if (this.#starting) return;
    this.#starting = true;
    this.#welcome.update(({ local }) => ({ steps: [], local }));
    try {
      const { context } = await this.#options.local.start(name, (step) => this.#step(step), this.#abort.signal);
      await this.#load();
      if (!this.#abort.signal.aborted) await this.useContext(context);
      this.#welcome.update(({ local }) => ({ steps: [], local }));
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#problem(error);
    } finally {
      this.#starting = false;
    }
  }

  /** Reads which local clusters there are, for the welcome view. */
  async listLocal(): Promise<void> {
    try {
      const local = await this.#options.local.list();
      this.#welcome.update(({ steps, problem }) => ({
        steps,
        local,
        ...(problem === undefined ? {} : { problem }),
      }));
    } catch (error) {
      this.#problem(error);
    }
  }

  close(): void {
    this.#abort.abort();
    this.#options.clusters.closeAll();
  }

  async #load(): Promise<readonly ContextInfo[]> {
    try {
      const contexts = await this.#options.clusters.load();
      this.#contextsFault.set(undefined);
      // What is as it was tells nobody.
      if (JSON.stringify(contexts) !== JSON.stringify(this.#contexts.get())) this.#contexts.set(contexts);
      return contexts;
    } catch (error) {
      const since = this.#contextsFault.get()?.since ?? this.#options.clock.now();
      this.#contextsFault.set({ since, reason: errorMessage(error) });
      throw error;
    }
  }

  #replace(cluster: Cluster): void {
    const before = this.#cluster.get();
    const namespace = this.#firstNamespace ?? cluster.context.namespace;
    this.#firstNamespace = undefined;
    this.#recent.set([]);
    this.useNamespace(namespace);
    this.#context.set(cluster.context.name);
    this.#cluster.set(cluster);
    this.#hooks.opened(cluster);
    if (before !== undefined && before !== cluster) this.#closeUnused(before);
  }

  /** A port-forward outlives a look at another context; with the last one its connection ends. */
  #closeUnused(cluster: Cluster): void {
    const { portForwards } = cluster;
    if (portForwards.get().length === 0) {
      this.#hooks.unneeded(cluster);
      return;
    }
    const end = portForwards.subscribe(() => {
      if (this.#cluster.get() !== cluster && portForwards.get().length > 0) return;
      end();
      if (this.#cluster.get() !== cluster) this.#hooks.unneeded(cluster);
    });
  }

  #problem(error: unknown): void {
    this.#options.logger.error("start failed", { error });
    this.#setProblem(error);
  }

  #setProblem(error: unknown): void {
    const hint = error instanceof KelpieError ? error.hint : undefined;
    const problem = { message: errorMessage(error), ...(hint === undefined ? {} : { hint }) };
    this.#welcome.update((welcome) => ({ ...welcome, problem }));
  }

  #step(step: LocalProgress): void {
    const now = this.#options.clock.now();
    this.#welcome.update((welcome) => {
      const known = welcome.steps.find((each) => each.text === step.text);
      const startedAt = known?.startedAt ?? now;
      const next = { ...step, startedAt, ...(step.state === "running" ? {} : { endedAt: now }) };
      const steps =
        known === undefined
          ? [...welcome.steps, next]
          : welcome.steps.map((each) => (each.text === step.text ? next : each));
      return { ...welcome, steps };
    });
  }
}
