import type { Action } from "../action.ts";
import { viewActions } from "../view-action.ts";

const action = viewActions("clusters");

/** Local clusters. */
export const clusterActions: readonly Action[] = [
  action("cluster.open", "Open", ["enter"], { group: "navigate" }),
  action("cluster.create", "New", ["n"]),
  action("cluster.start", "Start", ["s"]),
  action("cluster.stop", "Stop", ["shift-s"]),
  action("cluster.delete", "Delete", ["ctrl-d"]),
];
