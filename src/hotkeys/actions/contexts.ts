import type { Action } from "../action.ts";

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
];
