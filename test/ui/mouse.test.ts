import { afterEach, expect, test } from "vitest";
import { deployment, memoryClusters, MemoryCluster, runningPod } from "../support/memory-cluster.ts";
import { TestScreen, type ScreenOptions } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

async function start(options: Partial<ScreenOptions> = {}): Promise<{ app: TestScreen; cluster: MemoryCluster }> {
  const cluster = new MemoryCluster("dev");
  const labels = { app: "web" };
  for (const [index, name] of ["a", "b", "c", "d"].entries()) {
    const creationTimestamp = `2025-12-31T2${index % 3}:00:00Z`;
    cluster.put("pods", runningPod(`web-${name}`, { labels, creationTimestamp }));
  }
  cluster.put("deployments", deployment("web", 4));
  open = await TestScreen.open({ clusters: memoryClusters([cluster]), ...options });
  return { app: open, cluster };
}

/** Past the time in which a click on a new dialog does not count. */
const SEEN = 500;

test("A click puts the cursor on a row, a second one opens it", async () => {
  const { app } = await start();
  await app.click("web-c");
  expect(app.rows()).toEqual(["web-a", "web-b", "web-c *selected*", "web-d"]);
  await app.click("web-c");
  expect(app.line(-2)).toMatch(/^ pods › web-c/);
});

test("A second click on the place of a row that moved away opens nothing", async () => {
  const { app, cluster } = await start();
  await app.click("web-c");
  const y = app.lines().findIndex((line) => line.startsWith("web-c"));
  cluster.remove("pods", runningPod("web-a"));
  await app.idle();
  await app.send(`\u001B[<0;3;${y + 1}M`);
  expect(app.rows()).toEqual(["web-b", "web-c", "web-d *selected*"]);
  expect(app.line(-2)).toMatch(/^ pods +default$/);
});

test("A click on a title sorts by it, another one turns the order round", async () => {
  const { app } = await start();
  await app.click("AGE");
  expect(app.text()).toMatch(/AGE↑|↑AGE/);
  expect(app.rows().map((row) => row.slice(0, 5))).toEqual(["web-c", "web-b", "web-a", "web-d"]);
  await app.click("AGE");
  expect(app.rows().map((row) => row.slice(0, 5))).toEqual(["web-a", "web-d", "web-b", "web-c"]);
});

test("A click on a crumb goes back to its place", async () => {
  const { app } = await start({ initialCommand: "deploy" });
  await app.press("enter", "enter");
  expect(app.line(-2)).toMatch(/^ deployments › web pods › web-a/);
  await app.click(" deployments ›");
  await app.click("deployments ›");
  expect(app.line(-2)).toMatch(/^ deployments +default$/);
});

test("Buttons and choices of a dialog can be clicked", async () => {
  const { app, cluster } = await start();
  await app.press("resource.delete");
  await app.advance(SEEN);
  await app.click("orphan");
  await app.click("  Cancel");
  expect(app.text()).not.toContain("Delete pod");
  expect(cluster.recorded).toEqual([]);
  await app.press("resource.delete");
  await app.advance(SEEN);
  await app.click("orphan");
  await app.click("  Delete  ");
  expect(cluster.recorded).toMatchObject([
    { verb: "delete", target: "default/web-a", detail: { propagation: "Orphan" } },
  ]);
});

test("A click that comes with the dialog was meant for what stood there before", async () => {
  const { app, cluster } = await start();
  await app.press("resource.delete");
  await app.click("  Delete  ");
  expect(app.text()).toContain("Delete pod web-a?");
  expect(cluster.recorded).toEqual([]);
});

test("Behind a dialog nothing can be clicked", async () => {
  const { app } = await start();
  await app.press("resource.delete");
  await app.advance(SEEN);
  await app.click("web-d");
  await app.press("escape");
  expect(app.rows()[0]).toBe("web-a *selected*");
});

test("An item of a list to pick from can be clicked", async () => {
  const { app } = await start();
  await app.press("table.save");
  await app.advance(SEEN);
  await app.click("YAML  whole");
  await app.until(app.ui.controller.flash.message, (message) => message?.text.endsWith(".yaml") === true);
});

test("A suggestion of the prompt can be clicked", async () => {
  const { app } = await start();
  await app.press(":");
  await app.type("dep");
  await app.click(" deployments ");
  expect(app.line(-1)).toContain(":deployments");
  await app.press("enter");
  expect(app.text()).toContain("deployments(default)[1]");
});

test("Rows of short lists can be clicked", async () => {
  const { app } = await start();
  await app.press(":");
  await app.type("workloads");
  await app.press("enter");
  await app.click("web-b");
  const y = app.lines().findIndex((line) => line.includes("web-b"));
  expect(app.isSelected(y)).toBe(true);
});
