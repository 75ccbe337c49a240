import type { Action, ActionContext } from "../action.ts";

const textCommand = (
  id: string,
  title: string,
  keys: readonly string[],
  group: Action["group"],
  inHintBar: Action["inHintBar"] = false,
): Action => ({
  id,
  title,
  keys,
  scope: "text",
  group,
  inHintBar,
  disabledReason: ({ view }: ActionContext) => view.disabledReason?.(id),
  run: ({ view }) => view.command(id),
});

const about = (id: string, title: string, key: string, view: string): Action => ({
  id,
  title,
  keys: [key],
  scope: "text",
  group: "view",
  disabledReason: (context) =>
    context.view.id === view ? "it is on screen" : context.cursor === undefined ? "nothing is selected" : undefined,
  run: ({ cursor, app }) => {
    if (cursor !== undefined) app.open({ view, parameters: { target: cursor }, title: `${view} ${cursor.name}` });
  },
});

/** Keys of every text view: describe, YAML, values, logs. */
export const textActions: readonly Action[] = [
  textCommand("search.next", "Next match", ["n"], "navigate"),
  textCommand("search.previous", "Previous match", ["shift-n"], "navigate"),
  textCommand("text.wrap", "Wrap", ["w"], "view", true),
  textCommand("text.fullscreen", "Fullscreen", ["f"], "view", true),
  textCommand("text.fold", "Fold, unfold", ["z"], "view", "on"),
  textCommand("text.fold-all", "Fold, unfold all", ["shift-z"], "view"),
  textCommand("text.copy", "Copy", ["c"], "act", true),
  textCommand("text.save", "Save", ["ctrl-s"], "act", true),
  textCommand("text.decode", "Reveal, mask", ["x"], "view"),
  textCommand("text.managed-fields", "Managed fields", ["m"], "view"),
  about("text.describe", "Describe", "d", "describe"),
  about("text.yaml", "YAML", "y", "yaml"),
  {
    id: "text.edit",
    title: "Edit",
    keys: ["e"],
    scope: "text",
    group: "act",
    needs: "edit",
    mutates: true,
    disabledReason: ({ cursor }) => (cursor === undefined ? "nothing is selected" : undefined),
    run: async ({ cursor, app }) => {
      if (cursor !== undefined) await app.operations.edit(cursor);
    },
  },
];
