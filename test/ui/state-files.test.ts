import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createClusters } from "../../src/cluster/clusters.ts";
import { startFakeApiServer, type FakeApiServer } from "../support/fake-api-server.ts";
import { JumpingClock } from "../support/jumping-clock.ts";
import { memoryClusters, MemoryCluster, runningPod } from "../support/memory-cluster.ts";
import { TestScreen } from "../support/screen.ts";

let home = "";
let state = "";
let open: TestScreen | undefined;
let server: FakeApiServer | undefined;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "kelpie-state-"));
  state = join(home, "state");
  mkdirSync(state);
});
afterEach(async () => {
  await open?.close();
  open = undefined;
  await server?.close();
  server = undefined;
  rmSync(home, { recursive: true, force: true });
});

async function start(initialCommand = "pods"): Promise<TestScreen> {
  const cluster = new MemoryCluster("dev");
  cluster.put("pods", runningPod("web-1"));
  open = await TestScreen.open({ clusters: memoryClusters([cluster]), initialCommand, env: { KELPIE_HOME: home } });
  return open;
}

/** The program on a server, whose writes are kept in the journal. */
async function startOnServer(): Promise<TestScreen> {
  server = await startFakeApiServer({ pods: 12 });
  const kubeconfig = join(home, "kubeconfig");
  writeFileSync(kubeconfig, server.kubeconfig);
  open = await TestScreen.open({
    clusters: createClusters({ overrides: { kubeconfig }, env: {} }),
    clock: new JumpingClock(),
    initialCommand: "pods default",
    env: { KELPIE_HOME: home },
    columns: 120,
  });
  await open.untilShown(/── pods\(.* live ─/);
  return open;
}

test("A full disk is told in one line when a write cannot be kept in the journal, and the program goes on", async () => {
  symlinkSync("/dev/full", join(state, "journal.jsonl"));
  const app = await startOnServer();
  await app.press("resource.delete", "tab", "enter");
  await app.untilShown(/journal.*(no space|ENOSPC)/i);
  await app.press(":");
  await app.type("journal");
  await app.press("enter");
  await app.untilShown(/delete/);
});

test("A table that cannot be saved says why, and the program goes on", async () => {
  writeFileSync(join(state, "saved"), "a file where the directory should be");
  const app = await start();
  await app.press("table.save", "enter");
  expect(app.text()).toMatch(/not saved|EEXIST|ENOTDIR/);
  await app.press("move.down");
  expect(app.rows()).toEqual(["web-1 *selected*"]);
});

test("History that cannot be written does not spoil the end", async () => {
  symlinkSync("/dev/full", join(state, "prompt-history.json.new"));
  const app = await start();
  await app.press(":");
  await app.type("nodes");
  await app.press("enter");
  app.ui.quit();
  await app.ui.finished;
  expect(existsSync(join(state, "prompt-history.json"))).toBe(false);
});

const GARBAGE = '\u0000\u001B[2J\n{"at":1e308,"verb":"delete","object":"x"}\n{"at":"soon","verb":1}\nnull\n[]\n{';

test.each(["journal.jsonl", "prompt-history.json", "exec-plugins.json"])(
  "A %s that is garbage, unreadable or a directory is left out, and the program starts",
  async (name) => {
    for (const make of [
      () => writeFileSync(join(state, name), GARBAGE),
      () => mkdirSync(join(state, name)),
      () => symlinkSync(join(state, name), join(state, name)),
      () => writeFileSync(join(state, name), Buffer.alloc(300_000, "x")),
    ]) {
      rmSync(join(state, name), { recursive: true, force: true });
      make();
      const app = await start("journal");
      expect(app.text()).toMatch(/── journal/);
      expect(app.text()).not.toMatch(/could not be drawn|Invalid/);
      await app.press(":");
      await app.type("pods");
      await app.press("enter", ":", "up", "escape");
      expect(app.rows()).toEqual(["web-1 *selected*"]);
      expect(app.text()).not.toMatch(/could not be drawn/);
      await app.close();
      open = undefined;
    }
  },
);

test.each([
  ["that is no YAML", "clusters: [", /kubeconfig[^]*line 1/],
  ["that is a list", "- a\n", /kubeconfig/],
  ["with contexts of wrong types", "contexts: [1, {name: [a]}, null]\nclusters: 7\n", /kubeconfig|no current context/],
  ["that is a binary", "\u0000\u0001\u0002\u001B[2J", /kubeconfig/],
])("A kubeconfig %s is told in words on the first screen", async (_what, text, said) => {
  const kubeconfig = join(home, "kubeconfig");
  writeFileSync(kubeconfig, text);
  open = await TestScreen.open({
    clusters: createClusters({ overrides: { kubeconfig }, env: {} }),
    env: { KELPIE_HOME: home },
    columns: 120,
  });
  expect(open.text()).toMatch(said);
  expect(open.text()).not.toMatch(/ {4}at |\[object Object\]|undefined/);
  expect(readFileSync(kubeconfig, "utf8")).toBe(text);
});
