import type { Action, ActionContext } from "../action.ts";
import { noEphemeralContainers } from "./sessions.ts";

const noContainer = ({ container, cursor }: ActionContext): string | undefined =>
  container === undefined || cursor === undefined ? "no container is selected" : undefined;

function openLogs({ cursor, container, app }: ActionContext, previous: boolean): void {
  if (cursor === undefined || container === undefined) return;
  app.open({ view: "logs", parameters: { targets: [cursor], container, previous }, title: `logs ${container}` });
}

export const containerActions: readonly Action[] = [
  {
    id: "container.open",
    title: "Logs",
    keys: ["enter", "l"],
    scope: "containers",
    group: "view",
    inHintBar: true,
    disabledReason: noContainer,
    run: (context) => openLogs(context, false),
  },
  {
    id: "container.previous-logs",
    title: "Previous logs",
    keys: ["p"],
    scope: "containers",
    group: "view",
    inHintBar: true,
    disabledReason: noContainer,
    run: (context) => openLogs(context, true),
  },
  {
    id: "container.shell",
    title: "Shell",
    keys: ["s"],
    scope: "containers",
    group: "act",
    needs: "shell",
    mutates: true,
    inHintBar: true,
    disabledReason: noContainer,
    run: async ({ cursor, container, app }) => {
      if (cursor !== undefined) await app.operations.shell(cursor, container);
    },
  },
  {
    id: "container.attach",
    title: "Attach",
    keys: ["a"],
    scope: "containers",
    group: "act",
    needs: "attach",
    mutates: true,
    inHintBar: true,
    disabledReason: noContainer,
    run: async ({ cursor, container, app }) => {
      if (cursor !== undefined) await app.operations.attach(cursor, container);
    },
  },
  {
    id: "container.debug",
    title: "Debug container",
    keys: ["b"],
    scope: "containers",
    group: "act",
    needs: "debug",
    mutates: true,
    inHintBar: true,
    disabledReason: (context) => noContainer(context) ?? noEphemeralContainers(context),
    run: async ({ cursor, container, app }) => {
      if (cursor !== undefined) await app.operations.debug(cursor, container);
    },
  },
  {
    id: "container.copy-files",
    title: "Copy files",
    keys: ["t"],
    scope: "containers",
    group: "act",
    needs: "copy-files",
    mutates: true,
    inHintBar: true,
    disabledReason: noContainer,
    run: async ({ cursor, container, app }) => {
      if (cursor !== undefined) await app.operations.copyFiles(cursor, container);
    },
  },
  {
    id: "container.port-forward",
    title: "Port-forward",
    keys: ["shift-f"],
    scope: "containers",
    group: "act",
    needs: "port-forward",
    inHintBar: true,
    disabledReason: noContainer,
    run: async ({ cursor, container, app }) => {
      if (cursor !== undefined) await app.operations.portForward(cursor, container);
    },
  },
  {
    id: "container.port-forwards",
    title: "Port-forwards of the pod",
    keys: ["f"],
    scope: "containers",
    group: "view",
    needs: "port-forward",
    run: ({ cursor, app }) => {
      if (cursor === undefined) return;
      app.open({ view: "port-forwards", parameters: { target: cursor }, title: `port-forwards ${cursor.name}` });
    },
  },
  {
    id: "container.describe",
    title: "Describe the pod",
    keys: ["d"],
    scope: "containers",
    group: "view",
    run: ({ cursor, app }) => {
      if (cursor !== undefined)
        app.open({ view: "describe", parameters: { target: cursor }, title: `describe ${cursor.name}` });
    },
  },
  {
    id: "container.yaml",
    title: "YAML of the pod",
    keys: ["y"],
    scope: "containers",
    group: "view",
    run: ({ cursor, app }) => {
      if (cursor !== undefined)
        app.open({ view: "yaml", parameters: { target: cursor }, title: `yaml ${cursor.name}` });
    },
  },
  {
    id: "container.copy-name",
    title: "Copy name",
    keys: ["c"],
    scope: "containers",
    group: "act",
    disabledReason: noContainer,
    run: async ({ container, app }) => {
      if (container !== undefined) await app.operations.copy(container, container);
    },
  },
];
