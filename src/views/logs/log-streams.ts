import type { Cluster, LogLine, ResourceStore } from "../../cluster/cluster.ts";
import type { TargetObject } from "../../hotkeys/action.ts";
import { Disposer } from "../../lib/disposer.ts";
import type { ApiResource } from "../../lib/kube/gvr.ts";
import { objectPath, type KubeObject } from "../../lib/kube/object.ts";
import { knownKind } from "../../resources/catalog.ts";
import type { LogEntry } from "./log-buffer.ts";
import { logSources, type LogSource } from "./log-sources.ts";

/** Which part of the logs is read. */
export interface LogWindow {
  readonly previous: boolean;
  readonly container: string | undefined;
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
}

export interface LogStreamsListener {
  entries(entries: readonly LogEntry[]): void;
  /** A stream began, ended, or changed its state. */
  changed(): void;
}

/** One container whose log is or was followed. */
export interface StreamLabel {
  readonly pod: string;
  readonly container: string;
}

/** More at once would be more than an API server should be asked for by one user. */
const MOST_STREAMS = 100;

/**
 * Follows the logs of all pods behind some objects: pods that come later join, a restarted container is followed anew.
 * Faults stand among the lines, where they happened.
 */
export class LogStreams {
  readonly #cluster: Cluster;
  readonly #targets: readonly TargetObject[];
  readonly #listener: LogStreamsListener;
  readonly #now: () => number;
  readonly #labels: StreamLabel[] = [];
  readonly #labelIndex = new Map<string, number>();
  readonly #running = new Disposer();
  readonly #open = new Set<string>();
  /** Per container: the instance that is followed, or the reason why none is. */
  readonly #seen = new Map<string, string>();
  readonly #window: LogWindow;
  #refused = false;
  #stale: string | undefined;

  constructor(options: {
    readonly cluster: Cluster;
    readonly targets: readonly TargetObject[];
    readonly window: LogWindow;
    readonly listener: LogStreamsListener;
    readonly now: () => number;
  }) {
    this.#cluster = options.cluster;
    this.#targets = options.targets;
    this.#window = options.window;
    this.#listener = options.listener;
    this.#now = options.now;
  }

  /** By `LogEntry.source`. */
  get labels(): readonly StreamLabel[] {
    return this.#labels;
  }

  /** Streams that may still bring lines. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Why lines may be missing now; `undefined` where all is well. */
  get stale(): string | undefined {
    return this.#stale;
  }

  start(): void {
    const { resources } = this.#cluster.catalog.get();
    for (const target of this.#targets) {
      const query = podQuery(target, resources);
      if (query === undefined) {
        this.#note(`${target.resource.singular} ${target.name} has no pods: it selects none`);
        continue;
      }
      this.#follow(this.#cluster.store({ ...query, form: "objects" }), target);
    }
  }

  stop(): void {
    this.#running.dispose();
    this.#open.clear();
  }

  #follow(store: ResourceStore, target: TargetObject): void {
    const isPod = target.resource.resource === "pods" && target.resource.group === "";
    let fellBack = false;
    const take = (): void => {
      const { status, rows } = store.get();
      if (status.state === "denied") {
        // Without the right to list, the pod itself is still known from the row it was opened on.
        if (!fellBack && isPod) this.#take([target.object]);
        else if (!fellBack) this.#note(`the pods of ${target.name} cannot be listed: ${status.error.message}`);
        fellBack = true;
        return;
      }
      const pods = [...rows.values()].map((row) => row.object);
      this.#take(isPod ? pods.filter((pod) => pod.metadata.name === target.name) : pods);
    };
    this.#running.add(store.subscribe(take));
    take();
  }

  #take(pods: readonly KubeObject[]): void {
    const { container, previous } = this.#window;
    for (const pod of pods) {
      for (const source of logSources(pod, { container, previous })) this.#takeSource(source);
    }
  }

  #takeSource(source: LogSource): void {
    const key = `${source.namespace}/${source.pod}/${source.container}`;
    const state = source.waiting ?? source.instance;
    const before = this.#seen.get(key);
    if (before === state) return;
    if (source.waiting !== undefined) {
      this.#seen.set(key, state);
      this.#note(`${source.pod}/${source.container}: ${source.waiting}`);
      return;
    }
    if (this.#open.size >= MOST_STREAMS) {
      if (!this.#refused) this.#note(`only ${MOST_STREAMS} containers are followed at once; the others are left out`);
      this.#refused = true;
      return;
    }
    this.#seen.set(key, state);
    this.#openStream(source, key, before !== undefined);
  }

  #sourceIndex(source: LogSource, key: string): number {
    const known = this.#labelIndex.get(key);
    if (known !== undefined) return known;
    const index = this.#labels.push({ pod: source.pod, container: source.container }) - 1;
    this.#labelIndex.set(key, index);
    return index;
  }

  /** @param again the container was seen before: this is a new instance, whose log is read from its beginning */
  #openStream(source: LogSource, key: string, again: boolean): void {
    const index = this.#sourceIndex(source, key);
    const { previous, tailLines, sinceSeconds } = this.#window;
    const streamKey = `${key} ${source.instance}`;
    const abort = new AbortController();
    this.#running.add(() => abort.abort());
    this.#open.add(streamKey);
    const end = (): void => {
      this.#open.delete(streamKey);
      if (!this.#running.disposed) this.#listener.changed();
    };
    const where = `${source.pod}/${source.container}`;
    let broken = false;
    this.#cluster.logs(
      {
        namespace: source.namespace,
        pod: source.pod,
        container: source.container,
        follow: !previous,
        ...(previous ? { previous } : {}),
        ...(again || tailLines === undefined ? {} : { tailLines }),
        ...(again || sinceSeconds === undefined ? {} : { sinceSeconds }),
      },
      {
        lines: (lines) => {
          if (this.#running.disposed) return;
          if (broken) {
            broken = false;
            this.#stale = undefined;
            this.#listener.changed();
          }
          this.#listener.entries(entriesOf(lines, index));
        },
        interrupted: (error) => {
          if (this.#running.disposed) return;
          // Said once: a server that is away for an hour must not fill the log with it.
          if (!broken) this.#note(`${where}: the stream broke, it is resumed where it ended: ${error.message}`);
          broken = true;
          this.#stale = error.message;
          this.#listener.changed();
        },
        ended: end,
        failed: (error) => {
          if (!this.#running.disposed) this.#note(`${where}: ${error.message}${hint(error.hint)}`);
          end();
        },
      },
      abort.signal,
    );
    this.#listener.changed();
  }

  #note(text: string): void {
    const time = new Date(this.#now()).toISOString();
    this.#listener.entries([{ time, text, source: -1, kind: "note" }]);
  }
}

function hint(text: string | undefined): string {
  return text === undefined ? "" : ` (${text})`;
}

function entriesOf(lines: readonly LogLine[], source: number): readonly LogEntry[] {
  return lines.map(({ time, text }): LogEntry => ({ time, text, source, kind: "line" }));
}

interface PodQuery {
  readonly resource: ApiResource;
  readonly namespace: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** The list that holds the pods behind an object; `undefined` where it has none. */
export function podQuery(target: TargetObject, resources: readonly ApiResource[]): PodQuery | undefined {
  if (target.resource.resource === "pods" && target.resource.group === "") {
    return { resource: target.resource, namespace: target.namespace, fieldSelector: `metadata.name=${target.name}` };
  }
  const pods = resources.find((one) => one.resource === "pods" && one.group === "");
  const kind = knownKind(target.resource.group, target.resource.resource);
  const labelSelector = kind?.podSelector?.(target.object);
  if (pods === undefined || labelSelector === undefined) return undefined;
  return { resource: pods, namespace: target.namespace, labelSelector };
}

/** What the title says of the objects: `default/web-1`, or how many there are. */
export function targetsText(targets: readonly TargetObject[]): string {
  const [first] = targets;
  if (first === undefined) return "";
  const path = objectPath({ metadata: { name: first.name, namespace: first.namespace } });
  if (targets.length > 1) return `${targets.length} ${first.resource.resource}`;
  return first.resource.resource === "pods" ? path : `${first.resource.singular || first.resource.resource} ${path}`;
}
