import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCommand, runKelpie } from "../support/program.ts";

let home = "";
let env: Record<string, string | undefined> = {};

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "kelpie-cli-"));
  env = { PATH: process.env["PATH"], HOME: home, KELPIE_HOME: join(home, "kelpie") };
});

afterAll(async () => {
  await rm(home, { recursive: true, force: true });
});

test("without a terminal the UI says so in one line and exits with 2", async () => {
  const { code, stdout, stderr } = await runKelpie([], env);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr.trimEnd().split("\n")).toEqual([expect.stringMatching(/^kelpie: .*terminal/)]);
});

test.for([
  [["--no-such-flag"], /unknown option '--no-such-flag'/],
  [["cluster", "frobnicate"], /unknown command "cluster frobnicate"/],
  [["cluster", "start", "Not_A_Name"], /"Not_A_Name" is not a name for a cluster/],
  [["cluster", "list", "-o", "xml"], /--output: "xml" is none of json/],
  [["cluster", "start", "--provider", "nope"], /unknown provider "nope"/],
  [["completion", "tcsh"], /bash\|zsh\|fish/],
  [["config"], /kelpie config explain/],
  [["version", "--json"], /`kelpie version` takes no "--json"/],
  [["-n", "Bad_Name"], /--namespace: "Bad_Name" is no name of a namespace/],
  [["--log-file", "/dev/null/log"], /--log-file: cannot write \/dev\/null\/log: a part of its path is a file/],
  [["frobnicate"], /unknown command "frobnicate"/],
] as const)("wrong use %j is one clear line and exit code 2", async ([args, message]) => {
  const { code, stderr } = await runKelpie(args, env);
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/\n\s+at /);
});

test("version and info answer without a cluster", async () => {
  expect((await runKelpie(["version"], env)).stdout).toMatch(/^kelpie \d+\.\d+\.\d+ \(Node\.js \d+/);
  const { stdout } = await runKelpie(["info"], env);
  expect(stdout).toContain(join(home, "kelpie", "config", "config.yaml"));
});

test("help names every flag", async () => {
  const { code, stdout } = await runKelpie(["--help"], env);
  expect(code).toBe(0);
  expect(stdout).toMatch(/--all-namespaces/);
});

test("a wrong setting is reported with file and line", async () => {
  const folder = join(home, "broken", "config");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "config.yaml"), "readOnly: true\nthem: dark\n");
  const { code, stderr } = await runKelpie(["config", "explain"], { ...env, KELPIE_HOME: join(home, "broken") });
  expect(code).toBe(2);
  expect(stderr).toMatch(/config\.yaml:2: them: unknown setting/);
});

test.for([
  ["readOnly: true\ntheme: neon\n", /config\.yaml:2: unknown theme "neon"/],
  ["keys:\n  resource.delete: [x]\n  no.action: [x]\n", /config\.yaml:3: keys\.no\.action names no action/],
] as const)("a setting that only the UI can tell wrong is reported so, too: %j", async ([text, message]) => {
  const folder = join(home, "unknown", "config");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "config.yaml"), text);
  const { code, stderr } = await runKelpie([], { ...env, KELPIE_HOME: join(home, "unknown") });
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});

test("config explain says where a value came from", async () => {
  const folder = join(home, "set", "config");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "config.yaml"), "logs:\n  tailLines: 50\n");
  const { stdout } = await runKelpie(["config", "explain"], { ...env, KELPIE_HOME: join(home, "set") });
  expect(stdout).toMatch(/^logs\.tailLines\s+50\s+.*config\.yaml/m);
  expect(stdout).toMatch(/^readOnly\s+false\s+default/m);
});

test("the bash completion is a script bash can read", async () => {
  const { stdout } = await runKelpie(["completion", "bash"], env);
  const checked = await runCommand("bash", ["-n", "-c", stdout], env);
  expect(checked).toEqual({ code: 0, stdout: "", stderr: "" });
});
