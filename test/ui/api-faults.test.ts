import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createClusters } from "../../src/cluster/clusters.ts";
import { fakePod } from "../support/fake-api-objects.ts";
import type { RecordedRequest } from "../support/fake-api-request.ts";
import { startFakeApiServer, type FakeApiServer, type Fault } from "../support/fake-api-server.ts";
import { fakeKubeconfig } from "../support/fake-kubeconfig.ts";
import { JumpingClock } from "../support/jumping-clock.ts";
import { TestScreen } from "../support/screen.ts";

const MINUTE = 60_000;
const PODS = "/api/v1/namespaces/default/pods";

let server: FakeApiServer;
let clock: JumpingClock;
let folder = "";
let open: TestScreen | undefined;
beforeEach(async () => {
  server = await startFakeApiServer({ pods: 12 });
  clock = new JumpingClock();
  folder = mkdtempSync(join(tmpdir(), "kelpie-faults-"));
});
afterEach(async () => {
  await open?.close();
  open = undefined;
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The program with the real client over real sockets, on a clock that a test can move on. */
async function start(initialCommand = "pods default", kubeconfig = server.kubeconfig): Promise<TestScreen> {
  const file = join(folder, "kubeconfig");
  writeFileSync(file, kubeconfig);
  open = await TestScreen.open({
    clusters: (guard) =>
      createClusters({
        ...guard,
        overrides: { kubeconfig: file },
        env: { PATH: process.env["PATH"] },
        clock,
      }),
    initialCommand,
    clock,
    columns: 120,
    rows: 30,
  });
  return open;
}

const LIVE = /── pods\(.*─ live ─/;
const STALE = /─ stale since \d\d:\d\d:\d\d: /;

async function startLive(): Promise<TestScreen> {
  const app = await start();
  await app.untilShown(LIVE);
  return app;
}

const pod = (name: string, created?: string): ReturnType<typeof fakePod> => {
  const object = fakePod({ name, namespace: "default", index: 900, node: "node-1" });
  const { creationTimestamp } = object.metadata;
  const time = created ?? creationTimestamp ?? null;
  return { ...object, metadata: { ...object.metadata, uid: name, creationTimestamp: time } };
};

const isList = (request: RecordedRequest): boolean => request.path === PODS && !request.query.has("watch");
const isWatch = (request: RecordedRequest): boolean => request.path === PODS && request.query.has("watch");
const lists = (): number => server.requests.filter(isList).length;

/** A fault for the first requests of a kind; the ones after are answered. */
function fail(matches: (request: RecordedRequest) => boolean, times: number, fault: Fault): void {
  let left = times;
  server.intercept((request) => {
    if (!matches(request) || left === 0) return undefined;
    left -= 1;
    return fault;
  });
}

test("An API server that is away for minutes leaves the rows, stale with the reason, and comes back by itself", async () => {
  const app = await startLive();
  const before = app.rows();
  await server.setOnline(false);
  await app.untilShown(STALE);
  expect(app.text()).toMatch(
    /stale since \d\d:\d\d:\d\d: cannot reach 127\.0\.0\.1:\d+: (the connection was cut|connection refused)/,
  );
  for (let minute = 0; minute < 6; minute += 1) {
    clock.advance(MINUTE);
    await app.untilShown(/connection refused.* Next try in \d+ s/);
  }
  await app.untilShown(/^ (?:No connection for )?[67]m\S*: cannot reach/m);
  expect(app.rows()).toEqual(before);
  const status = app.ui.controller.session.cluster.get()?.status.get();
  // Half a second, then ever longer up to 30 s: six minutes are some 18 tries, not hundreds.
  expect(status?.state === "unreachable" ? status.attempts : 0).toBeLessThan(30);
  await app.press("resource.delete");
  expect(app.text()).toContain("Delete pod");
  await app.press("tab", "enter");
  await app.untilShown(/connection refused/);
  expect(app.rows()).toEqual(before);

  await server.setOnline(true);
  server.push(pod("born-meanwhile"));
  clock.advance(40_000);
  await app.untilShown(LIVE);
  await app.untilShown(/born-meanwhile/);
  await app.untilShown(/ connected$/m);
  expect(app.line(1)).not.toMatch(/No connection|cannot reach/);
});

test("A text view whose server is away says since when what it shows is old", async () => {
  const app = await startLive();
  await app.press("resource.describe");
  await app.untilShown(/describe\(.* live ─/);
  await server.setOnline(false);
  await app.untilShown(STALE);
  expect(app.text()).toMatch(/Name: +/);
  await server.setOnline(true);
  clock.advance(40_000);
  await app.untilShown(/describe\(.* live ─/);
});

/** A credential plugin that waits for the file `go` and then prints the token in it. */
function plugin(): string {
  const path = join(folder, "login");
  writeFileSync(
    path,
    `#!${process.execPath}
const { appendFileSync, existsSync, readFileSync } = require("node:fs");
appendFileSync(${JSON.stringify(join(folder, "runs"))}, "x");
const look = () => {
  if (!existsSync(${JSON.stringify(join(folder, "go"))})) return setTimeout(look, 5);
  const token = readFileSync(${JSON.stringify(join(folder, "go"))}, "utf8");
  if (token === "none") { console.error("the session has expired: log in again"); process.exit(1); }
  const status = { token };
  console.log(JSON.stringify({ kind: "ExecCredential", apiVersion: "client.authentication.k8s.io/v1", status }));
};
look();
`,
  );
  chmodSync(path, 0o700);
  return path;
}

test("A 401 in mid-session runs the plugin once for all requests; what is shown meanwhile is stale, with what it said", async () => {
  await server.close();
  server = await startFakeApiServer({ pods: 12, token: "first" });
  const exec = { apiVersion: "client.authentication.k8s.io/v1", command: plugin(), interactiveMode: "Never" };
  const runs = (): number => readFileSync(join(folder, "runs"), "utf8").length;
  writeFileSync(join(folder, "go"), "first");
  const app = await start("pods default", fakeKubeconfig({ server: server.url, user: { exec } }));
  await app.untilShown(/Run this credential plugin\?/);
  await app.press("tab", "enter");
  await app.untilShown(LIVE);
  const before = app.rows();
  expect(runs()).toBe(1);

  rmSync(join(folder, "go"));
  server.setToken("second");
  server.endWatches("clean");
  const refused = (): number =>
    server.requests.filter(({ headers }) => headers.authorization === "Bearer first").length;
  const had = refused();
  clock.advance(16_000);
  await server.until(() => refused() > had + 1);
  writeFileSync(join(folder, "go"), "none");
  await app.untilShown(
    /: the credential plugin login failed with exit code 1: the session has expired: log in again\. Next try/,
  );
  expect(app.text()).toMatch(STALE);
  expect(app.rows()).toEqual(before);
  expect(runs()).toBe(2);

  writeFileSync(join(folder, "go"), "second");
  server.push(pod("after-login"));
  clock.advance(40_000);
  await app.untilShown(LIVE);
  await app.untilShown(/after-login/);
  expect(runs()).toBe(3);
});

test("A user who may not watch gets the list again and again, and the title says so", async () => {
  server.deny("watch", "pods");
  const app = await start();
  await app.untilShown(/─ live, polled ─/);
  server.push(pod("seen-at-the-next-poll"));
  clock.advance(6000);
  await app.untilShown(/seen-at-the-next-poll/);
});

test("A user without list, logs or delete is told the verb and the resource", async () => {
  server.deny("list", "secrets");
  server.deny("delete", "pods");
  server.deny("get", "pods/log");
  const app = await startLive();
  const access = app.ui.controller.session.cluster.get()?.access;
  if (access === undefined) throw new Error("no cluster is open");
  await app.until(access.allowed("delete", server.resource("pods"), "default"), (answer) => answer === "no");
  await app.press("resource.delete");
  await app.untilShown(/you may not delete pods in default/);
  await app.press("resource.logs");
  await app.press("text.wrap");
  await app.untilShown(/cannot get\s+resource "pods\/log"/);
  await app.press("escape", ":");
  await app.type("secrets");
  await app.press("enter");
  await app.untilShown(/─ not allowed ─/);
  expect(app.text()).toMatch(/cannot list resource "secrets"/);
});

test("A user of one namespace works there without a list of namespaces, and all namespaces say why they are not shown", async () => {
  server.deny("list", "namespaces");
  server.deny("list", "pods", "");
  server.deny("watch", "pods", "");
  server.deny("list", "nodes");
  const app = await startLive();
  await app.press("namespace.0");
  await app.untilShown(/─ not allowed ─/);
  expect(app.text()).toMatch(/cannot list resource "pods"/);
  await app.press(":");
  await app.type("ns");
  await app.press("enter");
  await app.untilShown(/cannot list resource "namespaces"/);
  await app.press(":");
  await app.type("pods default");
  await app.press("enter");
  await app.untilShown(LIVE);
});

test("A server that takes 30 s to answer shows loading, the program goes on, and the list comes", async () => {
  let slow = true;
  server.intercept((request) => (slow && isList(request) ? { kind: "hang" } : undefined));
  const app = await start();
  await app.untilShown(/── pods\(.*─ loading ─/);
  await app.press("app.help");
  expect(app.text()).toContain("help");
  await app.press("escape");
  await server.until(() => lists() > 0);
  clock.advance(31_000);
  await app.untilShown(/no answer in 30 s/);
  slow = false;
  clock.advance(5000);
  await app.untilShown(LIVE);
});

const bytes = (text: string, more: Buffer = Buffer.alloc(0)): Fault => ({
  kind: "bytes",
  bytes: Buffer.concat([Buffer.from(text.replaceAll("\n", "\r\n")), more]),
});
const PAGE = gzipSync(JSON.stringify({ kind: "PodList", items: [{ metadata: { name: "half" } }] }));

test.each<readonly [what: string, fault: Fault, said: RegExp]>([
  ["cut in the middle of a page", { kind: "cut", afterBytes: 3000 }, /the connection was cut|aborted/],
  ["chunks that are none", bytes("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\nZZZ\ngarbage"), /cannot reach 127/],
  ["no HTTP at all", bytes("220 smtp.example ESMTP\n"), /does not speak HTTP/],
  [
    "gzip that ends early",
    bytes("HTTP/1.1 200 OK\nContent-Encoding: gzip\nConnection: close\n\n", PAGE.subarray(0, 40)),
    /unexpected end of file|was cut/,
  ],
  [
    "the page of a proxy",
    {
      kind: "raw",
      code: 200,
      body: "<html><title>Log in</title><body>\u001B[2J</body></html>",
      contentType: "text/html",
    },
    /the answer is not whole JSON/,
  ],
  [
    "a gateway's error page",
    { kind: "raw", code: 502, body: "<html><title>502 Bad Gateway</title></html>", contentType: "text/html" },
    /502 Bad Gateway/,
  ],
  ["500", { kind: "status", code: 500, reason: "InternalError", message: "etcd has no leader" }, /etcd has no leader/],
  ["a reset connection", bytes(""), /the connection was cut/],
])("A list that is answered with %s says so, keeps trying, and comes", async (_what, fault, said) => {
  const mend = server.intercept((request) => (isList(request) ? fault : undefined));
  const app = await start();
  await app.untilShown(said);
  expect(app.text()).not.toMatch(/half|<html>/);
  await app.untilShown(/stale since|loading/);
  mend();
  clock.advance(40_000);
  await app.untilShown(LIVE);
  expect(app.rows().length).toBeGreaterThan(3);
});

test("A server that is too busy to answer is overloaded, not unreachable", async () => {
  fail(({ path }) => path === "/version", 1, { kind: "status", code: 429, message: "Too many requests" });
  const app = await start();
  await app.untilShown(/overloaded/);
  expect(app.text()).not.toContain("unreachable");
  clock.advance(5000);
  await app.untilShown(/connected/);
});

test("A server that is busy is left alone for as long as it asks", async () => {
  fail(isList, 1, {
    kind: "status",
    code: 429,
    reason: "TooManyRequests",
    message: "too many requests",
    headers: { "Retry-After": "40" },
  });
  const app = await start();
  await app.untilShown(/too many requests/);
  clock.advance(15_000);
  await app.idle();
  expect(lists()).toBe(1);
  clock.advance(26_000);
  await app.untilShown(LIVE);
});

test("A watch that is cut in the middle of a line goes on where it was, without a gap", async () => {
  const app = await startLive();
  server.endWatches("cut");
  server.push(pod("born-in-the-gap"));
  clock.advance(2000);
  await app.untilShown(/born-in-the-gap/);
  await app.untilShown(LIVE);
});

test("A watch that sends what is no event says so and begins again", async () => {
  const app = await startLive();
  const lines = ["{", "null", "[]", '{"type":"ADDED"}', '{"type":"ADDED","object":{}}', "\u001B[2J"];
  for (const [index, line] of lines.entries()) {
    server.pushRaw(line);
    server.push(pod(`after-${index}`));
    clock.advance(40_000);
    await app.untilShown(LIVE);
    await app.untilShown(new RegExp(`after-${index}`));
  }
});

test("Watches that all expire do not become a storm of lists, and the rows stay", async () => {
  server.intercept((request) =>
    isWatch(request)
      ? {
          kind: "raw",
          code: 200,
          body: `${JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired", message: "too old" } })}\n`,
          contentType: "application/json",
        }
      : undefined,
  );
  const app = await start();
  await app.untilShown((text) => text.includes("[") && app.rows().length > 3);
  const rows = app.rows();
  for (let second = 0; second < 60; second += 1) {
    clock.advance(1000);
    await app.idle();
  }
  expect(lists()).toBeLessThan(40);
  expect(app.rows()).toEqual(rows);
});

test("Where every third connection is reset, everything comes all the same", async () => {
  let count = 0;
  server.intercept(() => {
    count += 1;
    return count % 3 === 0 ? bytes("") : undefined;
  });
  const app = await start();
  const ticking = setInterval(() => clock.advance(500), 10);
  try {
    await app.untilShown(LIVE);
    for (const [command, shown] of [
      ["nodes", /── nodes.*live/],
      ["deploy default", /── deployments.*live/],
      ["pods default", LIVE],
    ] as const) {
      await app.press(":");
      await app.type(command);
      await app.press("enter");
      await app.untilShown(shown);
    }
  } finally {
    clearInterval(ticking);
  }
});

test("A watch that lives and says nothing more is noticed when its time is over", async () => {
  const mute = "HTTP/1.1 200 OK\nContent-Type: application/json\nTransfer-Encoding: chunked\n\n";
  const stop = server.intercept((request) => (isWatch(request) ? { ...bytes(mute), stays: true } : undefined));
  const app = await startLive();
  await server.until(() => server.requests.some(isWatch));
  stop();
  server.push(pod("never-told"));
  // The server promised to end the watch within 10 minutes.
  for (let minute = 0; minute < 12; minute += 1) {
    clock.advance(MINUTE);
    await app.idle();
  }
  await app.untilShown(/never-told/);
});

test("A server whose clock is hours away makes no negative ages", async () => {
  const hours = (count: number): string =>
    new Date(Date.now() + count * 3_600_000).toISOString().replace(/\.\d+Z/, "Z");
  server.push(pod("from-the-future", hours(5)));
  server.push(pod("from-the-past", hours(-5)));
  const app = await startLive();
  await app.untilShown(/from-the-future/);
  const row = app.lines().find((line) => line.includes("from-the-future")) ?? "";
  expect(row).not.toMatch(/ -\d/);
  expect(row).toContain("<invalid>");
  expect(app.lines().find((line) => line.includes("from-the-past"))).toMatch(/5h|4h5/);
  await app.press("sort.age");
  expect(app.text()).toContain("from-the-future");
  app.ui.controller.navigation.front?.command("search.set", "from-the-future");
  await app.press("resource.describe");
  await app.untilShown(/from-the-future/);
  expect(app.text()).not.toMatch(/ -\d+[smhd]/);
});

test("An error that is longer than the line at the bottom is shown in full over the lines above it", async () => {
  const words = Array.from({ length: 40 }, (_, index) => `word${index}`).join(" ");
  server.intercept(({ method }) =>
    method === "DELETE" ? { kind: "status", code: 403, reason: "Forbidden", message: `${words} the end` } : undefined,
  );
  const app = await startLive();
  await app.press("resource.delete", "tab", "enter");
  await app.untilShown(/word39 the end/);
  await app.press("move.down");
  clock.advance(20_000);
  await app.untilShown((text) => !text.includes("word0"));
});
