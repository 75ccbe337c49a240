import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createFromFile } from "../support/apply.ts";
import { leftoversOf } from "../support/leftovers.ts";
import { PtyProgram, runKelpie } from "../support/program.ts";

const POD = `
apiVersion: v1
kind: Pod
metadata: {name: target}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: localhost/host, command: [sleep, "1000"]}]
`;

let home = "";
let env: Record<string, string | undefined> = {};

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "kelpie-pods-"));
  const editor = join(home, "editor.mjs");
  // The first text has a fault, the second is well.
  await writeFile(
    editor,
    `import { readFileSync, writeFileSync } from "node:fs";
     const file = process.argv[2];
     const text = readFileSync(file, "utf8");
     const next = text.includes("faulty") ? text.replace("kind: faulty", "kind: ConfigMap") : text.replace("kind: ConfigMap", "kind: faulty");
     writeFileSync(file, next.replace("key: value", "key: written"));`,
  );
  env = {
    PATH: process.env["PATH"],
    HOME: home,
    KELPIE_HOME: join(home, "kelpie"),
    EDITOR: `${process.execPath} ${editor}`,
    LANG: "C.UTF-8",
  };
  await runKelpie(["cluster", "start"], env);
  await writeFile(join(home, "pod.yaml"), POD);
  const kubeconfig = (await runKelpie(["cluster", "kubeconfig", "--path"], env)).stdout.trim();
  await createFromFile(kubeconfig, join(home, "pod.yaml"));
  await writeFile(join(home, "file ä"), "words");
});
afterAll(async () => {
  await runKelpie(["cluster", "delete"], env);
  await rm(home, { recursive: true, force: true });
});

test("a debug container, a file up and down, a new object and its duplicate, in a terminal", async () => {
  const ui = new PtyProgram(["-c", "pods"], { env, columns: 120, rows: 40 });
  await ui.waitFor(/target +1\/1 +Running/);

  ui.write("b");
  await ui.waitFor(/Image: localhost\/host/);
  ui.write("\r");
  await ui.waitFor(/Add a debug container/);
  ui.write("\t\r");
  await ui.waitFor(/attached to target\/debugger-/);
  expect(ui.buffer).toBe("normal");
  ui.write("cat /proc/1/comm; stty size; exit 4\r");
  await ui.waitFor(/debugger-\w+ ended with exit code 4/);
  expect(ui.buffer).toBe("alternate");
  await ui.waitFor(/target +1\/1 +Running/);

  ui.write("t");
  await ui.waitFor(/Copy files of target\/main/);
  ui.write("Up\r");
  await ui.waitFor(/On this machine:/);
  ui.write(`\u0015${home}/file ä\r`);
  await ui.waitFor(/In the container:/);
  ui.write("\u0015/tmp/there\r");
  await ui.waitFor(/there is made/);
  ui.write("\t\r");
  await ui.waitFor(/\/tmp\/there is in target\/main/);
  ui.write("\u001B");
  await ui.waitFor(/target +1\/1 +Running/);
  ui.write("t");
  await ui.waitFor(/Copy files of target\/main/);
  ui.write("Down\r");
  await ui.waitFor(/In the container:/);
  ui.write("\u0015/tmp/there\r");
  await ui.waitFor(/On this machine:/);
  ui.write(`\u0015${home}/back\r`);
  await ui.waitFor(/back is copied/);
  expect(await readFile(join(home, "back"), "utf8")).toBe("words");

  ui.write(":configmaps\r");
  await ui.waitFor(/kube-root-ca\.crt/);
  ui.write("n");
  await ui.waitFor(/Create configmap default\/new-configmap\?/);
  expect(ui.text()).toContain("+   key: written");
  ui.write("\t\r");
  await ui.waitFor(/configmap default\/new-configmap created/);
  await ui.waitFor(/^new-configmap +1 /m);

  ui.write("G");
  ui.write("D");
  await ui.waitFor(/Create configmap default\/new-configmap-copy\?/);
  ui.write("\t\r");
  await ui.waitFor(/^new-configmap-copy +1 /m);

  ui.write(":q\r");
  expect(await ui.exited).toBe(0);
  expect(ui.buffer).toBe("normal");
  expect((await runKelpie(["cluster", "delete"], env)).code).toBe(0);
  expect(leftoversOf(home)).toEqual([]);
});
