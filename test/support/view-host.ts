import { vi } from "vitest";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { defaultSettings } from "../../src/config/default-settings.gen.ts";
import type { Settings } from "../../src/config/settings-schema.ts";
import type { AppDoors, Operations, TargetObject, ViewRequest } from "../../src/hotkeys/action.ts";
import { systemClock, type Clock } from "../../src/lib/clock.ts";
import type { KubeObject } from "../../src/lib/kube/object.ts";
import { createValue } from "../../src/lib/subscribable.ts";
import { kinds } from "../../src/resources/kinds/index.gen.ts";
import type { LocalClusterRow, SavedRows, View, ViewHost, Welcome } from "../../src/views/view.ts";
import type { FakeApiServer } from "./fake-api-server.ts";
import { PATIENCE } from "./patience.ts";

/** A host for one view, and what the view asked of the program. */
export interface RecordingHost {
  readonly host: ViewHost;
  readonly opened: ViewRequest[];
  readonly flashes: string[];
  readonly copied: string[];
  /** What the next input dialog answers. */
  answer: string | undefined;
}

export function recordingHost(
  cluster: Cluster,
  options: { readonly clock?: Clock; readonly directory?: string; readonly settings?: Partial<Settings> } = {},
): RecordingHost {
  const opened: ViewRequest[] = [];
  const flashes: string[] = [];
  const copied: string[] = [];
  const nothing = (): void => undefined;
  const settled = (): Promise<void> => Promise.resolve();
  const operations: Operations = {
    delete: settled,
    scale: settled,
    restart: settled,
    setImage: settled,
    edit: settled,
    shell: settled,
    attach: settled,
    debug: settled,
    copyFiles: settled,
    nodeShell: settled,
    createObject: settled,
    duplicate: settled,
    portForward: settled,
    cordon: settled,
    drain: settled,
    taint: settled,
    label: settled,
    annotate: settled,
    evict: settled,
    kill: settled,
    pause: settled,
    suspend: settled,
    runNow: settled,
    expand: settled,
    applyManifests: settled,
    deleteManifests: settled,
    compareManifests: settled,
    approve: settled,
    deny: settled,
    rollBack: settled,
    rollBackTo: settled,
    rollBackRelease: settled,
    uninstallRelease: settled,
    browse: settled,
    undo: settled,
    copy: async (text) => {
      copied.push(text);
    },
  };
  const app: AppDoors = {
    open: (request) => opened.push(request),
    prompt: nothing,
    palette: nothing,
    history: nothing,
    namespaceKey: nothing,
    useNamespace: nothing,
    toggleHeader: nothing,
    retryConnection: nothing,
    goTo: nothing,
    command: nothing,
    back: nothing,
    quit: nothing,
    flash: (tone, message) => flashes.push(`${tone}: ${message}`),
    confirm: () => Promise.resolve(undefined),
    input: () => Promise.resolve(recording.answer),
    pick: () => Promise.resolve(undefined),
    operations,
  };
  const host: ViewHost = {
    cluster,
    clock: options.clock ?? systemClock,
    settings: { ...defaultSettings, ...options.settings },
    app,
    kinds,
    namespace: createValue(""),
    sorts: new Map(),
    logFilters: new Map(),
    session: {
      contexts: createValue([cluster.context]),
      journal: cluster.writes.journal,
      readJournal: nothing,
      context: createValue<string | undefined>(cluster.context.name),
      useContext: nothing,
      reloadContexts: nothing,
      rereadContexts: nothing,
      contextsFault: createValue<{ readonly since: number; readonly reason: string } | undefined>(undefined),
      probes: () => ({ ask: () => Promise.resolve({ state: "no", reason: "not asked" }), close: nothing }),
      protectionOf: () => "open",
      changeContext: nothing,
      reasonAgainstChange: () => undefined,
      forwards: {
        running: cluster.portForwards,
        saved: createValue<SavedRows>({ rows: [] }),
        stop: (id) => cluster.portForwards.stop(id),
        restart: settled,
        start: settled,
        save: settled,
        deleteSaved: settled,
        reread: settled,
      },
      welcome: createValue<Welcome>({ steps: [], local: [] }),
      localClusters: {
        rows: createValue<readonly LocalClusterRow[]>([]),
        unavailable: createValue<string | undefined>(undefined),
        reread: settled,
        create: settled,
        start: settled,
        stop: settled,
        remove: settled,
        open: settled,
      },
      reloadLocal: nothing,
      startLocal: nothing,
      helpGroups: () => [],
    },
    savePath: (name) => `${options.directory ?? "/nonexistent"}/${name}`,
  };
  const recording: RecordingHost = { host, opened, flashes, copied, answer: undefined };
  return recording;
}

/** An object of a fake server as a table hands it to a view. */
export function targetOf(server: FakeApiServer, resource: string, object: KubeObject): TargetObject {
  return {
    resource: server.resource(resource),
    namespace: object.metadata.namespace ?? "",
    name: object.metadata.name ?? "",
    uid: object.metadata.uid,
    object,
  };
}

/** Everything a text view holds, as its `copy` gives it. */
export async function textOf(view: View, host: RecordingHost): Promise<string> {
  host.copied.length = 0;
  view.command("text.copy");
  await vi.waitUntil(() => host.copied.length > 0, { timeout: PATIENCE, interval: 1 });
  return host.copied[0] ?? "";
}

/** Resolves with the text of a view once it satisfies the condition. */
export async function viewText(view: View, host: RecordingHost, condition: (text: string) => boolean): Promise<string> {
  let text = "";
  await vi.waitUntil(
    async () => {
      text = await textOf(view, host);
      return condition(text);
    },
    { timeout: PATIENCE, interval: 10 },
  );
  return text;
}
