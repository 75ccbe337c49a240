import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { asNumber, at, type KubeObject } from "../../src/lib/kube/object.ts";
import { logsView } from "../../src/views/logs/view.ts";
import { apiClient, endpointOf } from "../support/api-client.ts";
import { Cleanup, eventually, openKubeconfig } from "../support/cluster-fixture.ts";
import { startEmbeddedCluster, whyNoPods } from "../support/embedded-cluster.ts";
import { PATIENCE } from "../support/patience.ts";
import { recordingHost } from "../support/view-host.ts";

const problem = await whyNoPods();
const DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments";
const REPLICAS = 3;
const UPDATES = 2;

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/**
 * Writes numbered lines until it is told to stop, and then in a file how many it has written: what must be found. One
 * instance in all crashes, and its container is restarted.
 */
const APPLICATION = `
const { writeFileSync, writeSync } = require("node:fs");
const { hostname } = require("node:os");
const { randomUUID } = require("node:crypto");
const me = randomUUID();
let count = 0;
const write = (lines) => {
  let text = "";
  for (let line = 0; line < lines; line += 1) text += me + " " + (count += 1) + " " + "x".repeat(count % 200) + "\\n";
  for (let bytes = Buffer.from(text); bytes.length > 0; ) {
    try { bytes = bytes.subarray(writeSync(1, bytes)); } catch (error) { if (error.code !== "EAGAIN") throw error; }
  }
};
const end = (code) => {
  write(3);
  writeFileSync("/counts/" + me, [count, hostname(), "version", process.env.VERSION, "exit", code].join(" "));
  process.exit(code);
};
// Several may get there in the same moment: one alone can make the file.
const first = () => {
  try { writeFileSync("/counts/crashed", "0", { flag: "wx" }); return true; } catch { return false; }
};
let crashes = process.env.CRASH === "yes";
let begun = false;
process.on("SIGTERM", () => end(0));
setInterval(() => {
  write(20);
  if (!begun && count > 100) {
    begun = true;
    writeFileSync("/counts/" + me + ".begun", "");
  }
  if (crashes && count > 1500) {
    crashes = false;
    if (first()) end(3);
  }
}, 10);
`;

function deployment(counts: string, version: number): KubeObject {
  const container = {
    name: "main",
    image: "localhost/host",
    command: ["node", "-e", APPLICATION],
    env: [
      { name: "VERSION", value: String(version) },
      { name: "CRASH", value: version === 1 ? "yes" : "no" },
    ],
    volumeMounts: [{ name: "counts", mountPath: "/counts" }],
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "counters", namespace: "default" },
    spec: {
      replicas: REPLICAS,
      selector: { matchLabels: { app: "counters" } },
      template: {
        metadata: { labels: { app: "counters" } },
        spec: { containers: [container], volumes: [{ name: "counts", hostPath: { path: counts } }] },
      },
    },
  };
}

test.skipIf(problem !== undefined)(
  "a rolling update under load: the log that kelpie saves has every line that the application counted, once",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "kelpie-rolling-"));
    cleanup.add(() => rmSync(folder, { recursive: true, force: true }));
    const counts = mkdtempSync(join(folder, "counts-"));
    // Containers are other users.
    chmodSync(folder, 0o711);
    chmodSync(counts, 0o777);
    const embedded = await startEmbeddedCluster({ withNode: true });
    cleanup.add(() => embedded.dispose());
    const client = apiClient(endpointOf(embedded.kubeconfig));
    const created = await client.call(DEPLOYMENTS, { method: "POST", body: deployment(counts, 1) });
    expect(created.code, created.text).toBe(201);

    const cluster = await openKubeconfig(cleanup, embedded.kubeconfigText);
    const catalog = await eventually(cluster.catalog, ({ state }) => state === "ready");
    const resource = catalog.resources.find((one) => one.resource === "deployments" && one.group === "apps");
    if (resource === undefined) throw new Error("there are no deployments");
    const object = await cluster.get({ resource, namespace: "default", name: "counters" });
    // On a busy machine the updates take long, and more is written than is held otherwise.
    const logs = { tailLines: 1000, bufferMegabytes: 1024 };
    const host = recordingHost(cluster, { directory: folder, settings: { logs } });
    const target = { resource, namespace: "default", name: "counters", uid: object.metadata.uid, object };
    const view = logsView.create(host.host, { targets: [target] });
    cleanup.add(() => view.dispose());
    view.show();
    // From the beginning, for what is there already.
    view.command("logs.window", "head");

    const rolledOut = async (version: number): Promise<void> => {
      const done = async (): Promise<boolean> => {
        const { body } = await client.call(`${DEPLOYMENTS}/counters`);
        const { updatedReplicas, replicas, availableReplicas, observedGeneration } = Object(at(body, "status"));
        return (
          asNumber(observedGeneration) > version - 1 &&
          [updatedReplicas, replicas, availableReplicas].every((count) => asNumber(count) === REPLICAS)
        );
      };
      await expect.poll(done, { interval: 100 }).toBe(true);
    };
    /** A container that runs has not begun to count, nor does it hear of its end before. */
    const begun = (count: number): Promise<void> =>
      expect.poll(() => readdirSync(counts).filter((name) => name.endsWith(".begun"))).toHaveLength(count);
    await rolledOut(1);
    await begun(REPLICAS + 1);
    for (let version = 2; version < 2 + UPDATES; version += 1) {
      const updated = await client.call(`${DEPLOYMENTS}/counters`, {
        method: "PATCH",
        body: deployment(counts, version),
        headers: { "content-type": "application/merge-patch+json" },
      });
      expect(updated.code, updated.text).toBe(200);
      await rolledOut(version);
      await begun(REPLICAS * version + 1);
    }
    await client.call(`${DEPLOYMENTS}/counters`, {
      method: "PATCH",
      body: { spec: { replicas: 0 } },
      headers: { "content-type": "application/merge-patch+json" },
    });
    const instances = REPLICAS * (UPDATES + 1) + 1;
    const files = (): string[] => readdirSync(counts).filter((name) => name !== "crashed" && !name.endsWith(".begun"));
    const account = (name: string): string => readFileSync(join(counts, name), "utf8");
    await expect.poll(() => files().map(account)).toHaveLength(instances);
    // Every stream has ended by itself.
    await eventually(view.freshness, ({ state }) => state === "static");

    view.command("text.save");
    await expect.poll(() => host.flashes.at(-1)).toMatch(/lines saved to/);
    const path = /saved to (\S+)$/.exec(host.flashes.at(-1) ?? "")?.[1] ?? "";
    const found = new Map<string, number[]>();
    for (const line of readFileSync(path, "utf8").split("\n")) {
      const match = /([0-9a-f-]{36}) (\d+) (x*)$/.exec(line);
      if (match === null) continue;
      const [, instance = "", count = "", rest = ""] = match;
      expect(rest.length).toBe(Number(count) % 200);
      const numbers = found.get(instance) ?? [];
      found.set(instance, numbers);
      numbers.push(Number(count));
    }
    expect([...found.keys()].toSorted()).toEqual(files().toSorted());
    for (const [instance, numbers] of found) {
      const written = Number.parseInt(account(instance), 10);
      expect(numbers.length, instance).toBe(written);
      expect(numbers).toEqual(Array.from({ length: written }, (_, index) => index + 1));
      expect(written).toBeGreaterThan(100);
    }
  },
  5 * PATIENCE,
);
