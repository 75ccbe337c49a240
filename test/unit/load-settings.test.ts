import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { defaultSettings } from "../../src/config/default-settings.gen.ts";
import { loadSettings } from "../../src/config/load-settings.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kelpie-settings-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function load(text: string): Promise<ReturnType<typeof loadSettings>> {
  const file = join(folder, "config.yaml");
  await writeFile(file, text);
  return loadSettings(file);
}

test("no file means the defaults", async () => {
  const { settings, file } = await loadSettings(join(folder, "missing.yaml"));
  expect(settings).toBe(defaultSettings);
  expect(file).toBeUndefined();
});

test("an empty file means the defaults", async () => {
  expect((await load("# nothing\n")).settings).toEqual(defaultSettings);
});

test("what a file sets is known by path", async () => {
  const { settings, set } = await load("logs:\n  tailLines: 7\n");
  expect(settings.logs.tailLines).toBe(7);
  expect(settings.logs.bufferMegabytes).toBe(defaultSettings.logs.bufferMegabytes);
  expect(set.has("logs.tailLines")).toBe(true);
});

test.for([
  ["readOnly: maybe\n", /config\.yaml:1: readOnly: /],
  ["readOnly: true\nlogs:\n  tailLines: -1\n", /config\.yaml:3: logs\.tailLines: /],
  ["readOnly: true\nlogs:\n  tail: 5\n", /config\.yaml:3: logs\.tail: unknown setting/],
  ["readOnly: [\n", /config\.yaml:\d+: /],
  [
    "views:\n  pods:\n    columns:\n      - NAME\n      - 'A:.spec['\n",
    /config\.yaml:5: views\.pods\.columns\.1: .*at character 7/,
  ],
  ["views:\n  pods:\n    sort: AGE:up\n", /config\.yaml:3: views\.pods\.sort: /],
] as const)("the fault in %j is reported with its line", async ([text, message]) => {
  await expect(load(text)).rejects.toThrow(message);
});
