import { controllerOf } from "../../lib/kube/object.ts";
import type { Action } from "../action.ts";

export const rolloutActions: readonly Action[] = [
  {
    id: "resource.rollout",
    title: "Rollout history",
    keys: ["o"],
    scope: "table",
    group: "view",
    needs: "rollout",
    disabledReason: ({ cursor }) => (cursor === undefined ? "nothing is selected" : undefined),
    run: ({ cursor, app }) => {
      if (cursor !== undefined) {
        app.open({ view: "rollout", parameters: { target: cursor }, title: `rollout ${cursor.name}` });
      }
    },
  },
  {
    id: "replicaset.roll-back",
    title: "Roll back to it",
    keys: ["ctrl-l"],
    scope: "table",
    group: "act",
    needs: "roll-back",
    mutates: true,
    inHintBar: true,
    disabledReason: ({ cursor }) => {
      if (cursor === undefined) return "nothing is selected";
      return controllerOf(cursor.object)?.kind === "Deployment" ? undefined : "it belongs to no deployment";
    },
    run: async ({ cursor, app }) => {
      if (cursor !== undefined) await app.operations.rollBackTo(cursor);
    },
  },
  {
    id: "revisions.difference",
    title: "Difference",
    keys: ["enter"],
    scope: "revisions",
    group: "view",
    inHintBar: true,
    disabledReason: ({ view }) => view.disabledReason?.("revisions.difference"),
    run: ({ view }) => view.command("revisions.difference"),
  },
  {
    id: "revisions.mark",
    title: "Mark to compare",
    keys: ["space"],
    scope: "revisions",
    group: "view",
    inHintBar: true,
    disabledReason: ({ view }) => view.disabledReason?.("revisions.mark"),
    run: ({ view }) => view.command("revisions.mark"),
  },
  {
    id: "rollout.undo",
    title: "Roll back to it",
    keys: ["u"],
    scope: "rollout",
    group: "act",
    needs: "rollout",
    mutates: true,
    inHintBar: true,
    disabledReason: ({ view }) => view.disabledReason?.("rollout.undo"),
    run: ({ view }) => view.command("rollout.undo"),
  },
];
