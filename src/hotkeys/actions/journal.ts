import type { Action } from "../action.ts";

/** Keys of the journal and of one of its entries. */
export const journalActions: readonly Action[] = [
  {
    id: "journal.open",
    title: "What it changed",
    keys: ["enter"],
    scope: "journal",
    group: "view",
    inHintBar: true,
    disabledReason: ({ view }) => view.disabledReason?.("journal.open"),
    run: ({ view }) => view.command("journal.open"),
  },
  {
    id: "journal.undo",
    title: "Undo it",
    keys: ["u"],
    scope: "journal",
    group: "act",
    mutates: true,
    inHintBar: true,
    disabledReason: ({ view }) => view.disabledReason?.("journal.undo"),
    run: ({ view }) => view.command("journal.undo"),
  },
];
