import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ProcessRuntime } from "../../../src/embedded/runtimes/process/process-runtime.ts";
import { bootstrapNamespaces } from "../../../src/embedded/server/bootstrap.ts";
import { createRegistry } from "../../../src/embedded/server/create-registry.ts";
import { openStore } from "../../../src/embedded/store/sqlite-store.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { at } from "../../../src/lib/kube/object.ts";
import { silentLogger } from "../../../src/lib/log.ts";
import { containerOf, stateOf, TestNode } from "./test-node.ts";

const directory = mkdtempSync(join(tmpdir(), "kelpie-process-"));
const options = { directory, clock: systemClock, logger: silentLogger };
const probe = await new ProcessRuntime(options).probe();
const why = probe.ok ? "" : `: skipped, ${probe.limitation.message}`;

describe.skipIf(!probe.ok)(`pods as plain processes${why}`, () => {
  let node: TestNode<ProcessRuntime, typeof systemClock>;

  beforeAll(async () => {
    const registry = createRegistry({ store: await openStore(":memory:"), clock: systemClock, logger: silentLogger });
    await bootstrapNamespaces(registry);
    const runtime = new ProcessRuntime(options);
    await runtime.start();
    node = new TestNode(registry, runtime, systemClock, directory, probe);
    await node.kubelet.start();
  });
  afterAll(async () => {
    await node.kubelet.stop();
    await node.runtime.destroy();
    await node.dispose();
  });

  const shell = (script: string) => ({ name: "main", image: "localhost/host", command: ["sh", "-c", script] });

  it("run, end with their exit codes and say that they are not isolated", async () => {
    await node.create("plain", {
      restartPolicy: "Never",
      containers: [shell("echo $KUBERNETES_SERVICE_PORT; exit 3")],
    });
    const pod = await node.untilPhase("plain", "Failed");
    expect(stateOf(pod, "main")).toBe("terminated Error 3");
    await node.untilEvent("NotIsolated This pod runs as plain processes of this machine");
    const options = { container: "main", follow: false, previous: false, timestamps: false };
    let text = "";
    for await (const chunk of await node.kubelet.logs(pod, options, new AbortController().signal))
      text += String(chunk);
    expect(text).toBe("6443\n");
  });

  it("refuse volumes instead of leaving them out", async () => {
    const container = { ...shell("true"), volumeMounts: [{ name: "v", mountPath: "/v" }] };
    await node.create("volume", { volumes: [{ name: "v", emptyDir: {} }], containers: [container] });
    const pod = await node.until("volume", (seen) => stateOf(seen, "main").startsWith("waiting Create"));
    expect(at(containerOf(pod, "main"), "state", "waiting", "message")).toContain("mount a volume at /v");
  });

  it("are stopped and removed", async () => {
    await node.create("long", { terminationGracePeriodSeconds: 5, containers: [shell("exec sleep 1000")] });
    await node.untilReady("long");
    for (const name of ["long", "volume", "plain"]) {
      await node.delete(name);
      await node.untilGone(name);
    }
    await node.untilIdle();
    expect(await node.runtime.list()).toEqual({ sandboxes: [], containers: [] });
  });
});
