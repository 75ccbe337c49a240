import type { Action } from "../action.ts";

export const contextActions: readonly Action[] = [
  {
    id: "context.switch",
    title: "Switch",
    keys: ["enter"],
    scope: "contexts",
    group: "navigate",
    inHintBar: true,
    disabledReason: ({ view }) => view.disabledReason?.("open"),
    run: ({ view }) => view.command("open"),
  },
];
