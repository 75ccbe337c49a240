import type { Cluster, Clusters, ContextInfo } from "../cluster/cluster.ts";
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
  failed(message: string): void;
}

const RECENT_NAMESPACES = 9;

/** Which cluster is open, which namespace is in use, and how the program got there. */
export class Session {
  readonly #options: SessionOptions;
  readonly #hooks: SessionHooks;
  readonly #contexts = createValue<readonly ContextInfo[]>([]);
  readonly #context = createValue<string | undefined>(undefined);
  readonly #cluster = createValue<Cluster | undefined>(undefined);
  readonly #namespace = createValue("");
  readonly #recent = createValue<readonly string[]>([]);
  readonly #welcome = createValue<Welcome>({ steps: [], local: [], waitingFor: "Reading the kubeconfig …" });
  readonly #abort = new AbortController();
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
    let contexts: readonly ContextInfo[];
    try {
      contexts = await this.#load();
    } catch (error) {
      this.#problem(error);
      this.#hooks.welcome();
      return;
    }
    const { context: wanted } = this.#options;
    const chosen = wanted ?? contexts.find((each) => each.current)?.name;
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

  async reloadContexts(): Promise<void> {
    try {
      await this.#load();
    } catch (error) {
      this.#hooks.failed(errorMessage(error));
    }
  }

  async useContext(name: string): Promise<void> {
    try {
      if (!this.#contexts.get().some((each) => each.name === name)) await this.#load();
      const cluster = await this.#options.clusters.open(name);
      const { readOnly, settings } = this.#options;
      const { readOnly: own, protection = "open" } = settings.contexts[name] ?? {};
      cluster.writes.setProtection(protection);
      cluster.writes.setReadOnly(readOnly ?? own ?? (protection === "read-only" || settings.readOnly));
      this.#replace(cluster);
    } catch (error) {
      this.#options.logger.warn("context not opened", { context: name, error });
      if (this.#cluster.get() === undefined) {
        this.#problem(error);
        this.#hooks.welcome();
      } else this.#hooks.failed(`the context ${name} was not opened: ${errorMessage(error)}`);
    }
  }

  /** Takes a namespace that was chosen before, without a change of those used last. */
  followNamespace(namespace: string): void {
    if (namespace !== this.#namespace.get()) this.#namespace.set(namespace);
  }

  useNamespace(namespace: string): void {
    this.followNamespace(namespace);
    if (namespace === "") return;
    this.#recent.update((recent) =>
      [namespace, ...recent.filter((each) => each !== namespace)].slice(0, RECENT_NAMESPACES),
    );
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
    const contexts = await this.#options.clusters.load();
    this.#contexts.set(contexts);
    return contexts;
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
      cluster.close();
      return;
    }
    const end = portForwards.subscribe(() => {
      if (this.#cluster.get() !== cluster && portForwards.get().length > 0) return;
      end();
      if (this.#cluster.get() !== cluster) cluster.close();
    });
  }

  #problem(error: unknown): void {
    this.#options.logger.error("start failed", { error });
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
