import { reasonAgainstUndo } from "../../cluster/undo.ts";
import type { JournalEntry } from "../../cluster/cluster.ts";
import { createValue } from "../../lib/subscribable.ts";
import { PagerModel } from "../../ui/pager-model.ts";
import { ListView } from "../list-view.tsx";
import { TextView } from "../text-view.tsx";
import { NOTHING_SELECTED, type Freshness, type View, type ViewDefinition, type ViewHost } from "../view.ts";
import { stringParameter } from "../view-parameters.ts";
import { entryLines, entryObject, JOURNAL_COLUMNS, journalRow, undoneEntries } from "./model.ts";

/** Why an entry cannot be undone now. */
function reason(host: ViewHost, entry: JournalEntry | undefined): string | undefined {
  if (entry === undefined) return "nothing is selected";
  if (undoneEntries(host.session.journal.get()).has(entry.id)) return "it was undone already";
  return reasonAgainstUndo(entry);
}

/** Every write of this and earlier sessions, newest first. */
export const journalView: ViewDefinition = {
  id: "journal",
  create(host): View {
    const { journal } = host.session;
    const entryOf = (key: string | undefined): JournalEntry | undefined => journal.get().find(({ id }) => id === key);
    const view = new ListView({
      id: "journal",
      scopes: ["journal"],
      what: "journal",
      freshness: createValue<Freshness>({ state: "static" }),
      empty: () => "nothing was written yet",
      selection: () => NOTHING_SELECTED,
      disabledReason: (name, key) => {
        if (name === "journal.open") return entryOf(key) === undefined ? "nothing is selected" : undefined;
        return name === "journal.undo" ? reason(host, entryOf(key)) : undefined;
      },
      command: (name, key) => {
        const entry = entryOf(key);
        if (entry === undefined) return false;
        if (name === "journal.open") {
          host.app.open({ view: "journal-entry", parameters: { entry: entry.id }, title: entry.verb });
        } else if (name === "journal.undo") void host.app.operations.undo(entry.id);
        else return false;
        return true;
      },
      show: (shown) => {
        shown.add(journal.subscribe(refresh));
        host.session.readJournal();
        refresh();
      },
    });
    function refresh(): void {
      const undone = undoneEntries(journal.get());
      view.setRows(
        JOURNAL_COLUMNS,
        journal
          .get()
          .map((entry) => journalRow(entry, undone))
          .toReversed(),
      );
    }
    return view;
  },
};

/** One write: what was done, and the object before and after. */
export const journalEntryView: ViewDefinition = {
  id: "journal-entry",
  create(host, parameters): View {
    const { journal } = host.session;
    const id = stringParameter(parameters, "entry");
    const entryOf = (): JournalEntry | undefined => journal.get().find((each) => each.id === id);
    const pager = new PagerModel();
    const refresh = (): void => {
      const entry = entryOf();
      if (entry === undefined) return;
      const why = reason(host, entry);
      pager.setLines(entryLines(entry, why ?? "u puts back what it changed"));
    };
    const entry = entryOf();
    return new TextView(host, {
      id: "journal-entry",
      scopes: ["journal", "text"],
      what: entry?.verb ?? "journal",
      where: entry === undefined ? "" : entryObject(entry),
      pager,
      freshness: createValue<Freshness>({ state: "static" }),
      fileName: `journal-${entry?.target.name ?? "entry"}.diff`,
      notes: () => [],
      selection: () => NOTHING_SELECTED,
      disabledReason: (name) => {
        if (name === "journal.open") return "it is open";
        return name === "journal.undo" ? reason(host, entryOf()) : undefined;
      },
      command: (name) => {
        if (name !== "journal.undo") return false;
        void host.app.operations.undo(id);
        return true;
      },
      show: (shown) => {
        shown.add(journal.subscribe(refresh));
        refresh();
      },
    });
  },
};
