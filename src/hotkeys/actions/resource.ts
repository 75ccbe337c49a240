import { parseApiVersion } from "../../lib/kube/gvr.ts";
import { asString, controllerOf } from "../../lib/kube/object.ts";
import type { Action, ActionContext, KindPlace, TargetObject } from "../action.ts";

const onlyOne = ({ cursor }: ActionContext): string | undefined =>
  cursor === undefined ? "nothing is selected" : undefined;

function openOn(context: ActionContext, view: string): void {
  const { cursor, app } = context;
  if (cursor !== undefined) app.open({ view, parameters: { target: cursor }, title: `${view} ${cursor.name}` });
}

const lacks =
  (verb: string) =>
  ({ targets }: ActionContext): string | undefined => {
    const target = targets.find(({ resource }) => !resource.verbs.includes(verb));
    return target === undefined ? undefined : `the server offers no ${verb} of ${target.resource.resource}`;
  };

/** The owner that controls an object, else its first owner. */
function ownerOf(target: TargetObject | undefined): KindPlace | undefined {
  if (target === undefined) return undefined;
  const owner = controllerOf(target.object) ?? target.object.metadata.ownerReferences?.[0];
  // References come as the server sends them: any field may be missing.
  const kind = asString(owner?.kind);
  const ownerName = asString(owner?.name);
  if (kind === "" || ownerName === "") return undefined;
  const { group } = parseApiVersion(asString(owner?.apiVersion));
  return { kind: group === "" ? kind : `${kind}.${group}`, namespace: target.namespace || undefined, name: ownerName };
}

export const resourceActions: readonly Action[] = [
  {
    id: "resource.describe",
    title: "Describe",
    keys: ["d"],
    scope: "table",
    group: "view",
    needs: "describe",
    inHintBar: true,
    disabledReason: onlyOne,
    run: (context) => openOn(context, "describe"),
  },
  {
    id: "resource.yaml",
    title: "YAML",
    keys: ["y"],
    scope: "table",
    group: "view",
    needs: "yaml",
    inHintBar: true,
    disabledReason: onlyOne,
    run: (context) => openOn(context, "yaml"),
  },
  {
    id: "resource.diagnosis",
    title: "Why is it so?",
    keys: ["i"],
    scope: "table",
    group: "view",
    needs: "describe",
    disabledReason: onlyOne,
    run: ({ cursor, app }) => {
      if (cursor !== undefined) {
        app.open({ view: "diagnosis", parameters: { target: cursor }, title: `why ${cursor.name}` });
      }
    },
  },
  {
    id: "resource.edit",
    title: "Edit",
    keys: ["e"],
    scope: "table",
    group: "act",
    needs: "edit",
    mutates: true,
    access: [{ verb: "patch" }],
    inHintBar: true,
    disabledReason: onlyOne,
    run: async ({ cursor, app }) => {
      if (cursor !== undefined) await app.operations.edit(cursor);
    },
  },
  {
    id: "resource.create",
    title: "New",
    keys: ["n"],
    scope: "table",
    group: "act",
    mutates: true,
    disabledReason: ({ kind }) => (kind === undefined ? "there is no kind of objects here" : undefined),
    run: async ({ kind, app }) => {
      if (kind !== undefined) await app.operations.createObject(kind);
    },
  },
  {
    id: "resource.duplicate",
    title: "Duplicate",
    keys: ["shift-d"],
    scope: "table",
    group: "act",
    needs: "edit",
    mutates: true,
    disabledReason: (context) => onlyOne(context) ?? lacks("create")(context),
    run: async ({ cursor, app }) => {
      if (cursor !== undefined) await app.operations.duplicate(cursor);
    },
  },
  {
    id: "resource.delete",
    title: "Delete",
    keys: ["ctrl-d"],
    scope: "table",
    group: "act",
    needs: "delete",
    mutates: true,
    access: [{ verb: "delete" }],
    inHintBar: true,
    disabledReason: lacks("delete"),
    run: ({ targets, app }) => app.operations.delete(targets),
  },
  {
    id: "resource.scale",
    title: "Scale",
    keys: ["s"],
    scope: "table",
    group: "act",
    needs: "scale",
    mutates: true,
    access: [{ verb: "patch", subresource: "scale" }],
    inHintBar: true,
    run: ({ targets, app }) => app.operations.scale(targets),
  },
  {
    id: "resource.restart",
    title: "Restart",
    keys: ["r"],
    scope: "table",
    group: "act",
    needs: "restart",
    mutates: true,
    access: [{ verb: "patch" }],
    inHintBar: true,
    run: ({ targets, app }) => app.operations.restart(targets),
  },
  {
    id: "resource.set-image",
    title: "Set image",
    keys: ["shift-i"],
    scope: "table",
    group: "act",
    needs: "set-image",
    mutates: true,
    access: [{ verb: "patch" }],
    disabledReason: onlyOne,
    run: async ({ cursor, app }) => {
      if (cursor !== undefined) await app.operations.setImage(cursor);
    },
  },
  {
    id: "resource.use-namespace",
    title: "Use namespace",
    keys: ["u"],
    scope: "table",
    group: "act",
    needs: "use-namespace",
    inHintBar: true,
    run: ({ targets, app }) => app.useNamespace(targets.map(({ name }) => name).join(",")),
  },
  {
    id: "resource.owner",
    title: "Owner",
    keys: ["shift-j"],
    scope: "table",
    group: "navigate",
    disabledReason: ({ cursor }) => {
      if (cursor === undefined) return "nothing is selected";
      return ownerOf(cursor) === undefined ? `${cursor.name} has no owner` : undefined;
    },
    run: ({ cursor, app }) => {
      const owner = ownerOf(cursor);
      if (owner !== undefined) app.goTo(owner);
    },
  },
  {
    id: "resource.events",
    title: "Events of it",
    keys: ["shift-e"],
    scope: "table",
    group: "view",
    disabledReason: onlyOne,
    run: ({ cursor, app }) => {
      if (cursor === undefined) return;
      const { name, uid } = cursor;
      const fieldSelector = `involvedObject.name=${name}${uid === undefined ? "" : `,involvedObject.uid=${uid}`}`;
      app.goTo({ kind: "events", namespace: cursor.namespace, fieldSelector });
    },
  },
];
