import type { JournalEntry } from "../../cluster/cluster.ts";
import { Disposer } from "../../lib/disposer.ts";
import { createValue } from "../../lib/subscribable.ts";
import { ListView, type ListColumn, type ListRow } from "../list-view.tsx";
import type { Freshness, View, ViewDefinition } from "../view.ts";

const COLUMNS: readonly ListColumn[] = [
  { title: "TIME (UTC)", keep: 8, minWidth: 19 },
  { title: "CONTEXT", keep: 5 },
  { title: "WHAT", keep: 9 },
  { title: "OBJECT", keep: 10, minWidth: 12 },
  { title: "RESULT", keep: 7 },
  { title: "MESSAGE", keep: 6, minWidth: 10 },
];

/** Every write of this and earlier sessions, newest first. */
export const journalView: ViewDefinition = {
  id: "journal",
  create(host): View {
    const { journal } = host.session;
    let shown: Disposer | undefined;
    const view = new ListView({
      id: "journal",
      scopes: [],
      what: "journal",
      freshness: createValue<Freshness>({ state: "static" }),
      empty: () => "nothing was written yet",
      selection: () => ({ targets: [], cursor: undefined, kind: undefined, container: undefined }),
      command: () => false,
      show: () => {
        shown = new Disposer();
        shown.add(journal.subscribe(refresh));
        refresh();
      },
      hide: () => {
        shown?.dispose();
        shown = undefined;
      },
    });
    function refresh(): void {
      view.setRows(COLUMNS, journal.get().map(entryRow).toReversed());
    }
    return view;
  },
};

function entryRow(entry: JournalEntry, index: number): ListRow {
  const { at, context, verb, object, result, message = "" } = entry;
  return {
    key: `${at} ${index}`,
    cells: [
      { text: new Date(at).toISOString().replace("T", " ").slice(0, 19) },
      { text: context },
      { text: verb },
      { text: object },
      { text: result, tone: result === "ok" ? "ok" : "error" },
      { text: message },
    ],
  };
}
