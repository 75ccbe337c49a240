import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as realMilliseconds } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createClusters, type ClustersOptions } from "../../src/cluster/clusters.ts";
import { issueCertificate, type KeyPair } from "../../src/embedded/pki/certificate.ts";
import { startFakeApiServer, type FakeApiServer } from "../support/fake-api-server.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { jwt, startFakeIdentityProvider } from "../support/fake-identity-provider.ts";
import { fakeKubeconfig } from "../support/fake-kubeconfig.ts";
import { TestScreen, type ScreenOptions } from "../support/screen.ts";

let folder = "";
let open: TestScreen | undefined;
let clock: FakeClock;
const servers: FakeApiServer[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kelpie-credentials-"));
  clock = new FakeClock(Date.now());
});
afterEach(async () => {
  await open?.close();
  open = undefined;
  for (const server of servers.splice(0)) await server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function serve(options: Parameters<typeof startFakeApiServer>[0]): Promise<FakeApiServer> {
  const server = await startFakeApiServer({ pods: 4, ...options });
  servers.push(server);
  return server;
}

const path = (name: string): string => join(folder, name);
const write = (name: string, text: string): void => writeFileSync(path(name), text);
const writeConfig = (options: Parameters<typeof fakeKubeconfig>[0]): void =>
  write("kubeconfig", fakeKubeconfig(options));

/** The program as it starts on the kubeconfig in the folder. */
async function start(
  options: Partial<ScreenOptions> = {},
  clusters: Partial<ClustersOptions> = {},
): Promise<TestScreen> {
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder, KUBECONFIG: path("kubeconfig") };
  open = await TestScreen.open({
    clusters: (guard) => createClusters({ ...guard, env, clock, ...clusters }),
    columns: 150,
    clock,
    ...options,
  });
  return open;
}

/** Lets the program's time go on until the screen says so; sockets and processes take theirs beside it. */
async function inTime(app: TestScreen, wanted: RegExp): Promise<void> {
  for (let turn = 0; turn < 400 && !wanted.test(app.text()); turn += 1) {
    await realMilliseconds(20);
    await app.advance(1000);
  }
  expect(app.text()).toMatch(wanted);
}

const LIVE = / live ─/;
const DAY = 86_400_000;
const subject = (commonName: string) => ({ commonName, organizations: [] });
const authority = (): KeyPair =>
  issueCertificate({ subject: subject("test-ca"), use: "ca", days: 100, now: clock.now() - 50 * DAY });

test("A token refused in mid-session leaves the rows, stale; the one that a login writes is taken by itself", async () => {
  const token = jwt(clock.now() - 3_600_000);
  const server = await serve({ token });
  writeConfig({ server: server.url, token });
  const app = await start();
  await inTime(app, LIVE);
  await app.press("down");
  const rows = app.rows();
  server.setToken("fresh-token");
  server.endWatches("clean");
  await inTime(app, /stale since/);
  await inTime(app, / not logged in$/m);
  expect(app.line(1)).toMatch(
    /Not logged in for .*127\.0\.0\.1:\d+ does not accept user "fake": its token expired at /,
  );
  expect(app.rows()).toEqual(rows);
  expect(app.text()).not.toContain(token.slice(0, 20));
  writeConfig({ server: server.url, token: "fresh-token" });
  await inTime(app, LIVE);
  expect(app.rows()).toEqual(rows);
  await inTime(app, / connected$/m);
  expect(app.text()).not.toContain("Not logged in");
});

test("A kubeconfig that cannot be read, or names what it lacks, is told, and opened as soon as it is mended", async () => {
  const server = await serve({});
  write("kubeconfig", "contexts: [");
  const app = await start();
  expect(app.text()).toMatch(/not valid YAML: .*kubeconfig/);
  write("kubeconfig", fakeKubeconfig({ server: server.url }).replace('"user": "fake"', '"user": "nobody"'));
  await inTime(app, /names the user "nobody", which is not defined/);
  writeConfig({ server: server.url });
  await inTime(app, LIVE);
  expect(app.rows().length).toBeGreaterThan(1);
});

test("A context whose server moved goes on at the new address once the kubeconfig names it", async () => {
  const old = await serve({});
  writeConfig({ server: old.url });
  const app = await start();
  await inTime(app, LIVE);
  await old.setOnline(false);
  await inTime(app, /connection refused/);
  const server = await serve({ pods: 8 });
  writeConfig({ server: server.url });
  await inTime(app, LIVE);
  await inTime(app, / connected$/m);
  expect(server.requests.length).toBeGreaterThan(0);
});

test("Another terminal that switches current-context changes neither the open context nor what the flags are for", async () => {
  const server = await serve({ token: "of-the-flag" });
  const other = await serve({ token: "other" });
  const both = (current: string): string => {
    const entry = (name: string, url: string) => ({
      clusters: [{ name, cluster: { server: url } }],
      users: [{ name, user: { token: "other" } }],
      contexts: [{ name, context: { cluster: name, user: name } }],
    });
    const [one, two] = [entry("one", server.url), entry("two", other.url)];
    return JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": current,
      clusters: [...one.clusters, ...two.clusters],
      users: [...one.users, ...two.users],
      contexts: [...one.contexts, ...two.contexts],
    });
  };
  write("kubeconfig", both("one"));
  const app = await start({}, { overrides: { token: "of-the-flag" } });
  await inTime(app, LIVE);
  write("kubeconfig", both("two"));
  await app.press(":");
  await app.type("ctx");
  await app.press("enter");
  await inTime(app, /\* +one .*yes/);
  await inTime(app, /\. +two .*yes/);
  expect(other.requests.map(({ headers }) => headers.authorization)).not.toContain("Bearer of-the-flag");
});

test("A token file that is empty or gone is told; while it is rewritten, the token read last goes on", async () => {
  const server = await serve({ token: "first" });
  write("token", "");
  writeConfig({ server: server.url, user: { tokenFile: path("token") } });
  const app = await start();
  await inTime(app, /Not logged in for .*the token file \S+token is empty/);
  await inTime(app, /No data: .*\n let the tool that writes it write it again/);
  write("token", "first\n");
  await inTime(app, LIVE);
  rmSync(path("token"));
  await app.advance(120_000);
  expect(app.text()).toMatch(LIVE);
  server.setToken("second");
  server.endWatches("clean");
  await inTime(app, /cannot read the token file \S+token: no such file/);
  write("token", "second");
  await inTime(app, LIVE);
});

test("A wrong authority says so, with what to do, and a file of it that is mended is read again", async () => {
  const ca = authority();
  const pair = issueCertificate(
    { subject: subject("server"), use: "server", names: ["127.0.0.1"], days: 100, now: clock.now() - DAY },
    ca,
  );
  const server = await serve({ tls: { key: pair.key, cert: pair.certificate } });
  write("ca.crt", authority().certificate);
  writeConfig({ server: server.url, cluster: { "certificate-authority": path("ca.crt") } });
  const app = await start();
  await inTime(app, /cannot reach 127\.0\.0\.1:\d+: its certificate was (?:issued by|not signed)/);
  await inTime(app, /No data: .*\n .*(?:certificate-authority|fetch its kubeconfig again)/);
  write("ca.crt", "this is no certificate");
  await inTime(app, /the certificate authority in the kubeconfig is not a PEM certificate/);
  write("ca.crt", ca.certificate);
  await inTime(app, LIVE);
});

test("Client certificates: expired is said, one renewed on disk is taken, a key of another is told before it is sent", async () => {
  const ca = authority();
  const issue = (name: string, use: "client" | "server", now: number, days: number): KeyPair =>
    issueCertificate({ subject: subject(name), use, names: ["127.0.0.1"], days, now }, ca);
  const pair = issue("server", "server", clock.now() - DAY, 100);
  const server = await serve({ tls: { key: pair.key, cert: pair.certificate, clientCa: ca.certificate } });
  server.intercept(({ clientName }) =>
    clientName === "jane" ? undefined : { kind: "status", code: 401, reason: "Unauthorized", message: "Unauthorized" },
  );
  const use = (certificate: KeyPair, key = certificate): void => {
    write("me.crt", certificate.certificate);
    write("me.key", key.key);
  };
  const old = issue("old", "client", clock.now() - 30 * DAY, 10);
  const jane = issue("jane", "client", clock.now() - DAY, 10);
  use(old);
  const user = { "client-certificate": path("me.crt"), "client-key": path("me.key") };
  writeConfig({ server: server.url, ca: ca.certificate, user });
  const app = await start();
  await inTime(app, /does not accept user "fake": its client certificate expired at \d{4}-\d\d-\d\d/);
  use(jane, old);
  await inTime(app, /the client key of user "fake" does not belong to its client certificate/);
  write("me.key", "-----BEGIN nothing");
  await inTime(app, /the client key of user "fake" is not a PEM private key/);
  use(jane);
  await inTime(app, LIVE);
});

test("A credential plugin that is missing is told with its install hint, and logs in as soon as it is installed", async () => {
  const server = await serve({ token: "of-the-plugin" });
  const apiVersion = "client.authentication.k8s.io/v1";
  const exec = {
    apiVersion,
    command: "./login",
    interactiveMode: "IfAvailable",
    installHint: "get it at\nexample.com",
  };
  writeConfig({ server: server.url, user: { exec } });
  const app = await start();
  await app.untilShown(/Run this credential plugin\?/);
  await app.press("tab", "enter");
  await inTime(app, /Not logged in for .*the credential plugin login is not installed/);
  await inTime(app, /No data: .*\n get it at example\.com/);
  const answer = JSON.stringify({ kind: "ExecCredential", apiVersion, status: { token: "of-the-plugin" } });
  writeFileSync(path("login"), `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 });
  await inTime(app, /The program has changed on disk since you allowed it/);
  await app.press("tab", "enter");
  await inTime(app, LIVE);
  expect(app.text()).not.toContain("of-the-plugin");
});

test("An OIDC login that cannot be renewed in mid-session is told, and a new one is taken by itself", async () => {
  const token = jwt(clock.now() + 120_000, "before");
  const server = await serve({ token });
  const provider = await startFakeIdentityProvider({ idToken: "" });
  provider.refusal = "the session has ended";
  const login = (idToken: string): void => {
    const config = {
      "idp-issuer-url": provider.url,
      "client-id": "k",
      "id-token": idToken,
      "refresh-token": "refresh-1",
    };
    writeConfig({ server: server.url, user: { "auth-provider": { name: "oidc", config } } });
  };
  login(token);
  const app = await start();
  await inTime(app, LIVE);
  await app.advance(120_000);
  server.endWatches("clean");
  await inTime(app, /stale since .*the OIDC login of user "fake" is not renewed/);
  await inTime(app, / not logged in$/m);
  expect(app.rows().length).toBeGreaterThan(1);
  const fresh = jwt(clock.now() + 2 * 3_600_000, "after");
  server.setToken(fresh);
  login(fresh);
  await inTime(app, LIVE);
  await inTime(app, / connected$/m);
  await provider.close();
});

test("Who is impersonated stands in the header, however narrow, and a group without a user is told", async () => {
  const server = await serve({});
  writeConfig({ server: server.url, user: { as: "jane", "as-groups": ["dev"] } });
  const app = await start({ columns: 60 });
  await inTime(app, LIVE);
  expect(app.line(0)).toMatch(/ as jane /);
  expect(server.requests.at(-1)?.headers).toMatchObject({ "impersonate-user": "jane", "impersonate-group": "dev" });
  await app.close();
  writeConfig({ server: server.url, user: { "as-groups": ["dev"] } });
  const other = await start();
  await inTime(other, /the user "fake" .* has as-groups, as-uid or as-user-extra without as/);
});
