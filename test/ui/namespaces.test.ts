import { afterEach, expect, test } from "vitest";
import { KelpieError } from "../../src/lib/errors.ts";
import { memoryClusters, MemoryCluster, runningPod } from "../support/memory-cluster.ts";
import { TestScreen, type ScreenOptions } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

function clusterOfThree(): MemoryCluster {
  const cluster = new MemoryCluster("dev");
  for (const namespace of ["shop", "web", "bank"]) {
    cluster.put("namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: namespace, uid: `uid-ns-${namespace}`, creationTimestamp: "2025-12-31T23:00:00Z" },
      status: { phase: "Active" },
    });
    cluster.put("pods", runningPod(`${namespace}-1`, { namespace }));
  }
  return cluster;
}

async function start(cluster: MemoryCluster, options: Partial<ScreenOptions> = {}): Promise<TestScreen> {
  open = await TestScreen.open({ clusters: memoryClusters([cluster]), columns: 120, ...options });
  return open;
}

async function command(app: TestScreen, text: string): Promise<void> {
  await app.press(":");
  await app.type(text);
  await app.press("enter");
}

test("Two namespaces are one table with a column for the namespace, and changes of both arrive", async () => {
  const cluster = clusterOfThree();
  const app = await start(cluster);
  await command(app, "pods web,shop");
  expect(app.text()).toContain("pods(web,shop)[2]");
  expect(app.text()).toMatch(/^NAMESPACE +NAME/m);
  expect(app.rows()).toEqual(["shop-1 *selected*", "web-1"]);
  expect(app.line(-2)).toMatch(/web, shop$/);
  cluster.put("pods", runningPod("web-2", { namespace: "web" }));
  cluster.put("pods", runningPod("bank-2", { namespace: "bank" }));
  cluster.remove("pods", runningPod("shop-1", { namespace: "shop" }));
  await app.idle();
  expect(app.rows()).toEqual(["web-1 *selected*", "web-2"]);
});

test("-n takes several namespaces, and one named twice is one", async () => {
  const app = await start(clusterOfThree());
  await command(app, "pods -n web,bank,web");
  expect(app.text()).toContain("pods(web,bank)[2]");
  await command(app, "pods web,web");
  expect(app.text()).toContain("pods(web)[1]");
  expect(app.text()).not.toContain("NAMESPACE");
});

test.each(["enter", "resource.use-namespace"])("%s on marked namespaces uses them all", async (action) => {
  const app = await start(clusterOfThree());
  await command(app, "ns");
  expect(app.rows()).toEqual(["bank *selected*", "shop", "web"]);
  await app.press("mark.toggle", "move.down", "mark.toggle", action);
  if (action !== "enter") await command(app, "pods");
  expect(app.text()).toContain("pods(bank,web)[2]");
  expect(app.rows()).toEqual(["bank-1 *selected*", "web-1"]);
});

test("A digit leaves several namespaces for one or for all, and the way back shows them again", async () => {
  const app = await start(clusterOfThree());
  await command(app, "pods web,shop");
  await command(app, "pods bank");
  await app.press("namespace.0");
  expect(app.text()).toContain("pods(all)[3]");
  await app.press("history.back");
  expect(app.text()).toContain("pods(web,shop)[2]");
  // What is on the screen is what the next command lists.
  await command(app, "deploy");
  expect(app.text()).toContain("deployments(web,shop)[0]");
  expect(app.text()).toContain("There are no deployments in the namespaces web and shop.");
});

test("Filter, marks and cursor hold over both namespaces, and Esc brings all back", async () => {
  const cluster = clusterOfThree();
  cluster.put("pods", runningPod("web-2", { namespace: "web" }));
  const app = await start(cluster);
  await command(app, "pods web,shop");
  await app.press("move.down", "mark.toggle", "/");
  await app.type("namespace:shop");
  await app.press("enter");
  expect(app.rows()).toEqual(["shop-1 *selected*"]);
  expect(app.text()).toContain("1 marked");
  await app.press("resource.delete");
  expect(app.text()).toContain("web/web-1");
  expect(app.text()).not.toContain("shop/shop-1");
  await app.press("escape", "mark.clear", "escape");
  expect(app.rows()).toEqual(["shop-1", "web-1", "web-2 *selected*"]);
});

test("A namespace that may not be listed takes nothing from the other, and the title says what is missing", async () => {
  const cluster = clusterOfThree();
  const app = await start(cluster);
  await command(app, "pods web,shop");
  cluster.setListStatus("pods", { state: "denied", error: new KelpieError("you may not list pods") }, "shop");
  await app.idle();
  expect(app.rows()).toContain("web-1");
  expect(app.text()).toContain("live, without shop: you may not list pods");
  cluster.remove("pods", runningPod("web-1", { namespace: "web" }));
  cluster.remove("pods", runningPod("shop-1", { namespace: "shop" }));
  await app.idle();
  expect(app.text()).toContain("There are no pods where they may be listed.");
});

test("One stale namespace makes the whole list stale, with its name and the reason", async () => {
  const cluster = clusterOfThree();
  const app = await start(cluster);
  await command(app, "pods web,shop");
  const stale = { state: "stale", since: app.clock.now(), error: new KelpieError("gone"), retryAt: 0 } as const;
  cluster.setListStatus("pods", stale, "web");
  await app.idle();
  expect(app.text()).toMatch(/stale since \d\d:\d\d:\d\d: web: gone/);
  // The same reason for both is told once.
  cluster.setListStatus("pods", stale, "shop");
  await app.idle();
  expect(app.text()).toMatch(/stale since \d\d:\d\d:\d\d: gone ─/);
  await app.resize(40, 10);
  expect(app.text()).toMatch(/stale \d\d:\d\d:\d\d ─/);
  await app.resize(120, 24);
  for (const namespace of ["web", "shop"]) cluster.setListStatus("pods", { state: "live", mode: "watch" }, namespace);
  await app.idle();
  expect(app.text()).toMatch(/ live ─/);
});

test("While one namespace is still loading the list says so, with the count so far", async () => {
  const cluster = clusterOfThree();
  const app = await start(cluster);
  await command(app, "pods web,shop");
  cluster.setListStatus("pods", { state: "loading", loaded: 0 }, "web");
  await app.idle();
  expect(app.text()).toMatch(/ loading 2 ─/);
});

test("The prompt completes the name after a comma, and none that stands there already", async () => {
  const app = await start(clusterOfThree());
  await app.press(":");
  await app.type("pods web,");
  expect(app.text()).toMatch(/^ shop +namespace/m);
  expect(app.text()).not.toMatch(/^ web +namespace/m);
  await app.type("b");
  await app.press("tab", "enter");
  expect(app.text()).toContain("pods(web,bank)[2]");
});

test("The logs of all that is listed are those of both namespaces", async () => {
  const cluster = clusterOfThree();
  const app = await start(cluster);
  await command(app, "pods web,shop");
  await app.press("table.logs");
  expect(cluster.logStreams.map(({ query }) => query.pod).toSorted()).toEqual(["shop-1", "web-1"]);
});

test("Workloads and trees show the objects of both namespaces", async () => {
  const app = await start(clusterOfThree());
  await command(app, "workloads web,shop");
  expect(app.text()).toContain("workloads(web,shop)");
  expect(app.text()).toMatch(/shop-1/);
  expect(app.text()).toMatch(/web-1/);
  expect(app.text()).not.toMatch(/bank-1/);
  await command(app, "xray pods");
  expect(app.text()).toMatch(/shop-1/);
  expect(app.text()).not.toMatch(/bank-1/);
});
