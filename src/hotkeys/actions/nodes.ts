import { at } from "../../lib/kube/object.ts";
import type { Action, ActionContext } from "../action.ts";

const switched =
  (unschedulable: boolean) =>
  ({ targets }: ActionContext): string | undefined =>
    targets.every(({ object }) => (at(object, "spec", "unschedulable") === true) === unschedulable)
      ? unschedulable
        ? "it is cordoned"
        : "it is not cordoned"
      : undefined;

export const nodeActions: readonly Action[] = [
  {
    id: "node.cordon",
    title: "Cordon",
    keys: ["shift-c"],
    scope: "table",
    group: "act",
    needs: "cordon",
    mutates: true,
    inHintBar: true,
    disabledReason: switched(true),
    run: ({ targets, app }) => app.operations.cordon(targets, true),
  },
  {
    id: "node.uncordon",
    title: "Uncordon",
    keys: ["shift-u"],
    scope: "table",
    group: "act",
    needs: "cordon",
    mutates: true,
    inHintBar: true,
    disabledReason: switched(false),
    run: ({ targets, app }) => app.operations.cordon(targets, false),
  },
  {
    id: "node.drain",
    title: "Drain",
    keys: ["r"],
    scope: "table",
    group: "act",
    needs: "cordon",
    mutates: true,
    inHintBar: true,
    run: ({ targets, app }) => app.operations.drain(targets),
  },
];
