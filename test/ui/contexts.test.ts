import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createClusters } from "../../src/cluster/clusters.ts";
import { toYaml } from "../../src/lib/yaml.ts";
import { startFakeApiServer, type FakeApiServer } from "../support/fake-api-server.ts";
import { hastyClock } from "../support/hasty-clock.ts";
import { TestScreen, type ScreenOptions } from "../support/screen.ts";

let server: FakeApiServer;
let other: FakeApiServer;
let folder = "";
let open: TestScreen | undefined;
beforeEach(async () => {
  server = await startFakeApiServer({ pods: 3 });
  other = await startFakeApiServer({ pods: 3, token: "secret" });
  folder = mkdtempSync(join(tmpdir(), "kelpie-contexts-"));
});
afterEach(async () => {
  await open?.close();
  open = undefined;
  await server.close();
  await other.close();
  rmSync(folder, { recursive: true, force: true });
});

const kubeconfig = (): string => join(folder, "kubeconfig");

interface Entry {
  readonly server: string;
  readonly user?: Readonly<Record<string, unknown>>;
  readonly cluster?: string;
}

/** A kubeconfig of these contexts; the first is the current one. */
function writeContexts(entries: Readonly<Record<string, Entry>>): void {
  const names = Object.entries(entries);
  writeFileSync(
    kubeconfig(),
    toYaml({
      apiVersion: "v1",
      kind: "Config",
      "current-context": names[0]?.[0],
      clusters: names
        .filter(([, entry]) => entry.cluster === undefined)
        .map(([name, entry]) => ({ name, cluster: { server: entry.server } })),
      users: names.map(([name, { user = {} }]) => ({ name, user })),
      contexts: names.map(([name, { cluster = name }]) => ({ name, context: { cluster, user: name } })),
    }),
  );
}

async function start(options: Partial<ScreenOptions> = {}): Promise<TestScreen> {
  const app = await TestScreen.open({
    clusters: (guard) =>
      createClusters({ ...guard, overrides: { kubeconfig: kubeconfig() }, env: process.env, clock: hastyClock(1) }),
    columns: 150,
    initialCommand: "ctx",
    ...options,
  });
  open = app;
  return app;
}

/** The row of a context, its cells apart. */
function row(app: TestScreen, name: string): readonly string[] {
  const line = app.lines().find((each) => each.split(/ {2,}|^[ *.]+/).includes(name)) ?? "";
  return line.trim().split(/ {2,}|^[*.] +/);
}

const read = (): string => readFileSync(kubeconfig(), "utf8");

test("Each context says whether it answers: yes with its version, no with the reason, or that it needs a login", async () => {
  const plugin = join(folder, "plugin");
  writeFileSync(plugin, `#!/bin/sh\ntouch ${join(folder, "ran")}\n`);
  chmodSync(plugin, 0o755);
  const exec = { apiVersion: "client.authentication.k8s.io/v1", command: plugin, interactiveMode: "Never" };
  writeContexts({
    good: { server: server.url },
    dead: { server: "http://127.0.0.1:1" },
    closed: { server: other.url, user: { token: "wrong" } },
    plugged: { server: other.url, user: { exec } },
  });
  const app = await start({ settings: { contexts: { dead: { protection: "type-name" } } } });
  await app.untilShown(/dead +no: connection refused/);
  await app.untilShown(/good +yes, \d+ ms +open +default +v1\.36\.0/);
  await app.untilShown(/closed +needs a login: the credentials are not accepted/);
  await app.untilShown(/plugged +needs a login: the credential plugin/);
  expect(row(app, "dead")).toContain("type-name");
  expect(() => readFileSync(join(folder, "ran"))).toThrow("ENOENT");
});

test("Nothing is asked while another view is in front", async () => {
  writeContexts({ good: { server: server.url }, quiet: { server: other.url } });
  const app = await start();
  await app.untilShown(/quiet +needs a login/);
  await app.press(":");
  await app.type("pods");
  await app.press("enter");
  const asked = other.requests.length;
  await app.advance(120_000);
  expect(other.requests.length).toBe(asked);
});

test("What another program writes to the kubeconfig is on the screen soon, and a fault in it is said", async () => {
  writeContexts({ good: { server: server.url } });
  const app = await start();
  writeContexts({ good: { server: server.url }, fresh: { server: server.url } });
  await app.advance(3000);
  await app.untilShown(/fresh +yes/);
  writeFileSync(kubeconfig(), "contexts: [");
  await app.advance(3000);
  await app.untilShown(/stale since .*not valid YAML/);
  expect(app.text()).toContain("fresh");
});

test("A context is renamed in the file, and the one in use stays in use", async () => {
  writeContexts({ good: { server: server.url }, side: { server: server.url } });
  const app = await start({ settings: { contexts: { good: { protection: "confirm" } } } });
  await app.press("context.rename");
  expect(app.text()).toContain("Rename the context good");
  expect(app.text()).toContain("current-context follows.");
  await app.type("-one");
  await app.press("enter");
  expect(read()).toContain("current-context: good-one");
  expect(app.line(0)).toContain("good-one");
  expect(app.ui.controller.session.cluster.get()?.writes.protection.get()).toBe("confirm");
  expect(app.ui.controller.session.cluster.get()?.context.name).toBe("good-one");
});

test("A deleted context asks first, and takes what no other context uses only when told", async () => {
  writeContexts({
    good: { server: server.url },
    shared: { server: "", cluster: "good" },
    old: { server: "https://old:6443" },
  });
  const app = await start();
  await app.press("context.delete");
  expect(app.text()).toContain("it is in use: switch to another one first");
  await app.press("move.down", "move.down", "context.delete");
  expect(app.text()).toContain("Delete the context old?");
  expect(app.text()).toContain("No other context uses its cluster old and user old with its credentials.");
  await app.press("escape");
  expect(read()).toContain("https://old:6443");
  await app.press("context.delete", "shift-tab", "right", "tab", "tab", "enter");
  expect(app.text()).toMatch(/old is deleted, with its cluster old and user old/);
  expect(read()).not.toContain("old");
  await app.press("move.up", "move.down", "context.delete");
  expect(app.text()).toContain("No other context uses its user shared with its credentials.");
});

test("The namespace of a context is set in the file", async () => {
  writeContexts({ good: { server: server.url } });
  const app = await start();
  await app.press("context.namespace", "ctrl-u");
  await app.type("Not A Name");
  await app.press("enter");
  expect(app.text()).toContain("this is no name of a namespace");
  await app.press("ctrl-u");
  await app.type("team-1");
  await app.press("enter");
  expect(read()).toContain("namespace: team-1");
  expect(app.text()).toContain("good begins in team-1");
});

test("A credential plugin that asks for a login is heard while it waits, and the screen stays usable", async () => {
  const plugin = join(folder, "sso");
  const go = join(folder, "go");
  const answer = JSON.stringify({
    kind: "ExecCredential",
    apiVersion: "client.authentication.k8s.io/v1",
    status: { token: "secret" },
  });
  const said = "open https://sso.example/device and enter ABCD-EFGH";
  const wait = `while [ ! -e ${go} ]; do sleep 0.02; done`;
  writeFileSync(plugin, `#!/bin/sh\necho '${said}' >&2\n${wait}\necho '${answer}'\n`);
  chmodSync(plugin, 0o755);
  const exec = { apiVersion: "client.authentication.k8s.io/v1", command: plugin, interactiveMode: "Never" };
  writeContexts({ closed: { server: other.url, user: { exec } }, good: { server: server.url } });
  const app = await start({ initialCommand: "pods" });
  await app.untilShown(/Run this credential plugin\?/);
  expect(app.text()).toContain(plugin);
  await app.press("tab", "enter");
  await app.untilShown(/sso logs in for \d+s: open https:\/\/sso\.example\/device and enter ABCD-EFGH/);
  await app.press(":");
  await app.type("ctx good");
  await app.press("enter");
  await app.untilShown(/good .*connected/);
  expect(app.text()).not.toContain("ABCD-EFGH");
  await app.press(":");
  await app.type("ctx closed");
  await app.press("enter");
  await app.untilShown(/ABCD-EFGH/);
  writeFileSync(go, "");
  await app.untilShown(/closed .*connected/);
  expect(app.text()).not.toContain("ABCD-EFGH");
});

test("A credential plugin that was refused is asked about again by Ctrl-R, and not before", async () => {
  const plugin = join(folder, "sso");
  const credential = {
    kind: "ExecCredential",
    apiVersion: "client.authentication.k8s.io/v1",
    status: { token: "secret" },
  };
  writeFileSync(plugin, `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`);
  chmodSync(plugin, 0o755);
  const exec = { apiVersion: "client.authentication.k8s.io/v1", command: plugin, interactiveMode: "Never" };
  writeContexts({ closed: { server: other.url, user: { exec } } });
  const app = await start({ initialCommand: "pods" });
  await app.untilShown(/Run this credential plugin\?/);
  await app.press("escape");
  await app.untilShown(/was not allowed to run\..*Ctrl-R tries again\./);
  await app.press("view.reload");
  await app.untilShown(/Run this credential plugin\?/);
  await app.press("tab", "enter");
  await app.untilShown(/closed .*connected/);
});

test("The files of KUBECONFIG are one list, and a context without a server names what it lacks", async () => {
  writeContexts({ good: { server: server.url }, broken: { server: "", cluster: "none" } });
  writeFileSync(join(folder, "second"), other.kubeconfig.replaceAll(/\bfake\b/g, "second"));
  const KUBECONFIG = `${kubeconfig()}:${join(folder, "second")}:${join(folder, "not-there")}`;
  const app = await start({ clusters: createClusters({ env: { KUBECONFIG } }) });
  await app.untilShown(/second +yes, \d+ ms/);
  await app.untilShown(/broken +no: context "broken" names the cluster "none"/);
  await app.press("move.down", "context.switch");
  expect(app.text()).toContain('the context broken was not opened: context "broken" names the cluster "none"');
  // A click takes the cursor to the row under it, and to none below the last.
  const at = (name: string): number =>
    app.lines().findIndex((line) => row(app, name).length > 0 && line.includes(` ${name} `));
  await app.send(`\u001B[<0;5;${at("second") + 1}M`);
  expect(app.isSelected(at("second"))).toBe(true);
  await app.send(`\u001B[<0;5;${at("second") + 4}M`);
  expect(app.isSelected(at("second"))).toBe(true);
  expect(app.line(0)).toContain("good");
});
