import { asString, at } from "../../lib/kube/object.ts";
import type { Action, ActionContext, TargetObject } from "../action.ts";

const openRelations = ({ cursor, app }: ActionContext, view: string, title: string): void => {
  if (cursor !== undefined) app.open({ view, parameters: { target: cursor }, title: `${title} ${cursor.name}` });
};

const nothing = ({ cursor }: ActionContext): string | undefined =>
  cursor === undefined ? "nothing is selected" : undefined;

const nodeOf = ({ object }: TargetObject): string => asString(at(object, "spec", "nodeName"));

/** How an object is related to others. */
export const relationActions: readonly Action[] = [
  {
    id: "resource.relations",
    title: "Relations",
    keys: ["shift-x"],
    scope: "table",
    group: "navigate",
    disabledReason: nothing,
    run: (context) => openRelations(context, "relations", "relations"),
  },
  {
    id: "resource.used-by",
    title: "Used by",
    keys: ["u"],
    scope: "table",
    group: "navigate",
    needs: "used-by",
    disabledReason: nothing,
    run: (context) => openRelations(context, "used-by", "used by"),
  },
  {
    id: "pod.node",
    title: "Its node",
    keys: ["o"],
    scope: "table",
    group: "navigate",
    needs: "node",
    disabledReason: ({ cursor }) => {
      if (cursor === undefined) return "nothing is selected";
      return nodeOf(cursor) === "" ? `${cursor.name} is on no node yet` : undefined;
    },
    run: ({ cursor, app }) => {
      if (cursor !== undefined) app.goTo({ kind: "nodes", namespace: undefined, name: nodeOf(cursor) });
    },
  },
  {
    id: "tree.fold",
    title: "Fold, unfold",
    keys: ["space"],
    scope: "tree",
    group: "view",
    inHintBar: true,
    run: ({ view }) => view.command("tree.fold"),
  },
];
