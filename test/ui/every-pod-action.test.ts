import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { EmbeddedStage } from "../support/embedded-stage.ts";
import { whyNoPods } from "../support/embedded-cluster.ts";
import { ownPort } from "../support/own-port.ts";

const problem = await whyNoPods();
const PORT = await ownPort();
const PORT_SHOWN = new RegExp(String(PORT));
const stage = new EmbeddedStage();
beforeAll(async () => {
  if (problem === undefined) await stage.open({ withNode: true });
});
afterEach(() => stage.closeScreen());
afterAll(() => stage.close());

const pod = (name: string, script: string, more: object = {}, grace = 0): object => ({
  metadata: { name, labels: { app: name } },
  spec: {
    containers: [
      {
        name: "main",
        image: "localhost/host",
        command: ["sh", "-c", script],
        ports: [{ containerPort: PORT }],
        ...more,
      },
    ],
    terminationGracePeriodSeconds: grace,
  },
});

const TALKS = `echo first; echo '{"level":"info","msg":"started","port":${PORT}}'; echo last; sleep 1000`;
const running = (object: { readonly status: { readonly phase: string } }): boolean => object.status.phase === "Running";

async function runningPod(namespace: string, name: string, script = TALKS, more = {}, grace = 0): Promise<void> {
  await stage.namespace(namespace);
  await stage.create("pods", pod(name, script, more, grace));
  await stage.until("pods", name, running);
}

test.skipIf(problem !== undefined)(
  "Logs: every key of a real log, of one pod, of its instance before and of all listed",
  async () => {
    await runningPod("logs", "talker");
    const app = await stage.start("pods logs", /talker +1\/1/);
    await app.press("table.logs");
    await app.untilShown(/started/);
    await app.press("app.back", "resource.logs");
    await app.untilShown(/last/);
    await app.press("logs.raw");
    await app.untilShown(/"level":"info"/);
    await app.press("logs.raw", "logs.timestamps");
    await app.untilShown(/\d\d:\d\d:\d\d/);
    await app.press("logs.timestamps", "logs.filter");
    await app.type("started");
    await app.press("enter");
    await app.untilShown((text) => text.includes("started") && !text.includes("first"));
    await app.press("escape", "logs.columns");
    await app.type("port");
    await app.press("enter");
    await app.untilShown(PORT_SHOWN);
    await app.press(
      "logs.autoscroll",
      "logs.marker",
      "logs.cursor",
      "logs.select",
      "logs.extend-up",
      "logs.extend-down",
    );
    await app.press("escape", "move.top", "logs.record");
    await app.press("app.back");
    await app.untilShown(/── logs/);
    for (const [key, shown] of [
      ["logs.window-1m", /1m/],
      ["logs.window-5m", /5m/],
      ["logs.window-15m", /15m/],
      ["logs.window-30m", /30m/],
      ["logs.window-1h", /1h/],
      ["logs.window-head", /head|first/],
      ["logs.window-tail", /last/],
    ] as const) {
      await app.press(key);
      await app.untilShown(shown);
    }
    await app.press("logs.clear");
    await app.untilShown((text) => !text.includes("first"));
    await app.press("logs.previous");
    await app.untilShown(/previous/i);
  },
);

test.skipIf(problem !== undefined)(
  "A container: logs, those before, description, YAML, name, and Enter from its pod",
  async () => {
    await runningPod("containers", "talker");
    const app = await stage.start("pods containers", /talker +1\/1/);
    await app.press("open");
    await app.untilShown(/── containers/);
    await app.press("container.copy-name");
    expect(app.clipboard).toBe("main");
    await app.press("container.open");
    await app.untilShown(/started/);
    await app.press("app.back", "container.describe");
    await app.untilShown(/Container ID/);
    await app.press("app.back", "container.yaml");
    await app.untilShown(/apiVersion: v1/);
    await app.press("app.back", "container.previous-logs");
    await app.untilShown(/previous/i);
    await app.press("app.back", "app.back", "resource.previous-logs");
    await app.untilShown(/previous/i);
  },
);

test.skipIf(problem !== undefined)(
  "A shell and an attached process of a real pod take the keys and give the screen back",
  async () => {
    await runningPod("shells", "cat", "exec cat", { stdin: true, tty: true });
    const app = await stage.start("pods shells", /cat +1\/1/);
    const session = async (key: string, typed: string, shown: RegExp, end: string): Promise<void> => {
      const pressed = app.press(key);
      await app.untilDrawn(key.endsWith("shell") ? /[#$] *$/m : (text) => !text.includes("── "));
      app.feed(typed);
      await app.untilDrawn(shown);
      app.feed(end);
      await pressed;
      await app.untilShown(/── (pods|containers)/);
    };
    await session("resource.shell", "echo $((40+2))\r", /^42/m, "exit\r");
    await session("resource.attach", "hello\r", /hello\s+hello/, "\u001D\u001D\u001D");
    await app.press("open");
    await app.untilShown(/── containers/);
    await session("container.shell", "echo $((40+3))\r", /^43/m, "exit\r");
    await session("container.attach", "again\r", /again\s+again/, "\u001D\u001D\u001D");
  },
);

test.skipIf(problem !== undefined)(
  "A port of a pod is forwarded, listed, its address copied, followed to its pod, and stopped",
  async () => {
    const server = `exec node -e 'require("http").createServer((q, r) => r.end("hello from the pod")).listen(${PORT})'`;
    await runningPod("forwards", "web", server);
    const app = await stage.start("pods forwards", /web +1\/1/);
    await app.press("resource.port-forward");
    await app.untilShown(PORT_SHOWN);
    await app.press("enter");
    await app.untilShown(/127\.0\.0\.1:\d+|localhost:\d+/);
    await app.press("open");
    await app.untilShown(/── containers/);
    await app.press("container.port-forward");
    await app.untilShown(PORT_SHOWN);
    await app.press("escape", "app.back", "resource.port-forwards");
    await app.untilShown(/── port-forwards/);
    await app.press("port-forward.copy");
    const address = app.clipboard;
    const url = address.startsWith("http") ? address : `http://${address}`;
    // The pod runs a moment before its server listens.
    const answer = (): Promise<string> => fetch(url).then((one) => one.text(), String);
    await expect.poll(answer).toBe("hello from the pod");
    await app.press("port-forward.open");
    await app.untilShown(/── pods/);
    await app.press(":");
    await app.type("pf");
    await app.press("enter", "port-forward.stop");
    await app.untilShown(/stopped|No port-forwards|\[0\]/i);
  },
);

test.skipIf(problem !== undefined)("Evict and kill end the very pod on screen", async () => {
  await runningPod("ends", "evicted");
  await stage.create("pods", pod("killed", TALKS));
  await stage.until("pods", "killed", running);
  const app = await stage.start("pods ends", /killed +1\/1/);
  await app.press("pod.node");
  await app.untilShown(/── nodes\[1\/1\]|── nodes\[1\]/);
  await app.press("history.back");
  await app.untilShown(/killed +1\/1/);
  await app.press("move.top", "pod.evict");
  await app.untilShown(/Evict .*evicted\?/);
  await app.press("tab", "enter");
  await stage.untilGone("pods", "evicted");
  await app.untilShown((text) => !/^ ?evicted/m.test(text));
  await app.press("move.top", "pod.kill");
  await app.untilShown(/Kill .*killed without grace\?/);
  await app.press("tab", "enter");
  await stage.untilGone("pods", "killed");
});

test.skipIf(problem !== undefined)(
  "A node is cordoned, uncordoned, tainted and drained, and a drain is cancelled",
  async () => {
    await runningPod("drains", "alone", "trap '' TERM; while :; do sleep 1; done", {}, 600);
    const app = await stage.start("nodes", /Ready/);
    const name = app.rows()[0]?.split(" ")[0] ?? "";
    await app.press("node.cordon");
    await app.press("tab", "enter");
    await stage.until("nodes", name, (node) => node.spec.unschedulable === true);
    await app.untilShown(/SchedulingDisabled/);
    await app.press("node.uncordon");
    await stage.until("nodes", name, (node) => node.spec.unschedulable !== true);
    await app.press("node.taint");
    await app.type("example.com/kept=for-tests:PreferNoSchedule");
    await app.press("enter");
    await stage.until("nodes", name, (node) => JSON.stringify(node.spec.taints ?? []).includes("for-tests"));
    await app.press("node.drain");
    await app.untilShown(/Drain [^]*\?[^]*drains\/alone/);
    // Pods without a controller are deleted for good only where that is chosen.
    await app.press("shift-tab", "shift-tab", "right", "tab", "tab", "tab", "enter");
    await app.untilShown(/── drain/);
    await app.press("task.cancel");
    await app.untilShown(/cancelled/i);
    await stage.until("nodes", name, (node) => node.spec.unschedulable === true);
    await app.press("app.back", "node.uncordon");
    await stage.until("nodes", name, (node) => node.spec.unschedulable !== true);
  },
);

test.skipIf(problem !== undefined)("Another context is switched to from the list of contexts", async () => {
  const file = join(stage.cluster.directory, "two");
  const text = stage.cluster.kubeconfigText.replace(
    /^contexts:\n/m,
    (head) => `${head}- name: other\n  context: {cluster: kelpie, user: kelpie, namespace: kube-system}\n`,
  );
  writeFileSync(file, text);
  const app = await stage.start("ctx", /other/, {}, {}, file);
  await app.press("app.search");
  await app.type("other");
  await app.press("enter", "context.switch");
  await app.untilShown(/── pods\(kube-system\)/);
});

test.skipIf(problem !== undefined)("Files are copied out of a pod and of a container", async () => {
  const readinessProbe = {
    exec: { command: ["test", "-s", "/tmp/kelpie-held"] },
    periodSeconds: 1,
    timeoutSeconds: 30,
  };
  await runningPod("copies", "holder", "echo from the pod >/tmp/kelpie-held; sleep 1000", { readinessProbe });
  const app = await stage.start("pods copies", /holder +1\/1/);
  const download = async (key: string, to: string): Promise<void> => {
    await app.press(key);
    await app.untilShown(/Download/);
    await app.press("enter");
    await app.untilShown(/In the container/);
    await app.press("ctrl-u");
    await app.type("/tmp/kelpie-held");
    await app.press("enter");
    await app.untilShown(/On this machine/);
    await app.press("ctrl-u");
    await app.type(join(stage.cluster.directory, to));
    await app.press("enter");
    await app.untilShown(/is copied/);
    expect(readFileSync(join(stage.cluster.directory, to), "utf8")).toBe("from the pod\n");
    await app.press("app.back");
  };
  await download("resource.copy-files", "copied-from-pod");
  await app.press("open");
  await app.untilShown(/── containers/);
  await download("container.copy-files", "copied-from-container");
});

test.skipIf(problem !== undefined)(
  "Forwards are marked, saved as a set, stopped, and started again from it",
  async () => {
    await runningPod("sets", "web");
    const app = await stage.start("pods sets", /web +1\/1/);
    await app.press("resource.port-forward");
    await app.untilShown(PORT_SHOWN);
    await app.press("enter");
    await app.untilShown(/127\.0\.0\.1:\d+|localhost:\d+/);
    await app.press("open");
    await app.untilShown(/── containers/);
    await app.press("container.port-forwards");
    await app.untilShown(/── port-forwards/);
    await app.press("port-forward.mark", "port-forward.clear-marks", "port-forward.save");
    await app.type("mine");
    await app.press("enter");
    await app.untilShown(/mine/);
    await app.press("port-forward.stop");
    await app.press("port-forward.start");
    expect(app.text()).toMatch(/── port-forwards/);
  },
);

test.skipIf(problem !== undefined)("The name of a context is copied", async () => {
  const app = await stage.start("ctx", /kelpie/);
  await app.press("context.copy-name");
  expect(app.clipboard).toBe("kelpie");
});

test.skipIf(problem !== undefined)("Debug containers of a pod are entered and left", async () => {
  await runningPod("debugs", "talker");
  const app = await stage.start("pods debugs", /talker +1\/1/);
  const session = async (key: string, asks: readonly RegExp[], echo: number): Promise<void> => {
    await app.press(key);
    for (const [index, asked] of asks.entries()) {
      await app.untilDrawn(asked);
      // Input first, where there is one; a question last, whose focus is Cancel.
      app.feed(index === asks.length - 1 ? "\t\r" : "\r");
    }
    await app.untilDrawn((text) => /kelpie: attached/.test(text) && !text.includes("── "));
    app.feed(`echo $((${echo}+1))\r`);
    await app.untilDrawn(new RegExp(`^${echo + 1}`, "m"));
    app.feed("exit\r");
    await app.untilShown(/── (pods|containers|nodes)/);
  };
  await session("resource.debug", [/Image/, /Add a debug container/], 41);
  await app.untilShown(/── pods/);
  await app.press("open");
  await app.untilShown(/── containers/);
  await session("container.debug", [/Image/, /Add a debug container/], 51);
});
