import { createValue } from "../../lib/subscribable.ts";
import type { Tone } from "../../lib/tone.ts";
import { ListView, type ListColumn, type ListRow } from "../list-view.tsx";
import {
  NOTHING_SELECTED,
  type Freshness,
  type LocalClusterRow,
  type View,
  type ViewDefinition,
  type ViewHost,
} from "../view.ts";

const COLUMNS: readonly ListColumn[] = [
  { title: "" },
  { title: "NAME", keep: 10, minWidth: 10 },
  { title: "STATE", keep: 9 },
  { title: "SERVER", keep: 6 },
  { title: "VERSION", keep: 4 },
  { title: "CONTEXT", keep: 5 },
  { title: "DETAIL", keep: 7, minWidth: 12 },
];

const TONES: Readonly<Record<LocalClusterRow["state"], Tone>> = {
  running: "ok",
  stopped: "muted",
  absent: "muted",
  starting: "progress",
  stopping: "progress",
  deleting: "progress",
};

/** `kelpie cluster` in another terminal changes them, too. */
const READ_MILLISECONDS = 2000;

/** The local clusters: makes, starts, stops, deletes and opens them. */
export const localClustersView: ViewDefinition = {
  id: "local-clusters",
  create: (host): View => createLocalClustersView(host),
};

function createLocalClustersView(host: ViewHost): View {
  const { session, clock } = host;
  const { localClusters } = session;
  const freshness = createValue<Freshness>({ state: "static" });
  const find = (name: string | undefined): LocalClusterRow | undefined =>
    localClusters.rows.get().find((row) => row.name === name);
  const refresh = (): void => {
    const inUse = session.context.get();
    view.setRows(
      COLUMNS,
      localClusters.rows.get().map((row) => clusterRow(row, row.context === inUse, clock.now())),
    );
    view.refreshTitle();
  };
  const view: ListView = new ListView({
    id: "local-clusters",
    scopes: ["clusters"],
    what: "local clusters",
    freshness,
    empty: () => "no local clusters: n makes one",
    notes: () => {
      const why = localClusters.unavailable.get();
      return why === undefined ? [] : [`none can run here: ${why}`];
    },
    selection: () => NOTHING_SELECTED,
    disabledReason: (name, key) => reasonAgainst(name, find(key), localClusters.unavailable.get()),
    command: (name, key) => {
      if (name === "view.reload") void localClusters.reread();
      else if (name === "cluster.create") void localClusters.create();
      else if (key === undefined) return false;
      else if (name === "cluster.open") void localClusters.open(key);
      else if (name === "cluster.start") void localClusters.start(key);
      else if (name === "cluster.stop") void localClusters.stop(key);
      else if (name === "cluster.delete") void localClusters.remove(key);
      else return false;
      return true;
    },
    show: (shown) => {
      shown.add(localClusters.rows.subscribe(refresh));
      shown.add(localClusters.unavailable.subscribe(refresh));
      shown.add(session.context.subscribe(refresh));
      shown.add(clock.every(READ_MILLISECONDS, () => void localClusters.reread(), { background: true }));
      // The seconds of what is being done go on.
      shown.add(
        clock.every(
          1000,
          () => {
            if (localClusters.rows.get().some((row) => row.since !== undefined)) refresh();
          },
          { background: true },
        ),
      );
      void localClusters.reread();
      refresh();
    },
  });
  return view;
}

function reasonAgainst(
  name: string,
  row: LocalClusterRow | undefined,
  unavailable: string | undefined,
): string | undefined {
  if (!name.startsWith("cluster.")) return undefined;
  const starts = name === "cluster.create" || name === "cluster.start" || row?.state !== "running";
  if (starts && name !== "cluster.stop" && name !== "cluster.delete" && unavailable !== undefined) {
    return `none can run here: ${unavailable}`;
  }
  if (name === "cluster.create") return undefined;
  if (row === undefined) return "nothing is selected";
  if (row.since !== undefined) return `it is ${row.state}`;
  if (name === "cluster.start" && row.state === "running") return "it runs";
  if (name === "cluster.stop" && row.state !== "running") return "it does not run";
  if (name === "cluster.delete" && row.state === "absent") return "there is nothing to delete";
  return undefined;
}

function clusterRow(row: LocalClusterRow, inUse: boolean, now: number): ListRow {
  const seconds = row.since === undefined ? "" : ` ${Math.floor((now - row.since) / 1000)} s`;
  const tone = inUse ? ("accent" as const) : undefined;
  return {
    key: row.name,
    cells: [
      { text: inUse ? "*" : "", tone },
      { text: row.name, tone },
      { text: row.state === "absent" ? "not made yet" : `${row.state}${seconds}`, tone: TONES[row.state] },
      { text: row.server ?? "" },
      { text: row.version ?? "" },
      { text: row.context ?? "" },
      { text: row.detail ?? "", tone: row.failed === true ? "error" : "muted" },
    ],
  };
}
