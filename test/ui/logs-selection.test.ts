import { afterEach, expect, test } from "vitest";
import { MemoryCluster, memoryClusters, runningPod } from "../support/memory-cluster.ts";
import { TestScreen } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

const MOMENT = 1_767_225_600_000;
const line = (index: number): { time: string; text: string } => ({
  time: new Date(MOMENT + index * 1000).toISOString(),
  text: `line ${index}`,
});
const linesTo = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}\n`).join("");

/** The log of one pod with a hundred lines, the last ones on the screen. */
async function start(count = 100): Promise<{ readonly app: TestScreen; readonly cluster: MemoryCluster }> {
  const cluster = new MemoryCluster("dev");
  cluster.put("pods", runningPod("web"));
  const app = await TestScreen.open({ clusters: memoryClusters([cluster]), columns: 120 });
  open = app;
  await app.press("l");
  cluster.logStreams[0]?.handler.lines(Array.from({ length: count }, (_, index) => line(index)));
  await app.advance(50);
  return { app, cluster };
}

/** The lines that have the background of the cursor. */
function selected(app: TestScreen): string[] {
  return app.lines().filter((text, y) => text.startsWith("line") && app.isSelected(y));
}

test("A line cursor moves over the log, which stands still, and stays on its line while others come and go", async () => {
  const { app, cluster } = await start();
  await app.press("logs.cursor");
  expect(selected(app)).toEqual(["line 99"]);
  expect(app.text()).toContain("paused");
  await app.press("move.up", "move.up");
  expect(selected(app)).toEqual(["line 97"]);
  cluster.logStreams[0]?.handler.lines([line(100), line(101), { ...line(50), text: "late" }]);
  await app.advance(50);
  expect(selected(app)).toEqual(["line 97"]);
  await app.press("move.page-up", "move.page-up", "move.page-up", "move.page-up", "move.page-up", "move.page-up");
  await app.press("logs.cursor");
  expect(selected(app)).toEqual([]);
  await app.press("logs.cursor", "move.top");
  expect(selected(app)).toEqual(["line 0"]);
  await app.press("move.bottom");
  expect(selected(app)).toEqual(["line 101"]);
  await app.press("escape");
  expect(selected(app)).toEqual([]);
  expect(app.text()).toContain("logs(");
});

test("What is selected is copied and saved, in both directions and beyond the screen", async () => {
  const { app } = await start();
  await app.press("logs.cursor", "move.up", "logs.select", "move.up", "move.up");
  expect(selected(app)).toEqual(["line 96", "line 97", "line 98"]);
  expect(app.text()).toContain("3 selected");
  await app.press("text.copy");
  expect(app.clipboard).toBe(linesTo(96, 98));
  expect(app.line(-1)).toContain("copied 3 lines");
  expect(selected(app)).toEqual([]);
  await app.press("logs.extend-up", "logs.extend-up", "logs.extend-down");
  expect(selected(app)).toEqual(["line 98", "line 99"]);
  await app.press("move.page-up", "move.page-up", "text.save");
  await saved(app, [linesTo(99 - 1 - 2 * (logRows(app) - 1), 99)]);
});

/** Resolves when files with these texts were saved, and no others. */
async function saved(app: TestScreen, texts: readonly string[]): Promise<void> {
  await expect.poll(() => app.saved()).toEqual(texts);
  await app.idle();
}

/** Rows that the log has on the screen. */
function logRows(app: TestScreen): number {
  const lines = app.lines();
  return lines.length - 2 - (lines.findIndex((text) => text.startsWith("──")) + 1);
}

test("The cursor comes up on the line that a search has found, and goes to the next one", async () => {
  const { app } = await start();
  await app.press("/");
  await app.type("5$");
  await app.press("enter", "logs.cursor");
  expect(selected(app)).toEqual(["line 85"]);
  await app.press("search.next");
  expect(selected(app)).toEqual(["line 95"]);
  await app.press("logs.record");
  expect(app.text()).toContain("As it was written:");
  expect(app.text()).toContain("line 95");
});

test("Copy and save take what a filter shows, or all that is held", async () => {
  const { app } = await start(30);
  await app.press("text.copy");
  expect(app.clipboard).toBe(linesTo(0, 29));
  await app.press("logs.filter");
  await app.type("7$");
  await app.press("enter", "text.copy");
  expect(app.clipboard).toBe("line 7\nline 17\nline 27\n");
  await app.press("text.save");
  expect(app.text()).toContain("the lines that the filter shows");
  await app.press("enter");
  await saved(app, ["line 7\nline 17\nline 27\n"]);
  await app.advance(1000);
  await app.press("text.save", "down", "enter");
  await saved(app, ["line 7\nline 17\nline 27\n", linesTo(0, 29)]);
});

test("The whole log is read from its beginning and saved, with what is held after it", async () => {
  const { app, cluster } = await start(1000);
  await app.press("text.save", "down", "enter");
  await expect.poll(() => cluster.logStreams).toHaveLength(2);
  const request = cluster.logStreams.at(-1);
  expect(request?.query).toMatchObject({ follow: false });
  expect(request?.query.tailLines).toBeUndefined();
  const older = Array.from({ length: 3 }, (_, index) => ({ ...line(-3 + index), text: `older ${index}` }));
  request?.handler.lines([...older, line(0), line(1)]);
  await saved(app, [`older 0\nolder 1\nolder 2\n${linesTo(0, 999)}`]);
  expect(app.line(-1)).toContain("1003 lines saved");
});
