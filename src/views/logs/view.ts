import { LogBatch } from "../../cluster/log-batch.ts";
import type { TargetObject } from "../../hotkeys/action.ts";
import { isRecord } from "../../lib/kube/object.ts";
import { createValue } from "../../lib/subscribable.ts";
import { truncate } from "../../lib/text.ts";
import { PagerModel } from "../../ui/pager-model.ts";
import { objectSelection } from "../object-selection.ts";
import { TextView } from "../text-view.tsx";
import { targetsParameter } from "../view-parameters.ts";
import { NOTHING_SELECTED, type Freshness, type View, type ViewDefinition, type ViewHost } from "../view.ts";
import { LineForm } from "./line-form.ts";
import { MARKER, type LogEntry } from "./log-buffer.ts";
import { LogExport } from "./log-export.ts";
import { logFilterFault, parseLogFilter } from "./log-filter.ts";
import { plainText } from "./log-line.ts";
import { LogLines } from "./log-lines.ts";
import { prefixesOf } from "./log-prefixes.ts";
import { recordColumns, type RecordColumn } from "./record-line.ts";
import { LogStreams, type LogWindow } from "./log-streams.ts";
import { podListText, targetsText, type PodList } from "./pod-selection.ts";

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
  readonly #lines: LogLines;
  readonly #export: LogExport;
  readonly #of: string;
  #streams: LogStreams | undefined;
  #form = new LineForm({ timestamps: false, prefixes: undefined, structure: [] });
  #previous: boolean;
  #window: WindowName = "tail";
  #cleared = false;
  #timestamps = false;
  #raw = false;
  #fields: readonly string[] = [];
  /** Streams whose prefixes `#form` has. */
  #labelled = 0;

  constructor(host: ViewHost, parameters: LogsParameters) {
    this.#host = host;
    this.#targets = parameters.targets;
    this.#list = parameters.list;
    this.#container = parameters.container;
    this.#previous = parameters.previous;
    this.#lines = new LogLines({
      clock: host.clock,
      pager: this.#pager,
      limitBytes: host.settings.logs.bufferMegabytes * 1024 * 1024,
      form: () => this.#form,
      label: (source) => this.#streams?.labels[source],
      changed: () => this.#refreshState(),
    });
    const [first] = parameters.targets;
    const of = parameters.list === undefined ? targetsText(parameters.targets) : podListText(parameters.list);
    this.#of = `${of}${this.#container === undefined ? "" : ` ${this.#container}`}`;
    this.#fileName = `${first?.name ?? "pods"}${this.#container === undefined ? "" : `-${this.#container}`}.log`;
    this.#export = new LogExport(host, {
      fileName: this.#fileName,
      pager: this.#pager,
      lines: this.#lines,
      options: () => this.#form.options,
    });
    this.view = new TextView(host, {
      id: "logs",
      scopes: ["logs", "text"],
      what: "logs",
      where: this.#of,
      pager: this.#pager,
      freshness: this.#freshness,
      fileName: this.#fileName,
      notes: () => this.#notes(),
      empty: () => this.#emptyText(),
      selection: () =>
        first === undefined
          ? NOTHING_SELECTED
          : { ...objectSelection(first, undefined, this.#container), targets: this.#targets },
      command: (name, argument) => this.#command(name, argument),
      disabledReason: (name) =>
        name === "text.decode" || name === "text.managed-fields" ? "this is a log" : undefined,
      escape: () => this.#pager.endCursor() || this.#setFilter(""),
      show: () => {
        // Streams go on while another view is in front, so that nothing is missed; they end with the view.
        if (this.#streams === undefined) this.#restart();
        this.#lines.show();
      },
      dispose: () => {
        this.#streams?.stop();
        this.#lines.dispose();
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
    const selected = this.#pager.selected();
    if (selected !== undefined) notes.push(`${selected.last - selected.first + 1} selected`);
    const { filter, filterProgress, buffer } = this.#lines;
    if (filter !== undefined) {
      const share = Math.floor(filterProgress * 100);
      notes.push(`& ${filter.text}${share === 100 ? "" : ` ${share}%`}`);
    }
    const leftOut = this.#streams?.leftOut ?? 0;
    if (leftOut > 0) notes.push(`${leftOut} not followed`);
    if (buffer.dropped > 0) notes.push(`${buffer.dropped} oldest dropped`);
    return notes;
  }

  #emptyText(): string {
    const held = this.#lines.buffer.length;
    if (held > 0) return `None of ${held} lines passes the filter.`;
    // The title says so.
    if (this.#freshness.get().state === "loading") return "";
    if (this.#cleared) return "Cleared. Lines come here as they are written.";
    return SECONDS[this.#window] === undefined ? "No line yet." : `No line in the last ${this.#window}.`;
  }

  #command(name: string, argument: string): boolean {
    this.#lines.showWithKey();
    const own = this.#commands[name];
    own?.(argument);
    if (own !== undefined) return true;
    const { top, cursor } = this.#pager.state.get();
    const up = name === "move.up" || name === "move.page-up" || name === "move.top";
    if (up && top === 0 && (cursor ?? 0) === 0) this.#loadOlder();
    return false;
  }

  readonly #commands: Readonly<Record<string, (argument: string) => void>> = {
    "logs.timestamps": () => {
      this.#timestamps = !this.#timestamps;
      this.#redraw();
    },
    "logs.previous": () => {
      this.#previous = !this.#previous;
      this.#restart();
    },
    "logs.window": (argument) => {
      this.#window = WINDOWS.find((one) => one === argument) ?? "tail";
      this.#restart();
    },
    "logs.marker": () => this.#mark(),
    "logs.clear": () => {
      this.#cleared = true;
      this.#lines.clear();
    },
    "logs.filter": () => void this.#askFilter(),
    "logs.raw": () => {
      this.#raw = !this.#raw;
      this.#redraw();
    },
    "logs.columns": () => void this.#askColumns(),
    "logs.cursor": () => this.#pager.toggleCursor(),
    "logs.select": () => this.#pager.toggleSelection(),
    "logs.extend": (argument) => this.#pager.extendSelection(argument === "up" ? -1 : 1),
    "text.copy": () => void this.#export.copy(),
    "text.save": () => void this.#export.save(this.#streams),
    "logs.record": () => void this.#expand(),
    "view.reload": () => this.#restart(),
  };

  /** Reads the chosen window anew. */
  #restart(): void {
    this.#streams?.stop();
    this.#cleared = false;
    this.#lines.clear();
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
        lines: (source, batch) => this.#lines.take(source, batch),
        older: (batches) => this.#lines.takeOlder(batches),
        changed: () => this.#refreshState(),
      },
    });
    this.#streams = streams;
    streams.start();
    this.#refreshState();
  }

  /** At the top of what is held: what was written before it is read. */
  #loadOlder(): void {
    const streams = this.#streams;
    if (streams === undefined || this.#lines.buffer.length === 0) return;
    if (this.#lines.buffer.full) {
      this.#host.app.flash("warning", "older lines find no room: the setting logs.bufferMegabytes is used up");
    } else if (!streams.loadOlder()) this.#host.app.flash("info", "the log begins here");
    this.view.refreshTitle();
  }

  /** Below everything that is here, even where the clocks of the nodes are ahead of this one. */
  #mark(): void {
    this.#lines.show();
    const { buffer } = this.#lines;
    const now = this.#host.clock.now();
    const last = buffer.length === 0 ? 0 : buffer.keyAt(buffer.length - 1);
    const time = last > now ? buffer.at(buffer.length - 1).time : new Date(now).toISOString();
    this.#lines.take(MARKER, LogBatch.of([{ time, text: "" }]));
    this.#lines.show();
  }

  /** Everything may look different: prefixes, times, form. */
  #redraw(): void {
    const labels = this.#streams?.labels ?? [];
    this.#labelled = labels.length;
    this.#form = new LineForm({
      timestamps: this.#timestamps,
      prefixes: prefixesOf(labels),
      structure: this.#raw ? undefined : this.#columns(),
    });
    this.#lines.redraw();
  }

  async #askFilter(): Promise<void> {
    const text = await this.#host.app.input({
      title: "Filter the log",
      lines: [
        "Terms with spaces between them, all of which must hold:",
        'timeout  !health  ~fzzy  "two words"  level>=warn',
        "status:5..  took>100  pod:web   +3: three lines around each match",
      ],
      label: "Filter",
      // The filter of this log's last time is a good beginning.
      initial: this.#lines.filter?.text ?? this.#host.logFilters.get(this.#of) ?? "",
      validate: logFilterFault,
    });
    if (text === undefined) return;
    if (text.trim() !== "") this.#host.logFilters.set(this.#of, text.trim());
    this.#setFilter(text.trim());
  }

  /** @returns whether something changed */
  #setFilter(text: string): boolean {
    if (text === (this.#lines.filter?.text ?? "")) return false;
    this.#lines.setFilter(text === "" ? undefined : parseLogFilter(text));
    return true;
  }

  async #askColumns(): Promise<void> {
    const text = await this.#host.app.input({
      title: "Fields as columns",
      lines: ["Fields of JSON, logfmt and klog lines, with commas between them: status, http.path"],
      label: "Fields",
      initial: this.#fields.join(", "),
      validate: () => undefined,
    });
    if (text === undefined) return;
    this.#fields = text.split(/[\s,]+/).filter((field) => field !== "");
    this.#raw = false;
    this.#redraw();
  }

  /** What the newest lines have in the chosen fields tells how wide the columns are. */
  #columns(): readonly RecordColumn[] {
    if (this.#fields.length === 0) return [];
    const { buffer } = this.#lines;
    const newest = Array.from({ length: Math.min(buffer.length, MEASURED_LINES) }, (_, index) =>
      plainText(buffer.textAt(buffer.length - 1 - index)),
    );
    return recordColumns(this.#fields, newest);
  }

  /** Expands the line under the cursor, or that a search has found, or one of those on screen. */
  async #expand(): Promise<void> {
    const { search, top, cursor } = this.#pager.state.get();
    const line = cursor ?? search?.line;
    const entry = line === undefined ? await this.#pickEntry(top) : this.#lines.at(line);
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
    const shown = Array.from({ length: this.#pager.rows }, (_, row) => this.#lines.at(top + row)).filter(
      (entry): entry is LogEntry => entry !== undefined && entry.kind !== "marker",
    );
    if (shown.length === 0) return undefined;
    const items = shown.map((entry, index) => `${index + 1} ${truncate(this.#form.draw(entry).text, 200)}`);
    const chosen = await this.#host.app.pick({ title: "Expand which line", items });
    return chosen === undefined ? undefined : shown[items.indexOf(chosen)];
  }

  #refreshState(): void {
    const { stale, openCount, labels } = this.#streams ?? { stale: undefined, openCount: 0, labels: [] };
    if (labels.length !== this.#labelled) {
      this.#redraw();
      return;
    }
    const before = this.#freshness.get();
    if (stale !== undefined) {
      const since = before.state === "stale" ? before.since : this.#host.clock.now();
      this.#freshness.set({ state: "stale", since, reason: stale });
    } else if (openCount > 0) {
      if (before.state !== "live") this.#freshness.set({ state: "live", mode: "watch" });
    } else if (this.#lines.buffer.length > 0) this.#freshness.set({ state: "static" });
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
