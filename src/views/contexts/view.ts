import type { ContextInfo } from "../../cluster/cluster.ts";
import { Disposer } from "../../lib/disposer.ts";
import { createValue } from "../../lib/subscribable.ts";
import { ListView, type ListColumn, type ListRow } from "../list-view.tsx";
import type { Freshness, View, ViewDefinition, ViewHost } from "../view.ts";

const COLUMNS: readonly ListColumn[] = [
  { title: "" },
  { title: "NAME", keep: 10, minWidth: 12 },
  { title: "CLUSTER", keep: 5, minWidth: 10 },
  { title: "USER", keep: 4, minWidth: 10 },
  { title: "NAMESPACE", keep: 6 },
  { title: "SERVER", keep: 7, minWidth: 20 },
];

/** Contexts of the kubeconfig; Enter switches. */
export const contextsView: ViewDefinition = {
  id: "contexts",
  create: (host): View => createContextsView(host),
};

function createContextsView(host: ViewHost): View {
  const { session } = host;
  let shown: Disposer | undefined;
  const refresh = (): void => {
    const inUse = session.context.get();
    view.setRows(
      COLUMNS,
      session.contexts.get().map((context) => contextRow(context, inUse)),
    );
  };
  const view: ListView = new ListView({
    id: "contexts",
    scopes: ["contexts"],
    what: "contexts",
    freshness: createValue<Freshness>({ state: "static" }),
    empty: () => "the kubeconfig has no contexts; :clusters shows local clusters",
    selection: () => ({ targets: [], cursor: undefined, kind: undefined, container: undefined }),
    disabledReason: (_name, key) => (key === undefined ? "nothing is selected" : undefined),
    command: (name, key) => {
      if (name === "view.reload") session.reloadContexts();
      else if (name === "open" && key !== undefined) session.useContext(key);
      else return false;
      return true;
    },
    show: () => {
      shown = new Disposer();
      shown.add(session.contexts.subscribe(refresh));
      shown.add(session.context.subscribe(refresh));
      refresh();
    },
    hide: () => {
      shown?.dispose();
      shown = undefined;
    },
  });
  return view;
}

function contextRow(context: ContextInfo, inUse: string | undefined): ListRow {
  const tone = context.name === inUse ? ("accent" as const) : undefined;
  return {
    key: context.name,
    cells: [
      { text: context.name === inUse ? "*" : "", tone },
      { text: context.name, tone },
      { text: context.cluster },
      { text: context.user },
      { text: context.namespace },
      { text: context.server, tone: "muted" },
    ],
  };
}
