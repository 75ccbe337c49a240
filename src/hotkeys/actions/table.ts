import type { Action, ActionContext } from "../action.ts";

const viewCommand = (
  id: string,
  title: string,
  keys: readonly string[],
  group: Action["group"],
  argument?: string,
): Action => ({
  id,
  title,
  keys,
  scope: "table",
  group,
  disabledReason: ({ view }: ActionContext) => view.disabledReason?.(id),
  run: ({ view }) => view.command(id, argument),
});

const namespaceKey = (digit: number): Action => ({
  id: `namespace.${digit}`,
  title: digit === 0 ? "All namespaces" : `Namespace ${digit}`,
  keys: [String(digit)],
  scope: "table",
  group: "navigate",
  run: ({ app }) => app.namespaceKey(digit),
});

export const tableActions: readonly Action[] = [
  { ...viewCommand("open", "Open", ["enter"], "navigate"), inHintBar: true },
  viewCommand("mark.toggle", "Mark", ["space"], "navigate"),
  viewCommand("mark.range", "Mark a range", ["ctrl-space"], "navigate"),
  viewCommand("mark.clear", "Clear marks", ["ctrl-\\"], "navigate"),
  viewCommand("sort.name", "Sort by name", ["shift-n"], "sort"),
  viewCommand("sort.age", "Sort by age", ["shift-a"], "sort"),
  viewCommand("sort.status", "Sort by status", ["shift-s"], "sort"),
  viewCommand("sort.namespace", "Sort by namespace", ["shift-p"], "sort"),
  viewCommand("sort.left", "Sort by the column before", ["shift-left", "ctrl-left"], "sort"),
  viewCommand("sort.right", "Sort by the column after", ["shift-right", "ctrl-right"], "sort"),
  viewCommand("sort.reverse", "Reverse the order", ["shift-o", "ctrl-o"], "sort"),
  viewCommand("table.wide", "Wide columns", ["ctrl-w"], "view"),
  viewCommand("table.faults", "Faults only", ["ctrl-z"], "view"),
  viewCommand("table.save", "Save table", ["ctrl-s"], "view"),
  {
    id: "resource.copy-name",
    title: "Copy name",
    keys: ["c"],
    scope: "table",
    group: "act",
    disabledReason: ({ targets }) => (targets.length === 0 ? "nothing is selected" : undefined),
    run: async ({ targets, app }) => {
      const names = targets.map((target) => target.name).join("\n");
      await app.operations.copy(names, targets.length === 1 ? names : `${targets.length} names`);
    },
  },
  namespaceKey(0),
  namespaceKey(1),
  namespaceKey(2),
  namespaceKey(3),
  namespaceKey(4),
  namespaceKey(5),
  namespaceKey(6),
  namespaceKey(7),
  namespaceKey(8),
  namespaceKey(9),
];
