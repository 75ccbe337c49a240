import type { ConfirmRequest, InputRequest, PickRequest } from "../lib/dialog-request.ts";
import type { ApiResource, Gvr } from "../lib/kube/gvr.ts";
import type { KubeObject } from "../lib/kube/object.ts";
import type { StoredRelease } from "../resources/helm/stored-release.ts";
import type { Capability, KindDefinition } from "../resources/kind.ts";
import type { Revision } from "../resources/rollout-history.ts";

/** Where a key works. `table` is any list, `text` any pager (describe, YAML, logs). */
export type Scope =
  | "global"
  | "table"
  | "text"
  | "tree"
  | "logs"
  | "containers"
  | "data"
  | "contexts"
  | "clusters"
  | "port-forwards"
  | "task"
  | "rollout"
  | "pulse"
  | "dir"
  | "revisions"
  | "helm"
  | "helm-releases"
  | "helm-values"
  | "journal"
  | "access"
  | "help";

/** An object as it was on screen when the key was pressed: nothing ever acts on another one. */
export interface TargetObject {
  readonly resource: ApiResource;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | undefined;
  readonly object: KubeObject;
}

/** What an action gets: the state at the key press, and the doors through which it acts. */
export interface ActionContext {
  /** Marked objects (hidden ones included), else the one under the cursor. Empty where there is none. */
  readonly targets: readonly TargetObject[];
  /** The object under the cursor, marks or not. */
  readonly cursor: TargetObject | undefined;
  readonly kind: KindDefinition | undefined;
  /** The chosen container, in the container view. */
  readonly container: string | undefined;
  /** Why there are no targets, where more can be said than that nothing is selected. */
  readonly nothing?: string | undefined;
  readonly readOnly: boolean;
  /** Whether the user is known to lack a right; what is not known yet is asked for. */
  isDenied?(verb: string, resource: Gvr, namespace: string, subresource: string): boolean;
  readonly app: AppDoors;
  /** The view in front, for actions of its own (sort, wrap, find…). */
  readonly view: ViewDoors;
}

/** Commands a view understands; a view ignores what it has no use for. Named by the action's id. */
export interface ViewDoors {
  readonly id: string;
  command(name: string, argument?: string): void;
  /** Why the view cannot run a command now. */
  disabledReason?(name: string): string | undefined;
}

/** Opens a view by its id. Parameters are the view's own. */
export interface ViewRequest {
  readonly view: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The crumb's text. */
  readonly title: string;
}

export type { ConfirmRequest, InputRequest, PickRequest };

/** A kind, and what of it. */
export interface KindPlace {
  /** Plural, singular or kind, with its group where it has one: `deployments.apps`. */
  readonly kind: string;
  /** `""` is all, `undefined` the one in use: for what has none. */
  readonly namespace: string | undefined;
  /** Only the object of this name. */
  readonly name?: string;
  readonly fieldSelector?: string;
}

export interface AppDoors {
  /** Opens a view on top of the one in front. */
  open(request: ViewRequest): void;
  /** Opens the `:` prompt, or the prompt of `/` in the view in front. */
  prompt(mode: "command" | "search"): void;
  /** Lists every action offered here, to choose one by its name. */
  palette(): void;
  /** Back, forward, or between the last two places. */
  history(step: "back" | "forward" | "last"): void;
  /** The namespace behind a digit: `0` is all, `1` to `9` favourites and recent ones. */
  namespaceKey(digit: number): void;
  /** Makes a namespace the one in use; `""` is all, `a,b` are several. The table in front shows it. */
  useNamespace(namespace: string): void;
  toggleHeader(): void;
  /** Tries at once to reach a server that does not answer, and to log in where that was refused or failed. */
  retryConnection(): void;
  /** Goes to the table of a kind. What an object says of another one comes here: as a command it could say `q`. */
  goTo(place: KindPlace): void;
  /** Runs the text of a `:` command. */
  command(text: string): void;
  back(): void;
  quit(): void;
  flash(tone: "info" | "warning" | "error", message: string): void;
  /** Resolves with the choices, `undefined` when cancelled. */
  confirm(request: ConfirmRequest): Promise<Readonly<Record<string, string>> | undefined>;
  input(request: InputRequest): Promise<string | undefined>;
  pick(request: PickRequest): Promise<string | undefined>;
  /** Operations on the cluster and the terminal that actions run, by name; see `app/operations`. */
  readonly operations: Operations;
}

/** What acts. Each reports its own outcome by a flash and throws nothing. */
export interface Operations {
  delete(targets: readonly TargetObject[]): Promise<void>;
  scale(targets: readonly TargetObject[]): Promise<void>;
  restart(targets: readonly TargetObject[]): Promise<void>;
  setImage(target: TargetObject): Promise<void>;
  edit(target: TargetObject): Promise<void>;
  shell(target: TargetObject, container: string | undefined): Promise<void>;
  attach(target: TargetObject, container: string | undefined): Promise<void>;
  /** Adds an ephemeral container to a pod and attaches to it; `container` is whose processes it shows first. */
  debug(target: TargetObject, container: string | undefined): Promise<void>;
  /** Copies files and folders out of a container or into it. */
  copyFiles(target: TargetObject, container: string | undefined): Promise<void>;
  /** A root shell on a node, in a privileged pod. */
  nodeShell(node: TargetObject): Promise<void>;
  /** Opens the editor on a skeleton of a kind and creates what comes back. */
  createObject(kind: KindDefinition): Promise<void>;
  duplicate(target: TargetObject): Promise<void>;
  portForward(target: TargetObject, container: string | undefined): Promise<void>;
  copy(text: string, what: string): Promise<void>;
  /** Opens an address in the browser of this desktop. */
  browse(url: string): Promise<void>;
  /** Switches scheduling on nodes. */
  cordon(nodes: readonly TargetObject[], unschedulable: boolean): Promise<void>;
  drain(nodes: readonly TargetObject[]): Promise<void>;
  taint(nodes: readonly TargetObject[]): Promise<void>;
  label(targets: readonly TargetObject[]): Promise<void>;
  annotate(targets: readonly TargetObject[]): Promise<void>;
  evict(pods: readonly TargetObject[]): Promise<void>;
  kill(pods: readonly TargetObject[]): Promise<void>;
  /** Pauses the rollout of deployments, or resumes it. */
  pause(deployments: readonly TargetObject[]): Promise<void>;
  /** Suspends jobs and cron jobs, or resumes them. */
  suspend(jobs: readonly TargetObject[]): Promise<void>;
  /** A new job of each cron job, or of each job. */
  runNow(jobs: readonly TargetObject[]): Promise<void>;
  /** Gives a workload the template of an earlier revision; `current` is the one it has, for the difference. */
  rollBack(target: TargetObject, revision: Revision, current: Revision | undefined): Promise<void>;
  /** Gives the deployment of a ReplicaSet the template of that ReplicaSet. */
  rollBackTo(replicaSet: TargetObject): Promise<void>;
  /** Rolls a release of helm, as it was on screen, back to a revision; asks for one where none is named. */
  rollBackRelease(release: StoredRelease, revision: number | undefined): Promise<void>;
  uninstallRelease(release: StoredRelease): Promise<void>;
  /** Applies what a manifest, or every manifest of a folder of this machine, says. */
  applyManifests(path: string): Promise<void>;
  deleteManifests(path: string): Promise<void>;
  compareManifests(path: string): Promise<void>;
  expand(claims: readonly TargetObject[]): Promise<void>;
  /** Lets the signers of certificate signing requests issue. */
  approve(requests: readonly TargetObject[]): Promise<void>;
  deny(requests: readonly TargetObject[]): Promise<void>;
  /** Takes back the write of a journal entry. */
  undo(entryId: string): Promise<void>;
}

/** A right that an action uses. */
export interface AccessNeed {
  readonly verb: string;
  readonly subresource?: string;
  /** The resource where it is not that of the objects acted on. */
  readonly of?: Gvr;
}

/** A hotkey: the one place where it is written. Dispatcher, hint bar, help, palette and docs come from it. */
export interface Action {
  /** `resource.delete`: what tests press and users remap. */
  readonly id: string;
  /** Two or three words for the hint bar. */
  readonly title: string;
  /** `ctrl-d`, `shift-f`, `g`, `enter`, `:`. */
  readonly keys: readonly string[];
  readonly scope: Scope;
  readonly group: "navigate" | "view" | "act" | "sort" | "general";
  readonly needs?: Capability;
  /** Writes to the cluster: off in read-only mode. */
  readonly mutates?: boolean;
  /** Off where the user is known to lack one of these rights. */
  readonly access?: readonly AccessNeed[];
  /** `on`: not where it is off. For what some views never have, while others have it at every row. */
  readonly inHintBar?: boolean | "on";
  /** Why it cannot run now, in words for the user. */
  disabledReason?(context: ActionContext): string | undefined;
  run(context: ActionContext): void | Promise<void>;
}
