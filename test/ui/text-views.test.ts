import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { KubeObject } from "../../src/lib/kube/object.ts";
import { textActions } from "../../src/hotkeys/actions/text.ts";
import { deployment, memoryClusters, MemoryCluster, runningPod } from "../support/memory-cluster.ts";
import { TestScreen, type ScreenOptions } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

const secret: KubeObject = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "keys", namespace: "default", uid: "uid-keys", creationTimestamp: "2026-01-01T00:00:00Z" },
  type: "Opaque",
  data: { password: Buffer.from("hunter2").toString("base64") },
};

/** A ConfigMap with so many keys; the value of one is long. */
function config(keys: number, change: Readonly<Record<string, string>> = {}): KubeObject {
  const data = Object.fromEntries(
    Array.from({ length: keys }, (_, index) => [`key-${1000 + index}`, `value ${index}`]),
  );
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "settings", namespace: "default", uid: "uid-settings", labels: { app: "web" } },
    data: { ...data, ...change },
  };
}

async function start(made: MemoryCluster, options: Partial<ScreenOptions> = {}): Promise<TestScreen> {
  open = await TestScreen.open({ clusters: memoryClusters([made]), ...options });
  return open;
}

function withConfig(object: KubeObject): MemoryCluster {
  const made = new MemoryCluster("dev");
  made.put("configmaps", object);
  return made;
}

const inConfig = { initialCommand: "configmaps" } as const;

/** The text's first line on the screen. */
const firstLine = (app: TestScreen): string => app.line(app.lines().findIndex((line) => line.startsWith("──")) + 1);

test("n and Shift-N go from match to match, counted, round the end", async () => {
  const app = await start(withConfig(config(100)), inConfig);
  await app.press("resource.yaml", "/");
  await app.type("value 9");
  await app.press("enter");
  expect(app.text()).toContain("/value 9 1/11");
  await app.press("search.next", "search.next");
  expect(app.text()).toContain("/value 9 3/11");
  expect(app.text()).toContain("key-1091: value 91");
  await app.press("search.previous", "search.previous", "search.previous");
  expect(app.text()).toContain("/value 9 11/11");
  expect(app.text()).toContain("key-1099: value 99");
  await app.press("escape");
  expect(app.text()).not.toContain("/value 9");
});

test("What is found nowhere leaves the place as it was, and so does a search that is given up", async () => {
  const app = await start(withConfig(config(100)), inConfig);
  await app.press("resource.yaml", "move.page-down", "move.page-down");
  const before = firstLine(app);
  await app.press("/");
  await app.type("value 9");
  expect(firstLine(app)).not.toBe(before);
  await app.type("x");
  expect(app.text()).toContain("/value 9x no match");
  expect(firstLine(app)).toBe(before);
  await app.press("backspace");
  expect(firstLine(app)).not.toBe(before);
  await app.press("escape");
  expect(firstLine(app)).toBe(before);
});

test("Wrapped rows go on below the column that they belong to", async () => {
  const made = withConfig(config(1));
  const annotation = "a long sentence about this object that takes more than one row of this screen";
  made.put("configmaps", { ...config(1), metadata: { ...config(1).metadata, annotations: { note: annotation } } });
  const app = await start(made, inConfig);
  await app.press("resource.describe", "text.wrap");
  expect(app.text()).toMatch(/^Annotations:  note: a long sentence .*\n {14}\S/m);
});

test("Wrapping shows the whole of a long line, and scrolls row by row through it", async () => {
  const app = await start(withConfig(config(1, { long: `${"x".repeat(5000)}END` })), inConfig);
  await app.press("resource.yaml");
  expect(app.text()).not.toContain("END");
  await app.press("text.wrap");
  expect(app.text()).toContain("wrap ─");
  await app.press("move.bottom");
  expect(app.text()).toContain("xEND");
  await app.press("move.top", "move.page-down", "move.down");
  expect(firstLine(app)).toBe(`    ${"x".repeat(76)}`);
  await app.press("text.wrap");
  expect(app.text()).not.toContain("xEND");
});

test("Fullscreen leaves the text and the flash line alone", async () => {
  const app = await start(withConfig(config(100)), inConfig);
  await app.press("resource.yaml", "text.fullscreen");
  expect(app.line(0)).toBe("apiVersion: v1");
  expect(app.line(-2)).toContain("key-");
  await app.press("escape");
  expect(app.line(0)).toContain("dev");
});

test("Copy and save take the whole text, folded or not; the file is its owner's alone", async () => {
  const app = await start(withConfig(config(40)), inConfig);
  await app.press("resource.yaml", "text.fold-all", "text.copy");
  expect(app.line(-1)).toContain("copied yaml");
  await app.press("text.save");
  const { message } = app.ui.controller.flash;
  await app.until(message, (flash) => flash?.text.startsWith("saved to ") === true);
  const path = message.get()?.text.replace("saved to ", "") ?? "";
  expect(readFileSync(path, "utf8")).toContain("  key-1039: value 39\n");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(path, ".."))).toHaveLength(1);
});

test("A Secret is masked until it is asked for, and again after that", async () => {
  const made = new MemoryCluster("dev");
  made.put("secrets", secret);
  const app = await start(made, { initialCommand: "secrets" });
  await app.press("resource.yaml");
  expect(app.text()).toContain("password: <masked, 7 bytes>");
  await app.press("text.decode");
  expect(app.text()).toContain("password: hunter2");
  await app.press("text.decode");
  expect(app.text()).not.toContain("hunter2");
});

test("Managed fields are off until asked for", async () => {
  const made = withConfig(config(1));
  const { metadata, ...rest } = config(1);
  const managedFields = [{ manager: "somebody" }];
  made.put("configmaps", { ...rest, metadata: { ...metadata, resourceVersion: "7", managedFields } });
  const app = await start(made, inConfig);
  await app.press("resource.yaml");
  expect(app.text()).not.toContain("managedFields");
  await app.press("text.managed-fields");
  expect(app.text()).toContain("- manager: somebody");
  await app.press("text.managed-fields");
  expect(app.text()).not.toContain("managedFields");
});

test("Description and YAML lead to one another, and say when one is there already", async () => {
  const app = await start(withConfig(config(1)), inConfig);
  await app.press("resource.describe", "text.describe");
  expect(app.line(-1)).toContain("it is on screen");
  await app.press("text.yaml");
  expect(app.text()).toContain("── yaml(configmap default/settings)");
  await app.press("text.describe");
  expect(app.text()).toContain("── describe(configmap default/settings)");
});

test("Edit from a text is off in read-only mode", async () => {
  const app = await start(withConfig(config(1)), { ...inConfig, readOnly: true });
  await app.press("resource.yaml", "text.edit");
  expect(app.line(-1)).toContain("Edit: read-only");
});

test("A block folds under the first line and unfolds again; the cursor goes with Escape", async () => {
  const app = await start(withConfig(config(40)), inConfig);
  await app.press("resource.yaml", "move.down", "move.down");
  expect(firstLine(app)).toBe("metadata:");
  await app.press("text.fold");
  expect(app.text()).toMatch(/\nmetadata: … 5 lines\ndata:\n +key-1000/);
  await app.press("move.down", "text.fold");
  expect(app.text()).toMatch(/\nmetadata: … 5 lines\ndata: … 40 lines\n\n/);
  await app.press("move.up", "text.fold");
  expect(app.text()).toMatch(/metadata:\n +name: settings\n[^]*data: … 40 lines/);
  await app.press("escape");
  expect(app.text()).toContain("── yaml(");
  await app.press("escape");
  expect(app.text()).toContain("── configmaps(");
});

test("A line within a block folds the block around it", async () => {
  const made = new MemoryCluster("dev");
  made.put("pods", runningPod("web"));
  const app = await start(made, { rows: 40 });
  await app.press("resource.yaml", "/");
  await app.type("image:");
  await app.press("enter", "text.fold");
  expect(app.text()).toMatch(/\n +containers:\n +- name: main … 1 line\n +nodeName|- image: localhost\/host … 1 line/);
});

test("All folded, each block opens one level, and a search opens what hides its match", async () => {
  const made = new MemoryCluster("dev");
  made.put("deployments", deployment("web", 3));
  const app = await start(made, { initialCommand: "deployments" });
  await app.press("resource.yaml", "text.fold-all");
  expect(app.text()).toMatch(/metadata: … 4 lines\nspec: … \d+ lines\nstatus: … 4 lines\n/);
  await app.press("move.down", "move.down", "move.down", "text.fold");
  expect(app.text()).toMatch(/spec:\n +replicas: 3\n +selector: … 2 lines\n +template: … \d lines\nstatus: …/);
  await app.press("/");
  await app.type("localhost");
  await app.press("enter");
  expect(app.text()).toMatch(/- image: localhost\/host|image: localhost\/host/);
  expect(app.text()).toContain("/localhost 1/1");
  expect(app.text()).toContain("status: … 4 lines");
});

test("Sections of a description fold, and a log says that it has none", async () => {
  const made = new MemoryCluster("dev");
  made.put("pods", runningPod("web"));
  const app = await start(made);
  await app.press("resource.describe", "text.fold-all");
  expect(app.text()).toMatch(/Containers: … \d+ lines\n/);
  await app.press("text.fold-all");
  expect(app.text()).toMatch(/Containers:\n +main:\n/);
  await app.press("escape", "escape", "resource.logs", "text.fold");
  expect(app.line(-1)).toContain("Fold, unfold: this text has no blocks to fold");
});

test("What changes live keeps the line on top where it was, folds and all", async () => {
  const made = withConfig(config(100));
  const app = await start(made, inConfig);
  await app.press("resource.yaml", "move.page-down", "move.page-down");
  const before = firstLine(app);
  expect(before).toMatch(/key-10\d\d: value/);
  const early = Object.fromEntries(Array.from({ length: 7 }, (_, index) => [`added-${index}`, "early"]));
  const { data, ...rest } = config(100);
  made.put("configmaps", { ...rest, data: { ...early, ...(data as object) } });
  await app.idle();
  expect(firstLine(app)).toBe(before);
  await app.press("move.top", "move.down", "move.down", "text.fold");
  const { metadata } = rest;
  made.put("configmaps", { ...rest, metadata: { ...metadata, labels: { app: "web", tier: "front" } }, data });
  await app.idle();
  expect(app.text()).toContain("metadata: … 6 lines");
});

test("A value of a megabyte scrolls, wraps and is searched without delay", async () => {
  const long = JSON.stringify(Array.from({ length: 20_000 }, (_, index) => ({ id: index, name: `item ${index}` })));
  const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index}`).join("\n");
  const app = await start(withConfig(config(1, { long, lines })), inConfig);
  await app.press("resource.yaml", "text.wrap", "move.page-down", "move.bottom", "/");
  await app.type("line 19999");
  await app.press("enter");
  expect(app.text()).toContain("/line 19999 1/1");
  await app.press("text.fold-all");
  expect(app.text()).toMatch(/data: … 2000\d lines\n/);
});

test("Every key of texts is pressed on a screen above", () => {
  const source = readFileSync(import.meta.filename, "utf8");
  expect(textActions.filter(({ id }) => !source.includes(`"${id}"`)).map(({ id }) => id)).toEqual([]);
});
