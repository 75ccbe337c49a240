import { useLayoutEffect, type ComponentType, type ReactElement } from "react";
import type { Cluster, ListState, ResourceStore, RowChanges } from "../../cluster/cluster.ts";
import type { Palette } from "../../config/theme.ts";
import type { TargetObject } from "../../hotkeys/action.ts";
import { nextTurn } from "../../lib/clock.ts";
import { Disposer } from "../../lib/disposer.ts";
import { namespacesOf } from "../../lib/kube/namespaces.ts";
import { controllerOf } from "../../lib/kube/object.ts";
import { createValue, type Subscribable } from "../../lib/subscribable.ts";
import type { Tone } from "../../lib/tone.ts";
import { kindOf, knownKind } from "../../resources/catalog.ts";
import type { KindDefinition, RowContext } from "../../resources/kind.ts";
import type { Sort, TableColumn, TableRow } from "../../state/table/table-column.ts";
import type { TableEntry } from "../../state/table/table-entry.ts";
import { TableModel } from "../../state/table/table-model.ts";
import type { TableChanges } from "../../state/table/table-state.ts";
import { useTheme } from "../../ui/theme-context.tsx";
import { useStore } from "../../ui/use-store.ts";
import { Lines } from "../../ui/lines.tsx";
import { freshnessOf } from "../list-freshness.ts";
import type { Freshness, View, ViewDefinition, ViewHost, ViewProps, ViewSelection, ViewTitle } from "../view.ts";
import { customColumnsOf, type CustomColumns } from "./custom-columns.ts";
import { openDrillDown } from "./drill-down.ts";
import { AbsentNamespaces } from "./absent-namespaces.ts";
import { emptyLines } from "./empty-lines.ts";
import { isJoinName, JoinedLists } from "./joined-lists.ts";
import { readTableParameters, sortName, type TableParameters } from "./parameters.ts";
import { createRowContext, type RowJoins } from "./row-context.ts";
import { saveTable } from "./save-table.ts";
import { kindColumns, namespaceColumn, serverColumns } from "./table-columns.ts";
import { TableScreen } from "./table-screen.ts";
import { tableTitle } from "./table-title.ts";

export const resourceTable: ViewDefinition = {
  id: "resource-table",
  create: (host, parameters) => new ResourceTable(host, readTableParameters(parameters)),
};

const SORTS: Readonly<Record<string, string>> = {
  "sort.name": "name",
  "sort.age": "age",
  "sort.status": "status",
  "sort.namespace": "namespace",
};

/** Commands that act on the row under the cursor. */
const AIMED: ReadonlySet<string> = new Set(["open", "mark.toggle", "mark.range"]);
/** A key this soon after another object came under the cursor was meant for the one before. */
const UNSEEN_MILLISECONDS = 250;
/** Texts of so many rows are made in no time by the filter itself. */
const FEW = 200;

/** Rows of a store in a table model, drawn as painted lines. */
class ResourceTable implements View {
  readonly id = "resource-table";
  readonly scopes = ["table"] as const;
  readonly search = "filter";
  readonly Component: ComponentType<ViewProps>;
  readonly #host: ViewHost;
  readonly #cluster: Cluster;
  readonly #kind: KindDefinition;
  readonly #known: boolean;
  readonly #parameters: TableParameters;
  readonly #model: TableModel;
  readonly #title = createValue<ViewTitle>({ what: "" });
  readonly #freshness = createValue<Freshness>({ state: "loading", loaded: 0 });
  /** What texts are made of: time goes on. */
  readonly #display: RowContext;
  /** What sort keys are made of: time stands still, so that keys computed at different times compare. */
  readonly #sorting: RowContext;
  #namespace: string;
  #store: ResourceStore;
  #serverColumns: readonly TableColumn[] = [];
  #serverColumnsOf: unknown;
  #wide = false;
  readonly #screen: TableScreen;
  #shown: Disposer | undefined;
  readonly #joined: JoinedLists;
  readonly #absent = new AbsentNamespaces();
  readonly #custom: CustomColumns | undefined;
  /** What is to be said of columns of the settings that there are not. */
  #missing: readonly string[] = [];
  #warming = false;
  /** When changes put another object under the cursor last. */
  #hopped = Number.NEGATIVE_INFINITY;

  constructor(host: ViewHost, parameters: TableParameters) {
    this.#host = host;
    this.#cluster = host.cluster;
    this.#parameters = parameters;
    this.#namespace = parameters.namespace;
    const opened = host.clock.now();
    this.#display = createRowContext(host, this.#joins, () => host.clock.now());
    this.#sorting = createRowContext(host, this.#joins, () => opened);
    this.#joined = new JoinedLists(host.cluster, {
      rows: (keys) => this.#rowsJoinChanged(keys),
      all: () => this.#joinChanged(),
    });
    const { resource, ownerUid } = parameters;
    this.#kind = kindOf(resource);
    this.#known = knownKind(resource.group, resource.resource) !== undefined;
    this.#custom = customColumnsOf(host.settings.views, resource, host.kinds, () => host.clock.now());
    this.#store = this.#openStore();
    const remembered = host.sorts.get(sortName(this.#parameters)) ?? this.#custom?.sort ?? this.#kind.defaultSort;
    this.#model = new TableModel({
      columns: this.#columns(),
      toneOf: this.#toneOf,
      ...(remembered === undefined ? {} : { sort: remembered }),
      ...(ownerUid === undefined ? {} : { accept: (row) => controllerOf(row.object)?.uid === ownerUid }),
    });
    this.#screen = new TableScreen(this.#model, this.#toneOf, {
      clock: host.clock,
      changeMarks: host.settings.changeMarks,
    });
    if (parameters.filter !== undefined) this.#model.setFilter(parameters.filter);
    if (parameters.faultsOnly === true) this.#model.setFaultsOnly(true);
    this.#model.state.subscribe(() => this.#updateTitle());
    this.#updateTitle();
    this.Component = (props) => <ResourceTableContent {...props} table={this} />;
  }

  get title(): Subscribable<ViewTitle> {
    return this.#title;
  }

  get freshness(): Subscribable<Freshness> {
    return this.#freshness;
  }

  get model(): TableModel {
    return this.#model;
  }

  get screen(): TableScreen {
    return this.#screen;
  }

  selection(): ViewSelection {
    const { marked } = this.#model;
    const cursorEntry = this.#aimedAt;
    const cursor = cursorEntry === undefined ? undefined : this.#targetOf(cursorEntry);
    const targets =
      marked.length > 0 ? marked.map((entry) => this.#targetOf(entry)) : cursor === undefined ? [] : [cursor];
    const unseen = targets.length === 0 && this.#model.cursorEntry !== undefined;
    const nothing = unseen ? "another object has just come under the cursor" : undefined;
    return { targets, cursor, kind: this.#kind, container: undefined, nothing };
  }

  /** The row under the cursor, unless another one has only just come there: no finger was meant for it. */
  get #aimedAt(): TableEntry | undefined {
    return this.#host.clock.now() - this.#hopped < UNSEEN_MILLISECONDS ? undefined : this.#model.cursorEntry;
  }

  #apply(rows: ReadonlyMap<string, TableRow>, changes: TableChanges, loading: boolean): void {
    const before = this.#model.cursorEntry?.key;
    this.#model.apply(rows, changes, loading);
    if (before !== undefined && this.#model.cursorEntry?.key !== before) this.#hopped = this.#host.clock.now();
  }

  listedNamespace(): string | undefined {
    return this.#parameters.resource.namespaced ? this.#namespace : undefined;
  }

  click(row: number, cell: number): boolean {
    if (row === 0) {
      const column = this.#screen.columnAt(cell)?.id;
      const { sort } = this.#model.state.get();
      if (column !== undefined) this.#sort({ column, descending: sort.column === column && !sort.descending });
      return false;
    }
    const key = this.#screen.keyAt(row);
    if (key === undefined || !this.#model.entries.has(key)) return false;
    const before = this.#aimedAt?.key;
    this.#hopped = Number.NEGATIVE_INFINITY;
    this.#model.wantKey(key);
    return before === key;
  }

  searchText(): string {
    return this.#model.state.get().filter;
  }

  escape(): boolean {
    const { filter, faultsOnly } = this.#model.state.get();
    if (this.#model.clearMarks()) return true;
    if (filter !== "") this.#model.setFilter("");
    else if (faultsOnly) this.#model.setFaultsOnly(false);
    else return false;
    return true;
  }

  disabledReason(name: string): string | undefined {
    const id = SORTS[name];
    if (name === "open" && this.#model.state.get().count === 0) return "no row is under the cursor";
    if (name === "table.logs" && sortName(this.#parameters) !== "/pods") return "only a list of pods has one log";
    if (id !== undefined && !this.#model.columns.some((column) => column.id === id)) return `there is no ${id} column`;
    return undefined;
  }

  command(name: string, argument = ""): void {
    const model = this.#model;
    const { sort, faultsOnly } = model.state.get();
    const sortColumn = SORTS[name];
    if (sortColumn !== undefined) {
      this.#sort({ column: sortColumn, descending: sort.column === sortColumn && !sort.descending });
      return;
    }
    const page = Math.max(1, this.#screen.rows - 1);
    const moves: Readonly<Record<string, number>> = {
      "move.up": -1,
      "move.down": 1,
      "move.page-up": -page,
      "move.page-down": page,
      "move.top": -Infinity,
      "move.bottom": Infinity,
    };
    const move = moves[name];
    if (move !== undefined) {
      this.#hopped = Number.NEGATIVE_INFINITY;
      model.move(move);
    } else if (AIMED.has(name) && this.#aimedAt === undefined && model.cursorEntry !== undefined) return;
    else if (name === "move.left") this.#screen.scrollColumns(-1);
    else if (name === "move.right") this.#screen.scrollColumns(1);
    else if (name === "search.set") model.setFilter(argument);
    else if (name === "mark.toggle") model.toggleMark();
    else if (name === "mark.range") model.markRange();
    else if (name === "mark.clear") model.clearMarks();
    else if (name === "sort.left" || name === "sort.right") this.#sortBeside(name === "sort.left" ? -1 : 1);
    else if (name === "sort.reverse") this.#sort({ ...sort, descending: !sort.descending });
    else if (name === "table.faults") model.setFaultsOnly(!faultsOnly);
    else if (name === "table.wide") this.#setWide(!this.#wide);
    else if (name === "table.namespace") this.#useNamespace(argument);
    else if (name === "view.reload") this.#store.reload();
    else if (name === "table.save") void this.#save();
    else if (name === "table.logs") this.#openLogs();
    else if (name === "open") this.#open();
  }

  show(): void {
    const shown = new Disposer();
    this.#shown = shown;
    this.#subscribe(shown);
    if (this.#kind.columns.some((column) => column.needs === "metrics")) {
      shown.add(this.#cluster.metrics.subscribe(() => this.#metricsChanged()));
      this.#metricsChanged();
    }
    if (this.#kind.columns.some((column) => column.needs === "port-forwards")) {
      shown.add(this.#cluster.portForwards.subscribe(() => this.#portForwardsChanged()));
      this.#portForwardsChanged();
    }
    this.#followJoins();
    shown.add(this.#cluster.catalog.subscribe(() => this.#followJoins()));
    shown.add(() => this.#joined.stop());
    shown.add(this.#host.clock.every(1000, () => this.#tick(), { background: true }));
    shown.add(this.#absent.follow(this.#host, this));
  }

  hide(): void {
    this.#shown?.dispose();
    this.#shown = undefined;
    if (this.searchText() !== "" && this.#model.cursorEntry !== undefined) this.#model.move(0);
  }

  dispose(): void {
    this.hide();
  }

  /** The painted lines of the table at a size: titles, then rows. */
  lines(columns: number, rows: number, palette: Palette): readonly string[] {
    return this.#screen.lines(columns, rows, palette, () => {
      const [table, freshness, absent] = [this.#model.state.get(), this.#freshness.get(), this.#absent.text];
      const namespace = this.#namespace;
      return emptyLines({ ...this.#parameters, namespace, absent, freshness, table }, columns, palette);
    });
  }

  readonly #toneOf = (row: TableRow): Tone | undefined => this.#kind.tone?.(row.object, this.#display);

  readonly #joins: RowJoins = {
    isForwarded: (pod) => this.#forwarded.has(pod),
    answer: (name, path) => this.#joined.answer(name, path),
  };

  #openStore(): ResourceStore {
    const { resource, labelSelector, fieldSelector } = this.#parameters;
    return this.#cluster.store({
      resource,
      namespace: this.#namespace,
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      form: this.#known ? "objects" : "table",
    });
  }

  #subscribe(shown: Disposer): void {
    const store = this.#store;
    const read = (changes: TableChanges & Pick<RowChanges, "afterGap">): void => {
      const snapshot = store.get();
      if (!this.#known && snapshot.columns !== this.#serverColumnsOf) {
        this.#serverColumnsOf = snapshot.columns;
        this.#serverColumns = serverColumns(snapshot.columns, () => this.#host.clock.now());
        this.#model.setColumns(this.#columns());
      }
      this.#screen.mark(snapshot, changes);
      this.#apply(snapshot.rows, changes, snapshot.status.state === "loading");
      this.#joined.know(snapshot.rows, changes.reset ? snapshot.rows.keys() : changes.changed);
      this.#readStatus(snapshot.status);
      // The tick of the clock sees to a few: those that change again and again are not made ready every time.
      if (changes.reset || changes.changed.size > FEW) this.#warmLater();
    };
    shown.add(store.subscribe(() => this.#readStatus(store.get().status)));
    shown.add(store.subscribeChanges(read));
    shown.add(() => this.#screen.clearMarks());
    read({ changed: new Set(), removed: new Set(), reset: true });
  }

  #tick(): void {
    this.#screen.tick();
    this.#warmLater();
  }

  /** Between two turns of the event loop, a few milliseconds at a time. */
  #warmLater(): void {
    if (this.#warming) return;
    this.#warming = true;
    nextTurn(() => {
      this.#warming = false;
      if (this.#shown !== undefined && this.#model.warm(() => performance.now(), 4)) this.#warmLater();
    });
  }

  #readStatus(status: ListState): void {
    const next = freshnessOf(status);
    if (JSON.stringify(next) !== JSON.stringify(this.#freshness.get())) this.#freshness.set(next);
  }

  #columns(): readonly TableColumn[] {
    const metrics = this.#cluster.metrics.get().state;
    const own = this.#known ? kindColumns(this.#kind, this.#display, this.#sorting) : this.#serverColumns;
    if (own.length > 0) this.#missing = this.#custom?.missing(own) ?? [];
    const shown = (this.#custom?.arrange(own, this.#wide) ?? own).filter(
      (column) =>
        (this.#wide || column.wide !== true) &&
        (column.needs !== "metrics" || metrics === "available") &&
        (column.needs !== "port-forwards" || this.#forwarded.size > 0) &&
        (column.needs !== "favourites" || this.#host.settings.namespaces.favourites.length > 0),
    );
    const one = namespacesOf(this.#namespace).length === 1;
    return this.#parameters.resource.namespaced && !one ? [namespaceColumn, ...shown] : shown;
  }

  /** Watches the lists that the columns on screen join, and no others. */
  #followJoins(): void {
    const needs = this.#model.columns.map((column) => column.needs).filter((need) => isJoinName(need));
    this.#joined.follow([...new Set(needs)], this.#namespace);
    const { rows } = this.#store.get();
    this.#joined.know(rows, rows.keys());
    this.#joinChanged();
  }

  #rowsJoinChanged(keys: Iterable<string>): void {
    const rows = new Map<string, TableRow>();
    for (const key of keys) {
      const entry = this.#model.entries.get(key);
      // Another row object: what was painted and measured of the old one does not hold.
      if (entry !== undefined) rows.set(entry.key, { ...entry.row });
    }
    const changed = new Set(rows.keys());
    const loading = this.#store.get().status.state === "loading";
    this.#apply(rows, { changed, removed: new Set(), reset: false }, loading);
  }

  #joinChanged(): void {
    if (!this.#joined.any) return;
    this.#screen.forget();
    // Sort keys, and what a filter looks at, may be others in every row.
    this.#model.setColumns(this.#columns());
    this.#updateTitle();
  }

  #metricsState = "";

  #metricsChanged(): void {
    const { state } = this.#cluster.metrics.get();
    if (state !== this.#metricsState) {
      this.#metricsState = state;
      this.#model.setColumns(this.#columns());
      this.#updateTitle();
    }
    if (state !== "available") return;
    this.#screen.forget();
    this.#model.refresh();
  }

  /** Pods (`namespace/name`) with a port that listens. */
  #forwarded: ReadonlySet<string> = new Set();

  #portForwardsChanged(): void {
    const listening = this.#cluster.portForwards.get().filter((forward) => forward.state === "listening");
    const forwarded = new Set(listening.map(({ target, pod }) => `${target.namespace}/${pod?.name}`));
    // Counts of bytes change all the time; the mark does not.
    if (forwarded.symmetricDifference(this.#forwarded).size === 0) return;
    this.#forwarded = forwarded;
    this.#model.setColumns(this.#columns());
    this.#screen.forget();
    this.#model.refresh();
  }

  #sort(sort: Sort): void {
    this.#host.sorts.set(sortName(this.#parameters), sort);
    this.#model.setSort(sort);
  }

  #sortBeside(step: 1 | -1): void {
    const { columns } = this.#screen;
    const { column } = this.#model.state.get().sort;
    const at = columns.findIndex((each) => each.id === column);
    const next =
      columns[at === -1 ? (step === 1 ? 0 : columns.length - 1) : (at + step + columns.length) % columns.length];
    if (next !== undefined) this.#sort({ column: next.id, descending: false });
  }

  #setWide(wide: boolean): void {
    this.#wide = wide;
    this.#screen.scrollHome();
    this.#model.setColumns(this.#columns());
    if (this.#shown !== undefined) this.#followJoins();
    this.#updateTitle();
  }

  #useNamespace(namespace: string): void {
    if (!this.#parameters.resource.namespaced || namespace === this.#namespace) return;
    const { shown } = { shown: this.#shown };
    this.hide();
    this.#namespace = namespace;
    this.#store = this.#openStore();
    this.#freshness.set({ state: "loading", loaded: 0 });
    this.#model.apply(new Map(), { changed: new Set(), removed: new Set(), reset: true }, true);
    this.#model.setColumns(this.#columns());
    if (shown !== undefined) this.show();
  }

  async #save(): Promise<void> {
    const { resource } = this.#parameters;
    this.#model.finish();
    const rows = this.#model.shown.map((entry) => entry.row);
    await saveTable(this.#host, resource.resource, this.#model.columns, rows);
  }

  /** The merged log of every pod listed. With a filter, of those it lets through now; else later ones join. */
  #openLogs(): void {
    const { filter, faultsOnly, count } = this.#model.state.get();
    const { labelSelector, fieldSelector, ownerUid } = this.#parameters;
    if (count === 0) return;
    const some = filter !== "" || faultsOnly || ownerUid !== undefined;
    const parameters = some
      ? { targets: this.#model.shown.map((entry) => this.#targetOf(entry)) }
      : { list: { namespace: this.#namespace, labelSelector, fieldSelector } };
    this.#host.app.open({ view: "logs", parameters, title: `logs of ${count}` });
  }

  #open(): void {
    const { cursorEntry } = this.#model;
    if (cursorEntry === undefined) return;
    const marked = this.#model.marked.map((entry) => this.#targetOf(entry));
    if (marked.length > 0 && this.#kind.can.includes("use-namespace")) {
      this.#host.app.useNamespace(marked.map(({ name }) => name).join(","));
      this.#host.app.command("pods");
    } else openDrillDown(this.#host, this.#kind, this.#targetOf(cursorEntry));
  }

  #targetOf(entry: TableEntry): TargetObject {
    const { object } = entry.row;
    return {
      resource: this.#parameters.resource,
      namespace: object.metadata.namespace ?? "",
      name: object.metadata.name ?? "",
      uid: object.metadata.uid,
      object,
    };
  }

  #updateTitle(): void {
    const more = [...(this.#wide ? ["wide"] : []), ...this.#joined.notes(), ...this.#missing];
    const next = tableTitle(this.#parameters, this.#namespace, this.#model.state.get(), more);
    // A cursor that moves changes nothing here: what listens is drawn again only for another title.
    if (JSON.stringify(next) !== JSON.stringify(this.#title.get())) this.#title.set(next);
  }
}

function ResourceTableContent({ columns, rows, table }: ViewProps & { readonly table: ResourceTable }): ReactElement {
  const palette = useTheme();
  useStore(table.model.state);
  useStore(table.freshness);
  useStore(table.screen.repaint);
  useLayoutEffect(() => table.model.resize(rows - 1), [table, rows]);
  return <Lines lines={table.lines(columns, rows, palette)} rows={rows} />;
}
