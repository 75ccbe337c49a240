import type { Action } from "../action.ts";

const forwardCommand = (id: string, title: string, keys: readonly string[]): Action => ({
  id,
  title,
  keys,
  scope: "port-forwards",
  group: "act",
  inHintBar: true,
  disabledReason: ({ view }) => view.disabledReason?.(id),
  run: ({ view }) => view.command(id),
});

export const portForwardActions: readonly Action[] = [
  forwardCommand("port-forward.stop", "Stop", ["ctrl-d"]),
  forwardCommand("port-forward.copy", "Copy address", ["c"]),
];
