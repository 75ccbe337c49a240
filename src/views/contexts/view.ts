import { createValue } from "../../lib/subscribable.ts";
import { ListView } from "../list-view.tsx";
import { NOTHING_SELECTED, type Freshness, type View, type ViewDefinition, type ViewHost } from "../view.ts";
import { contextColumns, contextRow } from "./model.ts";
import { ContextReachability } from "./reachability.ts";

/** Other programs change the kubeconfig, too: it is read again so often while it is shown. */
const READ_MILLISECONDS = 3000;
const ASK_MILLISECONDS = 30_000;

/** Contexts of the kubeconfig with what their servers say; Enter switches. */
export const contextsView: ViewDefinition = {
  id: "contexts",
  create: (host): View => createContextsView(host),
};

function createContextsView(host: ViewHost): View {
  const { session } = host;
  const freshness = createValue<Freshness>({ state: "static" });
  const reachability = new ContextReachability(() => session.probes());
  const names = (): readonly string[] => session.contexts.get().map(({ name }) => name);
  const refresh = (): void => {
    const inUse = session.context.get();
    const reaches = reachability.reaches.get();
    const contexts = session.contexts.get();
    const withProtection = contexts.some(({ name }) => session.protectionOf(name) !== "open");
    view.setRows(
      contextColumns(withProtection),
      contexts.map((context) => {
        const { name } = context;
        const known = { inUse: name === inUse, protection: session.protectionOf(name), reach: reaches.get(name) };
        return contextRow(context, known, withProtection);
      }),
    );
  };
  const readFault = (): void => {
    const fault = session.contextsFault.get();
    freshness.set(fault === undefined ? { state: "static" } : { state: "stale", ...fault });
  };
  const view: ListView = new ListView({
    id: "contexts",
    scopes: ["contexts"],
    what: "contexts",
    freshness,
    empty: () => "the kubeconfig has no contexts; :clusters shows local clusters",
    selection: () => NOTHING_SELECTED,
    disabledReason: (name, key) => {
      if (key === undefined) return "nothing is selected";
      const change = CHANGES[name];
      return change === undefined ? undefined : session.reasonAgainstChange(key, change);
    },
    command: (name, key) => {
      const change = CHANGES[name];
      if (name === "view.reload") {
        session.reloadContexts();
        reachability.ask(names());
      } else if (name === "context.switch" && key !== undefined) session.useContext(key);
      else if (name === "context.copy-name" && key !== undefined) void host.app.operations.copy(key, key);
      else if (change !== undefined && key !== undefined) session.changeContext(key, change);
      else return false;
      return true;
    },
    show: (shown) => {
      shown.add(() => reachability.stop());
      const changed = (): void => {
        reachability.askNew(names());
        refresh();
      };
      shown.add(session.contexts.subscribe(changed));
      shown.add(session.context.subscribe(refresh));
      shown.add(session.contextsFault.subscribe(readFault));
      shown.add(reachability.reaches.subscribe(refresh));
      const { clock } = host;
      shown.add(clock.every(READ_MILLISECONDS, () => session.rereadContexts(), { background: true }));
      shown.add(clock.every(ASK_MILLISECONDS, () => reachability.ask(names()), { background: true }));
      session.rereadContexts();
      readFault();
      reachability.ask(names());
      refresh();
    },
  });
  return view;
}

const CHANGES: Readonly<Record<string, "rename" | "delete" | "namespace">> = {
  "context.rename": "rename",
  "context.delete": "delete",
  "context.namespace": "namespace",
};
