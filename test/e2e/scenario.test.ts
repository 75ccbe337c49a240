import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { at } from "../../src/lib/kube/object.ts";
import { apiClient, endpointOf } from "../support/api-client.ts";
import { createFromFile } from "../support/apply.ts";
import { leftoversOf } from "../support/leftovers.ts";
import { PATIENCE } from "../support/patience.ts";
import { PtyProgram, runKelpie } from "../support/program.ts";

const EXAMPLE = join(import.meta.dirname, "../../examples/web.yaml");
const POD_ROW = /^\s*(web-\S+)\s+(\d+\/\d+)\s+(\S+)/;

let home = "";
let env: Record<string, string | undefined> = {};

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "kelpie-scenario-"));
  // An editor that changes one word, as a person would.
  const editor = join(home, "editor.mjs");
  await writeFile(
    editor,
    `import { readFileSync, writeFileSync } from "node:fs";
     const file = process.argv[2];
     writeFileSync(file, readFileSync(file, "utf8").replace("value: hello", "value: howdy"));`,
  );
  env = {
    PATH: process.env["PATH"],
    HOME: home,
    KELPIE_HOME: join(home, "kelpie"),
    EDITOR: `${process.execPath} ${editor}`,
    LANG: "C.UTF-8",
  };
});

afterAll(async () => {
  await runKelpie(["cluster", "delete"], env);
  await rm(home, { recursive: true, force: true });
});

interface PodRow {
  readonly name: string;
  readonly ready: string;
  readonly status: string;
}

function podRows(text: string): PodRow[] {
  return text.split("\n").flatMap((line) => {
    const match = POD_ROW.exec(line);
    return match === null ? [] : [{ name: match[1] ?? "", ready: match[2] ?? "", status: match[3] ?? "" }];
  });
}

/** True when exactly `count` pods are on the screen, all ready. */
const allReady = (count: number) => (text: string) => {
  const rows = podRows(text);
  return rows.length === count && rows.every((row) => row.ready === "1/1" && row.status === "Running");
};

test(
  "from an empty home: a cluster, pods, logs, a shell, scaling, a rolling update, a replaced pod, and nothing left",
  async () => {
    const ui = new PtyProgram([], { env, columns: 120, rows: 40 });
    await ui.waitFor(/There are no pods in the namespace default/);

    const kubeconfig = (await runKelpie(["cluster", "kubeconfig", "--path"], env)).stdout.trim();
    await createFromFile(kubeconfig, EXAMPLE);
    await ui.waitFor(allReady(3));

    ui.write("l");
    await ui.waitFor(/listening on 8080, greeting "hello"/);
    ui.write("/greeting\r");
    await ui.waitFor(/1\/1/);
    ui.write("\u001B");
    ui.write("\u001B");
    await ui.waitFor(allReady(3));

    ui.write("s");
    await ui.waitFor(/[#$] $/m);
    ui.write('node -e \'fetch("http://web").then((r) => r.text()).then((t) => console.log("got: " + t))\'\r');
    await ui.waitFor(/got: hello from web-/);
    ui.write("exit 3\r");
    await ui.waitFor(/ended with exit code 3/);
    expect(ui.buffer).toBe("alternate");

    ui.write(":deployments\r");
    await ui.waitFor(/web\s+3\/3/);
    ui.write("s");
    await ui.waitFor(/Replicas: 3/);
    ui.write("\u0015");
    ui.write("5\r");
    await ui.waitFor(/web\s+5\/5/);

    ui.write("\r");
    await ui.waitFor(allReady(5));
    const before = new Set(podRows(ui.text()).map((row) => row.name));
    ui.write("\u001B");
    await ui.waitFor(/web\s+5\/5/);
    ui.write("e");
    await ui.waitFor(/value: howdy/);
    ui.write("\t\r");
    await ui.waitFor((text) => !text.includes("value: howdy"));
    ui.write("\r");
    await ui.waitFor((text) => allReady(5)(text) && podRows(text).every((row) => !before.has(row.name)));
    const [first] = podRows(ui.text());
    ui.write("g");
    ui.write("l");
    await ui.waitFor(/greeting "howdy"/);
    ui.write("\u001B");
    await ui.waitFor(allReady(5));

    ui.write("\u0004");
    await ui.waitFor(new RegExp(`Delete pod ${first?.name}`));
    ui.write("\t\r");
    await ui.waitFor((text) => allReady(5)(text) && !text.includes(first?.name ?? "none"));

    ui.write(":q\r");
    expect(await ui.exited).toBe(0);
    expect(ui.buffer).toBe("normal");

    const again = new PtyProgram([], { env, columns: 120, rows: 40 });
    await again.waitFor(allReady(5));
    again.write(":q\r");
    expect(await again.exited).toBe(0);

    const deleted = await runKelpie(["cluster", "delete"], env);
    expect(deleted).toMatchObject({ code: 0, stdout: 'cluster "kelpie" is deleted\n' });
    expect(leftoversOf(home)).toEqual([]);
    expect(existsSync(join(home, "kelpie", "data", "clusters", "kelpie"))).toBe(false);
  },
  5 * PATIENCE,
);

test(
  "described, rolled back, forwarded, drained: the main keys on a real cluster in a terminal",
  async () => {
    const started = await runKelpie(["cluster", "start", "--wait"], env);
    expect(started.code).toBe(0);
    const kubeconfig = (await runKelpie(["cluster", "kubeconfig", "--path"], env)).stdout.trim();
    const api = apiClient(endpointOf(kubeconfig));
    const greeting = async (): Promise<unknown> => {
      const { body } = await api.call("/apis/apps/v1/namespaces/default/deployments/web");
      return at(body, "spec", "template", "spec", "containers", 0, "env", 0, "value");
    };
    await createFromFile(kubeconfig, EXAMPLE);
    const ui = new PtyProgram(["-c", "pods default"], { env, columns: 120, rows: 40 });
    await ui.waitFor(allReady(3));

    ui.write("d");
    await ui.waitFor(/── describe\([^]*Containers:/);
    ui.write("y");
    await ui.waitFor(/── yaml\([^]*kind: Pod/);
    ui.write("\u001B");
    await ui.waitFor(/── describe\(/);
    ui.write("\u001B");
    await ui.waitFor(allReady(3));
    ui.write("X");
    await ui.waitFor(/── relations\([^]*replicasets[^]*server +container/);

    ui.write(":deployments\r");
    await ui.waitFor(/web\s+3\/3/);
    ui.write("e");
    await ui.waitFor(/value: howdy/);
    ui.write("\t\r");
    await expect.poll(greeting).toBe("howdy");
    ui.write("o");
    await ui.waitFor(/── rollout[^]*\[2\]/);
    ui.write("G");
    ui.write("u");
    await ui.waitFor(/value: hello/);
    ui.write("\t\r");
    await expect.poll(greeting).toBe("hello");

    ui.write(":xray deployments\r");
    await ui.waitFor(/── xray[^]*replicasets[^]*server +container/);
    ui.write(":configmaps /kube-root\r");
    await ui.waitFor(/kube-root-ca\.crt/);
    ui.write("u");
    await ui.waitFor(/── used by\(/);

    ui.write(":services\r");
    await ui.waitFor(/^ ?web .*80/m);
    ui.write("/web\r");
    await ui.waitFor(/\[1\/\d\]/);
    ui.write("F");
    await ui.waitFor(/Port-forward to svc/);
    ui.write("\r");
    await ui.waitFor(/127\.0\.0\.1:\d+|localhost:\d+/);
    const port = /(?:127\.0\.0\.1|localhost):(\d+)/.exec(ui.text())?.[1];
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toMatch(/hello from web-/);

    ui.write(":nodes\r");
    await ui.waitFor(/Ready/);
    ui.write("r");
    await ui.waitFor(/Drain node/);
    ui.write("\t\r");
    await ui.waitFor(/── drain[^]*drained/);
    ui.write("\u001B");
    await ui.waitFor(/SchedulingDisabled/);
    ui.write("U");
    await ui.waitFor((text) => !text.includes("SchedulingDisabled"));

    ui.write(":ctx\r");
    await ui.waitFor(/── contexts/);
    ui.write("\r");
    await ui.waitFor(/── pods/);
    ui.write(":q\r");
    expect(await ui.exited).toBe(0);
    expect(ui.buffer).toBe("normal");
    expect(ui.modes).toEqual([]);
  },
  5 * PATIENCE,
);
