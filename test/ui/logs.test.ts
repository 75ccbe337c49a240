import { afterEach, expect, test } from "vitest";
import { KelpieError } from "../../src/lib/errors.ts";
import { MemoryCluster, memoryClusters, runningPod } from "../support/memory-cluster.ts";
import { TestScreen } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

async function start(
  ...keys: readonly string[]
): Promise<{ readonly app: TestScreen; readonly cluster: MemoryCluster }> {
  const cluster = new MemoryCluster("dev");
  for (const name of ["web-a", "web-b", "other"]) cluster.put("pods", runningPod(name));
  const app = await TestScreen.open({ clusters: memoryClusters([cluster]), columns: 100 });
  open = app;
  await app.press(...keys);
  return { app, cluster };
}

/** The lines of the log on the screen. */
function logLines(app: TestScreen): string[] {
  const lines = app.lines();
  const top = lines.findIndex((line) => line.startsWith("──"));
  return lines.slice(top + 1, -2).filter((line) => line !== "");
}

async function write(app: TestScreen, cluster: MemoryCluster, pod: string, ...texts: readonly string[]): Promise<void> {
  cluster.writeLog(pod, ...texts);
  await app.advance(50);
}

test("A log without lines says so, and why", async () => {
  const { app, cluster } = await start("l");
  expect(logLines(app)).toEqual([" No line yet."]);
  await app.press("logs.window-5m");
  expect(logLines(app)).toEqual([" No line in the last 5m."]);
  await write(app, cluster, "other", "one", "two");
  expect(logLines(app)).toEqual(["one", "two"]);
  await app.press("logs.filter");
  await app.type("nothing");
  await app.press("enter");
  expect(logLines(app)).toEqual([" None of 2 lines passes the filter."]);
  await app.press("escape", "logs.clear");
  expect(logLines(app)).toEqual([" Cleared. Lines come here as they are written."]);
});

test("What is found nowhere leaves a log following", async () => {
  const { app, cluster } = await start("l");
  await write(app, cluster, "other", ...Array.from({ length: 100 }, (_, index) => `line ${index} of it`));
  await app.press("/");
  await app.type("line 1");
  expect(app.text()).toContain("paused");
  await app.type("x");
  expect(app.text()).toContain("following");
  expect(logLines(app).at(-1)).toBe("line 99 of it");
});

const RECORD = '{"level":"error","msg":"no [answer]","status":504,"path":"/cart"}';

test("Records are shown by what they say, as columns, raw by one key, and one in full", async () => {
  const { app, cluster } = await start("l");
  await write(app, cluster, "other", RECORD, "plain \u001B[2Jtext");
  expect(logLines(app)).toEqual(["ERROR no [answer] status=504 path=/cart", "plain text"]);
  const row = app.lines().findIndex((line) => line.startsWith("ERROR"));
  expect(app.colourAt(row, 0)).not.toBe(app.colourAt(row + 1, 0));
  await app.press("logs.columns");
  await app.type("status");
  await app.press("enter");
  expect(logLines(app)[0]).toBe("ERROR 504    no [answer] path=/cart");
  await app.press("logs.raw");
  expect(logLines(app)[0]).toBe(RECORD);
  expect(app.text()).toContain("raw");
  await app.press("logs.record", "enter");
  expect(app.text()).toMatch(/^msg\s+no \[answer\]$/m);
  await app.press("escape");
  expect(logLines(app)).toHaveLength(2);
});

test("A filter by level and text with context lines stays true while lines come", async () => {
  const { app, cluster } = await start("l");
  await write(app, cluster, "other", "one", RECORD, "two", "three");
  await app.press("logs.filter");
  await app.type("level>=warn +1");
  await app.press("enter");
  expect(logLines(app)).toEqual(["one", "ERROR no [answer] status=504 path=/cart", "two"]);
  await write(app, cluster, "other", "four", "WARN five");
  expect(logLines(app)).toEqual(["one", "ERROR no [answer] status=504 path=/cart", "two", "four", "WARN five"]);
  await app.press("logs.filter");
  await app.type(" level>=loud");
  await app.press("enter");
  expect(app.text()).toContain('"loud" is no level');
  await app.press("escape", "escape");
  expect(logLines(app)).toHaveLength(6);
});

test("Shift-L reads every pod listed, and with a filter those it lets through", async () => {
  const { app, cluster } = await start("shift-l");
  expect(cluster.logStreams.map(({ query }) => query.pod).sort()).toEqual(["other", "web-a", "web-b"]);
  cluster.put("pods", runningPod("web-c"));
  await app.advance(100);
  expect(cluster.logStreams.map(({ query }) => query.pod)).toContain("web-c");
  await app.press("escape");
  expect(cluster.logStreams).toHaveLength(0);
  await app.press("/");
  await app.type("web");
  await app.press("enter", "shift-l");
  expect(cluster.logStreams.map(({ query }) => query.pod).sort()).toEqual(["web-a", "web-b", "web-c"]);
});

test("Lines of several pods stand in the order of their times, each with its pod in front", async () => {
  const { app, cluster } = await start("/");
  await app.type("web");
  await app.press("enter", "shift-l");
  const send = (pod: string, second: number, text: string): void => {
    const stream = cluster.logStreams.find(({ query }) => query.pod === pod);
    stream?.handler.lines([{ time: `2026-01-01T00:00:0${second}.000000000Z`, text }]);
  };
  send("web-a", 1, "first");
  send("web-a", 3, "third");
  send("web-b", 2, "second");
  await app.advance(50);
  expect(logLines(app)).toEqual(["a first", "b second", "a third"]);
});

test("Scrolling beyond the top reads older lines, and the lines on the screen stay where they are", async () => {
  const { app, cluster } = await start("l");
  const time = (index: number): string => new Date(1_767_225_600_000 + Math.floor(index / 3) * 1000).toISOString();
  // Three lines of each moment: the first held line is in the middle of one.
  const all = Array.from({ length: 5000 }, (_, index) => ({ time: time(index), text: `line ${index}` }));
  const [stream] = cluster.logStreams;
  stream?.handler.lines(all.slice(-1000));
  await app.advance(50);
  await app.press("g");
  expect(logLines(app)[0]).toBe("line 4000");
  for (const [index, from] of [2000, 0].entries()) {
    await app.press("k");
    expect(app.text()).toContain("reading older lines");
    const request = cluster.logStreams.at(-1);
    expect(request?.query).toMatchObject({ follow: false, tailLines: index === 0 ? 3000 : 7000 });
    request?.handler.lines(all.slice(-(request.query.tailLines ?? 0)));
    expect(cluster.logStreams).toHaveLength(1);
    await app.advance(50);
    expect(logLines(app)[0]).toBe(`line ${index === 0 ? 4000 : 2000}`);
    expect(app.text()).toContain(`[${5000 - from}]`);
    await app.press("g");
    expect(logLines(app)[0]).toBe(`line ${from}`);
  }
  await app.press("k");
  const last = cluster.logStreams.at(-1);
  last?.handler.lines(all);
  await app.press("k");
  expect(app.line(-1)).toContain("the log begins here");
  expect(app.text()).toContain("[5000]");
});

test("Every key of the log does what it says", async () => {
  const { app, cluster } = await start("l");
  await write(app, cluster, "other", "first", "second");
  await app.press("logs.timestamps");
  expect(logLines(app)[0]).toBe("2026-01-01T00:00:01.000Z first");
  await app.press("logs.timestamps", "logs.marker");
  expect(logLines(app).at(-1)).toMatch(/^──── .* ─+/);
  await app.press("logs.clear");
  expect(logLines(app)).toEqual([" Cleared. Lines come here as they are written."]);
  const windows = [
    ["logs.window-head", {}],
    ["logs.window-1m", { sinceSeconds: 60 }],
    ["logs.window-5m", { sinceSeconds: 300 }],
    ["logs.window-15m", { sinceSeconds: 900 }],
    ["logs.window-30m", { sinceSeconds: 1800 }],
    ["logs.window-1h", { sinceSeconds: 3600 }],
    ["logs.window-tail", { tailLines: 1000 }],
  ] as const;
  for (const [key, asked] of windows) {
    await app.press(key);
    const { tailLines, sinceSeconds } = cluster.logStreams.at(-1)?.query ?? {};
    expect({ tailLines, sinceSeconds }, key).toEqual({ tailLines: undefined, sinceSeconds: undefined, ...asked });
    expect(cluster.logStreams).toHaveLength(1);
  }
  await write(app, cluster, "other", "shown again");
  await app.press("logs.autoscroll");
  expect(app.text()).toContain("paused");
  await app.press("logs.autoscroll");
  expect(app.text()).toContain("following");
  await app.press("text.fullscreen");
  expect(app.line(0)).toBe("shown again");
  await app.press("text.fullscreen", "logs.previous");
  await app.advance(50);
  expect(app.text()).toContain("it has no previous instance");
});

test("A refusal, a broken stream and its return stand in the log, and the state of the list with them", async () => {
  const { app, cluster } = await start("l");
  await write(app, cluster, "other", "before");
  const [stream] = cluster.logStreams;
  stream?.handler.interrupted(new KelpieError("the server went away"), 0);
  await app.advance(50);
  expect(app.text()).toContain("other/main: the stream broke, it is resumed where it ended: the server went away");
  expect(app.text()).toContain("stale since");
  stream?.handler.resumed?.();
  await app.advance(50);
  expect(app.text()).not.toContain("stale since");
  stream?.handler.failed(new KelpieError("pods/log is forbidden"));
  await app.advance(50);
  expect(app.text()).toContain("other/main: pods/log is forbidden");
});
