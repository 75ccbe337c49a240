import type { Action } from "../action.ts";

export const pulseActions: readonly Action[] = [
  {
    id: "pulse.open",
    title: "Its faults",
    keys: ["enter"],
    scope: "pulse",
    group: "navigate",
    inHintBar: true,
    disabledReason: ({ view }) => view.disabledReason?.("pulse.open"),
    run: ({ view }) => view.command("pulse.open"),
  },
];
