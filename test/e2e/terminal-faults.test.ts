import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fakePod } from "../support/fake-api-objects.ts";
import { startFakeApiServer, type FakeApiServer } from "../support/fake-api-server.ts";
import { fakeKubeconfig } from "../support/fake-kubeconfig.ts";
import { PROGRAM, PtyProgram, runKelpie } from "../support/program.ts";

let server: FakeApiServer;
let home = "";
let env: Record<string, string | undefined> = {};
let open: PtyProgram | undefined;
beforeEach(async () => {
  server = await startFakeApiServer({ pods: 12 });
  home = mkdtempSync(join(tmpdir(), "kelpie-terminal-"));
  const kubeconfig = join(home, "kubeconfig");
  writeFileSync(kubeconfig, server.kubeconfig);
  env = { PATH: process.env["PATH"], HOME: home, KELPIE_HOME: join(home, "kelpie"), KUBECONFIG: kubeconfig };
});
afterEach(async () => {
  open?.kill("SIGKILL");
  await open?.exited;
  open = undefined;
  await server.close();
  rmSync(home, { recursive: true, force: true });
});

const LIVE = /── pods\(.* live ─/;

/** Like a shell's command line: the terminal's settings are told after the program has ended. */
async function startIn(script: string): Promise<PtyProgram> {
  open = new PtyProgram(["-c", script, "sh", process.execPath, PROGRAM, "-c", "pods default"], {
    env,
    columns: 100,
    rows: 30,
    command: "/bin/bash",
  });
  await open.waitFor(LIVE);
  return open;
}

const SHELL = '"$@"; echo "ended with $?"; stty -a | tr ";" "\\n" | grep -E "icanon|echo "';

/** Process of kelpie below the shell of the terminal. */
function kelpieOf(ui: PtyProgram): number {
  return childrenOf(ui.pid)[0] ?? 0;
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .split(" ")
    .filter((text) => text !== "")
    .map(Number);
}

function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** The shell has its terminal back: normal screen, no modes, lines are edited and echoed. */
async function rightTerminal(ui: PtyProgram): Promise<void> {
  await ui.waitFor(/[^-]icanon/);
  expect(ui.buffer).toBe("normal");
  expect(ui.modes).toEqual([]);
  expect(ui.text()).toMatch(/(^|\s)icanon/m);
  expect(ui.text()).toMatch(/(^|\s)echo /m);
  expect(ui.text()).not.toMatch(/Error|at file:/);
}

test.each(["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"])(
  "%s ends the program and leaves the terminal right",
  async (signal) => {
    const ui = await startIn(SHELL);
    expect(ui.buffer).toBe("alternate");
    expect(ui.modes).toEqual(["mouse", "paste", "hidden cursor"]);
    process.kill(kelpieOf(ui), signal);
    await ui.waitFor(/ended with 0/);
    await rightTerminal(ui);
  },
);

test("A crash leaves the terminal right and says what happened in one line, with exit code 1", async () => {
  // Preloaded into the program: a fault that nobody catches, once the screen is up.
  const fault = join(home, "fault.mjs");
  const wait = `const look = () => existsSync("${home}/now") ? null.field : setTimeout(look, 10);`;
  writeFileSync(fault, `import { existsSync } from "node:fs"; ${wait} look();`);
  env["NODE_OPTIONS"] = `--import ${fault}`;
  const ui = await startIn(SHELL);
  writeFileSync(join(home, "now"), "");
  await ui.waitFor(/ended with 1/);
  expect(ui.text()).toMatch(/kelpie: Cannot read properties of null/);
  expect(ui.text()).not.toMatch(/ {4}at /);
  await rightTerminal(ui);
});

test("Ctrl-Z's signal gives the terminal to the shell, and fg brings the screen back as it was", async () => {
  const ui = await startIn(
    'set -m; "$@"; echo "stopped with $?"; stty -a | tr ";" "\\n" | grep -E "icanon|echo "; read -r line; fg >/dev/null; echo "ended with $?"',
  );
  const pid = kelpieOf(ui);
  process.kill(pid, "SIGTSTP");
  await ui.waitFor(/stopped with 14[78]/);
  await rightTerminal(ui);
  server.push(fakePod({ name: "born-while-away", namespace: "default", index: 900, node: "node-1" }));
  ui.write("\r");
  await ui.waitFor(/born-while-away/);
  expect(ui.buffer).toBe("alternate");
  expect(ui.modes).toEqual(["mouse", "paste", "hidden cursor"]);
  ui.write("?");
  await ui.waitFor(/── help/);
  ui.write("\u001B");
  await ui.waitFor(LIVE);
  // It goes on after a stop that nobody heard of.
  process.kill(pid, "SIGCONT");
  await ui.waitFor(LIVE);
  ui.write("?");
  await ui.waitFor(/── help/);
  ui.write("\u0003");
  await ui.waitFor(/ended with 0/);
});

test.each([
  ["", "the program ends"],
  ["trap '' HUP; ", "a program that hears of no hang-up ends too"],
])("When the terminal is closed (%s) %s, and so does what it started", async (trap) => {
  const plugin = join(home, "login");
  writeFileSync(plugin, `#!/bin/sh\necho $$ >>${home}/plugins\nexec sleep 1000\n`);
  chmodSync(plugin, 0o700);
  const exec = { apiVersion: "client.authentication.k8s.io/v1", command: plugin, interactiveMode: "Never" };
  writeFileSync(join(home, "kubeconfig"), fakeKubeconfig({ server: server.url, user: { exec } }));
  open = new PtyProgram(["-c", `${trap}exec "$@"`, "sh", process.execPath, PROGRAM], {
    env,
    columns: 100,
    rows: 30,
    command: "/bin/bash",
  });
  const ui = open;
  await ui.waitFor(/Run this credential plugin\?/);
  ui.write("\t\r");
  await expect.poll(() => existsSync(join(home, "plugins"))).toBe(true);
  const started = readFileSync(join(home, "plugins"), "utf8").trim().split("\n").map(Number);
  ui.close();
  await expect.poll(() => [ui.pid, ...started].filter(isRunning)).toEqual([]);
});

test("A terminal that takes no output makes no memory grow, and shows what is true when it takes it again", async () => {
  await server.close();
  server = await startFakeApiServer({ pods: 200, changesPerSecond: 200 });
  writeFileSync(join(home, "kubeconfig"), server.kubeconfig);
  const ui = await startIn(SHELL);
  const pid = kelpieOf(ui);
  const megabytes = (): number =>
    Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
  const before = megabytes();
  ui.pause();
  for (let turn = 0; turn < 200; turn += 1) ui.resize(100 - (turn % 2), 30);
  await new Promise((resolve) => setTimeout(resolve, 4000));
  expect(megabytes() - before).toBeLessThan(60);
  server.push(fakePod({ name: "a-born-while-stuck", namespace: "default", index: 900, node: "node-1" }));
  ui.resume();
  ui.resize(100, 30);
  await ui.waitFor(/a-born-while-stuck/);
  ui.write(":q\r");
  await ui.waitFor(/ended with 0/);
  await rightTerminal(ui);
});

test.each([
  ["false", /the editor "false" ended with exit code 1/],
  ["/nonexistent/editor", /the editor "\/nonexistent\/editor" was not found/],
  ["sh -c 'kill -HUP $$'", /ended with SIGHUP|ended with exit code 129/],
  ["sh -c 'stty raw; printf \"\\033[?1000h\\033[?25l\"; exit 2'", /ended with exit code 2/],
])("An editor that fails (%s) leaves the screen as it was and says so", async (editor, said) => {
  env["EDITOR"] = editor;
  const ui = await startIn(SHELL);
  ui.write("e");
  await ui.waitFor(said);
  expect(ui.buffer).toBe("alternate");
  expect(server.requests.filter(({ method }) => !["GET", "POST"].includes(method))).toEqual([]);
  ui.write(":q\r");
  await ui.waitFor(/ended with 0/);
  await rightTerminal(ui);
});

test("A resize storm in a dialog and while loading ends in a screen of the last size", async () => {
  const ui = await startIn(SHELL);
  ui.write("\u0004");
  await ui.waitFor(/Delete pod/);
  for (let turn = 0; turn < 300; turn += 1) {
    ui.resize(20 + ((turn * 7) % 150), 3 + ((turn * 5) % 50));
    process.kill(kelpieOf(ui), "SIGWINCH");
    if (turn === 150) ui.write("\u001B");
  }
  ui.resize(90, 25);
  await ui.waitFor((text) => LIVE.test(text) && text.split("\n")[23]?.trimStart().startsWith("pods") === true);
  for (const line of ui.lines()) expect(line.length).toBeLessThanOrEqual(90);
  ui.write(":q\r");
  await ui.waitFor(/ended with 0/);
  await rightTerminal(ui);
});

test("10,000 pasted characters are ignored in a table and taken by the prompt, bracketed or not", async () => {
  const ui = await startIn(SHELL);
  const text = `${"x".repeat(4999)}\n`.repeat(2);
  ui.write(`\u001B[200~${text}\u001B[201~`);
  await ui.waitFor(/pasted text is ignored here/);
  ui.write(":");
  ui.write(`\u001B[200~${text}\u001B[201~`);
  await ui.waitFor(/x{50}/);
  ui.write("\u001B");
  await ui.waitFor(LIVE);
  ui.write("/");
  await ui.waitFor(/^ *\/ *$/m);
  ui.write("four words of text\r".repeat(600));
  await ui.waitFor(/four words of text four/);
  ui.write("\u001B");
  await ui.waitFor((shown) => LIVE.test(shown) && !shown.includes("four words"));
  ui.write("pods team-1\r".repeat(900));
  await ui.waitFor(/pasted text is ignored here/);
  expect(ui.text()).toMatch(LIVE);
  ui.write("\u0003");
  await ui.waitFor(/ended with 0/);
  await rightTerminal(ui);
});

test.each([
  ["no YAML", "theme: [", /config\.yaml:1: /],
  ["an unknown setting", "colour: red\n", /config\.yaml:1: colour: unknown setting/],
  ["a binary", "\u0000\u0001\u0002", /config\.yaml/],
])("Settings that are %s are told in one line, with exit code 2", async (_what, text, said) => {
  mkdirSync(join(home, "kelpie", "config"), { recursive: true });
  writeFileSync(join(home, "kelpie", "config", "config.yaml"), text);
  const result = await runKelpie([], env);
  expect(result.code).toBe(2);
  expect(result.stderr).toMatch(said);
  expect(result.stderr.trim().split("\n").length).toBeLessThanOrEqual(2);
  expect(result.stderr).not.toMatch(/ {4}at /);
});

test("Settings that cannot be read are told in one line, with exit code 2", async () => {
  mkdirSync(join(home, "kelpie", "config", "config.yaml"), { recursive: true });
  const result = await runKelpie([], env);
  expect(result).toMatchObject({ code: 2, stdout: "" });
  expect(result.stderr).toMatch(/cannot read the settings .*config\.yaml: is a directory/);
  expect(readdirSync(join(home, "kelpie"))).toEqual(["config"]);
});
