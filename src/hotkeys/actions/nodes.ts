import { asString, at } from "../../lib/kube/object.ts";
import type { Action, ActionContext } from "../action.ts";

const switched =
  (unschedulable: boolean) =>
  ({ targets }: ActionContext): string | undefined =>
    targets.every(({ object }) => (at(object, "spec", "unschedulable") === true) === unschedulable)
      ? unschedulable
        ? "it is cordoned"
        : "it is not cordoned"
      : undefined;

/** Why a pod on this node cannot become a shell of the node. */
function noNodeShell({ cursor }: ActionContext): string | undefined {
  if (cursor === undefined) return "nothing is selected";
  const info = at(cursor.object, "status", "nodeInfo");
  if (asString(at(info, "containerRuntimeVersion")).startsWith("kelpie-")) {
    return `${cursor.name} is this machine: the terminal that kelpie runs in is its shell`;
  }
  const system = asString(at(info, "operatingSystem"), "linux");
  return system === "linux" ? undefined : `it needs Linux, and ${cursor.name} runs ${system}`;
}

export const nodeActions: readonly Action[] = [
  {
    id: "node.shell",
    title: "Shell",
    keys: ["s"],
    scope: "table",
    group: "act",
    needs: "node-shell",
    mutates: true,
    inHintBar: true,
    disabledReason: noNodeShell,
    run: async ({ cursor, app }) => {
      if (cursor !== undefined) await app.operations.nodeShell(cursor);
    },
  },
  {
    id: "node.cordon",
    title: "Cordon",
    keys: ["shift-c"],
    scope: "table",
    group: "act",
    needs: "cordon",
    mutates: true,
    access: [{ verb: "patch" }],
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
    access: [{ verb: "patch" }],
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
    access: [{ verb: "patch" }],
    inHintBar: true,
    run: ({ targets, app }) => app.operations.drain(targets),
  },
];
