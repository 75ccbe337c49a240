import { afterEach, expect, test } from "vitest";
import type { LocalCluster, LocalClusters, LocalProgress } from "../../src/app/local-clusters.ts";
import { KelpieError } from "../../src/lib/errors.ts";
import { MemoryCluster, memoryClusters, runningPod } from "../support/memory-cluster.ts";
import { TestScreen } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

/** Local clusters of which a test decides when something that was begun ends. */
class HeldClusters implements LocalClusters {
  readonly clusters = new Map<string, LocalCluster>();
  readonly done: string[] = [];
  progress: ((step: LocalProgress) => void) | undefined;
  unavailable: string | undefined;
  #finish: ((error?: Error) => void) | undefined;

  put(name: string, state: "running" | "stopped"): void {
    this.clusters.set(name, {
      name,
      state,
      note: "",
      directory: `/data/clusters/${name}`,
      context: `kelpie-${name}`,
      ...(state === "running" ? { server: "https://127.0.0.1:1234", version: "v1.36.0" } : {}),
    });
  }

  list(): Promise<readonly LocalCluster[]> {
    const { unavailable } = this;
    return Promise.resolve(
      [...this.clusters.values()].map((each) => ({ ...each, ...(unavailable === undefined ? {} : { unavailable }) })),
    );
  }

  async start(name: string, progress: (step: LocalProgress) => void): Promise<{ context: string }> {
    this.progress = progress;
    await this.#held(`start ${name}`);
    this.put(name, "running");
    return { context: `kelpie-${name}` };
  }

  async stop(name: string): Promise<void> {
    await this.#held(`stop ${name}`);
    this.put(name, "stopped");
  }

  async remove(name: string): Promise<void> {
    await this.#held(`remove ${name}`);
    this.clusters.delete(name);
  }

  /** What was begun ends, with an error or without. */
  finish(error?: Error): void {
    this.#finish?.(error);
  }

  #held(what: string): Promise<void> {
    this.done.push(what);
    return new Promise((resolve, reject) => {
      this.#finish = (error) => (error === undefined ? resolve() : reject(error));
    });
  }
}

function cluster(name: string): MemoryCluster {
  const made = new MemoryCluster(name);
  made.put("pods", runningPod(`pod-of-${name}`));
  return made;
}

async function start(local: HeldClusters): Promise<TestScreen> {
  const app = await TestScreen.open({
    clusters: memoryClusters([cluster("prod"), cluster("kelpie-dev"), cluster("kelpie-new")]),
    local,
    columns: 120,
    initialCommand: "clusters",
  });
  open = app;
  return app;
}

const line = (app: TestScreen, name: string): string =>
  app
    .lines()
    .find((each) => new RegExp(`^\\*? +${name} `).test(each))
    ?.trim()
    .replaceAll(/ {2,}/g, "  ") ?? "";

test("A cluster is made by its name, with its steps in its row, and opened with Enter", async () => {
  const local = new HeldClusters();
  local.put("dev", "stopped");
  const app = await start(local);
  expect(line(app, "dev")).toBe("dev  stopped  kelpie-dev");
  await app.press("cluster.create");
  expect(app.text()).toContain("New local cluster");
  await app.press("ctrl-u");
  await app.type("dev");
  await app.press("enter");
  expect(app.text()).toContain("there is a cluster dev already");
  await app.press("ctrl-u");
  await app.type("new");
  await app.press("enter");
  local.progress?.({ text: "The API server is ready", state: "done" });
  await app.idle();
  expect(line(app, "new")).toBe("new  starting 0 s  The API server is ready");
  await app.advance(3000);
  expect(line(app, "new")).toContain("starting 3 s");
  local.finish();
  await app.idle();
  expect(line(app, "new")).toBe("new  running  https://127.0.0.1:1234  v1.36.0  kelpie-new");
  expect(app.text()).toContain("the cluster new runs");
  await app.press("move.bottom", "cluster.open");
  expect(app.line(0)).toContain("kelpie-new");
  expect(app.text()).toContain("pod-of-kelpie-new");
});

test("Stopping asks, says that pods end, and keeps the cluster", async () => {
  const local = new HeldClusters();
  local.put("dev", "running");
  const app = await start(local);
  await app.press("cluster.start");
  expect(app.text()).toContain("Start: it runs");
  await app.press("cluster.stop");
  expect(app.text()).toContain("Every pod in it ends.");
  await app.press("enter");
  expect(local.done).toEqual([]);
  await app.press("cluster.stop", "tab", "enter");
  expect(line(app, "dev")).toContain("stopping 0 s");
  local.finish();
  await app.idle();
  expect(line(app, "dev")).toBe("dev  stopped  kelpie-dev");
});

test("Deleting wants the name typed, and the one in use is left first", async () => {
  const local = new HeldClusters();
  local.put("dev", "running");
  const app = await start(local);
  await app.press("cluster.open", ":");
  await app.type("clusters");
  await app.press("enter");
  expect(app.text()).toMatch(/\* +dev +running/);
  await app.press("cluster.delete");
  expect(app.text()).toContain("/data/clusters/dev");
  expect(app.text()).toContain("It is the one in use: its views and port-forwards are closed.");
  await app.press("tab", "tab", "enter");
  expect(local.done).toEqual([]);
  await app.press("escape", "cluster.delete");
  await app.type("dev");
  await app.press("tab", "tab", "enter");
  expect(local.done).toEqual(["remove dev"]);
  expect(app.ui.controller.session.cluster.get()).toBeUndefined();
  expect(line(app, "dev")).toContain("deleting 0 s");
  local.finish();
  await app.idle();
  expect(line(app, "dev")).toBe("");
  expect(app.text()).toContain("the cluster dev is deleted");
});

test("What goes wrong stands in the row with what to do, and the cluster can be started again", async () => {
  const local = new HeldClusters();
  local.put("dev", "stopped");
  const app = await start(local);
  await app.press("cluster.start");
  local.finish(new KelpieError("the port is taken", { hint: "stop what listens there" }));
  await app.idle();
  expect(line(app, "dev")).toContain("stopped  kelpie-dev  the port is taken: stop what listens there");
  await app.press("cluster.start");
  expect(line(app, "dev")).not.toContain("the port is taken");
  local.finish();
  await app.idle();
  expect(line(app, "dev")).toContain("running");
});

test("What another terminal does to the clusters is shown, and why none can run here", async () => {
  const local = new HeldClusters();
  const app = await start(local);
  expect(app.text()).toContain("No local clusters: n makes one.");
  local.put("dev", "running");
  await app.advance(2000);
  expect(line(app, "dev")).toContain("running");
  local.unavailable = "it runs on Linux and macOS";
  await app.advance(2000);
  expect(app.text()).toContain("none can run here: it runs on Linux and macOS");
  await app.press("cluster.create");
  expect(app.text()).toContain("New: none can run here");
});
