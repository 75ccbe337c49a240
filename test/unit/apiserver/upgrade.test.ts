import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import type { NodeAgent } from "../../../src/embedded/kubelet/node-agent.ts";
import { RESOURCES } from "../../../src/embedded/machinery/registry.ts";
import { StatusError } from "../../../src/embedded/machinery/status-error.ts";
import { refuseUpgrade } from "../../../src/embedded/server/api-server.ts";
import { bootstrapNamespaces } from "../../../src/embedded/server/bootstrap.ts";
import { createRegistry } from "../../../src/embedded/server/create-registry.ts";
import { Discovery } from "../../../src/embedded/server/discovery.ts";
import type { ServerContext } from "../../../src/embedded/server/exchange.ts";
import { ListSnapshots } from "../../../src/embedded/server/list-snapshots.ts";
import { createOpenApiHandler } from "../../../src/embedded/server/openapi-handler.ts";
import { createServiceAccountTokens } from "../../../src/embedded/server/service-account-tokens.ts";
import { createUpgradeHandler } from "../../../src/embedded/server/streams/upgrade.ts";
import { openStore } from "../../../src/embedded/store/sqlite-store.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { silentLogger } from "../../../src/lib/log.ts";
import { Cleanup } from "../../support/cluster-fixture.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const ADMIN = { name: "admin", uid: "", groups: ["system:masters"] };
const EXEC = "/api/v1/namespaces/default/pods/web/exec?command=sleep&stdout=true";

interface Node {
  readonly agent: NodeAgent;
  /** Resolves when a command is asked for. */
  readonly asked: Promise<void>;
  /** Lets the command start. */
  readonly start: () => void;
  /** Resolves when the session of the command was ended. */
  readonly closed: Promise<void>;
}

/** A node whose one command runs until its session is closed. */
function fakeNode(): Node {
  const asked = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const nothing = (): never => {
    throw new StatusError(500, "InternalError", "not in this test");
  };
  return {
    asked: asked.promise,
    start: started.resolve,
    closed: closed.promise,
    agent: {
      logs: nothing,
      attach: nothing,
      dial: nothing,
      podUsage: () => undefined,
      nodeUsage: () => undefined,
      async exec() {
        asked.resolve();
        await started.promise;
        const stdout = new PassThrough();
        const exited = Promise.withResolvers<number>();
        return {
          stdin: undefined,
          stdout,
          stderr: undefined,
          resize() {},
          exited: exited.promise,
          close() {
            stdout.end();
            exited.resolve(129);
            closed.resolve();
          },
        };
      },
    },
  };
}

/** A plain HTTP server that answers upgrades as the API server does for its administrator. Returns its port. */
async function serve(agent: NodeAgent): Promise<number> {
  const store = await openStore(":memory:");
  const registry = createRegistry({ store, clock: systemClock, logger: silentLogger });
  await bootstrapNamespaces(registry);
  await registry.create(RESOURCES.pods, "default", {
    metadata: { name: "web" },
    spec: { nodeName: "node", containers: [{ name: "main", image: "localhost/host" }] },
  });
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const context: ServerContext = {
    registry,
    tokens: createServiceAccountTokens(key, store, systemClock),
    clock: systemClock,
    logger: silentLogger,
    openApi: createOpenApiHandler(),
    version: "v1.36.0",
    discovery: new Discovery(registry.table.all),
    snapshots: new ListSnapshots(systemClock),
    nodeAgent: () => agent,
    notReady: () => undefined,
  };
  const upgrade = createUpgradeHandler(context);
  const server = createServer();
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => undefined);
    upgrade({ request, socket, head, user: ADMIN }).catch((error: unknown) => {
      if (error instanceof StatusError) refuseUpgrade(socket, error);
      else throw error;
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanup.add(() => void server.close());
  const address = server.address();
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}

async function ask(port: number, ...headers: readonly string[]): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  cleanup.add(() => void socket.destroy());
  await once(socket, "connect");
  socket.write([`GET ${EXEC} HTTP/1.1`, "Host: localhost", "Connection: Upgrade", ...headers, "", ""].join("\r\n"));
  return socket;
}

const WEB_SOCKET = ["Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: v5.channel.k8s.io"];
const GOOD_KEY = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==";
const SPDY = ["Upgrade: SPDY/3.1", "X-Stream-Protocol-Version: v4.channel.k8s.io"];

describe("a command whose client", () => {
  it.each([
    ["a WebSocket", [...WEB_SOCKET, GOOD_KEY]],
    ["SPDY", SPDY],
  ])("goes before it has started is ended (%s)", async (_, headers) => {
    const node = fakeNode();
    const socket = await ask(await serve(node.agent), ...headers);
    await node.asked;
    socket.resetAndDestroy();
    // The server must have seen the end of the connection before the command starts.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    node.start();
    await node.closed;
  });

  it("offers no good key is ended and told so", async () => {
    const node = fakeNode();
    const socket = await ask(await serve(node.agent), ...WEB_SOCKET, "Sec-WebSocket-Key: short");
    node.start();
    const [answer]: readonly unknown[] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1\.1 400 /);
    await node.closed;
  });

  it.each([
    ["a WebSocket", [...WEB_SOCKET, GOOD_KEY]],
    ["SPDY", SPDY],
  ])("goes while it runs is ended (%s)", async (_, headers) => {
    const node = fakeNode();
    const socket = await ask(await serve(node.agent), ...headers);
    node.start();
    const [answer]: readonly unknown[] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1\.1 101 /);
    socket.resetAndDestroy();
    await node.closed;
  });

  it.each([
    ["a WebSocket", [...WEB_SOCKET, GOOD_KEY], Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff])],
    ["SPDY", SPDY, Buffer.from([0x80, 3, 0, 1, 0, 0, 0, 12, ...Array.from({ length: 12 }, () => 0xff)])],
  ])("sends frames that are none is ended (%s)", async (_, headers, garbage) => {
    const node = fakeNode();
    const socket = await ask(await serve(node.agent), ...headers);
    node.start();
    await once(socket, "data");
    socket.write(garbage);
    await node.closed;
  });
});
