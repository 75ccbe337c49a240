import type { Action } from "../action.ts";
import { viewActions } from "../view-action.ts";

const action = viewActions("contexts");

export const contextActions: readonly Action[] = [
  action("context.switch", "Open", ["enter"], { group: "navigate" }),
  action("context.rename", "Rename", ["r"]),
  action("context.namespace", "Set namespace", ["n"]),
  action("context.delete", "Delete", ["ctrl-d"]),
  action("context.copy-name", "Copy name", ["c"], { inHintBar: false }),
];
