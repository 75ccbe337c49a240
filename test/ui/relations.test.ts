import { afterEach, expect, test } from "vitest";
import { deployment, memoryClusters, MemoryCluster, runningPod } from "../support/memory-cluster.ts";
import { TestScreen } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

const configMap = { metadata: { name: "settings", namespace: "default", uid: "uid-settings" }, data: { a: "1" } };

function webPod(name: string): ReturnType<typeof runningPod> {
  const owner = { apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: "uid-deploy-web", controller: true };
  const made = runningPod(name, { ownerReferences: [owner], labels: { app: "web" } });
  const containers = [{ name: "main", image: "localhost/host", envFrom: [{ configMapRef: { name: "settings" } }] }];
  return { ...made, spec: { containers } };
}

async function start(command: string): Promise<{ readonly dev: MemoryCluster; readonly app: TestScreen }> {
  const dev = new MemoryCluster("dev");
  dev.put("deployments", deployment("web", 1));
  dev.put("pods", webPod("web-1"));
  dev.put("configmaps", configMap);
  open = await TestScreen.open({ clusters: memoryClusters([dev]), columns: 120, initialCommand: command });
  return { dev, app: open };
}

test("the tree of a deployment shows pods, containers and configuration, folds, and follows the cluster", async () => {
  const { dev, app } = await start("deploy");
  await app.press("resource.relations");
  expect(app.text()).toContain("relations(deployment default/web)[4]");
  expect(app.text()).toMatch(/▾ web-1 +pods +owns +Running 1\/1/);
  expect(app.text()).toMatch(/▾ main +container +localhost\/host +Running/);
  expect(app.text()).toMatch(/settings +configmaps +env of main/);
  await app.press("down", "tree.fold");
  expect(app.text()).toContain("▸ web-1");
  expect(app.text()).not.toContain("settings");
  dev.put("pods", webPod("web-2"));
  await app.idle();
  expect(app.text()).toMatch(/web-2 +pods/);
  expect(app.text()).toContain("▸ web-1");
});

test("actions on a row of the tree act on the object of that row", async () => {
  const { dev, app } = await start("deploy");
  await app.press("resource.relations", "down", "resource.delete");
  expect(app.text()).toContain("web-1");
  await app.press("escape");
  await app.press("resource.yaml");
  expect(app.text()).toMatch(/yaml\(pod default\/web-1\)/);
  expect(dev.recorded).toEqual([]);
});

test("u shows the workload and the pods that use a ConfigMap, and that nothing does once they are gone", async () => {
  const { dev, app } = await start("cm");
  await app.press("resource.used-by");
  expect(app.text()).toMatch(/web-1 +pods +env of main/);
  dev.remove("pods", webPod("web-1"));
  await app.idle();
  expect(app.text()).toMatch(/nothing uses settings/i);
  await app.press("escape");
  expect(app.rows()).toEqual(["settings *selected*"]);
});

test("a sort key says that a tree keeps its own order", async () => {
  const { app } = await start("deploy");
  await app.press("resource.relations", "sort.name");
  expect(app.line(-1)).toContain("a tree has no marks and an order of its own");
});

test(":xray shows the trees of every object of a kind, and refuses what is no kind", async () => {
  const { dev, app } = await start("xray deploy");
  dev.put("deployments", deployment("api", 0));
  await app.idle();
  expect(app.text()).toContain("xray deployments(default)[5]");
  expect(app.text()).toMatch(/▾ web +deployments/);
  expect(app.text()).toMatch(/ api +deployments +0\/0/);
  await app.press(":");
  await app.type("xray gizmos");
  await app.press("enter");
  expect(app.line(-1)).toContain('the server has no kind "gizmos"');
});

test(":workloads shows controllers, pods and services with their health, and Enter opens one", async () => {
  const { dev, app } = await start("workloads");
  dev.put("services", {
    metadata: { name: "web", namespace: "default", uid: "uid-svc" },
    spec: { selector: { app: "web" } },
  });
  await app.idle();
  expect(app.text()).toContain("workloads(default)[3]");
  expect(app.text()).toMatch(/web +deployments +1\/1/);
  expect(app.text()).toMatch(/web-1 +pods +of deployment web +Running 1\/1/);
  expect(app.text()).toMatch(/web +services/);
  await app.press("down", "enter");
  expect(app.text()).toContain("containers(default/web-1)");
});

test("Enter on an ingress leads to its services and the pods behind them", async () => {
  const { dev, app } = await start("ingresses");
  dev.put("services", {
    metadata: { name: "front", namespace: "default", uid: "uid-svc" },
    spec: { selector: { app: "web" } },
  });
  dev.put("ingresses", {
    metadata: { name: "edge", namespace: "default", uid: "uid-edge" },
    spec: {
      rules: [
        { http: { paths: [{ backend: { service: { name: "front" } } }, { backend: { service: { name: "gone" } } }] } },
      ],
    },
  });
  await app.idle();
  await app.press("enter");
  expect(app.text()).toMatch(/▾ edge +ingresses/);
  expect(app.text()).toMatch(/▾ front +services +backend/);
  expect(app.text()).toMatch(/▾ web-1 +pods +selects +Running 1\/1/);
  expect(app.text()).toMatch(/gone +services +backend +does not exist/);
});
