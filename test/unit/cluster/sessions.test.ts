import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import type { Cluster, ExecSession } from "../../../src/cluster/cluster.ts";
import { Cleanup, openFakeCluster } from "../../support/cluster-fixture.ts";
import { fakePod } from "../../support/fake-api-objects.ts";
import type { FakeApiServer } from "../../support/fake-api-server.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

async function open(token?: string): Promise<{ server: FakeApiServer; cluster: Cluster }> {
  const opened = await openFakeCluster(cleanup, token === undefined ? {} : { token });
  opened.server.push(fakePod({ name: "box", namespace: "default", index: 1, node: "node-0" }));
  return opened;
}

function exec(cluster: Cluster, tty = false): Promise<ExecSession> {
  return cluster.exec({
    namespace: "default",
    pod: "box",
    container: "web",
    command: ["sh", "-c", "a b"],
    tty,
    stdin: true,
  });
}

/** Resolves once the session has read so many bytes. */
function read(session: ExecSession, bytes: number): Promise<string> {
  return new Promise((resolve) => {
    let received = "";
    session.stream.on("data", (chunk: Buffer) => {
      received += chunk.toString();
      if (received.length >= bytes) resolve(received);
    });
  });
}

describe("a process in a container", () => {
  it("is asked for with its words, a tty and the credentials", async () => {
    const { server, cluster } = await open("secret");
    await exec(cluster, true);
    const request = server.requests.find(({ path }) => path.endsWith("/exec"));
    expect(request?.path).toBe("/api/v1/namespaces/default/pods/box/exec");
    expect(request?.query.getAll("command")).toEqual(["sh", "-c", "a b"]);
    expect(request?.query.get("tty")).toBe("true");
    expect(request?.query.has("stderr")).toBe(false);
    expect(request?.headers.authorization).toBe("Bearer secret");
    expect(request?.headers["sec-websocket-protocol"]).toBe("v5.channel.k8s.io,v4.channel.k8s.io");
  });

  it("carries bytes both ways and ends with its exit code", async () => {
    const { cluster } = await open();
    const session = await exec(cluster);
    session.stream.write("hello");
    expect(await read(session, 5)).toBe("hello");
    session.stream.write("exit 3\n");
    expect(await session.exited).toBe(3);
  });

  it("loses nothing when a megabyte comes faster than it is read", async () => {
    const { server, cluster } = await open();
    const size = 1 << 20;
    server.sessions.onSession = (session) => {
      for (let sent = 0; sent < size; sent += 1 << 16) session.send(1, Buffer.alloc(1 << 16, "x"));
      session.send(3, JSON.stringify({ status: "Success" }));
      session.close();
    };
    const session = await exec(cluster);
    expect((await text(session.stream)).length).toBe(size);
    expect(await session.exited).toBe(0);
  });

  it("hears of the end of its input and of a new size", async () => {
    const { server, cluster } = await open();
    const session = await exec(cluster);
    session.resize(120, 40);
    session.stream.end();
    expect(await session.exited).toBe(0);
    expect(JSON.parse(server.sessions.opened[0]?.received(4) ?? "")).toEqual({ Width: 120, Height: 40 });
  });

  it("has stderr apart", async () => {
    const { server, cluster } = await open();
    server.sessions.onSession = (session) => {
      session.send(2, "oh no");
      session.send(3, JSON.stringify({ status: "Success" }));
      session.close();
    };
    const session = await exec(cluster);
    expect(await text(session.stderr)).toBe("oh no");
  });

  it("is refused in the server's words", async () => {
    const { server, cluster } = await open();
    const message = "container web is not valid for pod box";
    server.intercept(({ path }) =>
      path.endsWith("/exec") ? { kind: "status", code: 400, reason: "BadRequest", message } : undefined,
    );
    await expect(exec(cluster)).rejects.toMatchObject({ status: 400, message: expect.stringContaining(message) });
  });

  it("that cannot start says why", async () => {
    const { server, cluster } = await open();
    server.sessions.onSession = (session) => {
      session.send(3, JSON.stringify({ status: "Failure", message: 'exec: "sh": executable file not found' }));
      session.close();
    };
    const session = await exec(cluster);
    await expect(session.exited).rejects.toThrow("executable file not found");
  });

  it("whose connection breaks says so, and nothing else breaks", async () => {
    const { server, cluster } = await open();
    const session = await exec(cluster);
    server.sessions.opened[0]?.cut();
    await expect(session.exited).rejects.toThrow("the connection was cut");
    session.resize(1, 1);
    await expect(
      cluster.get({ resource: server.resource("pods"), namespace: "default", name: "box" }),
    ).resolves.toBeDefined();
  });

  it("ends when its context is closed", async () => {
    const { cluster } = await open();
    const session = await exec(cluster);
    cluster.close();
    await expect(session.exited).rejects.toThrow("the connection was cut");
  });

  it("can be attached to", async () => {
    const { server, cluster } = await open();
    const session = await cluster.attach({
      namespace: "default",
      pod: "box",
      container: "web",
      tty: false,
      stdin: true,
    });
    session.stream.write("ping");
    expect(await read(session, 4)).toBe("ping");
    expect(server.requests.find(({ path }) => path.endsWith("/attach"))?.query.has("command")).toBe(false);
    session.close();
    expect(await session.exited).toBe(0);
  });
});
