import type { ListState, ResourceStore } from "../../cluster/cluster.ts";
import type { Palette } from "../../config/theme.ts";
import { nextTurn } from "../../lib/clock.ts";
import { Disposer } from "../../lib/disposer.ts";
import { gvrKey, type ApiResource } from "../../lib/kube/gvr.ts";
import { asString, at } from "../../lib/kube/object.ts";
import { formatMebibytes, formatMillicores, parseQuantity } from "../../lib/quantity.ts";
import { createValue } from "../../lib/subscribable.ts";
import { kindOf } from "../../resources/catalog.ts";
import type { RowContext } from "../../resources/kind.ts";
import { freshnessOf } from "../list-freshness.ts";
import { ListView } from "../list-view.tsx";
import { JoinedLists } from "../resource-table/joined-lists.ts";
import { NOTHING_SELECTED, type Freshness, type View, type ViewDefinition, type ViewHost } from "../view.ts";
import { KindHealth } from "./kind-health.ts";
import { chartDots, chartLines, evenly, PULSE_COLUMNS, PULSE_KINDS, pulseRow, type ChartPart } from "./model.ts";

/** Charts and ages of states move on. */
const REFRESH_MILLISECONDS = 3000;

/** A kind that is watched for its health. */
interface Watched {
  readonly resource: ApiResource;
  readonly namespace: string;
  readonly store: ResourceStore;
  readonly health: KindHealth;
}

/** The health of every kind in numbers, under what the cluster used lately: `:pulse`. */
class PulseView {
  readonly view: ListView;
  readonly #host: ViewHost;
  readonly #namespace: string;
  readonly #freshness = createValue<Freshness>({ state: "loading", loaded: 0 });
  readonly #joined: JoinedLists;
  #watched = new Map<string, Watched>();
  #stores = new Disposer();
  #catalog = -1;
  #drawing: (() => void) | undefined;

  constructor(host: ViewHost, namespace: string) {
    this.#host = host;
    this.#namespace = namespace;
    this.#joined = new JoinedLists(host.cluster, {
      rows: (keys) => this.#recountServices(keys),
      all: () => this.#recountServices(undefined),
    });
    this.view = new ListView({
      id: "pulse",
      scopes: ["pulse"],
      what: "pulse",
      where: namespace || "all",
      namespace,
      freshness: this.#freshness,
      empty: () => (this.#freshness.get().state === "live" ? "the server has told of no kinds to watch" : ""),
      above: (columns, rows, palette) => this.#charts(columns, rows, palette),
      selection: () => NOTHING_SELECTED,
      command: (name, key) => this.#command(name, key),
      disabledReason: (name, key) => (name === "pulse.open" && key === undefined ? "nothing is selected" : undefined),
      show: (shown) => this.#show(shown),
    });
  }

  #show(shown: Disposer): void {
    const { clock, cluster } = this.#host;
    shown.add(() => this.#stop());
    shown.add(cluster.catalog.subscribe(() => this.#follow()));
    shown.add(cluster.metrics.subscribe(() => this.#drawSoon()));
    shown.add(clock.every(REFRESH_MILLISECONDS, () => this.#draw(), { background: true }));
    this.#follow();
  }

  #stop(): void {
    this.#drawing?.();
    this.#drawing = undefined;
    this.#stores.dispose();
    this.#stores = new Disposer();
    this.#joined.stop();
    this.#watched.clear();
    this.#catalog = -1;
  }

  /** Watches the kinds that the server serves. */
  #follow(): void {
    const { cluster } = this.#host;
    const { resources } = cluster.catalog.get();
    if (resources.length === this.#catalog) return;
    this.#catalog = resources.length;
    const before = this.#stores;
    const stores = new Disposer();
    this.#stores = stores;
    this.#watched = new Map();
    this.#joined.follow(["endpoints"], this.#namespace);
    for (const gvr of PULSE_KINDS) {
      const resource = resources.find((one) => one.group === gvr.group && one.resource === gvr.resource);
      if (resource === undefined || !resource.verbs.includes("list")) continue;
      const namespace = resource.namespaced ? this.#namespace : "";
      const store = cluster.store({ resource, namespace, form: "objects" });
      const kind = kindOf(resource);
      const health = new KindHealth((object) => kind.tone?.(object, this.#context()) ?? "ok");
      this.#watched.set(gvrKey(gvr), { resource, namespace, store, health });
      stores.add(() => health.stop());
      stores.add(store.subscribe(() => this.#drawSoon()));
      stores.add(
        store.subscribeChanges((changes) => {
          const { rows } = store.get();
          if (isServices(resource)) this.#joined.know(rows, changes.reset ? rows.keys() : changes.changed);
          if (changes.reset) health.fill(rows, () => this.#drawSoon());
          else health.apply(rows, changes);
          this.#drawSoon();
        }),
      );
      const { rows } = store.get();
      if (isServices(resource)) this.#joined.know(rows, rows.keys());
      health.fill(rows, () => this.#drawSoon());
    }
    // Afterwards, so that stores that stay in use do not stop in between.
    before.dispose();
    this.#draw();
  }

  #context(): RowContext {
    return {
      now: this.#host.clock.now(),
      usage: () => undefined,
      joined: (name, path) => this.#joined.answer(name, path),
    };
  }

  /** A service is well where somebody takes its traffic. @param keys of the services; `undefined` is all */
  #recountServices(keys: readonly string[] | undefined): void {
    for (const { resource, store, health } of this.#watched.values()) {
      if (!isServices(resource)) continue;
      const { rows } = store.get();
      if (keys === undefined) health.fill(rows, () => this.#drawSoon());
      else health.apply(rows, { changed: keys, removed: [] });
    }
    this.#drawSoon();
  }

  #drawSoon(): void {
    if (!this.view.isShown || this.#drawing !== undefined) return;
    this.#drawing = nextTurn(() => {
      this.#drawing = undefined;
      this.#draw();
    });
  }

  #draw(): void {
    if (!this.view.isShown) return;
    const rows = [...this.#watched].map(([key, { resource, store, health }]) =>
      pulseRow(
        key,
        resource.resource,
        health.counts,
        health.counting ? { state: "loading", loaded: health.counts.total } : store.get().status,
      ),
    );
    this.#freshness.set(this.#worst());
    this.view.setRows(PULSE_COLUMNS, rows);
  }

  /** The screen is as fresh as its least fresh list; what may not be read is told in its row. */
  #worst(): Freshness {
    const { state } = this.#host.cluster.catalog.get();
    if (this.#watched.size === 0) return state === "ready" ? { state: "live" } : { state: "loading", loaded: 0 };
    const found = (wanted: ListState["state"]): ListState | undefined =>
      [...this.#watched.values()].map(({ store }) => store.get().status).find((status) => status.state === wanted);
    const status = found("stale") ?? found("loading");
    return status === undefined ? { state: "live" } : freshnessOf(status);
  }

  #command(name: string, key: string | undefined): boolean {
    const watched = key === undefined ? undefined : this.#watched.get(key);
    if (name === "view.reload") for (const { store } of this.#watched.values()) store.reload();
    else if (name !== "pulse.open" || watched === undefined) return false;
    else {
      const { resource, namespace, health } = watched;
      const { error, warning } = health.counts;
      const faults = error + warning > 0;
      this.#host.app.open({
        view: "resource-table",
        parameters: { resource, namespace, faultsOnly: faults },
        title: faults ? `${resource.resource} with faults` : resource.resource,
      });
    }
    return true;
  }

  #charts(columns: number, rows: number, palette: Palette): readonly string[] {
    const height = rows >= 26 ? 6 : rows >= 18 ? 4 : rows >= 14 ? 2 : 0;
    if (height === 0) return [];
    const { state, reason } = this.#host.cluster.metrics.get();
    if (state !== "available") {
      const why = state === "unknown" ? "CPU and memory are asked for …" : `no CPU and memory: ${reason ?? state}`;
      return [palette.paint(` ${why}`.slice(0, columns), "muted"), ""];
    }
    const parts = this.#chartParts(chartDots(columns, 2));
    return [...chartLines(parts, { columns, rows: height }, palette), ""];
  }

  #chartParts(dots: number): readonly ChartPart[] {
    const { history } = this.#host.cluster.metrics.get();
    const now = this.#host.clock.now();
    const last = history.at(-1);
    const whole = { cpu: 0, memory: 0 };
    for (const { resource, store } of this.#watched.values()) {
      if (resource.group !== "" || resource.resource !== "nodes") continue;
      for (const { object } of store.get().rows.values()) {
        whole.cpu += parseQuantity(at(object, "status", "allocatable", "cpu")) ?? 0;
        whole.memory += parseQuantity(at(object, "status", "allocatable", "memory")) ?? 0;
      }
    }
    const part = (title: string, resource: "cpu" | "memory", print: (amount: number) => string): ChartPart => {
      const values = evenly(history, now, dots, (sample) => sample[resource]);
      const highest = values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
      const used = last === undefined ? "" : print(last[resource]);
      const of = whole[resource];
      const share =
        of === 0 || last === undefined ? "" : ` of ${print(of)}, ${Math.round((last[resource] / of) * 100)}%`;
      return { title, now: `${used}${share}`, values, most: of === 0 ? highest : of };
    };
    return [part("CPU", "cpu", formatMillicores), part("MEM", "memory", formatMebibytes)];
  }
}

function isServices({ group, resource }: ApiResource): boolean {
  return group === "" && resource === "services";
}

export const pulseView: ViewDefinition = {
  id: "pulse",
  create(host, parameters): View {
    return new PulseView(host, asString(parameters["namespace"])).view;
  },
};
