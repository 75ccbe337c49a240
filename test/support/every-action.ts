import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readFileSync } from "node:fs";
import { vi } from "vitest";
import { Closing } from "../../src/app/closing.ts";
import type { AppServices } from "../../src/app/context.ts";
import { createOperations } from "../../src/app/operations/create-operations.ts";
import { views } from "../../src/app/views.ts";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { readWholeObject } from "../../src/cluster/row-reader.ts";
import { resolvePaths } from "../../src/config/paths.ts";
import type {
  Action,
  ActionContext,
  AppDoors,
  ConfirmRequest,
  InputRequest,
  Operations,
  PickRequest,
  TargetObject,
} from "../../src/hotkeys/action.ts";
import { reasonAgainst } from "../../src/hotkeys/dispatch.ts";
import { actions } from "../../src/hotkeys/registry.ts";
import { delay, systemClock } from "../../src/lib/clock.ts";
import { asRecords, at, type KubeObject } from "../../src/lib/kube/object.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { Task } from "../../src/lib/task.ts";
import type { KindDefinition } from "../../src/resources/kind.ts";
import { kinds } from "../../src/resources/kinds/index.gen.ts";
import type { View, ViewHost } from "../../src/views/view.ts";
import { eventually, openFakeCluster, temporaryDirectory, type Cleanup } from "./cluster-fixture.ts";
import { hastyClock } from "./hasty-clock.ts";
import type { RecordedRequest } from "./fake-api-request.ts";
import type { FakeApiServer } from "./fake-api-server.ts";
import { PATIENCE } from "./patience.ts";
import { recordingHost, targetOf } from "./view-host.ts";
import { pipeTerminal } from "./pipe-terminal.ts";

/** What one press of an action came to. */
export interface Trial {
  readonly action: Action;
  /** The kind it was pressed on, or the view. */
  readonly where: string;
  readonly targets: readonly string[];
  /** What was asked, in order; `atRequest` is how many requests had been sent when it was answered. */
  readonly asked: ReadonlyArray<{ readonly text: string; readonly atRequest: number }>;
  /** Writes, and sessions that could write, with their place among the requests; `dryRun` changes nothing. */
  readonly writes: ReadonlyArray<{
    readonly method: string;
    readonly path: string;
    readonly index: number;
    readonly dryRun: boolean;
  }>;
}

export interface TrialOptions {
  /** What is done to every dialog: agreed to with its last choices, or cancelled. */
  readonly dialogs: "agree" | "cancel";
  /** Runs actions that the UI holds back, too. */
  readonly force: boolean;
  /** Called before anything is tried. */
  prepare?(cluster: Cluster): void;
}

/** The objects that an action on several acts on, and one that it must leave alone. */
export const MARKED = ["it-a", "it-b"] as const;
export const OTHER = "other";
const MOST_EMPTY = 2;
/** Releases made by helm itself. */
const RELEASES = asRecords(at(JSON.parse(readFileSync("test/fixtures/helm/releases.json", "utf8")), "items"));

/** Everything but reading and asking for rights; a session counts too, for it can change anything. */
export function isWrite({ method, path }: RecordedRequest): boolean {
  if (method === "GET") return /\/(exec|attach)$/.test(path);
  return !/(accessreviews|rulesreviews|subjectreviews)$/.test(path);
}

/** An object that every action of its kind has something to do with. */
function objectOf(kind: KindDefinition, name: string): KubeObject {
  const { group, version } = kind.gvr;
  const containers = [{ name: "main", image: "localhost/host", ports: [{ containerPort: 80 }] }];
  const template = { metadata: { labels: { app: name } }, spec: { containers } };
  const owned = kind.gvr.resource === "replicasets" || kind.gvr.resource === "controllerrevisions";
  const owner = { apiVersion: "apps/v1", kind: "Deployment", name, uid: `uid-Deployment-${name}`, controller: true };
  return {
    apiVersion: group === "" ? version : `${group}/${version}`,
    kind: kind.kind,
    metadata: {
      name,
      uid: `uid-${kind.kind}-${name}`,
      labels: { app: name },
      ...(kind.namespaced ? { namespace: "default" } : {}),
      ...(owned ? { ownerReferences: [owner], annotations: { "deployment.kubernetes.io/revision": "1" } } : {}),
      ...(kind.kind === "Deployment" ? { annotations: { "deployment.kubernetes.io/revision": "2" } } : {}),
    },
    spec: {
      replicas: 3,
      containers,
      template: owned ? { ...template, spec: { containers: [{ name: "main", image: "localhost/old" }] } } : template,
      jobTemplate: { spec: { template } },
      resources: { requests: { storage: "1Gi" } },
      nodeName: "other",
      ...(name === MARKED[1] ? { unschedulable: true } : {}),
    },
    status: {
      phase: kind.kind === "Pod" ? "Running" : "Bound",
      containerStatuses: [{ name: "main", ready: true, state: { running: { startedAt: "2026-01-01T00:00:00Z" } } }],
    },
    data: { key: "dmFsdWU=" },
  };
}

/** A text that the dialog takes. */
function takenBy(request: InputRequest): string {
  const texts = ["2", "key=value", "key=value:NoSchedule", "9Gi", "localhost/other", "8080:80", "/tmp/a", "name-of-it"];
  const taken = texts.find((text) => request.validate(text) === undefined);
  if (taken === undefined) throw new Error(`no answer for "${request.title}"`);
  return taken;
}

function textOf(request: ConfirmRequest | InputRequest | PickRequest): string {
  const body = "lines" in request ? request.lines : [...request.items, ...(request.details ?? [])];
  return [request.title, ...body].join("\n");
}

/** Tries every mutating action on every kind that has it, and in every view that has its scope. */
export async function tryEveryAction(cleanup: Cleanup, options: TrialOptions): Promise<readonly Trial[]> {
  const { server, cluster } = await openFakeCluster(cleanup, { pods: 0, nodes: 0, namespaces: 1, everyKind: true });
  // A session that is refused ends at once, and was asked for all the same.
  server.intercept(({ path }) =>
    /\/(exec|attach|portforward)$/.test(path) ? { kind: "status", code: 403, reason: "Forbidden" } : undefined,
  );
  await eventually(cluster.catalog, ({ state }) => state === "ready");
  const tries = new Tries(server, cluster, await temporaryDirectory(cleanup), options);
  await tries.run();
  return tries.trials;
}

class Tries {
  readonly trials: Trial[] = [];
  readonly #server: FakeApiServer;
  readonly #cluster: Cluster;
  readonly #options: TrialOptions;
  readonly #host: ViewHost;
  /** Holds a manifest, for the view of folders. */
  readonly #directory: string;
  /** What actions and commands of views have begun. */
  readonly #work: Array<Promise<unknown>> = [];
  /** What runs in views of its own; nobody watches it here. */
  readonly #tasks: Task[] = [];
  #asked: Array<Trial["asked"][number]> = [];
  /** How many kinds of objects a view had nothing to show of. */
  readonly #empty = new Map<string, number>();

  constructor(server: FakeApiServer, cluster: Cluster, directory: string, options: TrialOptions) {
    this.#server = server;
    this.#cluster = cluster;
    this.#options = options;
    this.#directory = directory;
    const { host } = recordingHost(cluster, { clock: hastyClock(50), directory });
    const app: Omit<AppDoors, "operations"> = {
      ...host.app,
      open: ({ parameters }) => {
        const { task } = parameters;
        if (!(task instanceof Task)) return;
        this.#tasks.push(task);
        this.#work.push(task.ended);
      },
      confirm: (request) =>
        this.#answer(
          request,
          Object.fromEntries((request.choices ?? []).map(({ id, options: all }) => [id, all.at(-1) ?? ""])),
        ),
      input: (request) => this.#answer(request, takenBy(request)),
      pick: (request) => this.#answer(request, request.items[0]),
    };
    const services: AppServices = {
      clock: host.clock,
      logger: silentLogger,
      settings: host.settings,
      paths: resolvePaths({ KELPIE_HOME: directory }),
      env: { PATH: process.env["PATH"], EDITOR: "sed -i -e s/localhost/elsewhere/ -e s/new-/made-/" },
      cluster: () => cluster,
      namespace: () => "default",
      closing: new Closing(),
      journal: () => cluster.writes.journal.get(),
      app,
      suspend: (body) => body(pipeTerminal().terminal),
    };
    this.#host = { ...host, app: { ...app, operations: this.#followed(createOperations(services, () => {})) } };
  }

  async run(): Promise<void> {
    this.#restore();
    const metadata = { name: MARKED[0], namespace: "default" };
    const manifest = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { colour: "blue" } };
    await writeFile(join(this.#directory, "manifest.yaml"), JSON.stringify(manifest));
    await this.#writeForTheJournal();
    this.#options.prepare?.(this.#cluster);
    const mutating = actions.filter((action) => action.mutates === true);
    for (const kind of kinds) {
      for (const action of mutating) {
        if (action.scope === "table" && action.needs !== undefined && kind.can.includes(action.needs)) {
          await this.#try(action, kind.gvr.resource, this.#onKind(kind));
        }
      }
    }
    for (const kind of kinds) await this.#inViewsOf(kind, mutating);
  }

  #onKind(kind: KindDefinition): ActionContext {
    const [first, second] = MARKED.map((name) => targetOf(this.#server, kind.gvr.resource, objectOf(kind, name)));
    if (first === undefined || second === undefined) throw new Error("there is nothing to act on");
    return this.#context({ targets: [first, second], cursor: first, kind, container: undefined }, undefined);
  }

  /** Every view that opens on an object, or on nothing, and has keys of its own that write. */
  async #inViewsOf(kind: KindDefinition, mutating: readonly Action[]): Promise<void> {
    for (const definition of views) {
      if (definition.id === "resource-table") continue;
      const view = this.#open(definition, targetOf(this.#server, kind.gvr.resource, objectOf(kind, MARKED[0])));
      const own = mutating.filter(
        ({ scope, id, needs }) =>
          view?.scopes.includes(scope) === true &&
          (needs === undefined || kind.can.includes(needs)) &&
          !this.#done(definition.id, id),
      );
      const empty = this.#empty.get(definition.id) ?? 0;
      if (view === undefined || own.length === 0 || empty >= MOST_EMPTY) continue;
      view.show();
      const filled = await comes(() => view.freshness.get().state !== "loading" && view.title.get().count !== "0");
      if (!filled) this.#empty.set(definition.id, empty + 1);
      for (const action of filled ? own : []) {
        for (const place of ["move.top", "move.bottom"]) {
          view.command(place);
          await this.#try(action, definition.id, this.#context(view.selection(), view));
        }
      }
      view.hide();
      view.dispose();
    }
  }

  #open(definition: (typeof views)[number], target: TargetObject): View | undefined {
    const { resource } = target;
    const entry = this.#cluster.writes.journal.get()[0]?.id;
    try {
      return definition.create(this.#host, {
        target,
        targets: [target],
        resource,
        namespace: "",
        entry,
        path: this.#directory,
      });
    } catch {
      // It wants something else: a task, a text, two texts. Such a view shows what another one has begun.
      return undefined;
    }
  }

  /** Whether it did something in a view already: other kinds do not differ in that. */
  #done(where: string, id: string): boolean {
    return this.trials.some(
      (trial) => trial.where === where && trial.action.id === id && (this.#options.force || trial.asked.length > 0),
    );
  }

  #context(selection: ReturnType<View["selection"]>, view: View | undefined): ActionContext {
    return {
      ...selection,
      readOnly: this.#cluster.writes.readOnly.get(),
      app: this.#host.app,
      view: {
        id: view?.id ?? "resource-table",
        command: (name, argument) => view?.command(name, argument),
        disabledReason: (name) => view?.disabledReason?.(name),
      },
    };
  }

  async #try(action: Action, where: string, context: ActionContext): Promise<void> {
    if (!this.#options.force && reasonAgainst(action, context) !== undefined) return;
    const { requests } = this.#server;
    const first = requests.length;
    this.#asked = [];
    const running = action.run(context);
    if (running !== undefined) this.#work.push(running);
    let pending = 1;
    const settle = async (): Promise<void> => {
      while (this.#work.length > 0) await Promise.all(this.#work.splice(0));
      pending = 0;
    };
    const settled = settle();
    if (!(await comes(() => pending === 0, 300))) {
      // A shell on a node waits for a pod that nothing runs here.
      const cancelled = (): boolean => {
        for (const task of this.#tasks) task.cancel();
        return pending === 0;
      };
      await vi.waitUntil(cancelled, { timeout: PATIENCE, interval: 5 }).catch(() => {
        throw new Error(`${action.id} on ${where} does not come to an end`);
      });
    }
    await settled;
    this.#tasks.length = 0;
    const writes = requests.flatMap((request, index) =>
      index >= first && isWrite(request)
        ? [{ method: request.method, path: request.path, index, dryRun: request.query.has("dryRun") }]
        : [],
    );
    const targets = context.targets.map(({ name }) => name);
    this.trials.push({ action, where, targets, asked: this.#asked, writes });
    if (writes.length > 0) this.#restore();
  }

  #answer<T>(request: ConfirmRequest | InputRequest | PickRequest, answer: T): Promise<T | undefined> {
    this.#asked.push({ text: textOf(request), atRequest: this.#server.requests.length });
    if (this.#asked.length > 20) throw new Error(`it asks for ever: ${request.title}`);
    return Promise.resolve(this.#options.dialogs === "agree" ? answer : undefined);
  }

  /** The operations, each waited for, whoever begins it. */
  #followed(operations: Operations): Operations {
    return new Proxy(operations, {
      get: (target, name) => {
        const operation: unknown = Reflect.get(target, name);
        if (typeof operation !== "function") return operation;
        return (...task: readonly unknown[]): unknown => {
          const running: unknown = Reflect.apply(operation, target, task);
          if (running instanceof Promise) this.#work.push(running);
          return running;
        };
      },
    });
  }

  /** The journal has an entry that can be undone. */
  async #writeForTheJournal(): Promise<void> {
    const metadata = { name: "noted", namespace: "default", uid: "uid-noted" };
    this.#server.push({ apiVersion: "v1", kind: "ConfigMap", metadata });
    const target = { resource: this.#server.resource("configmaps"), ...metadata };
    await this.#cluster.writes.patch(target, "merge", { metadata: { labels: { tier: "gold" } } });
  }

  #restore(): void {
    for (const kind of kinds) for (const name of [...MARKED, OTHER]) this.#server.push(objectOf(kind, name));
    for (const release of RELEASES) {
      const object = readWholeObject(
        release,
        this.#server.resource(release["kind"] === "Secret" ? "secrets" : "configmaps"),
      );
      if (object !== undefined) this.#server.push(object);
    }
    const sets = kinds.find(({ gvr }) => gvr.resource === "replicasets");
    if (sets === undefined) return;
    const { ownerReferences = [] } = objectOf(sets, MARKED[0]).metadata;
    const newest = objectOf(sets, `${MARKED[0]}-2`);
    const annotations = { "deployment.kubernetes.io/revision": "2" };
    this.#server.push({ ...newest, metadata: { ...newest.metadata, ownerReferences, annotations } });
  }
}

/**
 * Whether something comes within so many turns of 5 ms, in each of which server and client go on: a busy machine makes
 * them longer, not fewer. What never comes is noticed at the end: its action was tried nowhere.
 */
async function comes(holds: () => boolean, turns = 100): Promise<boolean> {
  for (let turn = 0; turn < turns && !holds(); turn += 1) await delay(systemClock, 5);
  return holds();
}
