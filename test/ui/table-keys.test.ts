import { afterEach, expect, test } from "vitest";
import { asRecord, type KubeObject } from "../../src/lib/kube/object.ts";
import { memoryClusters, MemoryCluster, runningPod } from "../support/memory-cluster.ts";
import { TestScreen, type ScreenOptions } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

async function start(cluster: MemoryCluster, options: Partial<ScreenOptions> = {}): Promise<TestScreen> {
  open = await TestScreen.open({ clusters: memoryClusters([cluster]), columns: 120, ...options });
  return open;
}

function pods(...names: readonly string[]): MemoryCluster {
  const cluster = new MemoryCluster("dev");
  for (const name of names) cluster.put("pods", runningPod(name));
  return cluster;
}

const names = (app: TestScreen): string[] => app.rows().map((row) => row.replace(" *selected*", ""));

async function command(app: TestScreen, text: string): Promise<void> {
  await app.press(":");
  await app.type(text);
  await app.press("enter");
}

async function filter(app: TestScreen, text: string): Promise<string[]> {
  await app.press("app.search", "ctrl-u");
  await app.type(text);
  await app.press("enter");
  return names(app);
}

test("A range is marked from the row marked last to the cursor, and all marks go at once", async () => {
  const app = await start(pods("a", "b", "c", "d", "e"));
  await app.press("move.down", "mark.toggle", "move.down", "mark.range");
  expect(app.text()).toContain("3 marked");
  await app.press("resource.copy-name");
  expect(app.text()).toContain("copied 3 names");
  await app.press("mark.clear");
  expect(app.text()).not.toContain("marked");
});

test("A key of k9s that means nothing here says what does its work", async () => {
  const app = await start(pods("web-1"), { settings: { keys: { "sort.right": ["shift-y"] } } });
  await app.press("shift-c");
  expect(app.line(-1)).toContain("k9s sorts by a column with that; here Shift-← and Shift-Y do, by any");
  await app.press("z");
  expect(app.line(-1)).toContain("i says what is wrong with an object");
  await app.press("ctrl-g");
  expect(app.line(-1)).toContain("the crumbs go by themselves");
});

test("The order turns round by its key, goes on to the next column, and is remembered for the kind", async () => {
  const app = await start(pods("a", "b", "c"));
  await app.press("sort.name", "sort.reverse");
  expect(names(app)).toEqual(["c", "b", "a"]);
  await command(app, "deploy");
  await command(app, "pods");
  expect(names(app)).toEqual(["c", "b", "a"]);
  await app.press("sort.right");
  expect(app.text()).toMatch(/READY↑/);
  await app.press("sort.left");
  expect(app.text()).toMatch(/NAME↑/);
  expect(names(app)).toEqual(["a", "b", "c"]);
  await app.press("ctrl-right", "ctrl-o");
  expect(app.text()).toMatch(/READY↓/);
});

test("Addresses, versions and counts sort by value, not by their letters", async () => {
  const cluster = new MemoryCluster("dev");
  const node = (name: string, version: string): KubeObject => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, uid: `uid-${name}`, creationTimestamp: "2025-12-31T23:00:00Z" },
    status: { nodeInfo: { kubeletVersion: version }, conditions: [{ type: "Ready", status: "True" }] },
  });
  for (const [name, version] of [
    ["a", "v1.10.0"],
    ["b", "v1.9.3"],
    ["c", "v1.36.0"],
  ] as const) {
    cluster.put("nodes", node(name, version));
  }
  for (const [name, podIP] of [
    ["x", "10.0.0.10"],
    ["y", "10.0.0.9"],
  ] as const) {
    const pod = runningPod(name);
    cluster.put("pods", { ...pod, status: { ...asRecord(pod["status"]), podIP } });
  }
  const app = await start(cluster);
  await app.click("IP");
  expect(names(app)).toEqual(["y", "x"]);
  await command(app, "nodes");
  await app.click("VERSION");
  expect(names(app)).toEqual(["b", "a", "c"]);
});

test("Terms of a filter combine, invert and look at columns on screen only", async () => {
  const cluster = pods("web-1", "web-2", "api-1");
  cluster.put("pods", runningPod("job-1", { labels: { app: "web" } }));
  const app = await start(cluster);
  expect(await filter(app, "web !2")).toEqual(["web-1"]);
  expect(await filter(app, "-l app=web")).toEqual(["job-1"]);
  expect(await filter(app, "app!=web api")).toEqual(["api-1"]);
  expect(await filter(app, "name:~^(api|job)")).toEqual(["api-1", "job-1"]);
  // The image is in a column of the wide table.
  expect(await filter(app, "localhost/host")).toEqual([]);
  await app.press("table.wide");
  expect(names(app)).toHaveLength(4);
});

test("The prompt edits words, goes to both ends, takes a paste, and has the lines typed before", async () => {
  const app = await start(pods("a"));
  await command(app, "deploy");
  await app.press(":");
  await app.type("pods kube-system");
  await app.press("ctrl-w", "home");
  await app.type("x");
  await app.press("end");
  await app.paste("default");
  expect(app.line(-1)).toBe(":xpods default");
  await app.press("escape", ":", "up");
  expect(app.line(-1)).toBe(":deploy");
});

test("Lines typed in one context are not offered in another", async () => {
  const [dev, prod] = [pods("a"), new MemoryCluster("prod")];
  const app = await start(dev, { clusters: memoryClusters([dev, prod]) });
  await command(app, "deploy");
  await command(app, "ctx prod");
  await app.press(":", "up");
  expect(app.line(-1)).not.toContain("deploy");
  await app.press("escape");
  await command(app, "ctx dev");
  await app.press(":", "up", "up");
  expect(app.line(-1)).toBe(":deploy");
});
