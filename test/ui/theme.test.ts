import { afterEach, expect, test } from "vitest";
import { memoryClusters, MemoryCluster, runningPod } from "../support/memory-cluster.ts";
import { TestScreen } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

async function start(env: Readonly<Record<string, string>> = {}): Promise<TestScreen> {
  const cluster = new MemoryCluster("dev");
  for (const name of ["first", "web-1"]) cluster.put("pods", runningPod(name));
  open = await TestScreen.open({ clusters: memoryClusters([cluster]), columns: 120, env });
  return open;
}

test("A theme by its name is on the whole screen at once, and where to keep it is told", async () => {
  const app = await start();
  const [text, cursor] = [app.colourAt(4, 0), app.backgroundOf("first")];
  await app.press(":");
  await app.type("theme li");
  expect(app.text()).toContain("for light terminals");
  await app.press("tab", "enter");
  expect(app.colourAt(4, 0)).not.toBe(text);
  expect(app.backgroundOf("first")).not.toBe(cursor);
  expect(app.line(-1)).toContain("`theme: light` in config.yaml keeps it");
});

test("The command alone offers all themes", async () => {
  const app = await start();
  const cursor = app.backgroundOf("first");
  await app.press(":");
  await app.type("theme");
  await app.press("enter");
  expect(app.text()).toContain("safe without red or green");
  await app.type("contrast");
  await app.press("enter");
  expect(app.backgroundOf("first")).not.toBe(cursor);
});

test("A name that no theme has is refused with those there are", async () => {
  const app = await start();
  await app.press(":");
  await app.type("theme neon");
  await app.press("enter");
  expect(app.text()).toContain('there is no theme "neon"');
  expect(app.text()).toContain("It is one of dark, light, high-contrast");
});

test("Without colours a theme does not say that anything changed", async () => {
  const app = await start({ NO_COLOR: "1" });
  await app.press(":");
  await app.type("theme light");
  await app.press("enter");
  expect(app.line(-1)).toContain("nothing changes here, where there are no colours (NO_COLOR is set)");
});
