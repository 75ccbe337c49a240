import { afterEach, expect, test } from "vitest";
import { actions } from "../../src/hotkeys/registry.ts";
import { MemoryCluster, memoryClusters, runningPod } from "../support/memory-cluster.ts";
import { TestScreen } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

async function start(
  ...names: readonly string[]
): Promise<{ readonly app: TestScreen; readonly cluster: MemoryCluster }> {
  const cluster = new MemoryCluster("dev");
  for (const name of names) cluster.put("pods", runningPod(name));
  const app = await TestScreen.open({ clusters: memoryClusters([cluster]), columns: 100 });
  open = app;
  await app.press("table.logs");
  return { app, cluster };
}

/** The lines of the log on the screen. */
function logLines(app: TestScreen): string[] {
  const lines = app.lines();
  const top = lines.findIndex((line) => line.startsWith("──"));
  return lines.slice(top + 1, -2).filter((line) => line !== "");
}

const title = (app: TestScreen): string => app.lines().find((line) => line.startsWith("──")) ?? "";

async function write(app: TestScreen, cluster: MemoryCluster, pod: string, ...texts: readonly string[]): Promise<void> {
  cluster.writeLog(pod, ...texts);
  await app.advance(50);
}

async function find(app: TestScreen, text: string): Promise<void> {
  await app.press("/");
  await app.type(text);
  await app.press("enter");
}

async function filter(app: TestScreen, text: string): Promise<void> {
  await app.press("logs.filter", "ctrl-u");
  if (text !== "") await app.type(text);
  await app.press("enter");
}

test("A search counts its hits over everything held while lines come, n and N go round, and every line stays", async () => {
  const { app, cluster } = await start("web");
  await write(app, cluster, "web", ...Array.from({ length: 200 }, (_, index) => `line ${index}`));
  await find(app, "line 1?5$");
  expect(title(app)).toContain("/line 1?5$ 2/2");
  expect(title(app)).toContain("[200]");
  await app.press("search.next");
  expect(title(app)).toContain("1/2");
  expect(logLines(app)).toContain("line 5");
  await write(app, cluster, "web", "another line 5");
  expect(title(app)).toContain("1/3");
  await app.press("search.previous");
  expect(title(app)).toContain("3/3");
  expect(logLines(app)).toContain("another line 5");
  expect(logLines(app).length).toBeGreaterThan(10);
  await app.press("/");
  await app.type("(");
  expect(title(app)).toMatch(/Unterminated group/i);
  await app.press("escape", "escape");
  await find(app, "nowhere");
  expect(title(app)).toContain("no match");
});

test("A search finds what is drawn: levels by their names, fields, and the pod in front", async () => {
  const { app, cluster } = await start("web-a", "web-b");
  await write(app, cluster, "web-a", '{"level":50,"msg":"caf\\u00e9 closed","n":1e3}', '{"level":"info","msg":"open"}');
  await write(app, cluster, "web-b", "plain \u001B[31mred\u001B[0mdish");
  for (const [text, hits] of [
    ["ERROR", 1],
    ["café", 1],
    ["n=1000", 1],
    ["msg", 0],
    ["reddish", 1],
    ["closed", 1],
    ["^a ", 2],
  ] as const) {
    await find(app, text);
    expect(title(app), text).toContain(hits === 0 ? "no match" : `/${hits}`);
    await app.press("escape");
  }
});

test.each([
  { terms: "timeout", shown: ["timeout of /cart", '{"level":"warn","msg":"timeout","status":504}'] },
  { terms: "!timeout", shown: ["GET /cart 200", 'level=error msg="no answer" status=500', "TRACE deep"] },
  { terms: "t.m.o.t !cart", shown: ['{"level":"warn","msg":"timeout","status":504}'] },
  { terms: "~tmt", shown: ["timeout of /cart", '{"level":"warn","msg":"timeout","status":504}'] },
  { terms: '"of /cart"', shown: ["timeout of /cart"] },
  {
    terms: "level>=warn",
    shown: ['{"level":"warn","msg":"timeout","status":504}', 'level=error msg="no answer" status=500'],
  },
  { terms: "status:5.. level>warn", shown: ['level=error msg="no answer" status=500'] },
  { terms: "status>=504", shown: ['{"level":"warn","msg":"timeout","status":504}'] },
  { terms: "GET +1", shown: ["timeout of /cart", "GET /cart 200", '{"level":"warn","msg":"timeout","status":504}'] },
])(
  "The filter $terms shows what it should, also of what comes later, and Esc all of it again",
  async ({ terms, shown }) => {
    const { app, cluster } = await start("web");
    await app.press("logs.raw");
    const lines = [
      "timeout of /cart",
      "GET /cart 200",
      '{"level":"warn","msg":"timeout","status":504}',
      'level=error msg="no answer" status=500',
      "TRACE deep",
    ];
    await write(app, cluster, "web", ...lines.slice(0, 2));
    await filter(app, terms);
    expect(title(app)).toContain(`& ${terms}`);
    await write(app, cluster, "web", ...lines.slice(2));
    expect(logLines(app)).toEqual(shown);
    await app.press("escape");
    expect(logLines(app)).toEqual(lines);
  },
);

test("Filter, search, place and form are as they were after another view; the next log of it is offered the filter", async () => {
  const { app, cluster } = await start("web");
  await write(app, cluster, "web", ...Array.from({ length: 100 }, (_, index) => `line ${index}`));
  await filter(app, "[02468]$");
  await find(app, "4$");
  await app.press("logs.timestamps", "search.previous", "search.previous");
  const [lines, line] = [logLines(app), title(app)];
  await app.press("logs.cursor", "logs.record");
  expect(app.text()).toContain("As it was written:");
  await app.press("escape", "escape");
  expect(logLines(app)).toEqual(lines);
  expect(title(app)).toBe(line);
  await app.press("escape", "escape", "escape");
  await app.press("table.logs", "logs.filter");
  expect(app.text()).toContain("Filter: [02468]$");
  await app.press("enter");
  expect(title(app)).toContain("& [02468]$");
});

test("Wrap shows the whole of a long line, and each pod has its colour in front", async () => {
  const { app, cluster } = await start("web-a", "web-b");
  await write(app, cluster, "web-a", `begin ${"x".repeat(150)} end`);
  await write(app, cluster, "web-b", "short");
  expect(app.text()).not.toMatch(/x end/);
  await app.press("text.wrap");
  expect(app.text()).toMatch(/x end/);
  expect(title(app)).toContain("wrap");
  const row = (text: string): number => app.lines().findIndex((line) => line.startsWith(text));
  expect(app.colourAt(row("a begin"), 0)).not.toBe(app.colourAt(row("b short"), 0));
});

test("A paused log stands still while lines come, above and below, until autoscroll is on again", async () => {
  const { app, cluster } = await start("web");
  await write(app, cluster, "web", ...Array.from({ length: 100 }, (_, index) => `line ${index}`));
  await app.press("logs.autoscroll", "move.up", "move.up");
  const shown = logLines(app);
  cluster.logStreams[0]?.handler.lines([{ time: "2026-01-01T00:00:03.5Z", text: "late" }]);
  await write(app, cluster, "web", "new");
  expect(logLines(app)).toEqual(shown);
  expect(title(app)).toContain("[102]");
  await app.press("logs.autoscroll");
  expect(logLines(app).at(-1)).toBe("new");
  await app.press("move.top");
  expect(logLines(app).slice(0, 5)).toEqual(["line 0", "line 1", "line 2", "late", "line 3"]);
});

test("A full log drops its oldest lines and says how many", async () => {
  const cluster = new MemoryCluster("dev");
  cluster.put("pods", runningPod("web"));
  const app = await TestScreen.open({
    clusters: memoryClusters([cluster]),
    settings: { logs: { tailLines: 1000, bufferMegabytes: 1 } },
  });
  open = app;
  await app.press("resource.logs");
  await write(app, cluster, "web", ...Array.from({ length: 1000 }, (_, index) => `${index} ${"x".repeat(2000)}`));
  const [, held = "", dropped = ""] = /\[(\d+)\].* (\d+) oldest dropped/.exec(title(app)) ?? [];
  expect(Number(held) + Number(dropped)).toBe(1000);
  expect(Number(dropped)).toBeGreaterThan(400);
  await app.press("move.top", "move.up");
  expect(app.line(-1)).toContain("older lines find no room");
});

/** Where each action of the log is pressed: a new one must have a scenario too. */
const COVERED: Readonly<Record<string, string>> = {
  "logs.autoscroll": "here",
  "logs.timestamps": "logs.test.ts",
  "logs.previous": "logs.test.ts",
  "logs.filter": "here",
  "logs.record": "here",
  "logs.cursor": "logs-selection.test.ts",
  "logs.select": "logs-selection.test.ts",
  "logs.extend-up": "logs-selection.test.ts",
  "logs.extend-down": "logs-selection.test.ts",
  "logs.columns": "logs.test.ts",
  "logs.raw": "here",
  "logs.marker": "logs.test.ts",
  "logs.clear": "logs.test.ts",
  ...Object.fromEntries(
    ["tail", "head", "1m", "5m", "15m", "30m", "1h"].map((name) => [`logs.window-${name}`, "logs.test.ts"]),
  ),
};

test("Every action of the log has a scenario", () => {
  const ids = actions.filter(({ scope }) => scope === "logs").map(({ id }) => id);
  expect(ids.toSorted()).toEqual(Object.keys(COVERED).toSorted());
});
