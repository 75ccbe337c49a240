import type { TargetObject } from "../../hotkeys/action.ts";
import type { Cancel } from "../../lib/clock.ts";
import { isRecord } from "../../lib/kube/object.ts";
import { createValue } from "../../lib/subscribable.ts";
import { truncate } from "../../lib/text.ts";
import { PagerModel } from "../../ui/pager-model.ts";
import type { LineSource, StyledLine } from "../../ui/styled-line.ts";
import { objectSelection } from "../object-selection.ts";
import { TextView } from "../text-view.tsx";
import { targetsParameter } from "../view-parameters.ts";
import type { Freshness, View, ViewDefinition, ViewHost } from "../view.ts";
import { FilteredEntries } from "./filtered-entries.ts";
import { LogBuffer, timeKey, type LogEntry } from "./log-buffer.ts";
import { logFilterFault, parseLogFilter } from "./log-filter.ts";
import { plainLogLine, plainText, styledLogLine, type LogLineOptions, type LogPrefix } from "./log-line.ts";
import { prefixesOf } from "./log-prefixes.ts";
import { recordColumns, type RecordColumn } from "./record-line.ts";
import { saveLog } from "./save-log.ts";
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

/** So many of the newest lines tell how wide a column is. */
const MEASURED_LINES = 500;

/** Styled lines kept for drawing again; a screen has fewer. */
const CACHED_LINES = 2000;

/** The merged, followed log of all containers of some pods or of the pods of some workloads. */
class LogsView {
  readonly view: TextView;
  readonly #host: ViewHost;
  readonly #fileName: string;
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
  /** What the filter lets through; absent where there is none. */
  #filtered: FilteredEntries | undefined;
  #raw = false;
  #fields: readonly string[] = [];
  #columns: readonly RecordColumn[] = [];
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
    this.#fileName = `${first?.name ?? "pods"}${this.#container === undefined ? "" : `-${this.#container}`}.log`;
    this.view = new TextView(host, {
      id: "logs",
      scopes: ["logs", "text"],
      what: "logs",
      where: `${of}${this.#container === undefined ? "" : ` ${this.#container}`}`,
      pager: this.#pager,
      freshness: this.#freshness,
      fileName: this.#fileName,
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
    if (this.#streams?.loadingOlder === true) notes.push("reading older lines");
    if (this.#timestamps) notes.push("time");
    if (this.#raw) notes.push("raw");
    if (this.#filtered !== undefined) notes.push(`& ${this.#filtered.filter.text}`);
    const leftOut = this.#streams?.leftOut ?? 0;
    if (leftOut > 0) notes.push(`${leftOut} not followed`);
    if (this.#buffer.dropped > 0) notes.push(`${this.#buffer.dropped} oldest dropped`);
    return notes;
  }

  #command(name: string, argument: string): boolean {
    switch (name) {
      case "move.up":
      case "move.page-up":
      case "move.top":
        if (this.#pager.state.get().top === 0) this.#loadOlder();
        return false;
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
        this.#mark();
        return true;
      case "logs.clear":
        this.#pending = [];
        this.#buffer.clear();
        this.#refill();
        return true;
      case "logs.filter":
        void this.#askFilter();
        return true;
      case "logs.raw":
        this.#raw = !this.#raw;
        this.#redraw();
        return true;
      case "logs.columns":
        void this.#askColumns();
        return true;
      case "text.save":
        void this.#save();
        return true;
      case "logs.record":
        void this.#expand();
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
        older: (entries) => this.#takeOlder(entries),
        changed: () => this.#refreshState(),
      },
    });
    this.#streams = streams;
    this.#refill();
    streams.start();
    this.#refreshState();
  }

  /** At the top of what is held: what was written before it is read. */
  #loadOlder(): void {
    const streams = this.#streams;
    if (streams === undefined || this.#buffer.length === 0) return;
    if (this.#buffer.full) {
      this.#host.app.flash("warning", "older lines find no room: the setting logs.bufferMegabytes is used up");
    } else if (!streams.loadOlder()) this.#host.app.flash("info", "the log begins here");
    this.view.refreshTitle();
  }

  /** The same lines stay on the screen, with others above them. */
  #takeOlder(entries: readonly LogEntry[]): void {
    this.#flush();
    const before = this.#entries.length;
    this.#buffer.add(entries, true);
    if (this.#filtered !== undefined) this.#filtered = new FilteredEntries(this.#buffer, this.#filtered.filter);
    this.#pager.setSource(this.#source(), { dropped: before - this.#entries.length });
    this.#refreshState();
  }

  /** Below everything that is here, even where the clocks of the nodes are ahead of this one. */
  #mark(): void {
    this.#flush();
    const now = this.#host.clock.now();
    const last = this.#buffer.at(this.#buffer.length - 1)?.time ?? "";
    const time = timeKey(last) > now ? last : new Date(now).toISOString();
    this.#take([{ time, text: "", source: -1, kind: "marker" }]);
    this.#flush();
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
      this.#refill();
      return;
    }
    const { dropped, stable } = this.#filtered === undefined ? change : this.#filtered.apply(change);
    this.#pager.setSource(this.#source(), { dropped: dropped.length, stable });
    this.#refreshState();
  }

  /** Other lines than before, not only more. */
  #refill(): void {
    if (this.#filtered !== undefined) this.#filtered = new FilteredEntries(this.#buffer, this.#filtered.filter);
    this.#redraw();
  }

  /** Everything may look different: prefixes, times, form. */
  #redraw(): void {
    this.#cache = new Map();
    this.#measureColumns();
    this.#prefixes = prefixesOf(this.#streams?.labels ?? []);
    this.#pager.setSource(this.#source());
    this.#refreshState();
  }

  get #entries(): LogBuffer | FilteredEntries {
    return this.#filtered ?? this.#buffer;
  }

  #source(): LineSource {
    const entries = this.#entries;
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
    return {
      timestamps: this.#timestamps,
      prefixes: this.#prefixes,
      structure: this.#raw ? undefined : this.#columns,
    };
  }

  async #save(): Promise<void> {
    this.#flush();
    const options = this.#lineOptions();
    await saveLog(this.#host, this.#fileName, Array.from(this.#entries), (entry) => plainLogLine(entry, options));
  }

  #wholeText(): string {
    this.#flush();
    const options = this.#lineOptions();
    return Array.from(this.#entries, (entry) => `${plainLogLine(entry, options)}\n`).join("");
  }

  async #askFilter(): Promise<void> {
    const text = await this.#host.app.input({
      title: "Filter the log",
      lines: [
        "Terms with spaces between them, all of which must hold:",
        'timeout  !health  ~fzzy  "two words"  level>=warn  status:5..  duration>100',
        "+3 shows three lines around each match.",
      ],
      label: "filter",
      initial: this.#filtered?.filter.text ?? "",
      validate: logFilterFault,
    });
    if (text !== undefined) this.#setFilter(text.trim());
  }

  /** @returns whether something changed */
  #setFilter(text: string): boolean {
    if (text === (this.#filtered?.filter.text ?? "")) return false;
    this.#flush();
    this.#filtered = text === "" ? undefined : new FilteredEntries(this.#buffer, parseLogFilter(text));
    this.#redraw();
    this.view.refreshTitle();
    return true;
  }

  async #askColumns(): Promise<void> {
    const text = await this.#host.app.input({
      title: "Fields as columns",
      lines: ["Fields of JSON, logfmt and klog lines, with commas between them: status, http.path"],
      label: "fields",
      initial: this.#fields.join(", "),
      validate: () => undefined,
    });
    if (text === undefined) return;
    this.#fields = text.split(/[\s,]+/).filter((field) => field !== "");
    this.#raw = false;
    this.#redraw();
  }

  /** What the newest lines have in the chosen fields tells how wide the columns are. */
  #measureColumns(): void {
    const { length } = this.#buffer;
    const newest = Array.from({ length: Math.min(length, MEASURED_LINES) }, (_, index) =>
      plainText(this.#buffer.at(length - 1 - index)?.text ?? ""),
    );
    this.#columns = this.#fields.length === 0 ? [] : recordColumns(this.#fields, newest);
  }

  /** Expands the line that a search has found, or one of those on screen. */
  async #expand(): Promise<void> {
    const { search, top } = this.#pager.state.get();
    const hit = search?.hits[search.current];
    const entry = hit === undefined ? await this.#pickEntry(top) : this.#entries.at(hit);
    if (entry === undefined) return;
    const label = this.#streams?.labels[entry.source];
    const title = label === undefined ? "record" : `${label.pod}/${label.container}`;
    this.#host.app.open({
      view: "log-record",
      parameters: { time: entry.time, text: entry.text, title },
      title: "record",
    });
  }

  async #pickEntry(top: number): Promise<LogEntry | undefined> {
    const shown = Array.from({ length: this.#pager.rows }, (_, row) => this.#entries.at(top + row)).filter(
      (entry): entry is LogEntry => entry?.kind === "line",
    );
    if (shown.length === 0) return undefined;
    const items = shown.map((entry, index) => `${index + 1} ${truncate(this.#styled(entry).text, 200)}`);
    const chosen = await this.#host.app.pick({ title: "Expand which line", items });
    return chosen === undefined ? undefined : shown[items.indexOf(chosen)];
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
