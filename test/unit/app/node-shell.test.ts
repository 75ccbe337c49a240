import { afterEach, expect, test } from "vitest";
import { Closing } from "../../../src/app/closing.ts";
import type { AppServices } from "../../../src/app/context.ts";
import { createNodeShell } from "../../../src/app/operations/node-shell.ts";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { resolvePaths } from "../../../src/config/paths.ts";
import type { ConfirmRequest } from "../../../src/hotkeys/action.ts";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { silentLogger } from "../../../src/lib/log.ts";
import { Task } from "../../../src/lib/task.ts";
import { Cleanup, eventually, openFakeCluster } from "../../support/cluster-fixture.ts";
import type { FakeApiServer } from "../../support/fake-api-server.ts";
import { pipeTerminal } from "../../support/pipe-terminal.ts";
import { recordingHost, targetOf } from "../../support/view-host.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const node: KubeObject = { apiVersion: "v1", kind: "Node", metadata: { name: "worker", uid: "uid-worker" } };

interface Rig {
  readonly server: FakeApiServer;
  readonly cluster: Cluster;
  readonly services: AppServices;
  readonly questions: ConfirmRequest[];
  readonly flashes: string[];
  /** Asks, answers yes, and gives the work. */
  begin(): Promise<Task>;
  /** The pod that was created, as the server has it. */
  pod(): Promise<KubeObject>;
  /** The kubelet says how its container is. */
  report(state: Readonly<Record<string, unknown>>): Promise<void>;
  /** `POST`, `DELETE` of pods, in order. */
  writes(): readonly string[];
  screen(): string;
}

/** Services with a terminal made of pipes and a view that somebody looks at. */
async function rig(): Promise<Rig> {
  const { server, cluster } = await openFakeCluster(cleanup, { pods: 0 });
  server.push(node);
  await eventually(cluster.catalog, (catalog) => catalog.state === "ready");
  const { host, flashes } = recordingHost(cluster);
  const questions: ConfirmRequest[] = [];
  let task: Task | undefined;
  const pipes = pipeTerminal();
  const services: AppServices = {
    clock: host.clock,
    logger: silentLogger,
    settings: host.settings,
    paths: resolvePaths({ KELPIE_HOME: "/nonexistent" }),
    env: {},
    namespace: () => "default",
    closing: new Closing(),
    cluster: () => cluster,
    journal: () => [],
    app: {
      ...host.app,
      open: ({ parameters }) => {
        if (!(parameters["task"] instanceof Task)) return;
        task = parameters["task"];
        task.watched.set(true);
      },
      confirm: (request) => {
        questions.push(request);
        return Promise.resolve({});
      },
    },
    suspend: (body) => body(pipes.terminal),
  };
  const pods = server.resource("pods");
  const made: Rig = {
    server,
    cluster,
    services,
    questions,
    flashes,
    begin: async () => {
      await createNodeShell(services)(targetOf(server, "nodes", node));
      if (task === undefined) throw new Error("no work was begun");
      return task;
    },
    pod: async () => {
      await server.until(() => made.writes().includes("POST"));
      const [pod] = await cluster.list(pods, { namespace: "default" });
      if (pod === undefined) throw new Error("there is no pod");
      return { ...pod, apiVersion: "v1", kind: "Pod" };
    },
    report: async (state) => {
      const pod = await made.pod();
      server.push({ ...pod, status: { phase: "Pending", containerStatuses: [{ name: "shell", state }] } });
    },
    writes: () =>
      server.requests
        .filter(({ method, path }) => method !== "GET" && path.startsWith("/api/v1/namespaces/default/pods"))
        .map(({ method }) => method),
    screen: () => pipes.screen(),
  };
  return made;
}

const RUNNING = { running: { startedAt: "2026-01-01T00:00:00Z" } };

test("the shell is a privileged pod on the node, listed before, and deleted by its uid when it ends", async () => {
  const one = await rig();
  one.server.sessions.onSession = (session) => {
    session.send(1, "root@worker:/# ");
    session.send(3, JSON.stringify({ status: "Success" }));
    session.close();
  };
  const task = await one.begin();
  expect(one.questions[0]?.lines.join("\n")).toMatch(
    /on worker\n[^]*busybox[^]*privileged[^]*taint[^]*deleted[^]*8 hours/,
  );
  const pod = await one.pod();
  expect(pod["spec"]).toMatchObject({
    nodeName: "worker",
    hostPID: true,
    hostNetwork: true,
    hostIPC: true,
    activeDeadlineSeconds: 28_800,
    tolerations: [{ operator: "Exists" }],
    containers: [{ stdin: true, stdinOnce: true, tty: true, securityContext: { privileged: true } }],
  });
  await one.report(RUNNING);
  await task.ended;
  expect(one.screen()).toContain("root@worker:/# ");
  expect(one.server.sessions.opened[0]?.path).toContain(`/pods/${pod.metadata.name}/attach`);
  expect(one.writes()).toEqual(["POST", "DELETE"]);
  const deletion = one.server.requests.findLast(({ method }) => method === "DELETE");
  expect(JSON.parse(deletion?.body ?? "{}")).toMatchObject({ preconditions: { uid: pod.metadata.uid } });
  expect(one.flashes).toEqual(["info: the shell ended with exit code 0"]);
  expect(one.cluster.writes.journal.get().map(({ verb }) => verb)).toEqual(["create", "delete"]);
});

test("a pod that is not let onto the node is deleted when the wait is cancelled", async () => {
  const one = await rig();
  const task = await one.begin();
  await one.report({ waiting: { reason: "ImagePullBackOff", message: "no such image" } });
  await eventually(task.state, ({ lines }) => lines.at(-1)?.text === "waiting: ImagePullBackOff: no such image");
  task.cancel();
  await task.ended;
  expect(one.writes()).toEqual(["POST", "DELETE"]);
  expect(one.flashes[0]).toMatch(
    /^warning: shell on worker was cancelled: pod default\/kelpie-node-shell-\w+ deleted$/,
  );
});

test("the end of the program waits until the pod is deleted", async () => {
  const one = await rig();
  const task = await one.begin();
  await one.pod();
  task.cancel();
  await one.services.closing.settled(one.services.clock);
  expect(one.writes()).toEqual(["POST", "DELETE"]);
});

test("a shell that nobody leaves ends with the program, and its pod goes", async () => {
  const one = await rig();
  const task = await one.begin();
  await one.report(RUNNING);
  await one.server.until(() => one.server.sessions.opened.length > 0);
  await expect.poll(() => one.screen()).toContain("shell on worker");
  task.cancel();
  await one.services.closing.settled(one.services.clock);
  expect(one.writes()).toEqual(["POST", "DELETE"]);
});

test("a pod whose container ends at once is deleted, and why it ended is said", async () => {
  const one = await rig();
  const task = await one.begin();
  await one.report({ terminated: { exitCode: 1, message: "nsenter: not permitted" } });
  await task.ended;
  expect(one.writes()).toEqual(["POST", "DELETE"]);
  expect(one.flashes).toEqual([
    "error: no shell on worker: container shell ended with exit code 1: nsenter: not permitted",
  ]);
});

test("a connection that cannot be opened leaves no pod", async () => {
  const one = await rig();
  one.server.intercept(({ path }) =>
    path.endsWith("/attach") ? { kind: "status", code: 403, message: "pods/attach is forbidden" } : undefined,
  );
  const task = await one.begin();
  await one.report(RUNNING);
  await task.ended;
  expect(one.writes()).toEqual(["POST", "DELETE"]);
  expect(one.flashes[0]).toContain("pods/attach is forbidden");
});

test("what the server refuses to create is said in its words, and nothing is deleted", async () => {
  const one = await rig();
  const words = 'pods "x" is forbidden: violates PodSecurity "baseline:latest": privileged';
  one.server.intercept(({ method }) => (method === "POST" ? { kind: "status", code: 403, message: words } : undefined));
  const task = await one.begin();
  await task.ended;
  expect(one.writes()).toEqual(["POST"]);
  expect(one.flashes[0]).toContain(words);
});

test("a creation that nobody answered is undone all the same", async () => {
  const one = await rig();
  one.server.intercept(({ method }) => (method === "POST" ? { kind: "cut", afterBytes: 0 } : undefined));
  const task = await one.begin();
  await task.ended;
  expect(one.writes()).toContain("DELETE");
});

test("a pod that cannot be deleted is named", async () => {
  const one = await rig();
  one.server.intercept(({ method }) =>
    method === "DELETE" ? { kind: "status", code: 500, message: "etcd is away" } : undefined,
  );
  const task = await one.begin();
  await one.report({ terminated: { exitCode: 0 } });
  await task.ended;
  expect(one.flashes[0]).toMatch(
    /^error: no shell on worker: the privileged pod default\/kelpie-node-shell-\w+ was not deleted: .*etcd is away\. Delete it\.$/,
  );
});
