import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { asRecords, asString, at } from "../../src/lib/kube/object.ts";
import { apiClient, endpointOf, type ApiEndpoint } from "../support/api-client.ts";
import { execInPod } from "../support/exec-in-pod.ts";
import { leftoversOf } from "../support/leftovers.ts";
import { PROGRAM, runCommand, type CommandResult } from "../support/program.ts";

/** A user without any rights, for whom this machine has no account. */
const PLAIN_USER = 2001;
const IS_ROOT = process.getuid?.() === 0;
const PODS = "/api/v1/namespaces/default/pods";
const SERVER = `require("node:http").createServer((request, response) => {
  console.log(request.method, request.url);
  response.end("hello from " + require("node:os").hostname());
}).listen(8080, process.env.POD_IP ?? "0.0.0.0", () => console.log("listening"))`;

let folder = "";
let home = "";
let runtime = "";
/** The program and Node.js where every user can read them. */
let command: readonly string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "kelpie-plain-"));
  chmodSync(folder, 0o755);
  const dist = join(folder, "dist");
  cpSync(dirname(PROGRAM), dist, { recursive: true });
  const node = join(folder, "node");
  // What setpriv itself starts is still looked up with the rights of root: what its child starts is not.
  const start = ["sh", "-c", '"$0" -e 0', process.execPath];
  const reached = await runCommand("setpriv", [...asUser(), ...start], { PATH: process.env["PATH"] });
  if (IS_ROOT && reached.code !== 0) cpSync(process.execPath, node);
  const program = [existsSync(node) ? node : process.execPath, join(dist, "kelpie.js")];
  command = IS_ROOT ? ["setpriv", ...asUser(), ...program] : program;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeEach(() => {
  home = join(folder, "home");
  mkdirSync(home);
  if (IS_ROOT) chownSync(home, PLAIN_USER, PLAIN_USER);
});
afterEach(async () => {
  await kelpie("delete");
  rmSync(home, { recursive: true, force: true });
});

function asUser(): string[] {
  return IS_ROOT ? [`--reuid=${PLAIN_USER}`, `--regid=${PLAIN_USER}`, "--clear-groups"] : [];
}

function kelpie(...args: readonly string[]): Promise<CommandResult> {
  const [program = "", ...rest] = command;
  const env = { PATH: process.env["PATH"], HOME: home, KELPIE_RUNTIME: runtime };
  return runCommand(program, [...rest, "cluster", ...args, "-o", "json"], env);
}

/** Why pods cannot have namespaces here; `undefined`: they can. */
async function whyNoNamespaces(): Promise<string | undefined> {
  const checks: unknown = JSON.parse((await kelpie("doctor")).stdout);
  const check = asRecords(checks).find(({ name }) => name === "runtime namespaces");
  return check?.["status"] === "ok" ? undefined : asString(check?.["message"]);
}

interface Started {
  readonly endpoint: ApiEndpoint;
  readonly client: ReturnType<typeof apiClient>;
}

async function start(): Promise<Started> {
  const { code, stdout, stderr } = await kelpie("start", "--wait");
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const cluster: unknown = JSON.parse(stdout);
  expect(at(cluster, "nodeProblem")).toBeUndefined();
  const owner = statSync(`/proc/${String(at(cluster, "pid"))}`).uid;
  expect(owner).toBe(IS_ROOT ? PLAIN_USER : process.getuid?.());
  const endpoint = endpointOf(asString(at(cluster, "kubeconfig")));
  return { endpoint, client: apiClient(endpoint) };
}

async function createPod(
  { client }: Started,
  name: string,
  words: readonly string[],
  more: object = {},
): Promise<void> {
  const containers = [{ name: "main", image: "localhost/host", command: words, ...more }];
  const body = { metadata: { name, labels: { app: name } }, spec: { containers, terminationGracePeriodSeconds: 0 } };
  expect((await client.call(PODS, { method: "POST", body })).text).toContain(`"name":"${name}"`);
}

async function untilReady({ client }: Started, name: string): Promise<unknown> {
  const ready = async (): Promise<unknown> =>
    at((await client.call(`${PODS}/${name}`)).body, "status", "containerStatuses", 0, "ready");
  await expect.poll(ready).toBe(true);
  return (await client.call(`${PODS}/${name}`)).body;
}

async function deleteCluster(): Promise<void> {
  expect(await kelpie("delete")).toMatchObject({ code: 0 });
  await expect.poll(() => leftoversOf(home)).toEqual([]);
  expect(existsSync(join(home, ".local", "share", "kelpie", "clusters", "kelpie"))).toBe(false);
}

describe("a user without rights", () => {
  it("runs pods in namespaces, a service by its name, commands in pods, and leaves nothing", async (context) => {
    runtime = "";
    const reason = await whyNoNamespaces();
    if (reason !== undefined) context.skip(reason);
    const cluster = await start();
    await createPod(cluster, "web", ["node", "-e", SERVER], {
      readinessProbe: { httpGet: { path: "/ready", port: 8080 }, periodSeconds: 1 },
    });
    await createPod(cluster, "client", ["sleep", "1000"]);
    const service = {
      metadata: { name: "web" },
      spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }] },
    };
    await cluster.client.call("/api/v1/namespaces/default/services", { method: "POST", body: service });
    await untilReady(cluster, "web");
    await untilReady(cluster, "client");

    const ask = (url: string): Promise<string> =>
      execInPod(cluster.endpoint, "client", [
        "node",
        "-e",
        `fetch("${url}").then((answer) => answer.text()).then(console.log, (error) => console.log(String(error.cause)))`,
      ]).then(({ stdout, stderr }) => stdout + stderr);
    await expect.poll(() => ask("http://web/named")).toBe("hello from web\n");
    expect(await ask("http://web.default.svc.cluster.local/whole")).toBe("hello from web\n");
    const log = (await cluster.client.call(`${PODS}/web/log`)).text.split("\n");
    expect(log).toEqual(expect.arrayContaining(["listening", "GET /named", "GET /whole"]));

    const inside = await execInPod(cluster.endpoint, "client", ["sh", "-c", "id -u; hostname; echo $PPID; exit 3"]);
    expect(inside.stdout).toBe("0\nclient\n0\n");
    expect(inside.status).toContain('"ExitCode","message":"3"');
    await deleteCluster();
  });

  it("runs pods as plain processes where that was chosen, and is told that they are not isolated", async () => {
    runtime = "process";
    const cluster = await start();
    await createPod(cluster, "web", ["node", "-e", SERVER], {
      readinessProbe: { httpGet: { path: "/ready", port: 8080 }, periodSeconds: 1 },
    });
    await untilReady(cluster, "web");

    const node = (await cluster.client.call("/api/v1/nodes")).body.items[0];
    expect(node.status.conditions).toContainEqual(
      expect.objectContaining({
        type: "NoIsolation",
        status: "True",
        message: expect.stringContaining("plain processes") as string,
      }),
    );
    const events = (await cluster.client.call("/api/v1/namespaces/default/events")).body;
    const told = asRecords(at(events, "items")).find(({ reason }) => reason === "NotIsolated");
    expect(told).toMatchObject({ type: "Warning", message: expect.stringContaining("not isolated") as string });

    const user = await execInPod(cluster.endpoint, "web", ["id", "-u"]);
    expect(user.stdout).toBe(`${IS_ROOT ? PLAIN_USER : String(process.getuid?.())}\n`);
    expect((await cluster.client.call(`${PODS}/web/log`)).text).toContain("listening\n");
    await deleteCluster();
  });
});
