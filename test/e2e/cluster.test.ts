import { existsSync, statSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { leftoversOf } from "../support/leftovers.ts";
import { runKelpie } from "../support/program.ts";

let home = "";
let env: Record<string, string | undefined> = {};

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "kelpie-cluster-"));
  env = { PATH: process.env["PATH"], HOME: home, KELPIE_HOME: join(home, "kelpie") };
});

afterAll(async () => {
  await runKelpie(["cluster", "delete"], env);
  await rm(home, { recursive: true, force: true });
});

interface Cluster {
  readonly name: string;
  readonly state: string;
  readonly pid: number;
  readonly server: string;
  readonly kubeconfig: string;
  readonly directory: string;
}

async function json(...args: readonly string[]): Promise<Cluster> {
  const { code, stdout, stderr } = await runKelpie(["cluster", ...args, "-o", "json"], env);
  expect({ code, stderr: stderr.replaceAll(/^ {2}.*\n/gm, "") }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as Cluster;
}

test("a cluster is started, asked, stopped, started again and deleted, each idempotently", async () => {
  expect(await runKelpie(["cluster", "status"], env)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('there is no cluster "kelpie"') as string,
  });

  const started = await json("start");
  expect(started).toMatchObject({ name: "kelpie", state: "running" });
  expect(started.server).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  expect((await json("start")).pid).toBe(started.pid);
  expect((await json("status")).server).toBe(started.server);

  const printed = await runKelpie(["cluster", "kubeconfig"], env);
  expect(printed.stdout).toContain(started.server);
  expect(statSync(started.kubeconfig).mode & 0o077).toBe(0);
  expect(existsSync(started.directory)).toBe(true);

  expect((await json("stop")).state).toBe("stopped");
  expect((await json("stop")).state).toBe("stopped");
  expect((await runKelpie(["cluster", "status"], env)).code).toBe(3);
  expect(leftoversOf(home)).toEqual([]);

  const again = await json("start", "--wait");
  expect(again.server).toBe(started.server);

  process.kill(again.pid, "SIGKILL");
  const revived = await json("start");
  expect(revived.pid).not.toBe(again.pid);

  expect(await runKelpie(["cluster", "delete"], env)).toMatchObject({ code: 0 });
  expect(await runKelpie(["cluster", "delete"], env)).toMatchObject({
    code: 0,
    stdout: 'there is no cluster "kelpie"\n',
  });
  expect(leftoversOf(home)).toEqual([]);
  expect(existsSync(started.directory)).toBe(false);
});

test("doctor tries the runtimes and says what they can", async () => {
  const { stdout } = await runKelpie(["cluster", "doctor"], env);
  expect(stdout).toMatch(/^ok\s+Node\.js: v\d+/m);
  expect(stdout).toMatch(/^(?:ok|warning)\s+runtime namespaces: /m);
  expect(leftoversOf(home)).toEqual([]);
});

test("a place that cannot be written is named, with the way out", async () => {
  const file = join(home, "file");
  await writeFile(file, "");
  const { code, stderr } = await runKelpie(["cluster", "start"], { ...env, KELPIE_HOME: file });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^kelpie: cannot write to the cluster's directory .*\n {2}KELPIE_HOME/m);
});
