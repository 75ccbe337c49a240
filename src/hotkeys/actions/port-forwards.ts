import type { Action } from "../action.ts";
import { viewActions } from "../view-action.ts";

const action = viewActions("port-forwards");

export const portForwardActions: readonly Action[] = [
  action("port-forward.open", "Target, start", ["enter"], { group: "navigate" }),
  action("port-forward.stop", "Stop, delete", ["ctrl-d"]),
  action("port-forward.start", "Start", ["s"]),
  action("port-forward.save", "Save as a set", ["ctrl-s"]),
  action("port-forward.browse", "Open in the browser", ["o"]),
  action("port-forward.copy", "Copy address", ["c"]),
  action("port-forward.mark", "Mark", ["space"], { group: "navigate", inHintBar: false }),
  action("port-forward.clear-marks", "Clear marks", ["ctrl-\\"], { group: "navigate", inHintBar: false }),
];
