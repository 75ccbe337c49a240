import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RESOURCES } from "../../../src/embedded/machinery/registry.ts";
import { NamespacesRuntime } from "../../../src/embedded/runtimes/namespaces/namespaces-runtime.ts";
import { bootstrapNamespaces } from "../../../src/embedded/server/bootstrap.ts";
import { createRegistry, type ClusterRegistry } from "../../../src/embedded/server/create-registry.ts";
import { openStore } from "../../../src/embedded/store/sqlite-store.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { asRecord, at, type KubeObject } from "../../../src/lib/kube/object.ts";
import { silentLogger } from "../../../src/lib/log.ts";
import { containerOf, stateOf, TestNode } from "./test-node.ts";

const directory = mkdtempSync(join(tmpdir(), "kelpie-pods-"));
const runtimeOptions = { directory, clock: systemClock, logger: silentLogger };
const probe = await new NamespacesRuntime(runtimeOptions).probe();
const why = probe.ok ? "" : `: skipped, ${probe.limitation.message}`;

/** Real containers: what the node agent asks of a runtime is what it gets. */
describe.skipIf(!probe.ok)(`real pods${why}`, () => {
  let registry: ClusterRegistry;
  let node: TestNode<NamespacesRuntime, typeof systemClock>;

  beforeAll(async () => {
    registry = createRegistry({ store: await openStore(":memory:"), clock: systemClock, logger: silentLogger });
    await bootstrapNamespaces(registry);
    const runtime = new NamespacesRuntime(runtimeOptions);
    await runtime.start();
    node = new TestNode(registry, runtime, systemClock, directory, probe);
    await node.kubelet.start();
  });
  afterAll(async () => {
    await node.kubelet.stop();
    await node.runtime.destroy();
    await node.dispose();
  });

  const shell = (script: string, more: Record<string, unknown> = {}) => ({
    name: "main",
    image: "localhost/host",
    command: ["sh", "-c", script],
    ...more,
  });
  const quick = { terminationGracePeriodSeconds: 1 };

  async function logOf(pod: KubeObject, previous = false): Promise<string> {
    const options = { container: "main", follow: true, previous, timestamps: false };
    let text = "";
    for await (const chunk of await node.kubelet.logs(pod, options, new AbortController().signal))
      text += String(chunk);
    return text;
  }

  async function execIn(pod: KubeObject, ...command: readonly string[]): Promise<string> {
    const session = await node.kubelet.exec(pod, "main", { command, tty: false, stdin: false });
    let text = "";
    for await (const chunk of session.stdout) text += String(chunk);
    return text;
  }

  it("see their environment, their volumes and their name", async () => {
    await registry.create(RESOURCES.secrets, "default", {
      metadata: { name: "keys" },
      data: { password: Buffer.from("s3cret").toString("base64") },
    });
    await node.create("facts", {
      ...quick,
      restartPolicy: "Never",
      volumes: [
        { name: "scratch", emptyDir: {} },
        { name: "keys", secret: { secretName: "keys", defaultMode: 0o400 } },
        { name: "about", downwardAPI: { items: [{ path: "name", fieldRef: { fieldPath: "metadata.name" } }] } },
      ],
      containers: [
        shell(
          'echo "$NAME $(hostname)"; cat /keys/password; echo; cat /about/name; echo; touch /scratch/x && echo ok; printf bye >/dev/termination-log',
          {
            env: [{ name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
            volumeMounts: [
              { name: "scratch", mountPath: "/scratch" },
              { name: "keys", mountPath: "/keys" },
              { name: "about", mountPath: "/about" },
            ],
          },
        ),
      ],
    });
    const pod = await node.untilPhase("facts", "Succeeded");
    expect(await logOf(pod)).toBe("facts facts\ns3cret\nfacts\nok\n");
    expect(at(containerOf(pod, "main"), "state", "terminated", "message")).toBe("bye");
  });

  it("end with their exit codes, init containers first", async () => {
    const init = { name: "init", image: "localhost/host", command: ["sh", "-c", "echo from init >/shared/word"] };
    const volumeMounts = [{ name: "shared", mountPath: "/shared" }];
    await node.create("codes", {
      restartPolicy: "Never",
      volumes: [{ name: "shared", emptyDir: {} }],
      initContainers: [{ ...init, volumeMounts }],
      containers: [shell("cat /shared/word; exit 3", { volumeMounts })],
    });
    const pod = await node.untilPhase("codes", "Failed");
    expect(stateOf(pod, "init")).toBe("terminated Completed 0");
    expect(stateOf(pod, "main")).toBe("terminated Error 3");
    expect(await logOf(pod)).toBe("from init\n");
  });

  it("say which program could not be started", async () => {
    const containers = [{ name: "main", image: "localhost/host", command: ["no-such-program"] }];
    await node.create("missing", { restartPolicy: "Never", containers });
    const pod = await node.untilPhase("missing", "Failed");
    expect(stateOf(pod, "main")).toBe("terminated StartError 128");
    expect(at(containerOf(pod, "main"), "state", "terminated", "message")).toContain("no-such-program");
  });

  it("are restarted, and keep the log of the life before", async () => {
    const script = "if [ -e /d/seen ]; then echo second; exec sleep 1000; fi; echo first; touch /d/seen; exit 1";
    await node.create("again", {
      ...quick,
      volumes: [{ name: "d", emptyDir: {} }],
      containers: [shell(script, { volumeMounts: [{ name: "d", mountPath: "/d" }] })],
    });
    const pod = await node.until(
      "again",
      (seen) => containerOf(seen, "main")["restartCount"] === 1 && stateOf(seen, "main") === "running",
    );
    expect(await logOf(pod, true)).toBe("first\n");
    await node.delete("again");
    await node.untilGone("again");
  });

  it("see changes of their config maps", async () => {
    const settings = { metadata: { name: "settings" }, data: { colour: "green" } };
    await registry.create(RESOURCES.configmaps, "default", settings);
    const script =
      'cat /cfg/colour; touch /tmp/seen; until [ "$(cat /cfg/colour)" = blue ]; do sleep 0.05; done; cat /cfg/colour';
    await node.create("config", {
      restartPolicy: "Never",
      volumes: [{ name: "cfg", configMap: { name: "settings" } }],
      containers: [
        shell(script, {
          volumeMounts: [{ name: "cfg", mountPath: "/cfg" }],
          readinessProbe: { exec: { command: ["cat", "/tmp/seen"] } },
        }),
      ],
    });
    await node.untilReady("config");
    const key = { namespace: "default", name: "settings" };
    await registry.patch(RESOURCES.configmaps, key, "merge", { data: { colour: "blue" } });
    const pod = await node.untilPhase("config", "Succeeded");
    expect(await logOf(pod)).toBe("greenblue");
  });

  it("are stopped with their signal and time to react", async () => {
    const script = 'trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.05; done';
    await node.create("polite", {
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 5,
      containers: [shell(script)],
    });
    const pod = await node.untilReady("polite");
    const followed = logOf(pod);
    await execIn(pod, "true");
    await node.delete("polite");
    await node.untilGone("polite");
    expect(await followed).toBe("up\nbye\n");
  });

  it("are probed over HTTP, also where they listen on their loopback only", async () => {
    const program = `require("http").createServer((q, s) => s.end("hi")).listen(8080, "127.0.0.1")`;
    const readinessProbe = { httpGet: { port: 8080 }, periodSeconds: 1, failureThreshold: 1 };
    const server = { name: "main", image: "localhost/host", command: ["node", "-e", program], readinessProbe };
    await node.create("server", { ...quick, containers: [server] });
    const pod = await node.untilReady("server");
    expect(at(pod, "status", "podIP")).toMatch(/^10\./);
    await node.delete("server");
    await node.untilGone("server");
  });

  it("run on while the engine is away, and are adopted with their exit codes", async () => {
    await node.create("stays", { ...quick, containers: [shell("exec sleep 1000")] });
    await node.create("ends", { restartPolicy: "Never", containers: [shell("sleep 1; exit 7")] });
    const before = await node.untilReady("stays");
    await node.untilReady("ends");
    await node.kubelet.stop();
    await node.runtime.detach();
    const runtime = new NamespacesRuntime(runtimeOptions);
    await runtime.start();
    node = new TestNode(registry, runtime, systemClock, directory, probe);
    await node.kubelet.start();
    expect(stateOf(await node.untilPhase("ends", "Failed"), "main")).toBe("terminated Error 7");
    const after = await node.get("stays");
    expect(at(after, "status")).toEqual(at(before, "status"));
    expect(await execIn(after, "cat", "/etc/hostname")).toBe("stays\n");
    await node.delete("stays");
    await node.untilGone("stays");
  });

  it("leave nothing behind when they are deleted", async () => {
    const { items } = await registry.list(RESOURCES.pods, { namespace: "default" });
    await Promise.all(
      items.map(async ({ metadata: { name = "" } }) => {
        await node.delete(name);
        await node.untilGone(name);
      }),
    );
    await node.untilIdle();
    expect(asRecord(await node.runtime.list())).toEqual({ sandboxes: [], containers: [] });
  });
});
