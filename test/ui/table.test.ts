import { readFileSync, statSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { KelpieError } from "../../src/lib/errors.ts";
import { deployment, memoryClusters, MemoryCluster, runningPod } from "../support/memory-cluster.ts";
import { TestScreen, type ScreenOptions } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

function clusterWith(...pods: readonly string[]): MemoryCluster {
  const cluster = new MemoryCluster("dev");
  for (const pod of pods) cluster.put("pods", runningPod(pod));
  return cluster;
}

async function start(cluster: MemoryCluster, options: Partial<ScreenOptions> = {}): Promise<TestScreen> {
  open = await TestScreen.open({ clusters: memoryClusters([cluster]), ...options });
  return open;
}

test("The pods of the namespace are on the screen with the context and the state of the list", async () => {
  const app = await start(clusterWith("web-1", "web-2"));
  expect(app.rows()).toEqual(["web-1 *selected*", "web-2"]);
  expect(app.line(0)).toContain("dev");
  expect(app.text()).toMatch(/pods\(default\)\[2\] ─+ live ─/);
  // Why there is no column of CPU and memory.
  expect(app.line(0)).toContain("no metrics API");
  expect(app.line(-2)).toMatch(/^ pods +default$/);
});

test("The age stays on a screen of 80 columns when a restart is told with its time", async () => {
  const cluster = new MemoryCluster("dev");
  const pod = runningPod("payments-of-a-rather-long-name-f656cc967-lsjb6", { namespace: "shop" });
  const terminated = { finishedAt: "2026-01-01T00:00:00Z" };
  cluster.put("pods", {
    ...pod,
    status: {
      containerStatuses: [
        { restartCount: 4, state: { waiting: { reason: "CrashLoopBackOff" } }, lastState: { terminated } },
      ],
    },
  });
  const app = await start(cluster, { columns: 80, initialCommand: "pods all" });
  expect(app.text()).toMatch(/RESTARTS +AGE\n.* CrashLoopBackOff +4 +\d/);
  await app.resize(100, 24);
  expect(app.text()).toMatch(/ CrashLoopBackOff +4 \(\w+ ago\) /);
});

test("The state of a container is not cut where other columns can go", async () => {
  const cluster = new MemoryCluster("dev");
  const image = `registry.example/a-rather-long-path/of-some-team/${"x".repeat(40)}:1`;
  cluster.put("pods", {
    ...runningPod("web-1"),
    spec: { containers: [{ name: "a-container", image }] },
    status: { containerStatuses: [{ name: "a-container", state: { waiting: { reason: "ImagePullBackOff" } } }] },
  });
  const app = await start(cluster, { columns: 60 });
  await app.press("open");
  expect(app.text()).toMatch(/^a-container .* ImagePullBackOff/m);
});

test("The header says no more than that all of the CPU is in use", async () => {
  const cluster = clusterWith("web-1");
  cluster.put("nodes", {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "node-1", uid: "uid-node-1" },
    status: { allocatable: { cpu: "2", memory: "4Gi" } },
  });
  const app = await start(cluster);
  cluster.metrics.set({
    ...cluster.metrics.get(),
    state: "available",
    nodes: new Map([["node-1", { cpu: 2.04, memory: 2 ** 30 }]]),
  });
  await app.idle();
  expect(app.line(0)).toContain("cpu 100%   mem 25%");
});

test("The cursor follows its object when rows are inserted above it", async () => {
  const cluster = clusterWith("web-1", "web-2", "web-3");
  const app = await start(cluster);
  await app.press("down");
  expect(app.rows()).toEqual(["web-1", "web-2 *selected*", "web-3"]);
  cluster.put("pods", runningPod("api-1"));
  cluster.put("pods", runningPod("api-2"));
  await app.idle();
  expect(app.rows()).toEqual(["api-1", "api-2", "web-1", "web-2 *selected*", "web-3"]);
});

test("The cursor goes to the row after a deleted object", async () => {
  const cluster = clusterWith("web-1", "web-2", "web-3");
  const app = await start(cluster);
  await app.press("down");
  cluster.remove("pods", runningPod("web-2"));
  await app.idle();
  expect(app.rows()).toEqual(["web-1", "web-3 *selected*"]);
});

test("Several keys in one chunk are several keys", async () => {
  const app = await start(clusterWith("web-1", "web-2", "web-3", "web-4"));
  await app.send("jjj");
  expect(app.rows().at(3)).toBe("web-4 *selected*");
});

test("A filter narrows the rows as one types, and Esc brings rows, cursor and scroll back as they were", async () => {
  const names = Array.from({ length: 60 }, (_, index) => `web-${String(index).padStart(2, "0")}`);
  const app = await start(clusterWith(...names, "other"));
  await app.type("jjjjjjjjjjjjjjjjjjjjjjjjjjjjjj");
  const before = app.rows();
  expect(before.some((row) => row.endsWith("*selected*"))).toBe(true);
  await app.press("/");
  await app.type("other");
  expect(app.rows()).toEqual(["other *selected*"]);
  await app.press("enter");
  expect(app.text()).toContain("pods(default)[1/61]");
  expect(app.text()).toContain("/other");
  await app.press("escape");
  expect(app.rows()).toEqual(before);
});

test("The cursor stays on what was opened from a filtered list when the filter goes", async () => {
  const app = await start(clusterWith("web-1", "web-2", "web-3"));
  await app.press("move.down", "/");
  await app.type("web-3");
  await app.press("enter", "resource.describe", "escape");
  expect(app.rows()).toEqual(["web-3 *selected*"]);
  await app.press("escape");
  expect(app.rows()).toEqual(["web-1", "web-2", "web-3 *selected*"]);
});

test("A filter and faults only that leave nothing are both named, with the way out of each", async () => {
  const app = await start(clusterWith("web-1", "web-2"));
  await app.press("/");
  await app.type("web");
  await app.press("enter", "ctrl-z");
  expect(app.text()).toContain("None of 2 has a fault and matches /web");
  expect(app.text()).toContain("Esc takes the filter away, Ctrl-Z shows those without a fault.");
  await app.press("escape");
  expect(app.text()).toContain("None of 2 has a fault.");
  expect(app.text()).toContain("Esc shows them all.");
  await app.press("escape");
  expect(app.rows()).toEqual(["web-1 *selected*", "web-2"]);
});

test("A filter that is no regular expression says so and the rows stay", async () => {
  const app = await start(clusterWith("web-1", "web-2"));
  await app.press("/");
  await app.type("web[");
  expect(app.rows()).toEqual(["web-1 *selected*", "web-2"]);
  expect(app.text()).toMatch(/missing terminating \]|Unterminated character class|Lone quantifier/i);
});

test("Filters invert, compare columns and match labels", async () => {
  const cluster = clusterWith("web-1", "web-2");
  cluster.put("pods", runningPod("api-1", { waiting: "CrashLoopBackOff", labels: { app: "api" } }));
  const app = await start(cluster);
  const rowsFor = async (filter: string): Promise<string[]> => {
    await app.press("/", "ctrl-u");
    await app.type(filter);
    await app.press("enter");
    return app.rows().map((row) => row.replace(" *selected*", ""));
  };
  expect(await rowsFor("!web")).toEqual(["api-1"]);
  expect(await rowsFor("status:running")).toEqual(["web-1", "web-2"]);
  expect(await rowsFor("app=api")).toEqual(["api-1"]);
  expect(await rowsFor("age:>30m -f wb1")).toEqual(["web-1"]);
});

test("A column sorts by its kind of value, twice turns it round, and the cursor stays on its object", async () => {
  const cluster = new MemoryCluster("dev");
  cluster.put("pods", runningPod("old", { creationTimestamp: "2025-12-01T00:00:00Z" }));
  cluster.put("pods", runningPod("new", { creationTimestamp: "2025-12-31T23:59:30Z" }));
  cluster.put("pods", runningPod("middle", { creationTimestamp: "2025-12-31T10:00:00Z" }));
  const app = await start(cluster);
  await app.press("down");
  expect(app.rows()).toEqual(["middle", "new *selected*", "old"]);
  await app.press("sort.age");
  expect(app.rows()).toEqual(["new *selected*", "middle", "old"]);
  await app.press("sort.age");
  expect(app.rows()).toEqual(["old", "middle", "new *selected*"]);
});

test("Delete lists exactly the marked objects, with cancel in focus, and deletes only those", async () => {
  const cluster = clusterWith("web-1", "web-2", "web-3");
  const app = await start(cluster);
  await app.press("mark.toggle", "down", "mark.toggle", "resource.delete");
  expect(app.text()).toContain("Delete 2 pods?");
  expect(app.text()).toContain("default/web-1");
  expect(app.text()).toContain("default/web-3");
  expect(app.text()).not.toContain("default/web-2");
  await app.press("enter");
  expect(cluster.recorded).toEqual([]);
  await app.press("resource.delete", "tab", "enter");
  expect(cluster.recorded.map(({ verb, target }) => `${verb} ${target}`).sort()).toEqual([
    "delete default/web-1",
    "delete default/web-3",
  ]);
  expect(app.line(-1)).toContain("2 pods deleted");
});

test("Marked rows that a filter hides are deleted too, and the dialog shows them", async () => {
  const cluster = clusterWith("api-1", "web-1");
  const app = await start(cluster);
  await app.press("mark.toggle", "/");
  await app.type("web");
  await app.press("enter", "resource.delete");
  expect(app.text()).toContain("default/api-1");
});

test("An object that the server refuses to delete is named with the server's words", async () => {
  const cluster = clusterWith("web-1", "web-2");
  cluster.refusals.set("web-2", new KelpieError('pods "web-2" is forbidden: no'));
  const app = await start(cluster);
  await app.press("mark.toggle", "mark.toggle", "resource.delete", "tab", "enter");
  expect(app.text()).toContain("1 of 2 not deleted");
  expect(app.text()).toContain('default/web-2: pods "web-2" is forbidden: no');
});

test("Read-only shows a lock, and a write key says why it does nothing", async () => {
  const cluster = clusterWith("web-1");
  const app = await start(cluster, { readOnly: true });
  expect(app.line(0)).toContain("read-only");
  await app.press("resource.delete");
  expect(app.line(-1)).toContain("Delete: read-only");
  expect(app.text()).not.toContain("Delete pod web-1?");
});

test("Scale asks for a number, refuses what is none, and scales", async () => {
  const cluster = new MemoryCluster("dev");
  cluster.put("deployments", deployment("shop", 3));
  const app = await start(cluster, { initialCommand: "deploy" });
  await app.press("s");
  expect(app.text()).toContain("default/shop: 3 now");
  await app.type("x");
  await app.press("enter");
  expect(app.text()).toContain("a whole number, 0 or more");
  await app.press("escape", "s");
  // The number that stands there is selected: 5 means 5, not 35.
  await app.press("5", "enter");
  expect(cluster.recorded).toEqual([{ verb: "scale", target: "default/shop", detail: 5 }]);
  expect(app.line(-1)).toContain("deployment shop scaled to 5");
});

test("Enter on a deployment shows its pods, and Esc comes back to the same row", async () => {
  const cluster = new MemoryCluster("dev");
  for (const name of ["a", "b", "c"]) cluster.put("deployments", deployment(name, 1));
  cluster.put("pods", runningPod("b-1", { labels: { app: "b" } }));
  cluster.put("pods", runningPod("c-1", { labels: { app: "c" } }));
  const app = await start(cluster, { initialCommand: "deploy" });
  await app.press("down", "enter");
  expect(app.rows()).toEqual(["b-1 *selected*"]);
  expect(app.line(-2)).toMatch(/deployments › /);
  await app.press("escape");
  expect(app.rows()).toEqual(["a", "b *selected*", "c"]);
});

test("0 shows every namespace with a NAMESPACE column, and a digit goes back to a namespace used before", async () => {
  const cluster = clusterWith("web-1");
  cluster.put("pods", runningPod("dns", { namespace: "kube-system" }));
  const app = await start(cluster);
  await app.press("0");
  expect(app.text()).toContain("NAMESPACE");
  expect(app.rows()).toEqual(["web-1 *selected*", "dns"]);
  await app.press("1");
  expect(app.rows()).toEqual(["web-1 *selected*"]);
});

test("The rows the filter shows are saved to a file of the user's own", async () => {
  const cluster = clusterWith("web-1", "web-2", "api-1");
  const app = await start(cluster, { columns: 200 });
  await app.press("/");
  await app.type("web");
  await app.press("enter", "table.save");
  expect(app.text()).toContain("Save 2 pods as");
  await app.press("enter");
  await app.until(app.ui.controller.flash.message, (message) => message?.text.startsWith("saved to") === true);
  const path = app.line(-1).replace(" saved to ", "");
  expect(
    readFileSync(path, "utf8")
      .split("\r\n")
      .map((line) => line.split(",")[0]),
  ).toEqual(["NAME", "web-1", "web-2", ""]);
  expect(statSync(path).mode & 0o077).toBe(0);
});

test("A list that is stale says since when and why, and keeps its rows", async () => {
  const cluster = clusterWith("web-1");
  const app = await start(cluster, { columns: 120 });
  const error = new KelpieError("connection refused");
  cluster.setListStatus("pods", { state: "stale", since: app.clock.now(), error, retryAt: 0 });
  await app.idle();
  expect(app.rows()).toEqual(["web-1 *selected*"]);
  expect(app.text()).toMatch(/stale since \d\d:\d\d:\d\d: connection refused/);
});

test("A list that is not allowed says what the server said", async () => {
  const cluster = clusterWith();
  const app = await start(cluster);
  cluster.setListStatus("pods", { state: "denied", error: new KelpieError("you may not list pods in default") });
  await app.idle();
  expect(app.text()).toContain("you may not list pods in default");
});

test("An age that grows while its pod does not change is never cut", async () => {
  const cluster = new MemoryCluster("dev");
  cluster.put("pods", runningPod("web-1", { creationTimestamp: "2025-12-31T23:59:59Z" }));
  const app = await start(cluster);
  await app.advance(598_000);
  expect(app.text()).toMatch(/web-1 .* 9m59s$/m);
});

test("The whole reason why a list is denied is on a narrow screen, with the way to what is allowed", async () => {
  const cluster = clusterWith("web-1");
  const app = await start(cluster, { namespace: "" });
  const reason =
    'cannot list pods: pods is forbidden: User "jane@example.com" cannot list resource "pods" in API group "" at the cluster scope';
  cluster.remove("pods", runningPod("web-1"));
  cluster.setListStatus("pods", { state: "denied", error: new KelpieError(reason) });
  await app.idle();
  expect(app.text().replaceAll(/\s+/g, " ")).toContain(reason);
  expect(app.text()).toContain(":pods <namespace> shows one namespace");
});

test("The way to the owner says which object has none, or that there is no object", async () => {
  const cluster = clusterWith("web-1");
  const app = await start(cluster);
  await app.press("resource.owner");
  expect(app.line(-1)).toBe(" Owner: web-1 has no owner");
  cluster.remove("pods", runningPod("web-1"));
  await app.press("resource.owner");
  expect(app.line(-1)).toBe(" Owner: nothing is selected");
});

test("A dialog on a small screen has the whole name of what it deletes", async () => {
  const name = "a-pod-with-a-name-that-goes-on-and-on-until-its-hash-6bd7755b9-6zz6b";
  const app = await start(clusterWith(name), { columns: 40, rows: 18 });
  await app.press("resource.delete");
  const inner = app.lines().flatMap((line) => /│ (.*) │/.exec(line)?.[1]?.trim() ?? []);
  expect(inner.join("")).toContain(`default/${name}`);
});

test("A long name is cut in its middle, and the arrow of the sort stands behind its title", async () => {
  const app = await start(clusterWith("a-name-that-is-much-too-long-for-a-small-screen-6bd7755b9-6zz6b"), {
    columns: 60,
  });
  expect(app.text()).toMatch(/^a-name-[a-z-]*…[-a-z0-9]*6zz6b +1\/1/m);
  await app.press("sort.name");
  expect(app.text()).toMatch(/^NAME↑ /m);
  await app.press("sort.age");
  expect(app.text()).toMatch(/(AGE↑|↑AGE)$/m);
});
