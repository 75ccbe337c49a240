import { afterEach, expect, test } from "vitest";
import { KelpieError } from "../../src/lib/errors.ts";
import type { KubeObject } from "../../src/lib/kube/object.ts";
import { deployment, memoryClusters, MemoryCluster, runningPod } from "../support/memory-cluster.ts";
import { TestScreen } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

async function start(
  dev: MemoryCluster,
  size: { readonly columns: number; readonly rows: number },
): Promise<TestScreen> {
  open = await TestScreen.open({ clusters: memoryClusters([dev]), ...size, initialCommand: "pulse" });
  return open;
}

const node: KubeObject = {
  metadata: { name: "node-1", uid: "uid-node-1" },
  status: { conditions: [{ type: "Ready", status: "True" }], allocatable: { cpu: "4", memory: "4Gi" } },
};

test(":pulse counts the health of every kind, live, and Enter shows the faults of one", async () => {
  const dev = new MemoryCluster("dev");
  dev.put("nodes", node);
  dev.put("deployments", deployment("web", 1));
  dev.put("pods", runningPod("web-1"));
  dev.put("pods", runningPod("web-2", { waiting: "CrashLoopBackOff" }));
  const app = await start(dev, { columns: 120, rows: 40 });
  expect(app.text()).toMatch(/KIND +ERROR +WARNING +BUSY +OK +OFF +TOTAL/);
  expect(app.text()).toMatch(/pods +1 +0 +0 +1 +0 +2/);
  expect(app.text()).toMatch(/deployments +0 +0 +0 +1 +0 +1/);
  dev.put("pods", runningPod("web-3"));
  dev.put("services", {
    metadata: { name: "web", namespace: "default", uid: "s" },
    spec: { selector: { app: "web" } },
  });
  await app.idle();
  expect(app.text()).toMatch(/pods +1 +0 +0 +2 +0 +3/);
  expect(app.text()).toMatch(/services +0 +1 +0 +0 +0 +1/);
  dev.put("endpointslices", {
    metadata: { name: "web-a", namespace: "default", uid: "e", labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    endpoints: [{ conditions: { ready: true } }],
  });
  await app.idle();
  expect(app.text()).toMatch(/services +0 +0 +0 +1 +0 +1/);
  for (let row = 0; row < 6; row += 1) await app.press("down");
  await app.press("pulse.open");
  expect(app.rows()).toEqual(["web-2 *selected*"]);
  expect(app.text()).toContain("faults only");
  await app.press("escape", "escape");
  expect(app.text()).toContain("pulse(default)");
});

test("a list that may not be read is told in its row, and a stale one makes the screen stale", async () => {
  const dev = new MemoryCluster("dev");
  dev.put("pods", runningPod("web-1"));
  const app = await start(dev, { columns: 120, rows: 40 });
  const error = new KelpieError("cannot list persistentvolumes: forbidden");
  dev.setListStatus("persistentvolumes", { state: "denied", error });
  await app.idle();
  expect(app.text()).toMatch(/persistentvolumes +n\/a .*cannot list persistentvolumes: forbidden/);
  dev.setListStatus("pods", { state: "stale", since: 0, error: new KelpieError("gone"), retryAt: 0 });
  await app.idle();
  expect(app.text()).toMatch(/pods +0 .*stale: gone/);
  expect(app.text()).toMatch(/stale since/);
});

test("CPU and memory are drawn over time, as shares of the nodes", async () => {
  const dev = new MemoryCluster("dev");
  dev.put("nodes", node);
  const app = await start(dev, { columns: 100, rows: 40 });
  expect(app.text()).toContain("no CPU and memory: absent");
  const now = app.clock.now();
  const history = [1, 2, 4].map((cpu, index) => ({ at: now - (2 - index) * 12_000, cpu, memory: 2 ** 30 }));
  dev.metrics.update((metrics) => ({ ...metrics, state: "available", version: 1, history }));
  await app.idle();
  expect(app.text()).toContain("CPU 4000m of 4000m, 100%");
  expect(app.text()).toContain("MEM 1024Mi of 4096Mi, 25%");
  // The last three columns of dots: a quarter, a half, all of the height.
  const cells = app
    .text()
    .split("\n")
    .map((line) => line.slice(1, 50).trimEnd().at(-1) ?? "")
    .filter((cell) => /[\u2801-\u28FF]/.test(cell));
  expect(cells).toHaveLength(6);
});

test("a small terminal shows the counts and no charts", async () => {
  const dev = new MemoryCluster("dev");
  dev.put("pods", runningPod("web-1"));
  const app = await start(dev, { columns: 40, rows: 12 });
  expect(app.text()).toMatch(/KIND +ERROR/);
  expect(app.text()).not.toContain("CPU");
});
