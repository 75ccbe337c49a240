import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createClusters } from "../../src/cluster/clusters.ts";
import { RESOURCES } from "../../src/embedded/machinery/registry.ts";
import { at, type KubeObject } from "../../src/lib/kube/object.ts";
import { startEmbeddedCluster, whyNoPods, type EmbeddedCluster } from "../support/embedded-cluster.ts";
import { execInPod } from "../support/exec-in-pod.ts";
import { PATIENCE } from "../support/patience.ts";
import { TestScreen } from "../support/screen.ts";

const problem = await whyNoPods();
const WAIT = { timeout: PATIENCE, interval: 20 };

const pod = (name: string, script: string, more: Readonly<Record<string, unknown>> = {}): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: "main", image: "localhost/host", command: ["/bin/sh", "-c", script], ...more }],
  },
});

/** A container whose search path holds these programs alone. */
const few = (name: string, programs: string): KubeObject =>
  pod(
    name,
    `/bin/mkdir /tmp/bin; for p in ${programs}; do /bin/ln -s /bin/$p /tmp/bin/$p; done; exec /bin/sleep 1000`,
    {
      env: [{ name: "PATH", value: "/tmp/bin" }],
    },
  );

describe.skipIf(problem !== undefined)("with real containers", () => {
  let cluster: EmbeddedCluster;
  let folder = "";
  let open: TestScreen | undefined;

  beforeAll(async () => {
    cluster = await startEmbeddedCluster({ withNode: true });
    const pods = [pod("shell", "sleep 1000"), few("bare", "sh cat head mv rm test"), few("empty", "test")];
    for (const object of pods) await cluster.registry.create(RESOURCES.pods, "default", object);
    for (const { metadata } of pods) {
      const runs = async (): Promise<boolean> => at(await find(metadata.name ?? ""), "status", "phase") === "Running";
      await vi.waitUntil(runs, WAIT);
    }
  });
  afterAll(() => cluster.dispose());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "kelpie-copy-"));
  });
  afterEach(async () => {
    await open?.close();
    open = undefined;
    rmSync(folder, { recursive: true, force: true });
  });

  const find = (name: string): Promise<KubeObject> =>
    cluster.registry.get(RESOURCES.pods, { namespace: "default", name });
  const run = async (name: string, script: string): Promise<string> =>
    (await execInPod(cluster, name, ["/bin/sh", "-c", script])).stdout;

  /** The program on one pod. */
  async function start(name: string): Promise<TestScreen> {
    const clusters = createClusters({ overrides: { kubeconfig: cluster.kubeconfig }, env: {} });
    open = await TestScreen.open({ clusters, initialCommand: `pods default =${name}`, columns: 120 });
    const app = open;
    await app.until(app.ui.controller.navigation.front?.freshness ?? never(), ({ state }) => state === "live");
    await expect.poll(() => app.rows(), WAIT).toEqual([`${name} *selected*`]);
    return app;
  }

  /** Types over what a dialog offers, and takes it. */
  async function answer(app: TestScreen, text: string): Promise<void> {
    await app.press("ctrl-u");
    await app.type(text);
    await app.press("enter");
  }

  async function copy(app: TestScreen, direction: "Download" | "Upload", from: string, to: string): Promise<void> {
    await app.press("resource.copy-files");
    await app.type(direction);
    await app.press("enter");
    await answer(app, from);
    await answer(app, to);
    if (direction === "Upload") await app.press("tab", "enter");
  }

  const says = (app: TestScreen, words: string | RegExp): Promise<unknown> =>
    expect
      .poll(async () => {
        await app.idle();
        return app.text().replaceAll(/\s+/g, " ");
      }, WAIT)
      .toMatch(words);

  test("a debug container sees the processes of its target, has the terminal, and its end comes back to the list", async () => {
    const app = await start("shell");
    await app.press("resource.debug");
    expect(app.text()).toContain("Image: localhost/host");
    await app.press("enter");
    expect(app.text()).toMatch(/Processes of +main +none, its own/);
    await app.press("tab", "enter");
    await expect.poll(() => app.text(), WAIT).toContain("attached to shell/debugger-");
    await app.send("cat /proc/1/cmdline; exit 3\r");
    await says(app, /debugger-\w+ ended with exit code 3/);
    expect(app.rows()).toEqual(["shell *selected*"]);
    const spec = at(await find("shell"), "spec", "ephemeralContainers", 0);
    expect(spec).toMatchObject({
      targetContainerName: "main",
      tty: true,
      securityContext: { capabilities: { add: ["SYS_PTRACE"] } },
    });
    await app.press(":");
    await app.type("journal");
    await app.press("enter");
    expect(app.text()).toMatch(/debug +pods default\/shell/);
  });

  test("an image that cannot be pulled is said with the kubelet's words, and the wait is cancelled", async () => {
    const app = await start("shell");
    await app.press("resource.debug");
    await answer(app, "example.com/nothing:1");
    await app.press("tab", "enter");
    await expect.poll(() => app.text(), WAIT).toMatch(/waiting: (ErrImagePull|ImagePullBackOff): /);
    await app.press("task.cancel");
    await says(app, "no longer waiting for debugger-");
    expect(app.text()).toContain("cancelled");
  });

  test("folders and files of any name go up and come back as they were, and are whole in the container", async () => {
    const app = await start("shell");
    const source = join(folder, "ein Ordner ü");
    mkdirSync(join(source, "leer"), { recursive: true });
    writeFileSync(join(source, "-x"), "dash");
    writeFileSync(join(source, "big"), Buffer.alloc(3_000_000, "kelpie\n"));
    writeFileSync(join(source, "leer ' \" $HOME"), "quoted");
    chmodSync(join(source, "-x"), 0o755);
    symlinkSync("big", join(source, "link"));
    await copy(app, "Upload", source, "/tmp/");
    await says(app, "/tmp/ein Ordner ü is in shell/main");
    expect(app.text()).toContain("4 files, 2.9 MiB");
    expect(
      await run("shell", 'cd "/tmp/ein Ordner ü" && wc -c <big && cat ./-x && readlink link && ls -a /tmp'),
    ).toMatch(/^3000000\ndashbig\n\.\n\.\.\nein Ordner ü\n$/);
    await app.press("escape");
    await copy(app, "Download", "/tmp/ein Ordner ü", join(folder, "back"));
    await says(app, /back is copied/);
    expect(readdirSync(join(folder, "back")).toSorted()).toEqual(readdirSync(source).toSorted());
    expect(readFileSync(join(folder, "back", "big")).equals(readFileSync(join(source, "big")))).toBe(true);
    expect(readFileSync(join(folder, "back", "leer ' \" $HOME"), "utf8")).toBe("quoted");
    expect(readdirSync(folder).toSorted()).toEqual(["back", "ein Ordner ü"]);
  });

  test("a file that is there is replaced after a question only", async () => {
    const app = await start("shell");
    await run("shell", "echo new >/tmp/file");
    writeFileSync(join(folder, "file"), "old");
    await copy(app, "Download", "/tmp/file", `${folder}/`);
    expect(app.text()).toContain("Replace file?");
    await app.press("enter");
    expect(readFileSync(join(folder, "file"), "utf8")).toBe("old");
    await copy(app, "Download", "/tmp/file", `${folder}/`);
    await app.press("tab", "enter");
    await says(app, /file is copied/);
    expect(readFileSync(join(folder, "file"), "utf8")).toBe("new\n");
  });

  test("what is not there is said by tar, and nothing is left on this side", async () => {
    const app = await start("shell");
    await copy(app, "Download", "/tmp/absent", join(folder, "absent"));
    await says(app, /failed: tar ended with exit code 2: .*absent/);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("a download is cancelled without a trace", async () => {
    const app = await start("shell");
    await copy(app, "Download", "/dev/zero", join(folder, "endless"));
    await says(app, "nothing of /dev/zero can be copied");
    await app.press("escape");
    await run("shell", "truncate -s 4G /tmp/large");
    await copy(app, "Download", "/tmp/large", join(folder, "large"));
    await expect.poll(() => readdirSync(folder), WAIT).toEqual([expect.stringMatching(/^\.large\.kelpie-/)]);
    await app.press("task.cancel");
    await says(app, /was cancelled: nothing half-copied was left/);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("an upload is cancelled without a trace in the container", async () => {
    const app = await start("shell");
    writeFileSync(join(folder, "large"), "");
    truncateSync(join(folder, "large"), 4 * 2 ** 30);
    await copy(app, "Upload", join(folder, "large"), "/tmp/large-up");
    await expect.poll(() => run("shell", "ls -a /tmp"), WAIT).toContain(".large-up.kelpie-");
    await app.press("task.cancel");
    await says(app, "was cancelled: nothing half-copied was left");
    expect(await run("shell", "ls -a /tmp")).not.toContain("large-up");
  });

  test("without tar a single file goes through the shell and cat, and a folder is refused in words", async () => {
    const app = await start("bare");
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256));
    writeFileSync(join(folder, "bytes"), bytes);
    await copy(app, "Upload", join(folder, "bytes"), "/tmp/there");
    await says(app, "/tmp/there is in bare/main");
    await app.press("escape");
    await copy(app, "Download", "/tmp/there", join(folder, "again"));
    await says(app, /again is copied/);
    expect(readFileSync(join(folder, "again")).equals(bytes)).toBe(true);
    await app.press("escape");
    await copy(app, "Download", "/tmp", join(folder, "tmp"));
    await says(app, "/tmp is a folder, and the container has no tar. Without tar only single files can be copied.");
    expect(existsSync(join(folder, "tmp"))).toBe(false);
  });

  test("a container with nothing to copy with says what is missing", async () => {
    const app = await start("empty");
    await copy(app, "Download", "/etc/hostname", join(folder, "hostname"));
    await says(app, "the container has neither tar nor cat");
    await app.press("escape");
    writeFileSync(join(folder, "file"), "x");
    await copy(app, "Upload", join(folder, "file"), "/tmp/x");
    await says(app, "the container has neither tar nor a shell nor dd");
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  test("a shell in a container without one says so", async () => {
    const app = await start("empty");
    await app.press("resource.shell");
    await says(app, "empty/main has no shell");
  });

  test("the node of the embedded cluster is said to be this machine", async () => {
    const app = await start("shell");
    await app.press(":");
    await app.type("nodes");
    await app.press("enter");
    await app.until(app.ui.controller.navigation.front?.freshness ?? never(), ({ state }) => state === "live");
    await app.press("node.shell");
    await says(app, "is this machine");
  });
});

if (problem !== undefined) test.skip(`pods on the screen are not tested: ${problem}`, () => undefined);

function never(): never {
  throw new Error("no view is open");
}
