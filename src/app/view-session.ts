import { renameContextSettings } from "../config/rename-context-settings.ts";
import type { Paths } from "../config/paths.ts";
import type { Settings } from "../config/settings-schema.ts";
import type { AppDoors } from "../hotkeys/action.ts";
import type { HelpGroup } from "../hotkeys/help.ts";
import type { Busy } from "../lib/busy.ts";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import type { ViewSession } from "../views/view.ts";
import { ContextEditor } from "./context-editor.ts";
import type { ForwardSets } from "./forward-sets.ts";
import type { Forwards } from "./forwards.ts";
import { LocalClusterDesk } from "./local-cluster-desk.ts";
import type { LocalClusters } from "./local-clusters.ts";
import type { Journal } from "./journal.ts";
import type { Session } from "./session.ts";

export interface ViewSessionOptions {
  readonly session: Session;
  readonly busy: Busy;
  readonly journal: Journal;
  readonly forwards: Forwards;
  readonly sets: ForwardSets;
  readonly local: LocalClusters;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly app: Pick<AppDoors, "confirm" | "input" | "flash">;
  readonly paths: Paths;
  readonly settings: Settings;
  helpGroups(): readonly HelpGroup[];
}

/** What views about the program itself show and do. */
export function createViewSession(options: ViewSessionOptions): ViewSession {
  const { session, busy, journal, forwards, sets, app, paths, settings } = options;
  const editor = new ContextEditor({
    session,
    app,
    keptBy: (name) =>
      settings.contexts[name] === undefined ? [] : ["Its settings in config.yaml, protection too, follow."],
    renamed: async (from, to) => [
      ...((await renameContextSettings(paths.configFile, from, to)) ? ["its settings follow"] : []),
      ...((await sets.renameContext(from, to)) ? ["its sets of port-forwards follow"] : []),
    ],
  });
  const local = new LocalClusterDesk(options);
  const changes = {
    rename: (name: string) => editor.rename(name),
    namespace: (name: string) => editor.setNamespace(name),
    delete: (name: string) => editor.delete(name),
  } as const;
  return {
    contexts: session.contexts,
    contextsFault: session.contextsFault,
    journal: journal.entries,
    readJournal: () => void busy.during(journal.load()),
    context: session.context,
    useContext: (name) => void busy.during(session.useContext(name)),
    reloadContexts: () => void busy.during(session.reloadContexts()),
    rereadContexts: () => void busy.during(session.rereadContexts()),
    probes: () => session.probes(),
    protectionOf: (name) => session.protectionOf(name),
    changeContext: (name, change) => void busy.during(changes[change](name)),
    reasonAgainstChange: (name, change) => editor.reasonAgainst(name, change),
    forwards: {
      running: forwards,
      saved: sets.saved,
      stop: (id) => sets.stop(id),
      restart: (id) => busy.during(sets.restart(id)),
      start: (rows) => busy.during(sets.start(rows)),
      save: (ids) => busy.during(sets.save(ids)),
      deleteSaved: (row) => busy.during(sets.deleteSaved(row)),
      reread: () => busy.during(sets.reread()),
    },
    welcome: session.welcome,
    // A start takes as long as it takes: it is no work that a key press waits for.
    localClusters: local,
    reloadLocal: () => void busy.during(session.listLocal()),
    startLocal: (name) => void busy.during(session.startLocal(name)),
    helpGroups: () => options.helpGroups(),
  };
}
