import { connect, createServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import type { Cluster, ExecSession } from "../../../src/cluster/cluster.ts";
import { Cleanup, eventually, openFakeCluster } from "../../support/cluster-fixture.ts";
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

function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket));
    socket.once("error", reject);
    cleanup.add(() => void socket.destroy());
  });
}

describe("a port-forward", () => {
  it("carries connections and counts them and their bytes", async () => {
    const { server, cluster } = await open();
    const forward = await cluster.portForwards.open({
      namespace: "default",
      pod: "box",
      remotePort: 8080,
      localPort: 0,
    });
    expect(forward).toMatchObject({ state: "listening", remotePort: 8080, connections: 0 });
    const socket = await dial(forward.localPort);
    const answer = new Promise((resolve) => socket.once("data", (data: Buffer) => resolve(data.toString())));
    socket.write("ping");
    expect(await answer).toBe("ping");
    const [counted] = await eventually(cluster.portForwards, ([first]) => (first?.bytes ?? 0) >= 8);
    expect(counted).toMatchObject({ connections: 1, bytes: 8 });
    expect(server.requests.find(({ path }) => path.endsWith("/portforward"))?.query.get("ports")).toBe("8080");
  });

  it("keeps the errors of the other end", async () => {
    const { server, cluster } = await open();
    server.sessions.onSession = (session) => {
      for (const channel of [0, 1]) session.send(channel, Buffer.from([0x90, 0x1f]));
      session.send(1, "connection refused in the pod");
      session.close();
    };
    const forward = await cluster.portForwards.open({
      namespace: "default",
      pod: "box",
      remotePort: 8080,
      localPort: 0,
    });
    const socket = await dial(forward.localPort);
    await new Promise((resolve) => socket.resume().once("close", resolve));
    expect(cluster.portForwards.get()[0]).toMatchObject({
      state: "listening",
      error: expect.stringContaining("connection refused in the pod"),
    });
  });

  it("fails when its pod is gone", async () => {
    const { server, cluster } = await open();
    const forward = await cluster.portForwards.open({ namespace: "default", pod: "box", remotePort: 80, localPort: 0 });
    server.intercept(({ path }) =>
      path.endsWith("/portforward") ? { kind: "status", code: 404, message: 'pods "box" not found' } : undefined,
    );
    const socket = await dial(forward.localPort);
    await new Promise((resolve) => socket.resume().once("close", resolve));
    await eventually(cluster.portForwards, ([first]) => first?.state === "failed");
    await expect(dial(forward.localPort)).rejects.toThrow("ECONNREFUSED");
  });

  it("is not opened for a pod that does not exist, nor on a port in use", async () => {
    const { cluster } = await open();
    const options = { namespace: "default", pod: "box", remotePort: 80, localPort: 0 };
    await expect(cluster.portForwards.open({ ...options, pod: "none" })).rejects.toMatchObject({ status: 404 });
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    cleanup.add(() => void other.close());
    const address = other.address();
    const localPort = typeof address === "object" ? (address?.port ?? 0) : 0;
    await expect(cluster.portForwards.open({ ...options, localPort })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${localPort}: it is in use`,
    );
    expect(cluster.portForwards.get()).toEqual([]);
  });

  it("that is stopped while a connection is being opened leaves none open", async () => {
    const { server, cluster } = await open();
    const forward = await cluster.portForwards.open({ namespace: "default", pod: "box", remotePort: 80, localPort: 0 });
    const ended = new Promise<void>((resolve) => {
      server.sessions.onSession = (session) => session.onClose(resolve);
    });
    server.intercept(({ path }) => {
      if (path.endsWith("/portforward")) cluster.portForwards.stop(forward.id);
      return undefined;
    });
    await dial(forward.localPort);
    await ended;
    expect(cluster.portForwards.get()).toEqual([]);
  });

  it("ends with its connections when it is stopped", async () => {
    const { cluster } = await open();
    const forward = await cluster.portForwards.open({ namespace: "default", pod: "box", remotePort: 80, localPort: 0 });
    const socket = await dial(forward.localPort);
    socket.write("x");
    await new Promise((resolve) => socket.once("data", resolve));
    const closed = new Promise((resolve) => socket.once("close", resolve));
    cluster.portForwards.stop(forward.id);
    await closed;
    expect(cluster.portForwards.get()).toEqual([]);
    await expect(dial(forward.localPort)).rejects.toThrow("ECONNREFUSED");
  });
});
