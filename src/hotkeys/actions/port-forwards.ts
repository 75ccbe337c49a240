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
  forwardCommand("port-forward.open", "Target, start", ["enter"], "navigate"),
  forwardCommand("port-forward.stop", "Stop, delete", ["ctrl-d"]),
  forwardCommand("port-forward.start", "Start", ["s"]),
  forwardCommand("port-forward.save", "Save as a set", ["ctrl-s"]),
  forwardCommand("port-forward.browse", "Open in the browser", ["o"]),
  forwardCommand("port-forward.copy", "Copy address", ["c"]),
  { ...forwardCommand("port-forward.mark", "Mark", ["space"], "navigate"), inHintBar: false },
  { ...forwardCommand("port-forward.clear-marks", "Clear marks", ["ctrl-\\"], "navigate"), inHintBar: false },
];
