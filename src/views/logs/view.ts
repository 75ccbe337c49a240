import type { TargetObject } from "../../hotkeys/action.ts";
import type { Cancel } from "../../lib/clock.ts";
import { errorMessage } from "../../lib/errors.ts";
import { isRecord } from "../../lib/kube/object.ts";
import { createValue } from "../../lib/subscribable.ts";
import { PagerModel } from "../../ui/pager-model.ts";
import type { LineSource, StyledLine } from "../../ui/styled-line.ts";
import { objectSelection } from "../object-selection.ts";
import { TextView } from "../text-view.tsx";
import { targetsParameter } from "../view-parameters.ts";
import type { Freshness, View, ViewDefinition, ViewHost } from "../view.ts";
import { LogBuffer, type BufferChange, type LogEntry } from "./log-buffer.ts";
import { plainLogLine, SOURCE_COLOURS, styledLogLine, type LogLineOptions, type LogPrefix } from "./log-line.ts";
import { LogStreams, type LogWindow } from "./log-streams.ts";
import { podListText, targetsText, type PodList } from "./pod-selection.ts";

/** Lines are taken into the view this often at most: what arrives together is sorted together. */
const FLUSH_MILLISECONDS = 40;

/** What the keys 0 to 6 choose. */
const WINDOWS = ["tail", "head", "1m", "5m", "15m", "30m", "1h"] as const;
type WindowName = (typeof WINDOWS)[number];
const SECONDS: Readonly<Partial<Record<WindowName, number>>> = {
  "1m": 60,
  "5m": 300,
  "15m": 900,
  "30m": 1800,
  "1h": 3600,
};

/** Styled lines kept for drawing again; a screen has fewer. */
const CACHED_LINES = 2000;

/** The merged, followed log of all containers of some pods or of the pods of some workloads. */
class LogsView {
  readonly view: TextView;
  readonly #host: ViewHost;
  readonly #targets: readonly TargetObject[];
  readonly #list: PodList | undefined;
  readonly #container: string | undefined;
  readonly #pager = new PagerModel({ follow: true });
  readonly #freshness = createValue<Freshness>({ state: "loading", loaded: 0 });
  readonly #buffer: LogBuffer;
  #streams: LogStreams | undefined;
  #pending: LogEntry[] = [];
  #cancelFlush: Cancel | undefined;
  #previous: boolean;
  #window: WindowName = "tail";
  #timestamps = false;
  #filter: { readonly text: string; readonly pattern: RegExp; readonly inverse: boolean } | undefined;
  /** What the filter lets through; the buffer itself where there is none. */
  #filtered: LogEntry[] = [];
  #cache = new Map<LogEntry, StyledLine>();
  #prefixes: readonly LogPrefix[] | undefined;

  constructor(host: ViewHost, parameters: LogsParameters) {
    this.#host = host;
    this.#targets = parameters.targets;
    this.#list = parameters.list;
    this.#container = parameters.container;
    this.#previous = parameters.previous;
    this.#buffer = new LogBuffer(host.settings.logs.bufferMegabytes * 1024 * 1024);
    const [first] = parameters.targets;
    const of = parameters.list === undefined ? targetsText(parameters.targets) : podListText(parameters.list);
    this.view = new TextView(host, {
      id: "logs",
      scopes: ["logs", "text"],
      what: "logs",
      where: `${of}${this.#container === undefined ? "" : ` ${this.#container}`}`,
      pager: this.#pager,
      freshness: this.#freshness,
      fileName: `${first?.name ?? "pods"}${this.#container === undefined ? "" : `-${this.#container}`}.log`,
      notes: () => this.#notes(),
      selection: () =>
        first === undefined
          ? { targets: [], cursor: undefined, kind: undefined, container: undefined }
          : { ...objectSelection(first, undefined, this.#container), targets: this.#targets },
      command: (name, argument) => this.#command(name, argument),
      disabledReason: (name) =>
        name === "text.decode" || name === "text.managed-fields" ? "this is a log" : undefined,
      escape: () => this.#setFilter(""),
      wholeText: () => this.#wholeText(),
      show: () => {
        // Streams go on while another view is in front, so that nothing is missed; they end with the view.
        if (this.#streams === undefined) this.#restart();
        this.#flush();
      },
      hide: () => undefined,
      dispose: () => {
        this.#streams?.stop();
        this.#cancelFlush?.();
      },
    });
  }

  #notes(): readonly string[] {
    const notes: string[] = [];
    if (this.#previous) notes.push("previous");
    else notes.push(this.#pager.state.get().follow ? "following" : "paused");
    if (this.#window !== "tail") notes.push(this.#window);
    if (this.#timestamps) notes.push("time");
    if (this.#filter !== undefined) notes.push(`& ${this.#filter.text}`);
    const leftOut = this.#streams?.leftOut ?? 0;
    if (leftOut > 0) notes.push(`${leftOut} not followed`);
    if (this.#buffer.dropped > 0) notes.push(`${this.#buffer.dropped} oldest dropped`);
    return notes;
  }

  #command(name: string, argument: string): boolean {
    switch (name) {
      case "logs.timestamps":
        this.#timestamps = !this.#timestamps;
        this.#redraw();
        return true;
      case "logs.previous":
        this.#previous = !this.#previous;
        this.#restart();
        return true;
      case "logs.window":
        this.#window = WINDOWS.find((one) => one === argument) ?? "tail";
        this.#restart();
        return true;
      case "logs.marker":
        this.#take([{ time: new Date(this.#host.clock.now()).toISOString(), text: "", source: -1, kind: "marker" }]);
        this.#flush();
        return true;
      case "logs.clear":
        this.#pending = [];
        this.#buffer.clear();
        this.#redraw();
        return true;
      case "logs.filter":
        void this.#askFilter();
        return true;
      case "view.reload":
        this.#restart();
        return true;
      default:
        return false;
    }
  }

  /** Reads the chosen window anew. */
  #restart(): void {
    this.#streams?.stop();
    this.#pending = [];
    this.#buffer.clear();
    const seconds = SECONDS[this.#window];
    const window: LogWindow = {
      previous: this.#previous,
      container: this.#container,
      ...(this.#window === "tail" ? { tailLines: this.#host.settings.logs.tailLines } : {}),
      ...(seconds === undefined ? {} : { sinceSeconds: seconds }),
    };
    const streams = new LogStreams({
      cluster: this.#host.cluster,
      selection: { targets: this.#targets, list: this.#list },
      window,
      now: () => this.#host.clock.now(),
      listener: {
        entries: (entries) => this.#take(entries),
        changed: () => this.#refreshState(),
      },
    });
    this.#streams = streams;
    this.#redraw();
    streams.start();
    this.#refreshState();
  }

  #take(entries: readonly LogEntry[]): void {
    for (const entry of entries) this.#pending.push(entry);
    this.#cancelFlush ??= this.#host.clock.after(FLUSH_MILLISECONDS, () => this.#flush(), { background: true });
  }

  #flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    if (this.#pending.length === 0) return;
    const batch = this.#pending;
    this.#pending = [];
    const sources = this.#prefixes?.length ?? 0;
    const change = this.#buffer.add(batch);
    const prefixes = prefixesOf(this.#streams?.labels ?? []);
    if (prefixes?.length !== sources && (prefixes !== undefined || sources > 0)) {
      this.#redraw();
      return;
    }
    const { dropped, stable } = this.#filter === undefined ? change : this.#applyToFiltered(change);
    this.#pager.setSource(this.#source(), { dropped: dropped.length, stable });
    this.#refreshState();
  }

  /** Does to the filtered lines what a change did to all of them; costs what changed, not what is held. */
  #applyToFiltered({ dropped, stable }: BufferChange): BufferChange {
    const gone: LogEntry[] = [];
    for (const entry of dropped) if (entry === this.#filtered[gone.length]) gone.push(entry);
    this.#filtered.splice(0, gone.length);
    const tail = new Set<LogEntry>();
    for (let index = stable; index < this.#buffer.length; index += 1) {
      const entry = this.#buffer.at(index);
      if (entry !== undefined) tail.add(entry);
    }
    for (let last = this.#filtered.at(-1); last !== undefined && tail.has(last); last = this.#filtered.at(-1)) {
      this.#filtered.pop();
    }
    const kept = this.#filtered.length;
    for (const entry of tail) if (this.#passes(entry)) this.#filtered.push(entry);
    return { dropped: gone, stable: kept };
  }

  /** Everything may look different: prefixes, times, filter. */
  #redraw(): void {
    this.#cache = new Map();
    this.#prefixes = prefixesOf(this.#streams?.labels ?? []);
    this.#filtered = this.#filter === undefined ? [] : [...this.#buffer].filter((entry) => this.#passes(entry));
    this.#pager.setSource(this.#source());
    this.#refreshState();
  }

  #source(): LineSource {
    const entries: { readonly length: number; at(index: number): LogEntry | undefined } =
      this.#filter === undefined ? this.#buffer : this.#filtered;
    return { length: entries.length, at: (index) => this.#styled(entries.at(index)) };
  }

  #styled(entry: LogEntry | undefined): StyledLine {
    if (entry === undefined) return { text: "" };
    const known = this.#cache.get(entry);
    if (known !== undefined) return known;
    const line = styledLogLine(entry, this.#lineOptions());
    if (this.#cache.size >= CACHED_LINES) this.#cache = new Map();
    this.#cache.set(entry, line);
    return line;
  }

  #lineOptions(): LogLineOptions {
    return { timestamps: this.#timestamps, prefixes: this.#prefixes };
  }

  #wholeText(): string {
    this.#flush();
    const entries: Iterable<LogEntry> = this.#filter === undefined ? this.#buffer : this.#filtered;
    const options = this.#lineOptions();
    return Array.from(entries, (entry) => `${plainLogLine(entry, options)}\n`).join("");
  }

  #passes(entry: LogEntry): boolean {
    if (this.#filter === undefined || entry.kind !== "line") return true;
    return this.#filter.pattern.test(entry.text) !== this.#filter.inverse;
  }

  async #askFilter(): Promise<void> {
    const text = await this.#host.app.input({
      title: "Filter the log",
      lines: ["Only lines that match this regular expression are shown; !text shows those that do not."],
      label: "filter",
      initial: this.#filter?.text ?? "",
      validate: (candidate) => patternFault(candidate),
    });
    if (text !== undefined) this.#setFilter(text);
  }

  /** @returns whether something changed */
  #setFilter(text: string): boolean {
    if (text === (this.#filter?.text ?? "")) return false;
    const inverse = text.startsWith("!");
    this.#filter =
      text === "" ? undefined : { text, inverse, pattern: new RegExp(inverse ? text.slice(1) : text, "iu") };
    this.#redraw();
    this.view.refreshTitle();
    return true;
  }

  #refreshState(): void {
    const { stale, openCount } = this.#streams ?? { stale: undefined, openCount: 0 };
    const before = this.#freshness.get();
    if (stale !== undefined) {
      const since = before.state === "stale" ? before.since : this.#host.clock.now();
      this.#freshness.set({ state: "stale", since, reason: stale });
    } else if (openCount > 0) {
      if (before.state !== "live") this.#freshness.set({ state: "live", mode: "watch" });
    } else if (this.#buffer.length > 0) this.#freshness.set({ state: "static" });
    else this.#freshness.set({ state: "loading", loaded: 0 });
    this.view.refreshTitle();
  }
}

function patternFault(text: string): string | undefined {
  try {
    void new RegExp(text.startsWith("!") ? text.slice(1) : text, "iu");
    return undefined;
  } catch (error) {
    return errorMessage(error);
  }
}

/** A prefix for each source where there is more than one; the container is named only where a pod has several. */
function prefixesOf(
  labels: ReadonlyArray<{ readonly pod: string; readonly container: string }>,
): readonly LogPrefix[] | undefined {
  if (labels.length < 2) return undefined;
  const pods = [...new Set(labels.map((label) => label.pod))];
  const containers = new Set(labels.map((label) => label.container));
  const common = pods.length > 1 ? commonLead(pods) : 0;
  return labels.map(({ pod, container }) => {
    const colour = pods.length > 1 ? pods.indexOf(pod) : [...containers].indexOf(container);
    const short = pod.slice(common);
    const text = pods.length === 1 ? container : containers.size === 1 ? short : `${short}/${container}`;
    return { text, sgr: SOURCE_COLOURS[colour % SOURCE_COLOURS.length] ?? "36" };
  });
}

/** Length of what all names begin with, up to a dash: the workload's name, which the title says already. */
function commonLead(names: readonly string[]): number {
  const [first = "", ...others] = names;
  let length = first.lastIndexOf("-") + 1;
  while (length > 0 && !others.every((name) => name.startsWith(first.slice(0, length)))) {
    length = first.lastIndexOf("-", length - 2) + 1;
  }
  return length;
}

interface LogsParameters {
  readonly targets: readonly TargetObject[];
  readonly list: PodList | undefined;
  readonly container: string | undefined;
  readonly previous: boolean;
}

function isPodList(value: unknown): value is PodList {
  return isRecord(value) && typeof value["namespace"] === "string";
}

export const logsView: ViewDefinition = {
  id: "logs",
  create(host, parameters): View {
    const { container, previous, list } = parameters;
    return new LogsView(host, {
      targets: isPodList(list) ? [] : targetsParameter(parameters),
      list: isPodList(list) ? list : undefined,
      container: typeof container === "string" ? container : undefined,
      previous: previous === true,
    }).view;
  },
};
