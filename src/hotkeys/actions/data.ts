import type { Action } from "../action.ts";

const dataCommand = (id: string, title: string, keys: readonly string[], group: Action["group"]): Action => ({
  id,
  title,
  keys,
  scope: "data",
  group,
  inHintBar: true,
  disabledReason: ({ view }) => view.disabledReason?.(id),
  run: ({ view }) => view.command(id),
});

/** Keys of the list of a ConfigMap's or Secret's keys. */
export const dataActions: readonly Action[] = [
  { ...dataCommand("data.open", "Whole value", ["enter"], "navigate"), run: ({ view }) => view.command("open") },
  dataCommand("data.reveal", "Reveal, mask", ["x"], "view"),
  dataCommand("data.copy", "Copy value", ["c"], "act"),
  {
    id: "data.edit",
    title: "Edit",
    keys: ["e"],
    scope: "data",
    group: "act",
    needs: "edit",
    mutates: true,
    inHintBar: true,
    run: async ({ cursor, app }) => {
      if (cursor !== undefined) await app.operations.edit(cursor);
    },
  },
];
