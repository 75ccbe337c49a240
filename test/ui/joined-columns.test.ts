import { afterEach, expect, test } from "vitest";
import { KelpieError } from "../../src/lib/errors.ts";
import type { KubeObject } from "../../src/lib/kube/object.ts";
import { memoryClusters, MemoryCluster, runningPod } from "../support/memory-cluster.ts";
import { TestScreen } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

async function start(dev: MemoryCluster, initialCommand: string): Promise<TestScreen> {
  open = await TestScreen.open({ clusters: memoryClusters([dev]), columns: 200, initialCommand });
  return open;
}

function service(name: string): KubeObject {
  return { metadata: { name, namespace: "default", uid: `uid-${name}` }, spec: { selector: { app: name } } };
}

function slice(name: string, ready: readonly boolean[], addressType = "IPv4"): KubeObject {
  const labels = { "kubernetes.io/service-name": name };
  return {
    metadata: { name: `${name}-${addressType}`, namespace: "default", uid: `uid-slice-${name}-${addressType}`, labels },
    addressType,
    endpoints: ready.map((each) => ({ addresses: ["10.0.0.1"], conditions: { ready: each } })),
  };
}

test("services count the endpoints that slices have, live, and one without any is a fault", async () => {
  const dev = new MemoryCluster("dev");
  dev.put("services", service("api"));
  dev.put("services", service("web"));
  dev.put("endpointslices", slice("web", [true, false, true]));
  dev.put("endpointslices", slice("web", [true, false, true], "IPv6"));
  const app = await start(dev, "services");
  expect(app.text()).toMatch(/web .*2\/3/);
  expect(app.text()).toMatch(/api .*0\/0/);
  await app.press("table.faults");
  expect(app.rows()).toEqual(["api *selected*"]);
  dev.put("endpointslices", slice("api", [true]));
  await app.idle();
  expect(app.text()).toContain("None of 2 has a fault");
  await app.press("table.faults");
  expect(app.text()).toMatch(/api .*1\/1/);
  dev.remove("endpointslices", slice("web", [], "IPv4"));
  dev.remove("endpointslices", slice("web", [], "IPv6"));
  await app.idle();
  expect(app.text()).toMatch(/web .*0\/0/);
});

test("endpoints are unknown while they load and n/a where they may not be read, with the reason", async () => {
  const dev = new MemoryCluster("dev");
  dev.put("services", service("web"));
  const app = await start(dev, "services");
  dev.setListStatus("endpointslices", { state: "loading", loaded: 0 });
  await app.idle();
  expect(app.text()).toMatch(/web .*…/);
  dev.setListStatus("endpointslices", { state: "denied", error: new KelpieError("cannot list endpointslices") });
  await app.idle();
  expect(app.text()).toMatch(/web .*n\/a/);
  expect(app.text()).toContain("n/a: cannot list endpointslices");
});

test("sorting by endpoints follows them", async () => {
  const dev = new MemoryCluster("dev");
  for (const name of ["a", "b"]) dev.put("services", service(name));
  dev.put("endpointslices", slice("a", [true]));
  const app = await start(dev, "services");
  for (let step = 0; step < 6; step += 1) await app.press("sort.right");
  expect(app.text()).toContain("ENDPOINTS↑");
  expect(app.rows().map((row) => row.replace(" *selected*", ""))).toEqual(["b", "a"]);
  dev.put("endpointslices", slice("b", [true]));
  dev.put("endpointslices", slice("a", [false]));
  await app.idle();
  expect(app.rows().map((row) => row.replace(" *selected*", ""))).toEqual(["a", "b"]);
});

test("claims name the pods that use them, and no pod that has ended", async () => {
  const dev = new MemoryCluster("dev");
  dev.put("persistentvolumeclaims", {
    metadata: { name: "data", namespace: "default", uid: "uid-data" },
    status: { phase: "Bound" },
  });
  const using = (name: string, phase: string): KubeObject => ({
    ...runningPod(name),
    spec: { volumes: [{ name: "v", persistentVolumeClaim: { claimName: "data" } }], containers: [] },
    status: { phase },
  });
  dev.put("pods", using("db-1", "Running"));
  dev.put("pods", using("backup", "Succeeded"));
  const app = await start(dev, "pvc");
  expect(app.text()).toMatch(/data .*Bound.* db-1/);
  expect(app.text()).not.toContain("backup");
  dev.remove("pods", using("db-1", "Running"));
  await app.idle();
  expect(app.text()).toMatch(/data .*<none>/);
});

test("nodes add up what their pods ask for", async () => {
  const dev = new MemoryCluster("dev");
  dev.put("nodes", {
    metadata: { name: "node-1", uid: "uid-node-1" },
    status: {
      conditions: [
        { type: "Ready", status: "True" },
        { type: "DiskPressure", status: "True" },
      ],
      allocatable: { cpu: "2", memory: "1Gi", pods: "110" },
    },
  });
  const asking = (name: string, namespace: string): KubeObject => ({
    ...runningPod(name, { namespace }),
    spec: {
      nodeName: "node-1",
      containers: [{ name: "main", resources: { requests: { cpu: "250m", memory: "256Mi" }, limits: { cpu: "1" } } }],
    },
  });
  dev.put("pods", asking("a", "default"));
  dev.put("pods", asking("b", "shop"));
  const app = await start(dev, "nodes");
  expect(app.text()).toMatch(/node-1 +Ready .*2\/110 .*500m \(25%\) +512Mi \(50%\) +DiskPressure/);
  await app.press("table.wide");
  expect(app.text()).toContain("2000m (100%)");
});

test("favourite namespaces bear their key", async () => {
  const dev = new MemoryCluster("dev");
  for (const name of ["default", "shop"]) dev.put("namespaces", { metadata: { name, uid: `uid-${name}` } });
  const settings = { namespaces: { favourites: ["shop"] } };
  open = await TestScreen.open({ clusters: memoryClusters([dev]), initialCommand: "namespaces", settings });
  expect(open.text()).toMatch(/NAME +KEY +STATUS/);
  expect(open.text()).toMatch(/shop +1 +Active/);
});
