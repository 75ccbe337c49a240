import { PassThrough } from "node:stream";
import { afterEach, expect, test } from "vitest";
import { Closing } from "../../../src/app/closing.ts";
import type { AppServices } from "../../../src/app/context.ts";
import { createOperations } from "../../../src/app/operations/create-operations.ts";
import { resolvePaths } from "../../../src/config/paths.ts";
import type { Action, ActionContext, InputRequest } from "../../../src/hotkeys/action.ts";
import { actions } from "../../../src/hotkeys/registry.ts";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { silentLogger } from "../../../src/lib/log.ts";
import { Task } from "../../../src/lib/task.ts";
import type { KindDefinition } from "../../../src/resources/kind.ts";
import { deployments } from "../../../src/resources/kinds/deployments.ts";
import type { StoredRelease } from "../../../src/resources/helm/stored-release.ts";
import type { Revision } from "../../../src/resources/rollout-history.ts";
import { kinds } from "../../../src/resources/kinds/index.gen.ts";
import { Cleanup, eventually, openFakeCluster, temporaryDirectory } from "../../support/cluster-fixture.ts";
import { FAKE_RESOURCES } from "../../support/fake-api-resources.ts";
import type { RecordedRequest } from "../../support/fake-api-request.ts";
import { recordingHost, targetOf } from "../../support/view-host.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const REVISION: Revision = {
  number: 1,
  name: "it-1",
  template: { metadata: {} },
  images: [],
  changeCause: "",
  createdAt: "",
  current: false,
  patch: { type: "json", body: [{ op: "replace", path: "/spec/template", value: {} }] },
};

const RELEASE: StoredRelease = {
  driver: "secrets",
  namespace: "default",
  name: "it",
  revision: 1,
  status: "deployed",
  writtenAt: 0,
  labels: {},
  objectName: "sh.helm.release.v1.it.v1",
  uid: "uid-release",
  resourceVersion: "1",
};

const mutating = actions.filter((action) => action.mutates === true);
const served = kinds.filter(({ gvr }) =>
  FAKE_RESOURCES.some((one) => one.group === gvr.group && one.resource === gvr.resource),
);

/** An earlier revision of the deployment. */
const OF_DEPLOYMENT = {
  annotations: { "deployment.kubernetes.io/revision": "1" },
  ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name: "it", uid: "uid-Deployment", controller: true }],
};

/** An object that every action of its kind has something to do with. */
function objectOf(kind: KindDefinition): KubeObject {
  const { group, version } = kind.gvr;
  const containers = [{ name: "main", image: "localhost/host" }];
  const template = { metadata: { labels: { app: "it" } }, spec: { containers } };
  return {
    apiVersion: group === "" ? version : `${group}/${version}`,
    kind: kind.kind,
    metadata: {
      name: "it",
      uid: `uid-${kind.kind}`,
      ...(kind.namespaced ? { namespace: "default" } : {}),
      ...(kind.kind === "ReplicaSet" ? OF_DEPLOYMENT : {}),
    },
    spec: {
      containers,
      template,
      jobTemplate: { spec: { template } },
      resources: { requests: { storage: "1Gi" } },
      nodeName: "other",
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
  const texts = ["2", "key=value", "key=value:NoSchedule", "9Gi", "localhost/other", "/tmp/a"];
  const taken = texts.find((text) => request.validate(text) === undefined);
  if (taken === undefined) throw new Error(`no answer for "${request.title}"`);
  return taken;
}

/** Runs every mutating action on every kind that has it, as if nothing in the UI held it back. */
async function tryEverything(readOnly: boolean, left: (action: Action) => boolean): Promise<Map<string, string[]>> {
  const { server, cluster } = await openFakeCluster(cleanup, { pods: 0 });
  await eventually(cluster.catalog, (catalog) => catalog.state === "ready");
  cluster.writes.setReadOnly(readOnly);
  const directory = await temporaryDirectory(cleanup);
  const { host } = recordingHost(cluster);
  const tasks: Task[] = [];
  const app: AppServices["app"] = {
    ...host.app,
    open: ({ parameters }) => {
      if (parameters["task"] instanceof Task) tasks.push(parameters["task"]);
    },
    confirm: (request) =>
      Promise.resolve(Object.fromEntries((request.choices ?? []).map(({ id, options }) => [id, options.at(-1) ?? ""]))),
    input: (request) => Promise.resolve(takenBy(request)),
    pick: (request) => Promise.resolve(request.items[0]),
  };
  const services: AppServices = {
    clock: host.clock,
    logger: silentLogger,
    settings: host.settings,
    paths: resolvePaths({ KELPIE_HOME: directory }),
    env: { PATH: process.env["PATH"], EDITOR: "sed -i s/it/that/" },
    namespace: () => "default",
    closing: new Closing(),
    cluster: () => cluster,
    journal: () => [],
    app,
    suspend: (body) => body({ stdin: process.stdin, stdout: Object.assign(new PassThrough(), process.stdout) }),
  };
  const operations = createOperations(services, () => {});
  // What the commands of views begin.
  const viewWork: Array<Promise<void>> = [];
  const sent = new Map<string, string[]>();
  for (const action of mutating) {
    if (left(action)) continue;
    for (const kind of served.filter(({ can }) => action.needs === undefined || can.includes(action.needs))) {
      server.push(objectOf(kind));
      if (kind.kind === "ReplicaSet") server.push(objectOf(deployments));
      const before = server.requests.length;
      const target = targetOf(server, kind.gvr.resource, objectOf(kind));
      const context: ActionContext = {
        targets: [target],
        cursor: target,
        kind,
        container: "main",
        readOnly: false,
        app: { ...app, operations },
        view: {
          id: "table",
          command: (name) => {
            if (name === "rollout.undo") viewWork.push(operations.rollBack(target, REVISION, undefined));
            else if (name === "helm.roll-back") viewWork.push(operations.rollBackRelease(RELEASE, 1));
            else if (name === "helm.uninstall") viewWork.push(operations.uninstallRelease(RELEASE));
          },
        },
      };
      await action.run(context);
      await Promise.all(viewWork.splice(0));
      await Promise.all(tasks.splice(0).map((task) => task.ended));
      const writes = server.requests.slice(before).filter(isWrite);
      sent.set(action.id, [...(sent.get(action.id) ?? []), ...writes.map(({ method, path }) => `${method} ${path}`)]);
    }
  }
  return sent;
}

/** Everything but reading and asking for rights; a session counts too, for it can change anything. */
function isWrite({ method, path }: RecordedRequest): boolean {
  return method === "GET" ? /\/(exec|attach)$/.test(path) : !path.includes("accessreviews");
}

test("No mutating action sends a write in read-only mode, not even where the UI lets it through", async () => {
  const sent = await tryEverything(true, () => false);
  expect([...sent.keys()]).toEqual(mutating.map((action) => action.id));
  expect([...sent].filter(([, writes]) => writes.length > 0)).toEqual([]);
});

test("The same actions do write where writing is allowed: the test above can fail", async () => {
  // Sessions and editors want a terminal, releases are stored compressed: they are tried in the test above alone.
  const needsTerminal = /shell|attach|edit|copy-files|debug|^helm/;
  const sent = await tryEverything(false, ({ id }) => needsTerminal.test(id));
  expect([...sent].filter(([, writes]) => writes.length === 0)).toEqual([]);
});
