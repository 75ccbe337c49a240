import type { Action } from "../action.ts";

const change = (id: string, title: string, keys: readonly string[]): Action => ({
  id,
  title,
  keys,
  scope: "contexts",
  group: "act",
  inHintBar: true,
  disabledReason: ({ view }) => view.disabledReason?.(id),
  run: ({ view }) => view.command(id),
});

export const contextActions: readonly Action[] = [
  {
    id: "context.switch",
    title: "Open",
    keys: ["enter"],
    scope: "contexts",
    group: "navigate",
    inHintBar: true,
    disabledReason: ({ view }) => view.disabledReason?.("open"),
    run: ({ view }) => view.command("open"),
  },
  change("context.rename", "Rename", ["r"]),
  change("context.namespace", "Set namespace", ["n"]),
  change("context.delete", "Delete", ["ctrl-d"]),
  { ...change("context.copy-name", "Copy name", ["c"]), inHintBar: false },
];
