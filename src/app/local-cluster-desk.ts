import type { AppDoors } from "../hotkeys/action.ts";
import type { Clock } from "../lib/clock.ts";
import { errorMessage, KelpieError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { createValue } from "../lib/subscribable.ts";
import type { LocalClusterRow, ViewLocalClusters } from "../views/view.ts";
import { DEFAULT_LOCAL_CLUSTER, type LocalCluster, type LocalClusters } from "./local-clusters.ts";
import type { Session } from "./session.ts";

/** As the embedded cluster takes names. */
const NAME = /^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/;

export interface LocalClusterDeskOptions {
  readonly session: Session;
  readonly local: LocalClusters;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly app: Pick<AppDoors, "confirm" | "input" | "flash">;
}

type Doing = Required<Pick<LocalClusterRow, "state" | "since">> & Pick<LocalClusterRow, "detail">;

/** Makes, starts, stops and deletes local clusters, and knows what is being done to which. */
export class LocalClusterDesk implements ViewLocalClusters {
  readonly rows = createValue<readonly LocalClusterRow[]>([]);
  readonly unavailable = createValue<string | undefined>(undefined);
  readonly #options: LocalClusterDeskOptions;
  readonly #doing = new Map<string, Doing>();
  /** What went wrong last, by name, until something else is done to the cluster. */
  readonly #faults = new Map<string, string>();
  #clusters: readonly LocalCluster[] = [];

  constructor(options: LocalClusterDeskOptions) {
    this.#options = options;
  }

  async reread(): Promise<void> {
    try {
      this.#clusters = await this.#options.local.list();
      this.unavailable.set(this.#clusters.find((each) => each.unavailable !== undefined)?.unavailable);
    } catch (error) {
      this.#options.logger.warn("local clusters not listed", { error });
      this.unavailable.set(errorMessage(error));
    }
    this.#publish();
  }

  async create(): Promise<void> {
    const taken = (name: string): boolean =>
      this.#doing.has(name) || this.#clusters.some((each) => each.name === name && each.state !== "absent");
    const name = await this.#options.app.input({
      title: "New local cluster",
      lines: ["A Kubernetes API server and a node on this machine: no Docker, no root, no download."],
      label: "name",
      initial: taken(DEFAULT_LOCAL_CLUSTER) ? "" : DEFAULT_LOCAL_CLUSTER,
      validate: (text) => {
        if (!NAME.test(text)) return "lower-case letters, digits and dashes, at most 40";
        return taken(text) ? `there is a cluster ${text} already` : undefined;
      },
    });
    if (name !== undefined) await this.start(name);
  }

  /** @returns the name of its context, `undefined` where it did not start */
  async start(name: string): Promise<void> {
    await this.#start(name);
  }

  async open(name: string): Promise<void> {
    const running = this.#clusters.find((each) => each.name === name && each.state === "running");
    const context = running?.context ?? (await this.#start(name));
    if (context === undefined) return;
    // The kubeconfig of a cluster that was just started is not known yet.
    await this.#options.session.rereadContexts();
    await this.#options.session.useContext(context);
  }

  async stop(name: string): Promise<void> {
    const cluster = this.#find(name);
    if (cluster === undefined) return;
    const answer = await this.#options.app.confirm({
      title: `Stop the local cluster ${name}?`,
      lines: ["Every pod in it ends. Its objects stay, and its pods start again with it.", ...this.#inUse(cluster)],
      confirmLabel: "Stop",
      danger: true,
    });
    if (answer === undefined) return;
    await this.#do(name, "stopping", "was not stopped", async () => {
      this.#leave(cluster);
      await this.#options.local.stop(name);
      this.#options.app.flash("info", `the cluster ${name} is stopped; its state is kept`);
    });
  }

  async remove(name: string): Promise<void> {
    const cluster = this.#find(name);
    if (cluster === undefined) return;
    const answer = await this.#options.app.confirm({
      title: `Delete the local cluster ${name}?`,
      lines: [
        "Every pod and every object in it is lost, with its volumes and logs:",
        cluster.directory ?? "",
        ...this.#inUse(cluster),
      ],
      confirmLabel: "Delete",
      danger: true,
      typeToConfirm: name,
    });
    if (answer === undefined) return;
    await this.#do(name, "deleting", "was not deleted", async () => {
      this.#leave(cluster);
      await this.#options.local.remove(name);
      this.#options.app.flash("info", `the cluster ${name} is deleted`);
    });
  }

  async #start(name: string): Promise<string | undefined> {
    const { local, app } = this.#options;
    let context: string | undefined;
    await this.#do(name, "starting", "did not start", async (step) => {
      const started = await local.start(name, ({ text }) => step(text), new AbortController().signal);
      ({ context } = started);
      app.flash("info", `the cluster ${name} runs`);
    });
    return context;
  }

  /** One thing at a time is done to a cluster; what is being done, and what went wrong, stands in its row. */
  async #do(
    name: string,
    state: Doing["state"],
    fault: string,
    run: (step: (text: string) => void) => Promise<void>,
  ): Promise<void> {
    const { clock, app, logger, session } = this.#options;
    if (this.#doing.has(name)) return;
    const since = clock.now();
    this.#faults.delete(name);
    const tell = (detail?: string): void => {
      this.#doing.set(name, { state, since, ...(detail === undefined ? {} : { detail }) });
      this.#publish();
    };
    tell();
    try {
      await run(tell);
    } catch (error) {
      logger.error("local cluster", { name, state, error });
      const hint = error instanceof KelpieError && error.hint !== undefined ? `: ${error.hint}` : "";
      this.#faults.set(name, `${errorMessage(error)}${hint}`);
      app.flash("error", `the cluster ${name} ${fault}: ${errorMessage(error)}${hint}`);
    }
    this.#doing.delete(name);
    await Promise.all([this.reread(), session.rereadContexts()]);
  }

  #find(name: string): LocalCluster | undefined {
    return this.#clusters.find((each) => each.name === name);
  }

  #isInUse({ context }: LocalCluster): boolean {
    return context !== undefined && this.#options.session.context.get() === context;
  }

  #inUse(cluster: LocalCluster): readonly string[] {
    return this.#isInUse(cluster) ? ["It is the one in use: its views and port-forwards are closed."] : [];
  }

  #leave(cluster: LocalCluster): void {
    if (this.#isInUse(cluster)) this.#options.session.leave();
  }

  #publish(): void {
    const known = this.#clusters.map((cluster): LocalClusterRow => this.#row(cluster));
    // One that is being made is not listed yet.
    const made = [...this.#doing]
      .filter(([name]) => this.#find(name) === undefined)
      .map(([name, doing]): LocalClusterRow => ({ name, ...doing }));
    const rows = [...known, ...made];
    if (JSON.stringify(rows) !== JSON.stringify(this.rows.get())) this.rows.set(rows);
  }

  #row({ name, state, server, version, context, problem }: LocalCluster): LocalClusterRow {
    const fault = this.#faults.get(name);
    const detail = fault ?? problem;
    return {
      name,
      state,
      ...(server === undefined ? {} : { server }),
      ...(version === undefined ? {} : { version }),
      ...(context === undefined ? {} : { context }),
      ...(detail === undefined ? {} : { detail, failed: true }),
      ...this.#doing.get(name),
      ...(this.#doing.has(name) ? { failed: false } : {}),
    };
  }
}
