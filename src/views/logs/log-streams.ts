import type { Cluster, LogQuery } from "../../cluster/cluster.ts";
import { LogBatch } from "../../cluster/log-batch.ts";
import { Disposer } from "../../lib/disposer.ts";
import { objectPath, type KubeObject } from "../../lib/kube/object.ts";
import { NOTE, type SourcedBatch } from "./log-buffer.ts";
import { OlderLines } from "./older-lines.ts";
import { logSources, podFault, type LogSource } from "./log-sources.ts";
import { followPods, type LogSelection } from "./pod-lists.ts";

/** Which part of the logs is read. */
export interface LogWindow {
  readonly previous: boolean;
  readonly container: string | undefined;
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
}

export interface LogStreamsListener {
  /** Lines of a stream by its index in `labels`, or a note. */
  lines(source: number, batch: LogBatch): void;
  /** Lines from before those that are held. */
  older(batches: readonly SourcedBatch[]): void;
  /** A stream began, ended, or changed its state. */
  changed(): void;
}

/** One instance of a container whose log is or was read. */
export interface LogPart {
  /** What was asked for. */
  readonly query: LogQuery;
  /** Index in `labels`. */
  readonly source: number;
}

/** One container whose log is or was followed. */
export interface StreamLabel {
  readonly pod: string;
  readonly container: string;
}

/** More at once would be more than an API server should be asked for by one user. */
const MOST_STREAMS = 100;

/** Lines of each container that scrolling beyond the top reads first; twice as many each time after. */
const OLDER_STEP = 2000;

const BROKEN = "the stream broke, it is resumed where it ended";

/** The clocks of nodes and of this machine may be apart so far. */
const CLOCKS_DIFFER_MILLISECONDS = 120_000;

/** One instance of a container, and how it is read. */
interface StreamPart {
  readonly instance: string;
  readonly previous: boolean;
  /** From its beginning, whatever the window is: the view was there when it began. */
  readonly whole: boolean;
  /** What stands before its first line. */
  readonly mark: string | undefined;
}

/**
 * Follows the logs of all pods behind some objects: pods that come later join, a restarted container is followed anew
 * after what its previous instance said. Faults stand among the lines, where they happened.
 */
export class LogStreams {
  readonly #cluster: Cluster;
  readonly #selection: LogSelection;
  readonly #listener: LogStreamsListener;
  readonly #now: () => number;
  readonly #labels: StreamLabel[] = [];
  readonly #labelIndex = new Map<string, number>();
  readonly #running = new Disposer();
  readonly #open = new Set<string>();
  /** Instances whose log was or is read. */
  readonly #read = new Set<string>();
  /** Per container: the instance that is followed, or the reason why none is. */
  readonly #seen = new Map<string, string>();
  /** Per container: the source followed last. */
  readonly #followed = new Map<string, LogSource>();
  /** Containers that wait for others to end. */
  readonly #left = new Map<string, { readonly source: LogSource; readonly joined: boolean }>();
  /** Notes that are not told again. */
  readonly #told = new Set<string>();
  #startedAt = 0;
  /** Time key of the newest line that has come. */
  #lastKey = 0;
  /** What was written before the part that is held, by instance. */
  readonly #older = new Map<
    string,
    LogPart & { readonly lines: OlderLines; readonly where: string; readonly previous: boolean }
  >();
  #loading = 0;
  /** Streams that are broken now, and why. */
  readonly #broken = new Map<string, string>();
  readonly #window: LogWindow;

  constructor(options: {
    readonly cluster: Cluster;
    readonly selection: LogSelection;
    readonly window: LogWindow;
    readonly listener: LogStreamsListener;
    readonly now: () => number;
  }) {
    this.#cluster = options.cluster;
    this.#selection = options.selection;
    this.#window = options.window;
    this.#listener = options.listener;
    this.#now = options.now;
  }

  /** By their `source`. */
  get labels(): readonly StreamLabel[] {
    return this.#labels;
  }

  /** Streams that may still bring lines. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Containers that are not followed because too many are. */
  get leftOut(): number {
    return this.#left.size;
  }

  /** Why lines may be missing now; `undefined` where all is well. */
  get stale(): string | undefined {
    const [first] = this.#broken.values();
    return first === undefined || this.#broken.size === 1 ? first : `${first} (${this.#broken.size} streams)`;
  }

  start(): void {
    this.#startedAt = this.#now();
    const stop = followPods(this.#cluster, this.#selection, {
      pods: (pods, joined) => this.#take(pods, joined),
      gone: (uid, name) => this.#noteOnce(uid, `${name} was deleted`),
      note: (text) => this.#note(text),
    });
    this.#running.add(stop);
  }

  /** Whether older lines are being read now. */
  get loadingOlder(): boolean {
    return this.#loading > 0;
  }

  /** Reads a piece of what was written before the part that is held. @returns false where there is no more */
  loadOlder(): boolean {
    if (this.#loading > 0) return true;
    const more = [...this.#older.values()].filter(({ lines }) => !lines.complete);
    if (more.length === 0) return false;
    const abort = new AbortController();
    this.#running.add(() => abort.abort());
    this.#loading = more.length;
    const batches: SourcedBatch[] = [];
    for (const { lines, source, where } of more) {
      lines.load(abort.signal, (older, error) => {
        if (this.#running.disposed) return;
        for (const batch of older) batches.push({ source, batch });
        if (error !== undefined) this.#note(`older lines of ${where} cannot be read: ${error.message}`);
        this.#loading -= 1;
        if (this.#loading > 0) return;
        if (batches.length > 0) this.#listener.older(batches);
        this.#listener.changed();
      });
    }
    return true;
  }

  /** `pod/container` of a source. */
  where(source: number): string {
    const label = this.#labels[source];
    return label === undefined ? "" : nameOf(label);
  }

  /** Every instance that is or was read, in the order in which they began. */
  get parts(): readonly LogPart[] {
    return [...this.#older.values()].toSorted((left, right) => Number(right.previous) - Number(left.previous));
  }

  /** Whether the server may have lines from before those that came. */
  get maybeOlder(): boolean {
    return [...this.#older.values()].some(({ lines }) => lines.maybeMore);
  }

  stop(): void {
    this.#running.dispose();
    this.#open.clear();
    this.#broken.clear();
    this.#left.clear();
  }

  /** @param joined they came while the log was followed */
  #take(pods: readonly KubeObject[], joined: boolean): void {
    const { container, previous } = this.#window;
    for (const pod of pods) {
      for (const source of logSources(pod, { container, previous })) this.#takeSource(source, joined);
      const fault = podFault(pod);
      if (fault !== undefined) this.#noteOnce(pod.metadata.uid ?? "", `${pod.metadata.name ?? ""}: ${fault}`);
    }
  }

  #takeSource(source: LogSource, joined: boolean): void {
    const key = keyOf(source);
    const where = nameOf(source);
    if (source.ended !== undefined)
      this.#noteOnce(source.instance, `${where} ended: ${source.ended.reason}`, source.ended.time);
    if (source.backOff !== undefined) this.#noteOnce(source.instance, `${where}: ${source.backOff}`);
    const state = source.waiting === undefined ? source.instance : "waiting";
    if (source.waiting !== undefined) {
      this.#seen.set(key, state);
      // Reasons that come and go in turn, as those of an image that cannot be pulled, are told once.
      this.#noteOnce(source.instance, `${where}: ${source.waiting}`);
      return;
    }
    if (this.#seen.get(key) === state) return;
    if (this.#open.size >= MOST_STREAMS) {
      if (this.#left.size === 0)
        this.#note(`only ${MOST_STREAMS} containers are followed at once; others join as these end`);
      this.#left.set(key, { source, joined });
      return;
    }
    this.#seen.set(key, state);
    this.#left.delete(key);
    this.#openSource(source, key, joined);
  }

  /** Opens the log of an instance, and of the one before it where that was not read yet. */
  #openSource(source: LogSource, key: string, joined: boolean): void {
    if (this.#read.has(source.instance)) return;
    this.#read.add(source.instance);
    const index = this.#sourceIndex(source, key);
    const last = this.#followed.get(key);
    this.#followed.set(key, source);
    // What began while the log was followed is read from its beginning, however fast it writes.
    const whole = last !== undefined || (joined && this.#isNew(source));
    const { before } = source;
    if (before !== undefined && !this.#read.has(before.instance)) {
      const { instance } = before;
      this.#read.add(instance);
      this.#openStream(source, index, { whole, previous: true, instance, mark: undefined });
    }
    const mark = restartMark(source, last);
    const { previous } = this.#window;
    this.#openStream(source, index, { whole, previous, instance: source.instance, mark });
  }

  /** Whether a container began after the log was opened, or not so long before that clocks may differ. */
  #isNew({ startedAt }: LogSource): boolean {
    return startedAt === undefined || startedAt > this.#startedAt - CLOCKS_DIFFER_MILLISECONDS;
  }

  #sourceIndex(source: LogSource, key: string): number {
    const known = this.#labelIndex.get(key);
    if (known !== undefined) return known;
    const index = this.#labels.push({ pod: source.pod, container: source.container }) - 1;
    this.#labelIndex.set(key, index);
    return index;
  }

  #openStream(source: LogSource, index: number, part: StreamPart): void {
    const { previous, instance } = part;
    const abort = new AbortController();
    this.#running.add(() => abort.abort());
    this.#open.add(instance);
    const where = this.where(index);
    let { mark } = part;
    const query = this.#query(source, part);
    const older = new OlderLines(this.#cluster, query, OLDER_STEP);
    this.#older.set(instance, { query, source: index, lines: older, where, previous });
    const take = (batch: LogBatch): void => {
      older.count(batch);
      this.#lastKey = Math.max(this.#lastKey, batch.keys.at(-1) ?? 0);
      const first = batch.at(0);
      // The mark has the time of the first line after it: nothing of the instance before can come later.
      if (mark !== undefined && first !== undefined) {
        this.#listener.lines(NOTE, LogBatch.of([{ time: first.time, text: mark }]));
        mark = undefined;
      }
      this.#listener.lines(index, batch);
    };
    const end = (): void => {
      this.#open.delete(instance);
      this.#broken.delete(instance);
      if (this.#running.disposed) return;
      if (mark !== undefined) this.#note(mark);
      mark = undefined;
      this.#takeLeft();
      this.#listener.changed();
    };
    this.#cluster.logs(
      query,
      {
        lines: (batch) => {
          if (!this.#running.disposed) take(batch);
          return undefined;
        },
        gap: (after, before) => {
          const text = `${where}: lines after ${after} may be missing here: the node no longer has them`;
          if (!this.#running.disposed) this.#listener.lines(NOTE, LogBatch.of([{ time: before, text }]));
        },
        interrupted: (error) => {
          if (this.#running.disposed) return;
          // Said once: a server that is away for an hour must not fill the log with it.
          if (!this.#broken.has(instance)) {
            const what = older.empty ? "its log cannot be read yet, it is tried again" : BROKEN;
            this.#note(`${where}: ${what}: ${error.message}`);
          }
          this.#broken.set(instance, error.message);
          this.#listener.changed();
        },
        resumed: () => {
          if (this.#broken.delete(instance) && !this.#running.disposed) this.#listener.changed();
        },
        ended: end,
        failed: (error) => {
          if (!this.#running.disposed)
            this.#note(`${where}${previous ? ", previous instance" : ""}: ${error.message}${hint(error.hint)}`);
          end();
        },
      },
      abort.signal,
    );
    this.#listener.changed();
  }

  #query(source: LogSource, { previous, whole }: StreamPart): LogQuery {
    const { tailLines, sinceSeconds } = this.#window;
    const { namespace, pod, container, containerId } = source;
    return {
      namespace,
      pod,
      container,
      follow: !previous,
      ...(previous ? { previous } : containerId === undefined ? {} : { containerId }),
      ...(whole || tailLines === undefined ? {} : { tailLines }),
      ...(whole || sinceSeconds === undefined ? {} : { sinceSeconds }),
    };
  }

  /** A stream has ended: one that waited may begin. */
  #takeLeft(): void {
    const [next] = this.#left.values();
    if (next !== undefined) this.#takeSource(next.source, next.joined);
  }

  /** @param about what the note is about: the same text is told once of each */
  #noteOnce(about: string, text: string, time?: string): void {
    const told = `${about} ${text}`;
    if (this.#told.has(told)) return;
    this.#told.add(told);
    this.#note(text, time);
  }

  /** Stands below all lines that have come, even where the clock of a node is ahead of this one. */
  #note(text: string, time = new Date(Math.ceil(Math.max(this.#now(), this.#lastKey))).toISOString()): void {
    this.#listener.lines(NOTE, LogBatch.of([{ time, text }]));
  }
}

/** What stands before an instance that is not the first. @param last the one that was followed before it */
function restartMark(source: LogSource, last: LogSource | undefined): string | undefined {
  const { before, restarts } = source;
  const where = nameOf(source);
  const samePod = last !== undefined && podOf(last) === podOf(source);
  if (before === undefined && !(samePod && restarts > last.restarts))
    return last === undefined ? undefined : `${where} began anew`;
  const times = restarts === 1 ? "once" : `${restarts} times`;
  const reason = before === undefined ? "" : `; before: ${before.reason}`;
  const missed = samePod ? restarts - last.restarts - (before === undefined ? 1 : 2) : 0;
  const lost = `; ${missed} instance${missed === 1 ? "" : "s"} in between could not be read`;
  return `${where} was restarted (${times} so far)${reason}${missed > 0 ? lost : ""}`;
}

/** The uid of the pod. */
function podOf({ instance }: LogSource): string | undefined {
  return instance.split("/", 1)[0];
}

function hint(text: string | undefined): string {
  return text === undefined ? "" : ` (${text})`;
}

/** `pod/container`. */
function nameOf({ pod, container }: StreamLabel): string {
  return container === "" ? pod : `${pod}/${container}`;
}

function keyOf(source: LogSource): string {
  return objectPath({ metadata: { namespace: source.namespace, name: `${source.pod}/${source.container}` } });
}
