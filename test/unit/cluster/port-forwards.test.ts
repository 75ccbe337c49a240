import { connect, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { Cluster, PortForward } from "../../../src/cluster/cluster.ts";
import type { ForwardTarget } from "../../../src/cluster/forward-target.ts";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { Cleanup, eventually, openFakeCluster, openKubeconfig } from "../../support/cluster-fixture.ts";
import { hastyClock } from "../../support/hasty-clock.ts";
import { fakePod } from "../../support/fake-api-objects.ts";
import { startFakeApiServer, type FakeApiServer } from "../../support/fake-api-server.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

interface Rig {
  readonly server: FakeApiServer;
  readonly cluster: Cluster;
  /** The only forward. */
  readonly forward: (holds: (forward: PortForward) => boolean) => Promise<PortForward>;
  readonly open: (target: ForwardTarget, port?: number | string) => Promise<PortForward>;
  readonly target: (resource: string, name: string, uid?: string) => ForwardTarget;
}

async function rig(): Promise<Rig> {
  const { server, cluster } = await openFakeCluster(cleanup);
  return {
    server,
    cluster,
    forward: async (holds) => {
      const all = await eventually(cluster.portForwards, ([first]) => first !== undefined && holds(first));
      const [first] = all;
      if (first === undefined) throw new Error("there is no forward");
      return first;
    },
    open: (target, port = 8080) => cluster.portForwards.open({ target, port, localPort: 0 }),
    target: (resource, name, uid) => ({ resource: server.resource(resource), namespace: "default", name, uid }),
  };
}

let index = 0;

/** A pod of the app `web` that is ready, with a port `http`. */
function webPod(name: string, options: { readonly ready?: boolean; readonly http?: number } = {}): KubeObject {
  index += 1;
  const pod = fakePod({ name, namespace: "default", index: 5000 + index, node: "node-0" });
  const { ready = true, http = 8080 } = options;
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: { app: "web" } },
    spec: { containers: [{ name: "web", ports: [{ name: "http", containerPort: http }] }] },
    status: { phase: "Running", conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  };
}

function changed(pod: KubeObject, ready: boolean): KubeObject {
  return { ...pod, status: { phase: "Running", conditions: [{ type: "Ready", status: ready ? "True" : "False" }] } };
}

const deployment: KubeObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "default", uid: "uid-web" },
  spec: { selector: { matchLabels: { app: "web" } } },
};

function service(spec: Readonly<Record<string, unknown>>): KubeObject {
  const metadata = { name: "web", namespace: "default", uid: "uid-svc" };
  return { apiVersion: "v1", kind: "Service", metadata, spec: { selector: { app: "web" }, ...spec } };
}

function dial(port: number, host = "127.0.0.1"): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => resolve(socket));
    socket.once("error", reject);
    cleanup.add(() => void socket.destroy());
  });
}

const closed = (socket: Socket): Promise<unknown> =>
  new Promise((resolve) => {
    socket.on("error", () => undefined);
    socket.resume().once("close", resolve);
  });

/** What comes back for a few bytes. */
function echo(socket: Socket, text: string): Promise<string> {
  const answer = new Promise<string>((resolve) => socket.once("data", (data: Buffer) => resolve(data.toString())));
  socket.write(text);
  return answer;
}

/** The pods that connections went to, in their order. */
function podsDialled(server: FakeApiServer): readonly string[] {
  return server.sessions.opened.map(({ path }) => /pods\/([^/]+)\/portforward/.exec(path)?.[1] ?? "");
}

describe("a port-forward", () => {
  it("carries connections and counts them and their bytes", async () => {
    const { server, open, target, forward } = await rig();
    const pod = webPod("box");
    server.push(pod);
    const { localPort, state } = await open(target("pods", "box", pod.metadata.uid));
    expect(state).toBe("listening");
    const socket = await dial(localPort);
    expect(await echo(socket, "ping")).toBe("ping");
    expect(await forward(({ bytes }) => bytes >= 8)).toMatchObject({ connections: 1, open: 1, bytes: 8 });
    expect(server.requests.find(({ path }) => path.endsWith("/portforward"))?.query.get("ports")).toBe("8080");
    // As curl does when it has its answer.
    socket.destroy();
    expect(await forward((each) => each.open === 0)).toMatchObject({ connections: 1, open: 0 });
  });

  it("listens on both addresses of the loopback where there are two", async () => {
    const { server, open, target } = await rig();
    server.push(webPod("box"));
    const { localPort } = await open(target("pods", "box"));
    const six = await dial(localPort, "::1").catch((error: unknown) => String(error));
    if (typeof six === "string") expect(six).toMatch(/EADDRNOTAVAIL|EAFNOSUPPORT/);
    else expect(await echo(six, "six")).toBe("six");
  });

  it("keeps the errors of the pod until a connection works, and goes on listening", async () => {
    const { server, open, target, forward } = await rig();
    server.push(webPod("box"));
    server.sessions.onSession = (session) => {
      for (const channel of [0, 1]) session.send(channel, Buffer.from([0x90, 0x1f]));
      session.send(1, "connection refused in the pod");
      session.close();
    };
    const { localPort } = await open(target("pods", "box"));
    await closed(await dial(localPort));
    expect(await forward(({ error }) => error !== undefined)).toMatchObject({
      state: "listening",
      error: "connection refused in the pod",
    });
    server.sessions.onSession = undefined;
    expect(await echo(await dial(localPort), "again")).toBe("again");
    expect((await forward(({ error }) => error === undefined)).state).toBe("listening");
  });

  it("carries megabytes both ways on many connections at once, in order", async () => {
    const { server, open, target } = await rig();
    server.push(webPod("box"));
    const { localPort } = await open(target("pods", "box"));
    const size = 1 << 20;
    const sent = Array.from({ length: 8 }, (_, at) => Buffer.alloc(size, `part ${at} `));
    const received = await Promise.all(
      sent.map(async (bytes) => {
        const socket = await dial(localPort);
        const back = new Promise<Buffer>((resolve) => {
          const chunks: Buffer[] = [];
          let length = 0;
          socket.on("data", (chunk: Buffer) => {
            chunks.push(chunk);
            length += chunk.length;
            if (length >= size) resolve(Buffer.concat(chunks));
          });
        });
        socket.write(bytes);
        return back;
      }),
    );
    for (const [at, bytes] of received.entries()) expect(bytes.equals(sent[at] ?? Buffer.alloc(0))).toBe(true);
  });

  it("gives the whole answer to who has closed its own half", async () => {
    const { server, open, target } = await rig();
    server.push(webPod("box"));
    server.sessions.onSession = (session) => {
      for (const channel of [0, 1]) session.send(channel, Buffer.from([0x90, 0x1f]));
      setTimeout(() => {
        session.send(0, "the answer");
        session.close();
      }, 50);
    };
    const { localPort } = await open(target("pods", "box"));
    const socket = await dial(localPort);
    let answer = "";
    socket.on("data", (data: Buffer) => {
      answer += data.toString();
    });
    socket.end("the question");
    await closed(socket);
    expect(answer).toBe("the answer");
  });

  it("closes the pod's end soon after a local end that has its answer, and later where it waits for one", async () => {
    const server = await startFakeApiServer({});
    cleanup.add(() => server.close());
    // Seconds pass in a twentieth of their time.
    const cluster = await openKubeconfig(cleanup, server.kubeconfig, { clock: hastyClock(20) });
    server.push(webPod("box"));
    const target = { resource: server.resource("pods"), namespace: "default", name: "box" };
    const { localPort } = await cluster.portForwards.open({ target, port: 80, localPort: 0 });
    const ends: string[] = [];
    server.sessions.onSession = (session) => {
      const name = ends.length === 0 && server.sessions.opened.length === 1 ? "asked" : "answered";
      for (const channel of [0, 1]) session.send(channel, Buffer.from([0x50, 0]));
      if (name === "answered") session.send(0, "the answer");
      session.onClose(() => ends.push(name));
    };
    const asked = await dial(localPort);
    asked.end("a question");
    await server.until(() => server.sessions.opened.length === 1);
    const answered = await dial(localPort);
    await new Promise((resolve) => answered.once("data", resolve));
    answered.destroy();
    await closed(asked);
    expect(ends).toEqual(["answered", "asked"]);
  });

  it("takes kubectl's tunnel where the server refuses channels, and remembers that", async () => {
    const { server, open, target, forward } = await rig();
    server.push(webPod("box"));
    server.intercept(({ path, headers }) =>
      path.endsWith("/portforward") && headers["sec-websocket-protocol"] === "v4.channel.k8s.io"
        ? { kind: "status", code: 400, reason: "BadRequest", message: "unable to upgrade: no such protocol" }
        : undefined,
    );
    const { localPort } = await open(target("pods", "box"));
    const socket = await dial(localPort);
    expect(await echo(socket, "through the tunnel")).toBe("through the tunnel");
    // The tunnel can say that one half is closed.
    const ended = new Promise((resolve) => socket.resume().once("end", resolve));
    socket.end();
    await ended;
    expect((await forward((each) => each.open === 0 && each.bytes > 0)).error).toBeUndefined();
    expect(await echo(await dial(localPort), "again")).toBe("again");
    const protocols = server.requests
      .filter(({ path }) => path.endsWith("/portforward"))
      .map(({ headers }) => headers["sec-websocket-protocol"]);
    const tunnel = "SPDY/3.1+portforward.k8s.io";
    expect(protocols).toEqual(["v4.channel.k8s.io", tunnel, tunnel]);
  });

  it("tells the refusal of channels where the server has no tunnel either", async () => {
    const { server, open, target, forward } = await rig();
    server.push(webPod("box"));
    server.intercept(({ path }) =>
      path.endsWith("/portforward") ? { kind: "status", code: 500, message: "no ports today" } : undefined,
    );
    const { localPort } = await open(target("pods", "box"));
    await closed(await dial(localPort));
    expect((await forward(({ error }) => error !== undefined)).error).toContain("no ports today");
  });

  it("is not opened for what does not exist, nor on a port in use", async () => {
    const { server, cluster, open, target } = await rig();
    server.push(webPod("box"));
    await expect(open(target("pods", "none"))).rejects.toMatchObject({ status: 404 });
    await expect(open(target("deployments", "none"))).rejects.toMatchObject({ status: 404 });
    await expect(open(target("pods", "box", "another uid"))).rejects.toThrow("pod box is another one by now");
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    cleanup.add(() => void other.close());
    const address = other.address();
    const localPort = typeof address === "object" ? (address?.port ?? 0) : 0;
    await expect(
      cluster.portForwards.open({ target: target("pods", "box"), port: 80, localPort }),
    ).rejects.toMatchObject({ port: localPort, message: `cannot listen on 127.0.0.1:${localPort}: it is in use` });
    expect(cluster.portForwards.get()).toEqual([]);
  });

  it("that is stopped while a connection is being opened leaves none open", async () => {
    const { server, cluster, open, target } = await rig();
    server.push(webPod("box"));
    const { id, localPort } = await open(target("pods", "box"));
    const ended = new Promise<void>((resolve) => {
      server.sessions.onSession = (session) => session.onClose(resolve);
    });
    server.intercept(({ path }) => {
      if (path.endsWith("/portforward")) cluster.portForwards.stop(id);
      return undefined;
    });
    await dial(localPort);
    await ended;
    expect(cluster.portForwards.get()).toEqual([]);
  });

  it("ends with its connections and its watches when it is stopped", async () => {
    const { server, cluster, open, target } = await rig();
    server.push(webPod("box"));
    const { id, localPort } = await open(target("pods", "box"));
    const socket = await dial(localPort);
    await echo(socket, "x");
    cluster.portForwards.stop(id);
    await closed(socket);
    expect(cluster.portForwards.get()).toEqual([]);
    await expect(dial(localPort)).rejects.toThrow("ECONNREFUSED");
  });
});

describe("a port-forward of one pod", () => {
  it("ends when the pod goes, and says so", async () => {
    const { server, open, target, forward } = await rig();
    const pod = webPod("box");
    server.push(pod);
    const { localPort } = await open(target("pods", "box", pod.metadata.uid));
    const socket = await dial(localPort);
    await echo(socket, "x");
    const ended = closed(socket);
    server.remove(pod);
    const { error } = await forward(({ state }) => state === "failed");
    expect(error).toBe("pod box is gone, and nothing makes it anew: the forward ended with it");
    await ended;
    await expect(dial(localPort)).rejects.toThrow("ECONNREFUSED");
  });

  it("does not go on with another pod of the same name", async () => {
    const { server, open, target, forward } = await rig();
    const pod = webPod("box");
    server.push(pod);
    await open(target("pods", "box", pod.metadata.uid));
    server.remove(pod);
    server.push(webPod("box"));
    expect((await forward(({ state }) => state === "failed")).error).toMatch(/^pod box is gone/);
  });

  it("waits for the pod to come again where its controller names it so", async () => {
    const { server, open, target, forward } = await rig();
    const pod = webPod("db-0");
    server.push(pod);
    const { localPort } = await open(target("pods", "db-0"));
    server.remove(pod);
    expect((await forward(({ state }) => state === "waiting")).error).toBe("there is no pod db-0 now");
    const socket = await dial(localPort);
    server.push(webPod("db-0"));
    // The connection that came while there was none has waited.
    expect(await echo(socket, "here")).toBe("here");
    expect((await forward(({ state }) => state === "listening")).error).toBeUndefined();
  });

  it("is used as it was named where pods may not be listed", async () => {
    const { server, open, target } = await rig();
    server.push(webPod("box"));
    for (const verb of ["get", "list", "watch"]) server.deny(verb, "pods");
    const { localPort, state, error } = await open(target("pods", "box", "uid"));
    expect(state).toBe("listening");
    expect(error).toMatch(/^bound to pod box without following it: .*list pods/);
    expect(await echo(await dial(localPort), "still")).toBe("still");
  });
});

describe("a port-forward of a workload", () => {
  it("goes to a ready pod, stays with it, and moves when it is no longer ready", async () => {
    const { server, open, target, forward } = await rig();
    const one = webPod("web-1");
    server.push(deployment);
    server.push(one);
    server.push(webPod("web-2", { ready: false }));
    const { localPort, pod } = await open(target("deployments", "web"));
    expect(pod?.name).toBe("web-1");
    const old = await dial(localPort);
    await echo(old, "x");
    server.push(webPod("web-3"));
    server.push(changed(one, false));
    await forward((each) => each.pod?.name === "web-3");
    await echo(await dial(localPort), "y");
    // The open connection ends with its pod, not before.
    expect(await echo(old, "z")).toBe("z");
    const ended = closed(old);
    server.remove(one);
    await ended;
    expect(podsDialled(server)).toEqual(["web-1", "web-3"]);
  });

  it("waits visibly while no pod is ready, and never stops listening", async () => {
    const { server, open, target, forward } = await rig();
    const one = webPod("web-1", { ready: false });
    server.push(deployment);
    const { localPort, state, error } = await open(target("deployments", "web"), "http");
    expect([state, error]).toEqual(["waiting", "deployment web has no pods now"]);
    server.push(one);
    await forward((each) => each.error === "the only pod of deployment web is not ready");
    const socket = await dial(localPort);
    server.push(changed(one, true));
    expect(await echo(socket, "came early")).toBe("came early");
    server.remove(one);
    expect((await forward((each) => each.state === "waiting")).error).toBe("deployment web has no pods now");
    server.remove(deployment);
    await forward((each) => each.error === "there is no deployment web now");
    server.push(deployment);
    server.push(webPod("web-4"));
    expect((await forward((each) => each.state === "listening")).pod).toEqual({ name: "web-4", port: 8080 });
  });

  it("takes another pod where the one in use went before the watch told", async () => {
    const { server, open, target } = await rig();
    server.push(deployment);
    server.push(webPod("web-1"));
    server.push(webPod("web-2"));
    const { localPort, pod } = await open(target("deployments", "web"));
    const gone = pod?.name ?? "";
    server.intercept(({ path }) =>
      path.endsWith(`${gone}/portforward`)
        ? { kind: "status", code: 404, reason: "NotFound", message: `pods "${gone}" not found` }
        : undefined,
    );
    expect(await echo(await dial(localPort), "other")).toBe("other");
    expect(podsDialled(server)).toEqual([gone === "web-1" ? "web-2" : "web-1"]);
  });

  it("keeps a named port by its name: each pod has its own number", async () => {
    const { server, open, target, forward } = await rig();
    const one = webPod("web-1", { http: 8080 });
    server.push(deployment);
    server.push(one);
    await open(target("deployments", "web"), "http");
    server.push(webPod("web-2", { http: 9090 }));
    server.remove(one);
    expect((await forward((each) => each.pod?.name === "web-2")).pod).toEqual({ name: "web-2", port: 9090 });
  });

  it("says what is known last while the server is away", async () => {
    const { server, cluster, open, target, forward } = await rig();
    server.push(deployment);
    server.push(webPod("web-1"));
    await open(target("deployments", "web"));
    await server.setOnline(false);
    cluster.retryNow();
    const { state, error } = await forward((each) => each.error !== undefined);
    expect(state).toBe("listening");
    expect(error).toMatch(/^its pods are not followed now: cannot reach 127\.0\.0\.1:\d+/);
  });
});

describe("a port-forward of a service", () => {
  it("follows the way from its port to the pods: the target port and the selector", async () => {
    const { server, open, target, forward } = await rig();
    server.push(service({ ports: [{ name: "web", port: 80, targetPort: "http" }] }));
    server.push(webPod("web-1"));
    const opened = await open(target("services", "web"), 80);
    expect(opened.pod).toEqual({ name: "web-1", port: 8080 });
    server.push(service({ ports: [{ name: "web", port: 80, targetPort: 9999 }] }));
    await forward((each) => each.pod?.port === 9999);
    const other = webPod("other-1");
    server.push({ ...other, metadata: { ...other.metadata, labels: { app: "other" } } });
    server.push(service({ selector: { app: "other" }, ports: [{ name: "web", port: 80 }] }));
    expect((await forward((each) => each.pod?.name === "other-1")).pod?.port).toBe(80);
    server.push(service({ selector: null, ports: [{ name: "web", port: 80 }] }));
    expect((await forward((each) => each.state === "waiting")).error).toBe("service web selects no pods");
  });

  it("leaves a connection to a pod that is only selected no more, and takes new ones elsewhere", async () => {
    const { server, open, target, forward } = await rig();
    server.push(service({ ports: [{ port: 80, targetPort: "http" }] }));
    server.push(webPod("blue"));
    const green = webPod("green");
    server.push({ ...green, metadata: { ...green.metadata, labels: { app: "green" } } });
    const { localPort } = await open(target("services", "web"), 80);
    const old = await dial(localPort);
    await echo(old, "x");
    const asked = server.requests.length;
    server.push(service({ selector: { app: "green" }, ports: [{ port: 80, targetPort: "http" }] }));
    await forward((each) => each.pod?.name === "green");
    await server.until(() => server.requests.slice(asked).some(({ path }) => path.endsWith("/pods/blue")));
    expect(await echo(await dial(localPort), "y")).toBe("y");
    expect(await echo(old, "still here")).toBe("still here");
    expect(podsDialled(server)).toEqual(["blue", "green"]);
  });

  it("is refused for a port that the service does not have, with those it has", async () => {
    const { server, open, target } = await rig();
    server.push(service({ ports: [{ name: "web", port: 80 }, { port: 443 }] }));
    await expect(open(target("services", "web"), 8080)).rejects.toThrow(
      "service web has no port 8080: it has 80 (web), 443",
    );
  });
});
