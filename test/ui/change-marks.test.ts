import { afterEach, expect, test } from "vitest";
import { memoryClusters, MemoryCluster, runningPod } from "../support/memory-cluster.ts";
import { TestScreen, type ScreenOptions } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

/** The cursor is on the first of these pods. */
async function start(options: Partial<ScreenOptions> = {}): Promise<{ app: TestScreen; cluster: MemoryCluster }> {
  const cluster = new MemoryCluster("dev");
  for (const name of ["first", "web-1", "web-2"]) cluster.put("pods", runningPod(name));
  open = await TestScreen.open({ clusters: memoryClusters([cluster]), ...options });
  return { app: open, cluster };
}

function crash(cluster: MemoryCluster, name = "web-1"): void {
  cluster.put("pods", runningPod(name, { waiting: "CrashLoopBackOff" }));
}

test("A cell that changed is marked, its neighbours are not, and the mark fades in two steps", async () => {
  const { app, cluster } = await start();
  expect(app.backgroundOf("web-1")).toBe(-1);
  crash(cluster);
  await app.idle();
  const fresh = app.backgroundOf("CrashLoopBackOff");
  expect(fresh).not.toBe(-1);
  expect(app.isBold("CrashLoopBackOff")).toBe(true);
  expect(app.backgroundOf("web-1")).toBe(-1);
  await app.advance(1600);
  expect(app.backgroundOf("CrashLoopBackOff")).not.toBe(fresh);
  expect(app.backgroundOf("CrashLoopBackOff")).not.toBe(-1);
  await app.advance(1600);
  expect(app.backgroundOf("CrashLoopBackOff")).toBe(-1);
  expect(app.isBold("CrashLoopBackOff")).toBe(false);
});

test("A row that came is marked as a whole, the rows of the first list are not", async () => {
  const { app, cluster } = await start();
  expect(["web-1", "web-2"].map((name) => app.backgroundOf(name))).toEqual([-1, -1]);
  cluster.put("pods", runningPod("web-9"));
  await app.idle();
  expect(app.backgroundOf("web-9")).not.toBe(-1);
  await app.advance(3200);
  expect(app.backgroundOf("web-9")).toBe(-1);
});

test("Time that passes marks nothing", async () => {
  const { app } = await start();
  const before = app.text();
  await app.advance(120_000);
  expect(app.text()).not.toBe(before);
  expect(app.backgroundOf("web-1")).toBe(-1);
  expect(app.isBold("web-2")).toBe(false);
});

test("A view that one comes back to has no marks for what happened meanwhile", async () => {
  const { app, cluster } = await start();
  await app.press("resource.describe");
  crash(cluster);
  await app.idle();
  await app.press("escape");
  expect(app.backgroundOf("CrashLoopBackOff")).toBe(-1);
});

test("The row under the cursor keeps its look, with the changed cell in bold", async () => {
  const { app, cluster } = await start();
  const cursor = app.backgroundOf("first");
  crash(cluster, "first");
  await app.idle();
  expect(app.backgroundOf("CrashLoopBackOff")).toBe(cursor);
  expect(app.isBold("CrashLoopBackOff")).toBe(true);
  expect(app.isBold("first")).toBe(false);
});

test("The setting turns marks off", async () => {
  const { app, cluster } = await start({ settings: { changeMarks: false } });
  crash(cluster);
  await app.idle();
  expect(app.backgroundOf("CrashLoopBackOff")).toBe(-1);
  expect(app.isBold("CrashLoopBackOff")).toBe(false);
});

test("With NO_COLOR a mark is bold and nothing else", async () => {
  const { app, cluster } = await start({ env: { NO_COLOR: "1" } });
  cluster.put("pods", runningPod("web-9"));
  await app.idle();
  expect(app.isBold("web-9")).toBe(true);
  expect(app.backgroundOf("web-9")).toBe(-1);
  await app.advance(1600);
  expect(app.isBold("web-9")).toBe(false);
});
