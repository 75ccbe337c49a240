import { afterEach, expect, test } from "vitest";
import { memoryClusters, MemoryCluster, runningPod } from "../support/memory-cluster.ts";
import { TestScreen } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

test("i says why a pod does not run, follows the pod, and Esc leads back", async () => {
  const dev = new MemoryCluster("dev");
  dev.put("nodes", { metadata: { name: "node-1", uid: "uid-node-1" }, status: { conditions: [] } });
  const broken = runningPod("web-1", { waiting: "ImagePullBackOff" });
  dev.put("pods", broken);
  dev.put("events", {
    metadata: { name: "e1", namespace: "default", uid: "e1" },
    involvedObject: { kind: "Pod", name: "web-1", uid: "uid-web-1" },
    type: "Warning",
    reason: "Failed",
    message: 'Failed to pull image "localhost/host": manifest unknown',
    lastTimestamp: "2026-01-01T00:00:00Z",
  });
  open = await TestScreen.open({ clusters: memoryClusters([dev]), columns: 160 });
  await open.press("resource.diagnosis");
  expect(open.text()).toMatch(/Likely cause: +the image localhost\/host of container main cannot be had/);
  expect(open.text()).toMatch(/What to do: +check the image's name and tag/);
  expect(open.text()).toMatch(/Warning +Failed +pod\/web-1 +Failed to pull image/);
  dev.put("pods", runningPod("web-1"));
  await open.idle();
  expect(open.text()).toContain("Nothing is wrong that kelpie can see");
  await open.press("escape");
  expect(open.rows()).toEqual(["web-1 *selected*"]);
});
