import type { Action } from "../action.ts";

const forwardCommand = (
  id: string,
  title: string,
  keys: readonly string[],
  group: Action["group"] = "act",
): Action => ({
  id,
  title,
  keys,
  scope: "port-forwards",
  group,
  inHintBar: true,
  disabledReason: ({ view }) => view.disabledReason?.(id),
  run: ({ view }) => view.command(id),
});

export const portForwardActions: readonly Action[] = [
  forwardCommand("port-forward.open", "Go to the target", ["enter"], "navigate"),
  forwardCommand("port-forward.stop", "Stop", ["ctrl-d"]),
  forwardCommand("port-forward.browse", "Open in the browser", ["o"]),
  forwardCommand("port-forward.copy", "Copy address", ["c"]),
];
