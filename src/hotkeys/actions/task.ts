import type { Action } from "../action.ts";

export const taskActions: readonly Action[] = [
  {
    id: "task.cancel",
    title: "Cancel",
    keys: ["ctrl-d"],
    scope: "task",
    group: "act",
    inHintBar: true,
    disabledReason: ({ view }) => view.disabledReason?.("task.cancel"),
    run: ({ view }) => view.command("task.cancel"),
  },
];
