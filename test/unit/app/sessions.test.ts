import { createServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { Closing } from "../../../src/app/closing.ts";
import type { AppServices } from "../../../src/app/context.ts";
import { createPortForward } from "../../../src/app/operations/port-forward.ts";
import { createShell } from "../../../src/app/operations/shell.ts";
import { resolvePaths } from "../../../src/config/paths.ts";
import type { InputRequest } from "../../../src/lib/dialog-request.ts";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { silentLogger } from "../../../src/lib/log.ts";
import { Cleanup, eventually, openFakeCluster } from "../../support/cluster-fixture.ts";
import type { FakeApiServer } from "../../support/fake-api-server.ts";
import { pipeTerminal } from "../../support/pipe-terminal.ts";
import { recordingHost, targetOf, type RecordingHost } from "../../support/view-host.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const running = (name: string): Record<string, unknown> => ({ name, ready: true, state: { running: {} } });

function pod(statuses: ReadonlyArray<Record<string, unknown>>): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "web-1",
      namespace: "default",
      uid: "uid-web",
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: { app: "web" },
    },
    spec: { containers: statuses.map(({ name }) => ({ name, ports: [{ name: "http", containerPort: 8080 }] })) },
    status: { phase: "Running", containerStatuses: statuses },
  };
}

interface Rig {
  readonly server: FakeApiServer;
  readonly services: AppServices;
  readonly host: RecordingHost;
  readonly picks: ReadonlyArray<readonly string[]>;
  screen(): string;
}

/** Services whose terminal is made of pipes. */
async function rig(object: KubeObject): Promise<Rig> {
  const { server, cluster } = await openFakeCluster(cleanup, { pods: 0 });
  server.push(object);
  await eventually(cluster.catalog, (catalog) => catalog.state === "ready");
  const host = recordingHost(cluster);
  const picks: Array<readonly string[]> = [];
  const pipes = pipeTerminal();
  const services: AppServices = {
    clock: host.host.clock,
    logger: silentLogger,
    settings: host.host.settings,
    paths: resolvePaths({ KELPIE_HOME: "/nonexistent" }),
    env: {},
    namespace: () => "default",
    closing: new Closing(),
    cluster: () => cluster,
    journal: () => [],
    app: {
      ...host.host.app,
      pick: ({ items }) => {
        picks.push(items);
        return Promise.resolve(items[0]);
      },
    },
    suspend: (body) => body(pipes.terminal),
  };
  return { server, services, host, picks, screen: () => pipes.screen() };
}

/** Ends every session with an exit code, as a container runtime reports it. */
function exitWith(server: FakeApiServer, code: number, said: string): void {
  const failure = {
    status: "Failure",
    reason: "NonZeroExitCode",
    message: `command terminated with exit code ${code}`,
    details: { causes: [{ reason: "ExitCode", message: String(code) }] },
  };
  server.sessions.onSession = (session) => {
    session.send(1, said);
    session.send(3, JSON.stringify(code === 0 ? { status: "Success" } : failure));
    session.close();
  };
}

test("a shell asks which of several containers, shows what it says and tells its exit code", async () => {
  const object = pod([running("main"), running("side")]);
  const one = await rig(object);
  exitWith(one.server, 3, "hello\r\n");
  await createShell(one.services)(targetOf(one.server, "pods", object), undefined);
  expect(one.picks).toEqual([["main", "side"]]);
  expect(one.server.sessions.opened[0]?.query.get("container")).toBe("main");
  expect(one.screen()).toContain("hello");
  expect(one.host.flashes).toEqual(["warning: the shell in web-1/main ended with exit code 3"]);
});

test("a container without a shell is said to have none", async () => {
  const object = pod([running("main")]);
  const one = await rig(object);
  exitWith(one.server, 127, "");
  await createShell(one.services)(targetOf(one.server, "pods", object), undefined);
  expect(one.host.flashes[0]).toMatch(/^error: web-1\/main has no shell: its image holds neither bash nor sh/);
});

test("a shell in a pod that does not run says what it does instead, and opens nothing", async () => {
  const object = pod([{ name: "main", ready: false, state: { waiting: { reason: "ImagePullBackOff" } } }]);
  const one = await rig(object);
  await createShell(one.services)(targetOf(one.server, "pods", object), undefined);
  expect(one.host.flashes).toEqual(["warning: no container of web-1 runs: it is ImagePullBackOff"]);
  expect(one.server.sessions.opened).toEqual([]);
});

test("read-only opens no shell", async () => {
  const object = pod([running("main")]);
  const one = await rig(object);
  one.services.cluster()?.writes.setReadOnly(true);
  await createShell(one.services)(targetOf(one.server, "pods", object), undefined);
  expect(one.host.flashes[0]).toMatch(/^warning: read-only/);
  expect(one.server.sessions.opened).toEqual([]);
});

test("a service is forwarded to a ready pod behind it, at the port its name stands for", async () => {
  const object = pod([running("main")]);
  const one = await rig(object);
  const service: KubeObject = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web", namespace: "default", uid: "uid-svc", creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: "http" }] },
  };
  one.server.push(service);
  one.host.answer = ":80";
  await createPortForward(one.services)(targetOf(one.server, "services", service), undefined);
  const [forward] = one.services.cluster()?.portForwards.get() ?? [];
  expect(forward).toMatchObject({ pod: { name: "web-1", port: 8080 }, port: 80, state: "listening" });
  expect(one.host.flashes[0]).toBe(`info: 127.0.0.1:${forward?.localPort} -> svc/web:80 on web-1; :pf lists them`);
});

test("a local port that is taken is named, and a free one is offered", async () => {
  const object = pod([running("main")]);
  const one = await rig(object);
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  cleanup.add(() => new Promise<void>((resolve) => void taken.close(() => resolve())));
  const address = taken.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const asked: InputRequest[] = [];
  const input = (request: InputRequest): Promise<string> => {
    asked.push(request);
    return Promise.resolve(asked.length === 1 ? `${port}:http` : request.initial);
  };
  const services = { ...one.services, app: { ...one.services.app, input } };
  await createPortForward(services)(targetOf(one.server, "pods", object), undefined);
  expect(asked.map(({ initial }) => initial)).toEqual(["8080:http", expect.stringMatching(/^\d+:http$/)]);
  expect(asked[1]?.lines[0]).toBe(`cannot listen on 127.0.0.1:${port}: it is in use. The next free one is offered.`);
  const [forward] = services.cluster()?.portForwards.get() ?? [];
  expect(forward).toMatchObject({ port: "http", pod: { name: "web-1", port: 8080 } });
  expect(asked[1]?.initial).toBe(`${forward?.localPort}:http`);
});
