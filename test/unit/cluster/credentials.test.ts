import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import type { ClustersOptions } from "../../../src/cluster/clusters.ts";
import { Cleanup, eventually, openKubeconfig, temporaryDirectory } from "../../support/cluster-fixture.ts";
import { hastyClock } from "../../support/hasty-clock.ts";
import { fakePod } from "../../support/fake-api-objects.ts";
import { startFakeApiServer, type FakeApiServer } from "../../support/fake-api-server.ts";
import { fakeKubeconfig } from "../../support/fake-kubeconfig.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

interface Opened {
  readonly server: FakeApiServer;
  readonly cluster: Cluster;
  /** How often the plugin ran. */
  readonly runs: () => Promise<number>;
  readonly info: () => Promise<unknown>;
  /** Changes what the plugin does from now on. */
  readonly script: (body: string) => Promise<void>;
}

/** A plugin written in JavaScript: `token(...)` prints a credential. */
async function openWithPlugin(
  body: string,
  options: Omit<ClustersOptions, "env"> = {},
  exec: Readonly<Record<string, unknown>> = {},
): Promise<Opened> {
  const directory = await temporaryDirectory(cleanup);
  const plugin = join(directory, "login");
  const runs = join(directory, "runs");
  const info = join(directory, "info");
  const script = async (text: string): Promise<void> => {
    await writeFile(
      plugin,
      `#!${process.execPath}
const { appendFileSync, writeFileSync } = require("node:fs");
appendFileSync(${JSON.stringify(runs)}, "x");
writeFileSync(${JSON.stringify(info)}, process.env.KUBERNETES_EXEC_INFO);
const token = (value, status = {}) => console.log(JSON.stringify({
  kind: "ExecCredential", apiVersion: "client.authentication.k8s.io/v1", status: { token: value, ...status },
}));
${text}
`,
    );
    await chmod(plugin, 0o700);
  };
  await script(body);
  const server = await startFakeApiServer({ pods: 5, token: "good" });
  cleanup.add(() => server.close());
  const text = fakeKubeconfig({
    server: server.url,
    user: {
      exec: {
        apiVersion: "client.authentication.k8s.io/v1",
        command: plugin,
        args: ["--flag"],
        env: [{ name: "FROM_KUBECONFIG", value: "good" }],
        interactiveMode: "Never",
        ...exec,
      },
    },
  });
  const cluster = await openKubeconfig(cleanup, text, options);
  return {
    server,
    cluster,
    script,
    runs: async () => (await readFile(runs, "utf8").catch(() => "")).length,
    info: async () => JSON.parse(await readFile(info, "utf8")) as unknown,
  };
}

const childFile = join(tmpdir(), `kelpie-plugin-child-${process.pid}`);
afterEach(() => rm(childFile, { force: true }));

const connected = (cluster: Cluster): Promise<unknown> =>
  eventually(cluster.status, ({ state }) => state === "connected");
const unreachable = (cluster: Cluster): Promise<unknown> =>
  eventually(cluster.status, ({ state }) => state === "unreachable");

describe("an exec plugin", () => {
  it("runs once for all requests that wait, with its arguments and environment", async () => {
    const { server, cluster, runs, info } = await openWithPlugin(
      `if (process.argv[2] === "--flag") token(process.env.FROM_KUBECONFIG);`,
      {},
      { provideClusterInfo: true },
    );
    await Promise.all([
      connected(cluster),
      cluster.list(server.resource("pods"), {}),
      cluster.list(server.resource("nodes"), {}),
    ]);
    expect(await runs()).toBe(1);
    expect(await info()).toMatchObject({
      kind: "ExecCredential",
      apiVersion: "client.authentication.k8s.io/v1",
      spec: { interactive: false, cluster: { server: server.url } },
    });
  });

  it("runs again, once, when the server does not accept its token any more", async () => {
    const { server, cluster, runs, script } = await openWithPlugin(`token("good")`);
    await connected(cluster);
    await script(`token("better")`);
    server.setToken("better");
    const lists = await Promise.all(
      ["pods", "nodes", "services"].map((name) => cluster.list(server.resource(name), {})),
    );
    expect(lists[0]).toHaveLength(5);
    expect(await runs()).toBe(2);
  });

  it("runs again when a session is refused, and the session is opened all the same", async () => {
    const { server, cluster, script, runs } = await openWithPlugin(`token("good")`);
    await connected(cluster);
    await script(`token("better")`);
    server.setToken("better");
    server.push(fakePod({ name: "box", namespace: "default", index: 1, node: "node-0" }));
    const session = await cluster.exec({
      namespace: "default",
      pod: "box",
      container: "web",
      command: ["sh"],
      tty: false,
      stdin: true,
    });
    session.stream.write("exit 3");
    expect(await session.exited).toBe(3);
    expect(await runs()).toBe(2);
  });

  it("runs again when its token has expired", async () => {
    const { server, cluster, runs } = await openWithPlugin(
      `token("good", { expirationTimestamp: new Date(Date.now() - 1000).toISOString() })`,
    );
    await connected(cluster);
    const before = await runs();
    await cluster.list(server.resource("pods"), {});
    expect(await runs()).toBeGreaterThan(before);
  });

  it("that fails is shown with what it said, and is not run over and over", async () => {
    const { server, cluster, runs } = await openWithPlugin(
      `console.error("session expired\\nlog in"); process.exit(7);`,
    );
    await unreachable(cluster);
    const status = cluster.status.get();
    expect(status).toMatchObject({
      state: "unreachable",
      error: {
        name: "CredentialError",
        message: expect.stringMatching(/login failed with exit code 7: session expired log in/),
      },
    });
    await expect(cluster.list(server.resource("pods"), {})).rejects.toThrow("session expired");
    expect(await runs()).toBe(1);
    expect(server.requests).toEqual([]);
  });

  it.each([
    ["no JSON", `console.log("hello")`, "something that is not JSON"],
    ["another kind", `console.log("{}")`, "not an ExecCredential"],
    ["no credential", `token("")`, "neither a token nor a certificate"],
  ])("that answers %s says so", async (_name, body, message) => {
    const { cluster } = await openWithPlugin(body);
    await unreachable(cluster);
    expect(cluster.status.get()).toMatchObject({ error: { message: expect.stringContaining(message) } });
  });

  it("that neither ends nor listens to SIGTERM is killed, and the context says so", async () => {
    const { cluster } = await openWithPlugin(
      `process.on("SIGTERM", () => undefined); setInterval(() => undefined, 1000);`,
      { clock: hastyClock(150) },
    );
    const status = await eventually(cluster.status, ({ state }) => state === "unreachable");
    expect(status).toMatchObject({ error: { message: expect.stringContaining("did not end within 180 s") } });
  });

  it("that leaves a child with its output open is not waited for", async () => {
    const { cluster } = await openWithPlugin(
      `const child = require("node:child_process").spawn("sleep", ["1000"], { stdio: ["ignore", "inherit", "inherit"] });
       writeFileSync(${JSON.stringify(childFile)}, String(child.pid)); child.unref(); token("good");`,
      { clock: hastyClock(10) },
    );
    await connected(cluster);
    process.kill(Number(await readFile(childFile, "utf8")));
  });

  it("with an impossible command says that it cannot run", async () => {
    const { cluster } = await openWithPlugin("", {}, { command: "no\0name" });
    const status = await unreachable(cluster);
    expect(status).toMatchObject({ error: { name: "CredentialError" } });
  });

  it("that is not installed names its install hint", async () => {
    const { cluster } = await openWithPlugin(
      "",
      {},
      { command: "no-such-login", installHint: "get it at example.com" },
    );
    await unreachable(cluster);
    expect(cluster.status.get()).toMatchObject({
      error: { message: expect.stringContaining("no-such-login is not installed"), hint: "get it at example.com" },
    });
  });

  it("asks before it runs for the first time, and does not run when that is denied", async () => {
    const asked: unknown[] = [];
    let answer = false;
    const { cluster, runs } = await openWithPlugin(`token("good")`, {
      confirmExec: async (request) => {
        asked.push(request);
        return answer;
      },
    });
    await unreachable(cluster);
    expect(asked).toEqual([
      {
        context: "fake",
        user: "fake",
        command: expect.stringMatching(/login$/),
        args: ["--flag"],
        env: { FROM_KUBECONFIG: "good" },
      },
    ]);
    expect(await runs()).toBe(0);
    answer = true;
    cluster.retryNow();
    await connected(cluster);
    expect(asked).toHaveLength(2);
  });

  it("that failed in the terminal does not get it again before the user says so", async () => {
    let borrowed = 0;
    const withTerminal = async <T>(run: () => Promise<T>): Promise<T> => {
      borrowed += 1;
      return run();
    };
    const clock = hastyClock(10);
    const { cluster, script } = await openWithPlugin(
      `process.exit(3)`,
      { withTerminal, clock },
      { interactiveMode: "Always" },
    );
    await unreachable(cluster);
    expect(cluster.status.get()).toMatchObject({ error: { held: true } });
    // Some tries later, each of which would have taken it.
    await eventually(cluster.status, (status) => status.state === "unreachable" && status.attempts > 3);
    expect(borrowed).toBe(1);
    await script(`token("good")`);
    cluster.retryNow();
    await connected(cluster);
    expect(borrowed).toBe(2);
  });

  it("that failed in the terminal, and could do without, is tried without it, and what it said there stays", async () => {
    let borrowed = 0;
    const withTerminal = async <T>(run: () => Promise<T>): Promise<T> => {
      borrowed += 1;
      return run();
    };
    const { cluster, script } = await openWithPlugin(
      `if (process.env.KUBERNETES_EXEC_INFO.includes('"interactive":false')) console.error("log in first");
       process.exit(3)`,
      { withTerminal, clock: hastyClock(50) },
      { interactiveMode: "IfAvailable" },
    );
    await unreachable(cluster);
    expect(cluster.status.get()).toMatchObject({
      error: {
        held: false,
        message: expect.stringMatching(/exit code 3; without the terminal: exit code 3: log in first/),
      },
    });
    await eventually(cluster.status, (status) => status.state === "unreachable" && status.attempts > 3);
    await script(`token("good")`);
    await connected(cluster);
    expect(borrowed).toBe(1);
  });

  it("whose new token is refused, too, is not run again by every list", async () => {
    const { server, cluster, runs } = await openWithPlugin(`token("refused")`, { clock: hastyClock(0.1) });
    await unreachable(cluster);
    for (const name of ["pods", "nodes", "services"]) {
      await expect(cluster.list(server.resource(name), {})).rejects.toThrow("Unauthorized");
    }
    expect(await runs()).toBe(2);
  });

  it("that needs a terminal gets it, and only then", async () => {
    const { cluster } = await openWithPlugin(`token("good")`, {}, { interactiveMode: "Always" });
    await unreachable(cluster);
    expect(cluster.status.get()).toMatchObject({ error: { message: expect.stringContaining("needs a terminal") } });
    let borrowed = 0;
    const withTerminal = async <T>(run: () => Promise<T>): Promise<T> => {
      borrowed += 1;
      return run();
    };
    const other = await openWithPlugin(`token("good")`, { withTerminal }, { interactiveMode: "Always" });
    await connected(other.cluster);
    expect(borrowed).toBe(1);
    expect(await other.info()).toMatchObject({ spec: { interactive: true } });
    const quiet = await openWithPlugin(`token("good")`, { withTerminal }, { interactiveMode: "IfAvailable" });
    await connected(quiet.cluster);
    expect(borrowed).toBe(1);
  });
});

describe("other credentials", () => {
  it("a token file is read again when its token is refused", async () => {
    const directory = await temporaryDirectory(cleanup);
    const tokenFile = join(directory, "token");
    await writeFile(tokenFile, "old\n");
    const server = await startFakeApiServer({ pods: 1, token: "old" });
    cleanup.add(() => server.close());
    const cluster = await openKubeconfig(cleanup, fakeKubeconfig({ server: server.url, user: { tokenFile } }));
    await connected(cluster);
    await writeFile(tokenFile, "new");
    server.setToken("new");
    await expect(cluster.list(server.resource("pods"), {})).resolves.toHaveLength(1);
  });

  it("an OIDC token of an auth provider is sent", async () => {
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const token = `${part({ alg: "none" })}.${part({ exp: Math.floor(Date.now() / 1000) + 3600 })}.`;
    const server = await startFakeApiServer({ token });
    cleanup.add(() => server.close());
    const config = { "id-token": token, "client-id": "kelpie", "idp-issuer-url": "https://login.invalid" };
    const text = fakeKubeconfig({ server: server.url, user: { "auth-provider": { name: "oidc", config } } });
    await connected(await openKubeconfig(cleanup, text));
  });

  it("an auth provider that nobody knows says so", async () => {
    const server = await startFakeApiServer();
    cleanup.add(() => server.close());
    const text = fakeKubeconfig({ server: server.url, user: { "auth-provider": { name: "magic", config: {} } } });
    const cluster = await openKubeconfig(cleanup, text);
    await unreachable(cluster);
    expect(cluster.status.get()).toMatchObject({
      error: { name: "CredentialError", message: expect.stringContaining("auth provider") },
    });
  });

  it("user and password, and impersonation, are sent", async () => {
    const server = await startFakeApiServer();
    cleanup.add(() => server.close());
    const text = fakeKubeconfig({ server: server.url, user: { username: "me", password: "pässword" } });
    const cluster = await openKubeconfig(cleanup, text, {
      overrides: { as: "jane", asGroups: ["dev", "ops"], asUid: "7" },
    });
    await connected(cluster);
    const headers = server.requests[0]?.headers;
    expect(headers?.authorization).toBe(`Basic ${Buffer.from("me:pässword").toString("base64")}`);
    expect(headers).toMatchObject({
      "impersonate-user": "jane",
      "impersonate-group": "dev, ops",
      "impersonate-uid": "7",
    });
  });

  it("a token that is refused in mid-session leaves the rows, stale, and says so", async () => {
    const server = await startFakeApiServer({ pods: 5, token: "good" });
    cleanup.add(() => server.close());
    const cluster = await openKubeconfig(cleanup, server.kubeconfig, { clock: hastyClock(20) });
    const store = cluster.store({ resource: server.resource("pods"), namespace: "", form: "objects" });
    cleanup.add(store.subscribe(() => undefined));
    await eventually(store, ({ status }) => status.state === "live");
    await server.until(() => server.watchCount === 1);
    server.setToken("other");
    server.endWatches("clean");
    const { rows, status } = await eventually(store, (snapshot) => snapshot.status.state === "stale");
    expect(rows.size).toBe(5);
    expect(status).toMatchObject({ error: { status: 401, hint: expect.stringContaining("log in again") } });
    server.setToken("good");
    await eventually(store, (snapshot) => snapshot.status.state === "live");
  });
});
