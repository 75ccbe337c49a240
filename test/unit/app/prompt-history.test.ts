import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PromptHistory } from "../../../src/app/prompt-history.ts";
import { resolvePaths, type Paths } from "../../../src/config/paths.ts";
import { silentLogger } from "../../../src/lib/log.ts";
import { Prompt } from "../../../src/state/prompt.ts";

let home = "";
let paths: Paths;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "kelpie-history-"));
  paths = resolvePaths({ KELPIE_HOME: home });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** A program that has just started in a context. */
async function run(context: string): Promise<{ prompt: Prompt; history: PromptHistory }> {
  const nothing = (): void => {};
  const prompt = new Prompt({ suggest: () => [], changed: nothing, accepted: nothing, cancelled: nothing });
  const history = new PromptHistory(paths, silentLogger, prompt);
  const loading = history.load();
  history.useContext(context);
  await loading;
  return { prompt, history };
}

function type(prompt: Prompt, mode: "command" | "search", text: string): void {
  prompt.open(mode);
  prompt.paste(text);
  prompt.key("enter");
}

test("Lines persist between runs, of each context its own", async () => {
  const first = await run("dev");
  type(first.prompt, "command", "deploy");
  type(first.prompt, "search", "web");
  first.history.useContext("prod");
  expect(first.prompt.history("command")).toEqual([]);
  type(first.prompt, "command", "nodes");
  first.history.useContext("dev");
  expect(first.prompt.history("command")).toEqual(["deploy"]);
  await first.history.write();

  const second = await run("prod");
  expect(second.prompt.history("command")).toEqual(["nodes"]);
  expect(second.prompt.history("search")).toEqual([]);
  second.history.useContext("dev");
  expect(second.prompt.history("search")).toEqual(["web"]);
});

test("The file is its owner's alone", async () => {
  const { prompt, history } = await run("dev");
  type(prompt, "command", "pods");
  await history.write();
  expect(statSync(join(paths.state, "prompt-history.json")).mode & 0o077).toBe(0);
});

test("What another kelpie wrote meanwhile in other contexts stays", async () => {
  const [one, other] = [await run("dev"), await run("prod")];
  type(one.prompt, "command", "pods");
  type(other.prompt, "command", "nodes");
  await one.history.write();
  await other.history.write();
  const later = await run("dev");
  expect(later.prompt.history("command")).toEqual(["pods"]);
});

test("A file that is no history is none", async () => {
  const { prompt, history } = await run("dev");
  type(prompt, "command", "pods");
  await history.write();
  for (const text of ["{", "[]", '{"contexts":{"dev":{"command":"x","search":[1]}}}']) {
    writeFileSync(join(paths.state, "prompt-history.json"), text);
    const { prompt: next } = await run("dev");
    expect(next.history("command")).toEqual([]);
  }
});
