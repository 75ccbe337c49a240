import type { Action, ActionContext } from "../action.ts";

const nothing = ({ cursor }: ActionContext): string | undefined =>
  cursor === undefined ? "nothing is selected" : undefined;

/** What discovery tells; before it has answered nothing is known. */
export function noEphemeralContainers({ cursor }: ActionContext): string | undefined {
  const { subresources = [] } = cursor?.resource ?? {};
  const lacks = subresources.includes("exec") && !subresources.includes("ephemeralcontainers");
  return lacks ? "the server knows no ephemeral containers: Kubernetes has them since 1.23" : undefined;
}

function openLogs({ targets, app }: ActionContext, previous: boolean): void {
  const [first] = targets;
  if (first === undefined) return;
  const title = targets.length === 1 ? `logs ${first.name}` : `logs of ${targets.length}`;
  app.open({ view: "logs", parameters: { targets, previous }, title });
}

/** What opens a stream to a container from a table: logs, shell, attach, port-forward. */
export const sessionActions: readonly Action[] = [
  {
    id: "resource.logs",
    title: "Logs",
    keys: ["l"],
    scope: "table",
    group: "view",
    needs: "logs",
    inHintBar: true,
    disabledReason: nothing,
    run: (context) => openLogs(context, false),
  },
  {
    id: "resource.previous-logs",
    title: "Previous logs",
    keys: ["p"],
    scope: "table",
    group: "view",
    needs: "logs",
    disabledReason: nothing,
    run: (context) => openLogs(context, true),
  },
  {
    id: "table.logs",
    title: "Logs of all listed",
    keys: ["shift-l"],
    scope: "table",
    group: "view",
    needs: "logs",
    disabledReason: ({ view }) => view.disabledReason?.("table.logs"),
    run: ({ view }) => view.command("table.logs"),
  },
  {
    id: "resource.shell",
    title: "Shell",
    keys: ["s"],
    scope: "table",
    group: "act",
    needs: "shell",
    mutates: true,
    inHintBar: true,
    disabledReason: nothing,
    run: async ({ cursor, app }) => {
      if (cursor !== undefined) await app.operations.shell(cursor, undefined);
    },
  },
  {
    id: "resource.attach",
    title: "Attach",
    keys: ["a"],
    scope: "table",
    group: "act",
    needs: "attach",
    mutates: true,
    disabledReason: nothing,
    run: async ({ cursor, app }) => {
      if (cursor !== undefined) await app.operations.attach(cursor, undefined);
    },
  },
  {
    id: "resource.debug",
    title: "Debug container",
    keys: ["b"],
    scope: "table",
    group: "act",
    needs: "debug",
    mutates: true,
    disabledReason: (context) => nothing(context) ?? noEphemeralContainers(context),
    run: async ({ cursor, app }) => {
      if (cursor !== undefined) await app.operations.debug(cursor, undefined);
    },
  },
  {
    id: "resource.copy-files",
    title: "Copy files",
    keys: ["t"],
    scope: "table",
    group: "act",
    needs: "copy-files",
    mutates: true,
    disabledReason: nothing,
    run: async ({ cursor, app }) => {
      if (cursor !== undefined) await app.operations.copyFiles(cursor, undefined);
    },
  },
  {
    id: "resource.port-forward",
    title: "Port-forward",
    keys: ["shift-f"],
    scope: "table",
    group: "act",
    needs: "port-forward",
    inHintBar: true,
    disabledReason: nothing,
    run: async ({ cursor, app }) => {
      if (cursor !== undefined) await app.operations.portForward(cursor, undefined);
    },
  },
  {
    id: "resource.port-forwards",
    title: "Port-forwards of it",
    keys: ["f"],
    scope: "table",
    group: "view",
    needs: "port-forward",
    disabledReason: nothing,
    run: ({ cursor, app }) => {
      if (cursor === undefined) return;
      app.open({ view: "port-forwards", parameters: { target: cursor }, title: `port-forwards ${cursor.name}` });
    },
  },
  {
    id: "resource.data",
    title: "Values",
    keys: ["x"],
    scope: "table",
    group: "view",
    needs: "decode",
    inHintBar: true,
    disabledReason: nothing,
    run: ({ cursor, app }) => {
      if (cursor !== undefined)
        app.open({ view: "data", parameters: { target: cursor }, title: `data ${cursor.name}` });
    },
  },
];
