import type { ComponentType } from "react";
import type { SavedForward } from "../config/forward-sets.ts";
import type { Settings } from "../config/settings-schema.ts";
import type { Cluster, ContextInfo, ContextProbes, JournalEntry, PortForward, Protection } from "../cluster/cluster.ts";
import type { AppDoors, Scope, TargetObject } from "../hotkeys/action.ts";
import type { HelpGroup } from "../hotkeys/help.ts";
import type { Clock } from "../lib/clock.ts";
import type { Subscribable } from "../lib/subscribable.ts";
import type { KindDefinition } from "../resources/kind.ts";
import type { Sort } from "../state/table/table-column.ts";

/**
 * A screen.
 *
 * Parameters by id, `resource` and `target` being the objects of `lib/kube/gvr.ts` and `hotkeys/action.ts`:
 * `resource-table`: `{ resource, namespace, labelSelector?, fieldSelector?, ownerUid?, filter?, faultsOnly?, cursorName? }`;
 * `describe`, `diagnosis`, `relations`, `used-by`, `yaml`, `data`, `containers`: `{ target }`; `xray`: `{ resource, namespace }`; `workloads`, `pulse`: `{ namespace }`; `logs`: `{ targets | list, container?, previous? }`;
 * `rollout`: `{ target }`; `difference`: `{ target, what, before, after }` or `{ where, what, lines }`; `helm`: `{ namespace }`; `helm-history`: `{ release }`; `helm-text`: `{ release, what }`; `task`: `{ task }`; `port-forwards`: `{ target? }`; `journal`, `help`, `contexts`: `{}`;
 * `journal-entry`: `{ entry }`, its id; `access`: `{ subjects, namespace }`, words of `:can`; `who-can`: `{ verb, resource, name, namespace }`; `rules`, `binding`: `{ target }`.
 * `dir`, `manifest`: `{ path }`.
 *
 * A definition makes instances; an instance is a plain object that owns all its state (cursor, filter, scroll,
 * subscriptions), so that going back with `Esc` shows the same instance exactly as it was left. Its component only
 * draws. Views never listen to keys: actions (`src/hotkeys/actions`) call `command`.
 */
export interface ViewDefinition {
  /** What `ViewRequest.view` names. */
  readonly id: string;
  /** @throws KelpieError where the parameters make no sense; the message is flashed and no view opens */
  create(host: ViewHost, parameters: Readonly<Record<string, unknown>>): View;
}

/** What a view may use. */
export interface ViewHost {
  /** The cluster in use. @throws KelpieError while there is none: views that can do without never ask */
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly settings: Settings;
  readonly app: AppDoors;
  readonly kinds: readonly KindDefinition[];
  /** The namespace in use; `""` is all, `a,b` several. */
  readonly namespace: Subscribable<string>;
  /** How each kind was sorted last, by group and resource. */
  readonly sorts: Map<string, Sort>;
  /** The filter that each log was given last, by what was read. */
  readonly logFilters: Map<string, string>;
  readonly session: ViewSession;
  /** Where a file of this name would be saved (logs, tables); the directory exists. */
  savePath(name: string): string;
}

/** What the views about the program itself show. */
export interface ViewSession {
  /** Contexts of the kubeconfig, as read last. */
  readonly contexts: Subscribable<readonly ContextInfo[]>;
  /** Writes of this session, and of others as they were read last; oldest first. */
  readonly journal: Subscribable<readonly JournalEntry[]>;
  /** Reads again what other sessions wrote. */
  readJournal(): void;
  /** Name of the context in use. */
  readonly context: Subscribable<string | undefined>;
  useContext(name: string): void;
  /** Reads the kubeconfig again, and tells what is wrong with it. */
  reloadContexts(): void;
  /** Reads it again in the background; a fault is in `contextsFault`. */
  rereadContexts(): void;
  /** Why the contexts shown are those of an earlier reading. `since` in milliseconds since the epoch. */
  readonly contextsFault: Subscribable<{ readonly since: number; readonly reason: string } | undefined>;
  probes(): ContextProbes;
  /** How a context is protected when it is opened. */
  protectionOf(name: string): Protection;
  /** Asks, then changes a context in the kubeconfig that defines it. */
  changeContext(name: string, change: "rename" | "delete" | "namespace"): void;
  reasonAgainstChange(name: string, change: "rename" | "delete" | "namespace"): string | undefined;
  readonly forwards: ViewForwards;
  /** What the start came to, while no cluster is open. */
  readonly welcome: Subscribable<Welcome>;
  readonly localClusters: ViewLocalClusters;
  /** Lists the local clusters again. */
  reloadLocal(): void;
  /** Starts the local cluster of this name, or opens it where it runs. */
  startLocal(name: string): void;
  /** The help for the view that was in front when it was asked for. */
  helpGroups(): readonly HelpGroup[];
}

/** A port-forward of a named set. */
export interface SavedRow {
  readonly context: string;
  readonly set: string;
  /** Its place in the set. */
  readonly index: number;
  readonly forward: SavedForward;
  /** Why it could not be started. */
  readonly fault?: string;
}

export interface SavedRows {
  readonly rows: readonly SavedRow[];
  /** Why the file of the sets cannot be read; the rows are those of before. */
  readonly fault?: string;
}

/** Port-forwards that run, and the sets they are saved in. What is asked of the user or fails is told by flashes. */
export interface ViewForwards {
  /** Of every context that was opened in this session. */
  readonly running: Subscribable<readonly PortForward[]>;
  readonly saved: Subscribable<SavedRows>;
  stop(id: string): void;
  /** Listens again where a forward has failed. */
  restart(id: string): Promise<void>;
  /** Starts saved forwards of the context in use. */
  start(rows: readonly SavedRow[]): Promise<void>;
  save(ids: readonly string[]): Promise<void>;
  deleteSaved(row: SavedRow): Promise<void>;
  /** Reads the file of the sets again. */
  reread(): Promise<void>;
}

/** A local cluster, and what is being done to it. */
export interface LocalClusterRow {
  readonly name: string;
  readonly state: "running" | "stopped" | "absent" | "starting" | "stopping" | "deleting";
  /** Since when that is being done, milliseconds since the epoch. */
  readonly since?: number;
  /** The step of a start, or what went wrong last. */
  readonly detail?: string;
  readonly failed?: boolean;
  readonly server?: string;
  readonly version?: string;
  readonly context?: string;
}

/** Local clusters on screen. What is asked of the user or fails is told by flashes and rows. */
export interface ViewLocalClusters {
  readonly rows: Subscribable<readonly LocalClusterRow[]>;
  /** Why none can run here. */
  readonly unavailable: Subscribable<string | undefined>;
  reread(): Promise<void>;
  /** Asks for a name, then makes and starts it. */
  create(): Promise<void>;
  start(name: string): Promise<void>;
  /** Asks, then ends it; its state stays. */
  stop(name: string): Promise<void>;
  /** Asks for its name, then removes it. */
  remove(name: string): Promise<void>;
  /** Starts it where it does not run, and goes into it. */
  open(name: string): Promise<void>;
}

/** The steps of a start with nothing configured, or what stands in its way. */
export interface Welcome {
  /** What is being done before there is anything to show. */
  readonly waitingFor?: string;
  readonly steps: ReadonlyArray<{
    readonly text: string;
    readonly state: "running" | "done" | "failed";
    /** Milliseconds since the epoch. */
    readonly startedAt: number;
    readonly endedAt?: number;
    readonly detail?: string;
  }>;
  /** What went wrong, with what to do about it. */
  readonly problem?: { readonly message: string; readonly hint?: string };
  /** Local clusters to start or open. */
  readonly local: ReadonlyArray<{ readonly name: string; readonly state: string; readonly note: string }>;
}

export interface ViewProps {
  /** Cells the view may draw on: exactly `rows` lines of exactly `columns` cells. */
  readonly columns: number;
  readonly rows: number;
}

/** What the keys act on, read at the key press. */
export interface ViewSelection {
  readonly targets: readonly TargetObject[];
  readonly cursor: TargetObject | undefined;
  readonly kind: KindDefinition | undefined;
  readonly container: string | undefined;
  /** Why there are no targets, where more can be said than that nothing is selected. */
  readonly nothing?: string | undefined;
}

/** Of a view without objects, or without rows. */
export const NOTHING_SELECTED: ViewSelection = {
  targets: [],
  cursor: undefined,
  kind: undefined,
  container: undefined,
};

/** The line above the content and the words in the header. */
export interface ViewTitle {
  /** `pods`, `logs`, `yaml`. */
  readonly what: string;
  /** Where: a namespace, an object's path; shown in parentheses. */
  readonly where?: string;
  /** How many rows or lines; shown in brackets: `12`, `3/12`. */
  readonly count?: string;
  /** The active filter or search. */
  readonly filter?: string;
  /** Right side, one or two words: `following`, `wrap`. */
  readonly notes?: readonly string[];
  /** A fault of the filter or search, shown instead of `filter`. */
  readonly fault?: string;
}

/** Whether what is on screen is true now. */
export type Freshness =
  | { readonly state: "live"; readonly mode?: "watch" | "poll"; readonly without?: string }
  | { readonly state: "loading"; readonly loaded: number }
  | { readonly state: "stale"; readonly since: number; readonly reason: string; readonly hint?: string }
  | { readonly state: "denied"; readonly reason: string }
  | { readonly state: "static" };

export interface View {
  /** The definition's id. */
  readonly id: string;
  /** Scopes of the keys that work here, most specific first; `global` is always added. */
  readonly scopes: readonly Scope[];
  readonly title: Subscribable<ViewTitle>;
  readonly freshness: Subscribable<Freshness>;
  /** What `/` does: filter rows, or find in a text; `none` where neither makes sense. */
  readonly search: "filter" | "find" | "none";
  /** Draws the view. A stable component: made once per instance or a constant with the instance in a closure. */
  readonly Component: ComponentType<ViewProps>;
  /** No header, hints or crumbs: the whole terminal but the flash line. */
  readonly fullscreen?: Subscribable<boolean>;
  selection(): ViewSelection;
  /**
   * Runs a command of an action, named by the action's id. Ids every view should know: `move.up`, `move.down`,
   * `move.left`, `move.right`, `move.page-up`, `move.page-down`, `move.top`, `move.bottom`; with `search` also
   * `search.set` (argument: the text, after every key; an empty text ends it), `search.next`, `search.previous`;
   * `view.reload`; `open` (Enter). Unknown names are ignored.
   */
  command(name: string, argument?: string): void;
  /** Why a command cannot run now. */
  disabledReason?(name: string): string | undefined;
  /** The text `/` begins with. */
  searchText?(): string;
  /**
   * The mouse was pressed on a cell of what the component drew, 0 being the first line and the first cell. Moves the
   * cursor to what is there, or sorts by a title. @returns whether the cursor was there already: such a click opens
   */
  click?(row: number, cell: number): boolean;
  /** `Esc`: undoes one thing (a filter, marks) and says true, or false when there is nothing to undo. */
  escape?(): boolean;
  /** The namespace it lists, as `ViewHost.namespace` has it. At the root of a trail it is the one in use. */
  listedNamespace?(): string | undefined;
  /** The view is in front (again). Subscriptions to stores belong here… */
  show(): void;
  /** …and end here: another view covers it. State stays. */
  hide(): void;
  /** It will never be shown again. */
  dispose(): void;
}
