import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createClusters } from "../../src/cluster/clusters.ts";
import { asRecord, asRecords } from "../../src/lib/kube/object.ts";
import { parseYaml, toYaml } from "../../src/lib/yaml.ts";
import { Cleanup, temporaryDirectory } from "../support/cluster-fixture.ts";
import { startFakeApiServer, type FakeApiServer } from "../support/fake-api-server.ts";
import { TestScreen } from "../support/screen.ts";

const cleanup = new Cleanup();
let server: FakeApiServer;
beforeEach(async () => {
  server = await startFakeApiServer({ pods: 0, nodes: 1 });
  cleanup.add(() => server.close());
});
afterEach(() => cleanup.run());

const writes = (): readonly string[] =>
  server.requests.filter(({ method, path }) => method !== "GET" && path.includes("/pods")).map(({ method }) => method);

/** The program on the node, with a second context of the same server; the shell's pod is created and never starts. */
async function waitForPod(): Promise<TestScreen> {
  const config = asRecord(parseYaml(server.kubeconfig));
  const [context] = asRecords(config["contexts"]);
  const contexts = [context, { ...context, name: "second" }];
  const kubeconfig = join(await temporaryDirectory(cleanup), "kubeconfig");
  writeFileSync(kubeconfig, toYaml({ ...config, contexts }));
  const clusters = createClusters({ overrides: { kubeconfig }, env: {} });
  const app = await TestScreen.open({ clusters, initialCommand: "nodes" });
  const catalog = app.ui.controller.session.cluster.get()?.catalog;
  const view = app.ui.controller.navigation.front;
  if (catalog === undefined || view === undefined) throw new Error("no cluster is open");
  await app.until(catalog, ({ state }) => state === "ready");
  await app.until(view.title, (title) => title.count === "1");
  await app.press("node.shell");
  expect(app.text()).toMatch(/Open a root shell on node node-0\?[^]*kelpie-node-shell-\w+ on node-0[^]*privileged/);
  await app.press("tab", "enter");
  await server.until(() => writes().includes("POST"));
  await app.idle();
  expect(app.text()).toContain("creating pod default/kelpie-node-shell-");
  return app;
}

test("the end of the program deletes the pod of a node shell", async () => {
  const app = await waitForPod();
  await app.close();
  expect(writes()).toEqual(["POST", "DELETE"]);
});

test("another context deletes it too, before the connection to the first is closed", async () => {
  const app = await waitForPod();
  cleanup.add(() => app.close());
  await app.press(":");
  await app.type("ctx second");
  await app.press("enter");
  await server.until(() => writes().includes("DELETE"));
  expect(app.ui.controller.session.context.get()).toBe("second");
});
