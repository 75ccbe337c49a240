import type { Action } from "../action.ts";

/** Keys of the lists about rights. */
export const accessActions: readonly Action[] = [
  {
    id: "access.open",
    title: "What it may do",
    keys: ["enter"],
    scope: "access",
    group: "navigate",
    inHintBar: true,
    disabledReason: ({ view }) => view.disabledReason?.("open"),
    run: ({ view }) => view.command("open"),
  },
];
