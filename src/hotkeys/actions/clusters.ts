import type { Action } from "../action.ts";

const clusterCommand = (
  id: string,
  title: string,
  keys: readonly string[],
  group: Action["group"] = "act",
): Action => ({
  id,
  title,
  keys,
  scope: "clusters",
  group,
  inHintBar: true,
  disabledReason: ({ view }) => view.disabledReason?.(id),
  run: ({ view }) => view.command(id),
});

/** Local clusters. */
export const clusterActions: readonly Action[] = [
  clusterCommand("cluster.open", "Open", ["enter"], "navigate"),
  clusterCommand("cluster.create", "New", ["n"]),
  clusterCommand("cluster.start", "Start", ["s"]),
  clusterCommand("cluster.stop", "Stop", ["shift-s"]),
  clusterCommand("cluster.delete", "Delete", ["ctrl-d"]),
];
