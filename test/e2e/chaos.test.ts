import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { identify, isAlive, type ProcessIdentity } from "../../src/embedded/runtimes/process-identity.ts";
import { asNumber, asRecords, asString, at } from "../../src/lib/kube/object.ts";
import { apiClient, endpointOf } from "../support/api-client.ts";
import { whyNoPods } from "../support/embedded-cluster.ts";
import { leftoversOf } from "../support/leftovers.ts";
import { PATIENCE } from "../support/patience.ts";
import { runKelpie } from "../support/program.ts";

const problem = await whyNoPods();
const PODS = "/api/v1/namespaces/default/pods";
const MAPS = "/api/v1/namespaces/default/configmaps";
const WRITERS = 4;
const KILLS = 7;

let home = "";
let env: Record<string, string | undefined> = {};
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "kelpie-chaos-"));
  env = { PATH: process.env["PATH"], HOME: home, KELPIE_HOME: home };
});
afterEach(async () => {
  await runKelpie(["cluster", "delete"], env);
  rmSync(home, { recursive: true, force: true });
});

interface Cluster {
  readonly pid: number;
  readonly kubeconfig: string;
  readonly directory: string;
}

async function start(...flags: readonly string[]): Promise<Cluster> {
  const { stdout, stderr } = await runKelpie(["cluster", "start", ...flags, "-o", "json"], env);
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as Cluster;
}

const soon = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

type Client = ReturnType<typeof apiClient>;

/** What the API server has acknowledged, and what it must therefore still know. */
class Writer {
  readonly #client: Client;
  readonly #name: string;
  readonly present = new Map<string, number>();
  readonly deleted = new Set<string>();
  /** Of every write, as they were acknowledged one after the other. */
  readonly versions: number[] = [];
  count = 0;
  #next = 0;
  readonly #tried = new Set<string>();

  constructor(client: Client, name: string) {
    this.#client = client;
    this.#name = name;
  }

  /** Creates, counts up and deletes until `ends`; an engine that is down is tried again. */
  async run(ends: AbortSignal): Promise<void> {
    await this.#send("POST", MAPS, { metadata: { name: this.#name }, data: { count: "0" } });
    while (!ends.aborted) {
      this.#next += 1;
      const name = `${this.#name}-${this.#next}`;
      const created = await this.#send("POST", MAPS, { metadata: { name } });
      if (created !== undefined) this.present.set(name, created);
      const counted = await this.#send("PATCH", `${MAPS}/${this.#name}`, { data: { count: String(this.#next) } });
      if (counted !== undefined) this.count = this.#next;
      if (created !== undefined && this.#next % 5 === 0) {
        // Whether a delete that was not acknowledged has happened is not known.
        this.present.delete(name);
        if ((await this.#send("DELETE", `${MAPS}/${name}`)) !== undefined) this.deleted.add(name);
      }
      if (created === undefined) await soon(5);
    }
  }

  async #send(method: string, path: string, body?: unknown): Promise<number | undefined> {
    const headers = method === "PATCH" ? { "content-type": "application/merge-patch+json" } : {};
    try {
      const answer = await this.#client.call(path, { method, body, headers });
      if (answer.code >= 300) throw new Error(`${method} ${path}: ${answer.code} ${answer.text}`);
      const version = Number(at(answer.body, "metadata", "resourceVersion") ?? 0);
      if (version > 0) this.versions.push(version);
      return version;
    } catch (error) {
      if (error instanceof Error && /^(POST|PATCH|DELETE) /.test(error.message)) throw error;
      // The engine died: whether it was written is not known.
      this.#tried.add(path);
      return undefined;
    }
  }
}

/** What is stored holds what was acknowledged. Answers the version of the list. */
async function verify(client: Client, writers: readonly Writer[]): Promise<number> {
  const acknowledged = writers.map(({ present, deleted, count, versions }) => ({
    present: [...present],
    deleted: [...deleted],
    count,
    last: versions.at(-1) ?? 0,
  }));
  const { body } = await client.call(MAPS);
  const found = new Map(asRecords(at(body, "items")).map((item) => [asString(at(item, "metadata", "name")), item]));
  const version = Number(at(body, "metadata", "resourceVersion"));
  acknowledged.forEach(({ present, deleted, count, last }, index) => {
    expect(version).toBeGreaterThanOrEqual(last);
    for (const [name, written] of present) {
      expect(Number(at(found.get(name), "metadata", "resourceVersion")), name).toBe(written);
    }
    expect(deleted.filter((name) => found.has(name))).toEqual([]);
    const stored = Number(at(found.get(`writer-${index}`), "data", "count") ?? 0);
    expect(stored).toBeGreaterThanOrEqual(count);
  });
  return version;
}

/** Kills the engine while it starts, a while after its process is there: another one than `last`, which was killed. */
async function killStarting(directory: string, last: number, after: number): Promise<void> {
  const starting = runKelpie(["cluster", "start", "-o", "json"], env);
  // Wherever it hangs: the command that has started it may have come to its end meanwhile.
  const daemon = await untilFound(() =>
    readdirSync("/proc")
      .map(Number)
      .find((pid) => pid > 0 && pid !== last && commandOf(pid).includes(`daemon.js\0${directory}`)),
  );
  await soon(after);
  process.kill(daemon, "SIGKILL");
  await starting;
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

async function untilFound<T>(look: () => T | undefined): Promise<T> {
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    await soon(2);
  }
}

function shellPod(name: string, restartPolicy: string, script: string, more: object = {}): object {
  const containers = [{ name: "main", image: "localhost/host", command: ["sh", "-c", script], ...more }];
  return {
    metadata: { name },
    spec: { restartPolicy, containers, volumes: [{ name: "shared", emptyDir: {} }], terminationGracePeriodSeconds: 0 },
  };
}

const status = async (client: Client, name: string): Promise<unknown> => {
  const { body } = await client.call(`${PODS}/${name}`);
  return at(body, "status", "containerStatuses", 0);
};

/** The first process of a container, as this machine numbers it. */
function processOf(directory: string, containerStatus: unknown): ProcessIdentity {
  const id = asString(at(containerStatus, "containerID")).replace(/^.*\/\//, "");
  const text = readFileSync(join(directory, "runtime", "containers", id, "pid"), "utf8");
  const identity = identify(Number.parseInt(text, 10));
  if (identity === undefined) throw new Error(`container ${id} does not run`);
  return identity;
}

test.skipIf(problem !== undefined)(
  "an engine that is killed again and again loses no write, no container, no exit code and no line of a log",
  async () => {
    const { kubeconfig, directory } = await start("--wait");
    const client = apiClient(endpointOf(kubeconfig));
    const create = async (pod: object): Promise<void> => {
      expect((await client.call(PODS, { method: "POST", body: pod })).code).toBe(201);
    };
    const ticking = "i=0; while :; do i=$((i+1)); echo tick $i; echo tock $i >&2; sleep 0.02; done";
    await create(shellPod("ticking", "Always", ticking));
    const shared = { volumeMounts: [{ name: "shared", mountPath: "/shared" }] };
    await create(shellPod("failing", "Always", "echo run >>/shared/runs; cat /shared/runs; sleep 0.3; exit 3", shared));
    const ending: Array<{ readonly name: string; readonly code: number }> = [];
    const createEnding = async (seconds: number): Promise<void> => {
      const code = 40 + ending.length;
      ending.push({ name: `ending-${code}`, code });
      await create(shellPod(`ending-${code}`, "Never", `echo begins; sleep ${seconds}; echo ends; exit ${code}`));
    };
    for (let index = 0; index < 8; index += 1) await createEnding(index * 0.7 + 0.2);
    await expect.poll(async () => at(await status(client, "ticking"), "ready")).toBe(true);
    const before = await status(client, "ticking");
    const ticker = processOf(directory, before);

    const ends = new AbortController();
    const writers = Array.from({ length: WRITERS }, (_, index) => new Writer(client, `writer-${index}`));
    const writing = Promise.all(writers.map((writer) => writer.run(ends.signal)));
    let version = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const { pid } = await start();
      const now = await verify(client, writers);
      expect(now).toBeGreaterThanOrEqual(version);
      version = now;
      // Some are killed while they start their node, some while they start containers.
      await soon(Math.random() * 300);
      for (const seconds of [0, 0.3, 1]) await createEnding(seconds);
      await soon(Math.random() * 300);
      process.kill(pid, "SIGKILL");
      expect(isAlive(ticker)).toBe(true);
      // Containers end meanwhile, too.
      if (kill % 3 === 1) await soon(700);
      if (kill % 3 === 2) await killStarting(directory, pid, Math.random() * 250);
    }
    await start("--wait");
    await expect.poll(() => client.call("/readyz").then(({ code }) => code)).toBe(200);
    ends.abort();
    await writing;
    await verify(client, writers);
    expect(writers.every(({ present }) => present.size > 10)).toBe(true);
    const versions = writers.flatMap((writer) => writer.versions);
    expect(new Set(versions).size).toBe(versions.length);
    for (const writer of writers) expect(writer.versions).toEqual(writer.versions.toSorted((a, b) => a - b));

    const after = await status(client, "ticking");
    expect(after).toMatchObject({ restartCount: 0, ready: true, containerID: at(before, "containerID") });
    expect(processOf(directory, after)).toEqual(ticker);
    const lines = (await client.call(`${PODS}/ticking/log`)).text.trimEnd().split("\n");
    for (const word of ["tick", "tock"]) {
      const counted = lines.filter((line) => line.startsWith(`${word} `));
      expect(counted.length).toBeGreaterThan(100);
      expect(counted).toEqual(counted.map((_, index) => `${word} ${index + 1}`));
    }

    for (const { name, code } of ending) {
      const state = async (): Promise<unknown> => at(await status(client, name), "state", "terminated", "exitCode");
      await expect.poll(state).toBe(code);
      expect(at(await status(client, name), "restartCount")).toBe(0);
      expect((await client.call(`${PODS}/${name}/log`)).text).toBe("begins\nends\n");
    }

    const failing = async (): Promise<unknown> => {
      const found = await status(client, "failing");
      const runs = (await client.call(`${PODS}/failing/log`)).text.trimEnd().split("\n");
      return {
        code: at(found, "lastState", "terminated", "exitCode"),
        beyond: runs.length - asNumber(at(found, "restartCount")),
      };
    };
    await expect.poll(failing).toEqual({ code: 3, beyond: 1 });

    expect((await runKelpie(["cluster", "delete"], env)).code).toBe(0);
    await expect.poll(() => leftoversOf(home)).toEqual([]);
  },
  5 * PATIENCE,
);
