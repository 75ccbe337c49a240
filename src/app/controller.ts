import type { Cluster } from "../cluster/cluster.ts";
import type { Paths } from "../config/paths.ts";
import type { Settings } from "../config/settings-schema.ts";
import type { Action, ActionContext, AppDoors, Operations, ViewRequest } from "../hotkeys/action.ts";
import { createBindings, type Bindings } from "../hotkeys/bindings.ts";
import { reasonAgainst, resolveKey } from "../hotkeys/dispatch.ts";
import { offeredActions, type OfferedAction } from "../hotkeys/help.ts";
import { keyAfterEscape, showKey, type InputEvent } from "../hotkeys/keys.ts";
import { actions } from "../hotkeys/registry.ts";
import { Busy } from "../lib/busy.ts";
import { nextTurn, type Clock } from "../lib/clock.ts";
import { errorMessage, KelpieError } from "../lib/errors.ts";
import { namespacesText } from "../lib/kube/namespaces.ts";
import type { Logger } from "../lib/log.ts";
import { createValue, type Subscribable } from "../lib/subscribable.ts";
import { kinds } from "../resources/kinds/index.gen.ts";
import { Dialogs } from "../state/dialogs.ts";
import { Flash } from "../state/flash.ts";
import { Navigation } from "../state/navigation.ts";
import { Prompt } from "../state/prompt.ts";
import type { Sort } from "../state/table/table-column.ts";
import { NOTHING_SELECTED, type View, type ViewDefinition, type ViewHost, type ViewSession } from "../views/view.ts";
import { Closing } from "./closing.ts";
import { CommandRunner } from "./command-runner.ts";
import type { AppServices } from "./context.ts";
import { ForwardSets } from "./forward-sets.ts";
import { Forwards } from "./forwards.ts";
import { helpGroups } from "./help-groups.ts";
import type { ScreenHit } from "./screen/screen-hit.ts";
import { PromptHistory } from "./prompt-history.ts";
import { Journal } from "./journal.ts";
import type { LocalClusters } from "./local-clusters.ts";
import { switchReadOnly } from "./read-only-switch.ts";
import { Session, type SessionOptions } from "./session.ts";
import type { Suspend } from "./suspend.ts";
import { createViewSession } from "./view-session.ts";

export interface ControllerOptions extends Omit<SessionOptions, "local"> {
  readonly local: LocalClusters;
  readonly settings: Settings;
  readonly paths: Paths;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly initialCommand: string;
  readonly header: boolean;
  readonly views: readonly ViewDefinition[];
  readonly suspend: Suspend;
  /** Writes bytes to the terminal beside the screen: the clipboard sequence. */
  createOperations(services: AppServices): Operations;
  savePath(name: string): string;
  /** Draws everything in the colours of a theme from now on. @returns what to say of it */
  useTheme(name: string): string;
  quit(): void;
}

/** A click this soon after a dialog came was aimed at what stood there before. */
const UNSEEN_MILLISECONDS = 300;

/** The program without its screen: what keys and commands do to sessions, views, prompt and dialogs. */
export class Controller {
  readonly busy = new Busy();
  readonly dialogs = new Dialogs();
  readonly journal: Journal;
  readonly forwards = new Forwards();
  readonly navigation = new Navigation<View>();
  readonly flash: Flash;
  readonly prompt: Prompt;
  readonly session: Session;
  readonly bindings: Bindings;
  readonly doors: AppDoors;
  readonly #options: ControllerOptions;
  readonly #header;
  readonly #closing = new Closing();
  readonly #views: ReadonlyMap<string, ViewDefinition>;
  readonly #sorts = new Map<string, Sort>();
  readonly #logFilters = new Map<string, string>();
  #help: { readonly view: View | undefined; readonly offered: readonly OfferedAction[] } = {
    view: undefined,
    offered: [],
  };
  readonly #commands: CommandRunner;
  readonly #history: PromptHistory;
  /** The question on the screen, and since when it is there. */
  #asked: unknown;
  #askedAt = 0;
  #typedAhead = false;
  readonly #viewSession: ViewSession;
  readonly #forwardSets: ForwardSets;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#header = createValue(options.header);
    this.flash = new Flash(options.clock);
    this.journal = new Journal(options.paths, options.logger, (message) => this.flash.show("error", message));
    this.bindings = createBindings(actions, options.settings.keys);
    this.#views = new Map(options.views.map((view) => [view.id, view]));
    this.prompt = new Prompt({
      suggest: (mode, text) => (mode === "command" ? this.#commands.suggest(text) : []),
      changed: (mode, text) => {
        if (mode === "search") this.navigation.front?.command("search.set", text);
      },
      accepted: (mode, text) => this.#accept(mode, text),
      cancelled: (mode, before) => {
        this.#commands.stopNamespaces();
        if (mode === "search") this.navigation.front?.command("search.set", before);
      },
    });
    this.#history = new PromptHistory(options.paths, options.logger, this.prompt);
    this.session = new Session(options, {
      opened: (cluster) => this.#opened(cluster),
      welcome: () => this.#startTrail({ view: "welcome", parameters: {}, title: "welcome" }),
      left: () => {
        this.navigation.clear();
        this.#startTrail({ view: "local-clusters", parameters: {}, title: "local clusters" });
      },
      failed: (message) => this.flash.show("error", message),
      unneeded: (cluster) => void this.#close(cluster),
      during: (work) => void this.busy.during(work),
    });
    this.#commands = new CommandRunner(
      {
        session: this.session,
        busy: this.busy,
        startTrail: (request) => this.#startTrail(request),
        open: (request) => this.#open(request),
        useNamespace: (namespace) => this.#useNamespace(namespace),
        pick: (request) => this.busy.waiting(this.dialogs.pick(request)),
        failed: (message) => this.flash.show("error", message),
        useTheme: (name) => this.flash.show("info", options.useTheme(name)),
        forwardSets: () => this.#forwardSets.names(this.session.context.get() ?? ""),
        openForwardSet: (name) => void this.busy.during(this.#forwardSets.openSet(name)),
        switchReadOnly: (word) => void this.busy.during(switchReadOnly(this.session, this.doors, word)),
        quit: () => options.quit(),
      },
      options.initialCommand,
    );
    // Back in another table, its namespace is the one in use: what the screen shows is what `:deploy` would list.
    this.navigation.trail.subscribe(() => {
      const { places } = this.navigation.trail.get();
      const namespace = places.length === 1 ? places[0]?.place.listedNamespace?.() : undefined;
      if (namespace !== undefined) this.session.followNamespace(namespace);
    });
    this.dialogs.front.subscribe(() => {
      const request = this.dialogs.front.get()?.request;
      if (request !== this.#asked) this.#askedAt = options.clock.now();
      this.#asked = request;
    });
    const doors = this.#createDoors();
    const services: AppServices = {
      clock: options.clock,
      logger: options.logger,
      settings: options.settings,
      paths: options.paths,
      env: options.env,
      cluster: () => this.session.cluster.get(),
      namespace: () => this.session.namespace.get(),
      closing: this.#closing,
      journal: () => this.journal.entries.get(),
      app: doors,
      suspend: options.suspend,
    };
    const operations = options.createOperations(services);
    this.doors = {
      ...doors,
      operations: {
        ...operations,
        // Commands of views begin these: nobody else waits for them.
        rollBack: (...task) => this.busy.during(operations.rollBack(...task)),
        undo: (entry) => this.busy.during(operations.undo(entry)),
      },
    };
    this.#forwardSets = new ForwardSets({
      paths: options.paths,
      logger: options.logger,
      forwards: this.forwards,
      app: doors,
      cluster: () => this.session.cluster.get(),
    });
    this.#viewSession = createViewSession({
      session: this.session,
      busy: this.busy,
      journal: this.journal,
      forwards: this.forwards,
      sets: this.#forwardSets,
      local: options.local,
      clock: options.clock,
      logger: options.logger,
      app: doors,
      paths: options.paths,
      settings: options.settings,
      helpGroups: () =>
        helpGroups(this.#help.offered, this.#help.view?.title.get().what ?? "", this.session.namespaceKeys),
    });
  }

  get header(): Subscribable<boolean> {
    return this.#header;
  }

  async start(): Promise<void> {
    await this.busy.during(Promise.all([this.#history.load(), this.#forwardSets.reread(), this.session.start()]));
  }

  /** Ends everything this program began. */
  async close(): Promise<void> {
    this.#commands.stopNamespaces();
    this.dialogs.cancelAll();
    this.navigation.clear();
    await this.#closing.settled(this.#options.clock);
    this.session.close();
    await this.journal.flush();
    await this.#history.write();
  }

  /** What came from the keyboard. Text pasted into a view is ignored: it must never act. */
  input(event: Exclude<InputEvent, { readonly type: "click" }>): void {
    this.#guarded(event, () => this.#take(event));
  }

  /** The mouse was pressed on something. */
  click(hit: ScreenHit): void {
    this.#guarded(hit, () => {
      if (hit.on === "crumb") this.navigation.backTo(hit.index);
      else if (hit.on === "suggestion") this.prompt.take(hit.index);
      else if (hit.on === "content") {
        // Only what stood under the cursor when it was clicked opens.
        if (this.navigation.front?.click?.(hit.row, hit.cell) === true) this.#press("enter");
      } else if (this.#options.clock.now() - this.#askedAt >= UNSEEN_MILLISECONDS) this.dialogs.click(hit.hit);
    });
  }

  #guarded(event: unknown, act: () => void): void {
    try {
      act();
    } catch (error) {
      // A fault in a view must not end the program with the user's other views.
      this.#options.logger.error("input failed", { event, error });
      this.flash.show("error", errorMessage(error));
    }
  }

  #take(event: Exclude<InputEvent, { readonly type: "click" }>): void {
    if (event.type === "key") {
      const asked = this.dialogs.front.get() !== undefined;
      const joined = asked || this.prompt.state.get() !== undefined ? keyAfterEscape(event.key) : undefined;
      if (joined !== undefined) {
        this.#take({ type: "key", key: "escape" });
        this.#take(joined);
      } else if (asked) this.#answer(event.key, event.text);
      else if (this.prompt.state.get() !== undefined) this.prompt.key(event.key, event.text);
      else this.#press(event.key);
    } else if (event.type === "paste") {
      if (this.dialogs.front.get() !== undefined) this.dialogs.paste(event.text);
      else if (this.prompt.state.get() !== undefined) this.prompt.paste(event.text);
      else this.flash.show("warning", "pasted text is ignored here; : or / opens a prompt for it");
    } else {
      const up = event.by < 0;
      if (this.dialogs.front.get() !== undefined) this.dialogs.key(up ? "page-up" : "page-down");
      else for (let step = 0; step < 3; step += 1) this.navigation.front?.command(up ? "move.up" : "move.down");
    }
  }

  /** Keys in one piece with an answer were meant for what comes of it, a shell for example: they must not act here. */
  #answer(key: string, text: string | undefined): void {
    const before = this.dialogs.front.get()?.request;
    this.dialogs.key(key, text);
    if (key !== "enter" || this.dialogs.front.get()?.request === before) return;
    this.#typedAhead = true;
    nextTurn(() => {
      this.#typedAhead = false;
    });
  }

  /** A part of the screen failed to draw; the screen shows that in its place. */
  reportDrawingError(error: Error, what: string): void {
    const view = this.navigation.front?.id;
    this.#options.logger.error("not drawn", { what, view, error, stack: error.stack });
  }

  /** Runs an action by its id, as its key would. */
  runAction(id: string): void {
    const action = actions.find((each) => each.id === id);
    if (action === undefined) throw new KelpieError(`there is no action ${id}`);
    const context = this.#context();
    const reason = reasonAgainst(action, context);
    if (reason === undefined) this.#run(action, context);
    else this.flash.show("warning", `${action.title}: ${reason}`);
  }

  /** Actions for the hint bar of the view in front. */
  hints(): readonly OfferedAction[] {
    const view = this.navigation.front;
    return view === undefined ? [] : offeredActions(this.bindings, view.scopes, this.#context());
  }

  #press(key: string): void {
    const context = this.#context();
    const resolution = resolveKey(this.bindings, this.navigation.front?.scopes ?? [], key, context);
    if (resolution.type === "run") {
      if (!this.#typedAhead || resolution.action.group !== "act") this.#run(resolution.action, context);
      else this.flash.show("warning", `${resolution.action.title}: typed ahead of what the answer does, so ignored`);
    } else if (resolution.type === "habit") this.flash.show("info", resolution.text);
    else if (resolution.type === "disabled") {
      this.flash.show("warning", `${resolution.action.title}: ${resolution.reason}`);
    } else {
      // Escape and a key typed fast, or joined on their way by tmux or ssh: dropping both would let what follows
      // `Esc :` act as keys.
      const after = /^alt-(.|shift-[a-z])$/u.exec(key)?.[1];
      if (after === undefined) return;
      this.#press("escape");
      this.#press(after);
    }
  }

  #run(action: Action, context: ActionContext): void {
    if (action.group !== "navigate") this.flash.clear();
    const failed = (error: unknown): void => {
      this.#options.logger.error("action failed", { action: action.id, error });
      this.flash.show("error", `${action.title}: ${errorMessage(error)}`);
    };
    try {
      const running = action.run(context);
      if (running !== undefined) void this.busy.during(running).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #context(): ActionContext {
    const view = this.navigation.front;
    return {
      ...(view?.selection() ?? NOTHING_SELECTED),
      readOnly: this.session.cluster.get()?.writes.readOnly.get() ?? true,
      isDenied: (verb, resource, namespace, subresource) =>
        this.session.cluster.get()?.access.allowed(verb, resource, namespace, subresource).get() === "no",
      app: this.doors,
      view: {
        id: view?.id ?? "",
        command: (name, argument) => view?.command(name, argument),
        disabledReason: (name) =>
          name === "search.set" && (view === undefined || view.search === "none")
            ? "there is nothing to search here"
            : view?.disabledReason?.(name),
      },
    };
  }

  #createDoors(): Omit<AppDoors, "operations"> {
    const { dialogs, navigation } = this;
    return {
      open: (request) => this.#open(request),
      prompt: (mode) => this.#openPrompt(mode),
      palette: () => void this.#palette(),
      history: (step) => {
        if (!navigation.history(step)) this.flash.show("info", "there is no other place in that direction");
      },
      namespaceKey: (digit) => this.#namespaceKey(digit),
      useNamespace: (namespace) => this.#useNamespace(namespace),
      retryConnection: () => {
        const cluster = this.session.cluster.get();
        if (cluster?.status.get().state === "unreachable") cluster.retryNow();
      },
      toggleHeader: () => this.#header.update((shown) => !shown),
      goTo: (place) => this.#commands.goTo(place),
      command: (text) => this.#commands.run(text),
      back: () => this.#back(),
      quit: () => this.#options.quit(),
      flash: (tone, message) => this.flash.show(tone, message),
      confirm: (request) => this.busy.waiting(dialogs.confirm(request)),
      input: (request) => this.busy.waiting(dialogs.input(request)),
      pick: (request) => this.busy.waiting(dialogs.pick(request)),
    };
  }

  #back(): void {
    const view = this.navigation.front;
    if (view?.escape?.() === true || this.navigation.back()) return;
    this.flash.show("info", "this is the first place; :q or Ctrl-C quits");
  }

  #opened(cluster: Cluster): void {
    this.#history.useContext(cluster.context.name);
    this.journal.follow(cluster);
    this.forwards.follow(cluster);
    this.#forwardSets.openOwn(cluster, this.session.settingsOf(cluster.context.name).portForwards ?? []);
    this.prompt.close();
    this.#commands.stopNamespaces();
    this.navigation.clear();
    this.#commands.run(this.#commands.takeNext() ?? "pods");
    // A first command that cannot be read must not leave an empty screen.
    if (this.navigation.front === undefined) this.#commands.run("pods");
    this.#options.logger.info("context opened", { context: cluster.context.name });
  }

  /** Closes a cluster when nothing has to be taken away from it any more, unless it is in use again. */
  async #close(cluster: Cluster): Promise<void> {
    await this.#closing.settled(this.#options.clock);
    if (this.session.cluster.get() !== cluster) cluster.close();
  }

  #host(): ViewHost {
    const { session } = this;
    const { clock, settings } = this.#options;
    const cluster = session.cluster.get();
    return {
      get cluster(): Cluster {
        if (cluster === undefined) throw new KelpieError("no cluster is open", { hint: ":ctx lists the contexts." });
        return cluster;
      },
      clock,
      settings,
      app: this.doors,
      kinds,
      namespace: session.namespace,
      sorts: this.#sorts,
      logFilters: this.#logFilters,
      savePath: (name) => this.#options.savePath(name),
      session: this.#viewSession,
    };
  }

  #create(request: ViewRequest): View | undefined {
    const definition = this.#views.get(request.view);
    if (definition === undefined) {
      this.flash.show("error", `there is no view ${request.view}`);
      return undefined;
    }
    try {
      return definition.create(this.#host(), request.parameters);
    } catch (error) {
      this.#options.logger.error("view not opened", { view: request.view, error });
      this.flash.show("error", errorMessage(error));
      return undefined;
    }
  }

  #open(request: ViewRequest): void {
    if (request.view === "help") {
      if (this.navigation.front?.id === "help") return;
      this.#help = { view: this.navigation.front, offered: this.hints() };
    }
    const view = this.#create(request);
    if (view !== undefined) this.navigation.push(request.title, view);
  }

  #startTrail(request: ViewRequest): void {
    const view = this.#create(request);
    if (view !== undefined) this.navigation.start(request.title, view);
  }

  #openPrompt(mode: "command" | "search"): void {
    if (mode === "command") this.#commands.followNamespaces();
    this.prompt.open(mode, mode === "search" ? (this.navigation.front?.searchText?.() ?? "") : "");
  }

  #accept(mode: "command" | "search", text: string): void {
    this.#commands.stopNamespaces();
    if (mode === "command") this.#commands.run(text);
    else this.navigation.front?.command("search.set", text);
  }

  async #palette(): Promise<void> {
    const offered = this.hints();
    const label = ({ action }: OfferedAction): string => action.title;
    const chosen = await this.doors.pick({
      title: "Actions",
      items: offered.map(label),
      details: offered.map(({ keys, reason }) => {
        const shown = keys.map(showKey).join(" ");
        return reason === undefined ? shown : `${shown}  off: ${reason}`;
      }),
    });
    const action = offered.find((each) => label(each) === chosen)?.action;
    if (action !== undefined) this.runAction(action.id);
  }

  #namespaceKey(digit: number): void {
    if (digit === 0) {
      this.#useNamespace("");
      return;
    }
    const namespace = this.session.namespaceKeys[digit - 1];
    if (namespace === undefined) this.flash.show("info", `no namespace on ${digit}: the ones you use come there`);
    else this.#useNamespace(namespace);
  }

  #useNamespace(namespace: string): void {
    const view = this.navigation.front;
    if (view?.id === "resource-table" && view.selection().kind?.namespaced === true) {
      view.command("table.namespace", namespace);
    }
    this.session.useNamespace(namespace);
    this.flash.show("info", namespacesText(namespace));
  }
}
