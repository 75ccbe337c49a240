import { createServer, type AddressInfo, type Server } from "node:net";
import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { proxyFor } from "../../../src/cluster/proxy.ts";
import { Cleanup, eventually, openFakeCluster, openKubeconfig } from "../../support/cluster-fixture.ts";
import { hastyClock } from "../../support/hasty-clock.ts";
import { startFakeApiServer } from "../../support/fake-api-server.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { fakeKubeconfig } from "../../support/fake-kubeconfig.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const connected = (cluster: Cluster): Promise<unknown> =>
  eventually(cluster.status, ({ state }) => state === "connected");
const unreachable = (cluster: Cluster): Promise<unknown> =>
  eventually(cluster.status, ({ state }) => state === "unreachable");

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanup.add(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe("the connection", () => {
  it("is connected with the version of the server", async () => {
    const { cluster } = await openFakeCluster(cleanup);
    expect(cluster.status.get().state).toBe("connecting");
    await connected(cluster);
    expect(cluster.status.get()).toMatchObject({ serverVersion: "v1.36.0" });
  });

  it("to a server that is not there is tried for ever, and at once when told", async () => {
    const clock = new FakeClock();
    const { server, cluster } = await openFakeCluster(cleanup, {}, { clock });
    await server.setOnline(false);
    await unreachable(cluster);
    expect(cluster.status.get()).toMatchObject({
      error: {
        message: expect.stringMatching(/^cannot reach 127\.0\.0\.1:\d+: (connection refused|the connection was cut)$/),
      },
      attempts: 1,
    });
    for (let attempts = 2; attempts < 12; attempts += 1) {
      clock.advance(await clock.timerWithin(0, 30_000));
      await eventually(cluster.status, (status) => status.state === "unreachable" && status.attempts === attempts);
    }
    const since = clock.now();
    await server.setOnline(true);
    cluster.retryNow();
    await connected(cluster);
    expect(clock.now()).toBe(since);
  });

  it("loads the catalog as soon as the server is there", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, {}, { clock: hastyClock(20) });
    server.intercept(() => ({ kind: "status", code: 503, message: "starting" }))();
    await server.setOnline(false);
    await eventually(cluster.catalog, ({ state }) => state !== "loading");
    await server.setOnline(true);
    const { resources } = await eventually(cluster.catalog, ({ state }) => state === "ready");
    expect(resources.length).toBeGreaterThan(10);
  });

  it("times out when a server accepts and says nothing", async () => {
    const port = await listen(createServer((socket) => socket.on("error", () => socket.destroy())));
    const text = fakeKubeconfig({ server: `http://127.0.0.1:${port}` });
    const cluster = await openKubeconfig(cleanup, text, { overrides: { requestTimeoutMilliseconds: 60 } });
    await unreachable(cluster);
    expect(cluster.status.get()).toMatchObject({ error: { fault: "timeout", hint: expect.stringContaining("VPN") } });
  });

  it.each([
    ["a name that does not exist", "https://no-such-host.invalid:6443", /the host name is not known|name server/],
    ["plain HTTP where TLS is asked for", "https", /does not speak TLS/],
  ])("to %s says so", async (_name, address, message) => {
    const server = await startFakeApiServer();
    cleanup.add(() => server.close());
    const url = address === "https" ? server.url.replace("http:", "https:") : address;
    const cluster = await openKubeconfig(cleanup, fakeKubeconfig({ server: url }));
    await unreachable(cluster);
    expect(cluster.status.get()).toMatchObject({ error: { message: expect.stringMatching(message) } });
  });

  it("to something that does not speak HTTP says so", async () => {
    const port = await listen(
      createServer((socket) => {
        socket.on("error", () => socket.destroy());
        socket.end("SSH-2.0-OpenSSH_9.2\r\n");
      }),
    );
    const cluster = await openKubeconfig(cleanup, fakeKubeconfig({ server: `http://127.0.0.1:${port}` }));
    await unreachable(cluster);
    expect(cluster.status.get()).toMatchObject({ error: { message: expect.stringContaining("does not speak HTTP") } });
  });

  it("keeps the path of a server behind a gateway", async () => {
    const server = await startFakeApiServer();
    cleanup.add(() => server.close());
    await openKubeconfig(cleanup, fakeKubeconfig({ server: `${server.url}/k8s/clusters/c-1/` }));
    await server.until(() => server.requests.some(({ path }) => path === "/k8s/clusters/c-1/version"));
  });

  it("uses one connection again and again", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 3 });
    await connected(cluster);
    await eventually(cluster.catalog, ({ state }) => state === "ready");
    const ports = new Set<unknown>();
    server.intercept(({ headers }) => {
      ports.add(headers.connection);
      return undefined;
    });
    for (let count = 0; count < 5; count += 1) await cluster.list(server.resource("pods"), {});
    expect([...ports]).toEqual(["keep-alive"]);
  });

  it("ends everything when it is closed", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 3 });
    const store = cluster.store({ resource: server.resource("pods"), namespace: "", form: "objects" });
    cleanup.add(store.subscribe(() => undefined));
    await server.until(() => server.watchCount === 1);
    cluster.close();
    await server.until(() => server.watchCount === 0);
    await expect(cluster.list(server.resource("pods"), {})).rejects.toThrow("the context was closed");
  });
});

describe("errors of the API", () => {
  const cases: ReadonlyArray<readonly [status: number, message: string, hint: RegExp | undefined]> = [
    [401, "Unauthorized", /log in again/],
    [403, 'pods is forbidden: User "jane" cannot list resource "pods"', /the right to list pods in the cluster/],
    [404, "the server could not find the requested resource", undefined],
    [409, "the object has been modified", /load it again/],
    [422, 'Pod "x" is invalid: spec.containers: Required value', /correct the fields/],
    [429, "too many requests", /wait a little/],
    [503, "apiserver not ready", /wait a little/],
  ];
  it.each(cases)("%i carries the server's words and a hint", async (code, message, hint) => {
    const { server, cluster } = await openFakeCluster(cleanup);
    server.intercept(({ path }) => (path === "/api/v1/pods" ? { kind: "status", code, message } : undefined));
    await expect(cluster.list(server.resource("pods"), {})).rejects.toMatchObject({
      name: "ApiError",
      status: code,
      message: `cannot list pods: ${message}`,
      hint: hint === undefined ? undefined : expect.stringMatching(hint),
    });
  });

  it("a busy server that turns a write away is asked again when it says so", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 1 }, { clock: hastyClock(50) });
    let turnedAway = 0;
    server.intercept(({ method }) => {
      if (method !== "DELETE" || turnedAway === 2) return undefined;
      turnedAway += 1;
      return { kind: "status", code: 429, message: "Too many requests", headers: { "Retry-After": "1" } };
    });
    const resource = server.resource("pods");
    const [pod] = await cluster.list(resource, {});
    const { name = "", namespace = "" } = pod?.metadata ?? {};
    await cluster.writes.delete({ resource, namespace, name });
    expect(turnedAway).toBe(2);
    expect(server.requests.filter(({ method }) => method === "DELETE")).toHaveLength(3);
  });

  it("a refusal that has a reason is not asked again", async () => {
    const { server, cluster } = await openFakeCluster(cleanup, { pods: 1 });
    const refusal = { kind: "status", code: 429, reason: "TooManyRequests", headers: { "Retry-After": "1" } } as const;
    server.intercept(({ method }) => (method === "DELETE" ? refusal : undefined));
    const target = { resource: server.resource("pods"), namespace: "default", name: "web" };
    await expect(cluster.writes.delete(target)).rejects.toMatchObject({ status: 429 });
    expect(server.requests.filter(({ method }) => method === "DELETE")).toHaveLength(1);
  });

  it("the page of a proxy becomes its title", async () => {
    const { server, cluster } = await openFakeCluster(cleanup);
    const body = "<html><head><title>502 Bad Gateway</title></head><body><h1>nginx</h1></body></html>";
    server.intercept(({ path }) =>
      path === "/api/v1/pods" ? { kind: "raw", code: 502, body, contentType: "text/html" } : undefined,
    );
    await expect(cluster.list(server.resource("pods"), {})).rejects.toThrow("cannot list pods: 502 Bad Gateway (502)");
  });
});

describe("the proxy of a server", () => {
  const env = { HTTPS_PROXY: "http://proxy:3128", NO_PROXY: "internal, .corp.example,10.0.0.0/8,host:6443,[fd00::1]" };
  it.each([
    ["https://api.example:6443", "http://proxy:3128/"],
    ["http://api.example", undefined],
    ["https://internal", undefined],
    ["https://deep.internal", undefined],
    ["https://notinternal", "http://proxy:3128/"],
    ["https://a.corp.example", undefined],
    ["https://corp.example", "http://proxy:3128/"],
    ["https://10.1.2.3:6443", undefined],
    ["https://11.1.2.3:6443", "http://proxy:3128/"],
    ["https://host:6443", undefined],
    ["https://host:443", "http://proxy:3128/"],
    ["https://[fd00::1]:6443", undefined],
    ["https://127.0.0.1:6443", undefined],
    ["https://localhost:6443", undefined],
  ])("%s is %s", (server, proxy) => {
    expect(proxyFor(new URL(server), undefined, env)?.href).toBe(proxy);
  });

  it("is proxy-url of the cluster before the environment, even for excluded hosts", () => {
    expect(proxyFor(new URL("https://internal"), "socks5://jump:1080", env)?.href).toBe("socks5://jump:1080");
  });

  it("must be a URL, and its password is not shown", () => {
    expect(() => proxyFor(new URL("https://x"), "ftp://me:secret@host", {})).toThrow(
      /is not a proxy: ftp:\/\/\*\*\*@host/,
    );
  });

  it("is used for requests and sessions, with its login", async () => {
    const server = await startFakeApiServer({ pods: 1 });
    cleanup.add(() => server.close());
    const asked: string[] = [];
    const proxy = createHttpServer();
    proxy.on("connect", (request: IncomingMessage, client: Duplex) => {
      asked.push(`${request.url} ${request.headers["proxy-authorization"]}`);
      const upstream = connect(server.port, "127.0.0.1", () => {
        client.write("HTTP/1.1 200 Connection established\r\n\r\n");
        upstream.pipe(client).pipe(upstream);
      });
      upstream.on("error", () => client.destroy());
      client.on("error", () => upstream.destroy());
    });
    const port = await listen(proxy);
    const text = fakeKubeconfig({
      server: "http://cluster.invalid:8080",
      cluster: { "proxy-url": `http://me:secret@127.0.0.1:${port}` },
    });
    const cluster = await openKubeconfig(cleanup, text);
    await connected(cluster);
    const session = await cluster.exec({
      namespace: "default",
      pod: "any",
      container: "web",
      command: ["sh"],
      tty: true,
      stdin: true,
    });
    session.stream.write("exit 4");
    expect(await session.exited).toBe(4);
    expect(new Set(asked)).toEqual(
      new Set([`cluster.invalid:8080 Basic ${Buffer.from("me:secret").toString("base64")}`]),
    );
    cluster.close();
  });

  it("that speaks SOCKS 5 resolves the name of the server", async () => {
    const server = await startFakeApiServer({ pods: 1 });
    cleanup.add(() => server.close());
    const asked: string[] = [];
    const port = await listen(
      createServer((client) => {
        client.on("error", () => client.destroy());
        client.once("data", () => {
          client.write(Buffer.from([5, 0]));
          client.once("data", (request: Buffer) => {
            const length = request[4] ?? 0;
            asked.push(`${request.toString("utf8", 5, 5 + length)}:${request.readUInt16BE(5 + length)}`);
            const upstream = connect(server.port, "127.0.0.1", () => {
              client.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
              upstream.pipe(client).pipe(upstream);
            });
            upstream.on("error", () => client.destroy());
          });
        });
      }),
    );
    const text = fakeKubeconfig({
      server: "http://cluster.invalid:8080",
      cluster: { "proxy-url": `socks5://127.0.0.1:${port}` },
    });
    const cluster = await openKubeconfig(cleanup, text);
    await connected(cluster);
    expect(asked[0]).toBe("cluster.invalid:8080");
    cluster.close();
  });

  it.each([
    [
      "refuses is named",
      "HTTP/1.1 403 Forbidden",
      "",
      /refused the connection to cluster\.invalid:8080: 403 Forbidden$/,
    ],
    ["wants a login says so", "HTTP/1.1 407 Login", "", /wants a user and a password \(407\)$/],
    [
      "refuses the login does not show it",
      "HTTP/1.1 407 Login",
      "me:hidden@",
      /127\.0\.0\.1:\d+ does not accept the user/,
    ],
    ["is none says so", "220 mail.example ESMTP", "", /does not speak HTTP$/],
  ])("that %s", async (_name, answer, login, message) => {
    const proxy = createHttpServer();
    proxy.on("connect", (_request, client: Duplex) => client.end(`${answer}\r\n\r\n`));
    const port = await listen(proxy);
    const text = fakeKubeconfig({
      server: "http://cluster.invalid:8080",
      cluster: { "proxy-url": `http://${login}127.0.0.1:${port}` },
    });
    const cluster = await openKubeconfig(cleanup, text);
    await unreachable(cluster);
    expect(cluster.status.get()).toMatchObject({
      error: { fault: "proxy", message: expect.stringMatching(message), hint: expect.any(String) },
    });
  });
});
