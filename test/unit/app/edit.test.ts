import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { AppServices } from "../../../src/app/context.ts";
import { createEdit } from "../../../src/app/operations/edit.ts";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { resolvePaths } from "../../../src/config/paths.ts";
import type { ConfirmRequest } from "../../../src/hotkeys/action.ts";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { silentLogger } from "../../../src/lib/log.ts";
import { Cleanup, eventually, openFakeCluster, temporaryDirectory } from "../../support/cluster-fixture.ts";
import type { FakeApiServer } from "../../support/fake-api-server.ts";
import { recordingHost, targetOf } from "../../support/view-host.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const configMap: KubeObject = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "conf", namespace: "default", uid: "uid-conf", creationTimestamp: "2026-01-01T00:00:00Z" },
  data: { colour: "red", size: "small" },
};

interface Rig {
  readonly server: FakeApiServer;
  readonly cluster: Cluster;
  readonly directory: string;
  readonly flashes: string[];
  readonly questions: ConfirmRequest[];
  /** What the dialog answers. */
  agree: boolean;
  /** Runs the edit. */
  edit(): Promise<void>;
  /** What the editor saw, one text for each time it was opened. */
  seen(): Promise<readonly string[]>;
  patches(): ReadonlyArray<{ readonly dryRun: boolean; readonly body: unknown }>;
  stored(): Promise<KubeObject>;
}

/** @param scripts a shell script for each time the editor opens; `$1` is the file */
async function rig(...scripts: readonly string[]): Promise<Rig> {
  const { server, cluster } = await openFakeCluster(cleanup, { pods: 0 });
  server.push(configMap);
  await eventually(cluster.catalog, (catalog) => catalog.state === "ready");
  const directory = await temporaryDirectory(cleanup);
  const editor = join(directory, "editor");
  const cases = scripts.map((script, index) => `${index + 1}) ${script} ;;`).join("\n");
  await writeFile(
    editor,
    `#!/bin/sh\nn=$(($(ls "${directory}" | grep -c '^seen-') + 1))\ncp "$1" "${directory}/seen-$n"\ncase $n in\n${cases}\nesac\n`,
  );
  await chmod(editor, 0o755);
  const { host, flashes } = recordingHost(cluster);
  const questions: ConfirmRequest[] = [];
  const services: AppServices = {
    clock: host.clock,
    logger: silentLogger,
    settings: host.settings,
    paths: resolvePaths({ KELPIE_HOME: directory }),
    env: { PATH: process.env["PATH"], EDITOR: editor },
    cluster: () => cluster,
    app: {
      ...host.app,
      confirm: (request) => {
        questions.push(request);
        return Promise.resolve(made.agree ? {} : undefined);
      },
    },
    suspend: (body) => body({ stdin: process.stdin, stdout: process.stdout }),
  };
  const made: Rig = {
    server,
    cluster,
    directory,
    flashes,
    questions,
    agree: true,
    edit: () => createEdit(services)(targetOf(server, "configmaps", configMap)),
    seen: async () => {
      const names = (await readdir(directory)).filter((name) => name.startsWith("seen-")).sort();
      return Promise.all(names.map((name) => readFile(join(directory, name), "utf8")));
    },
    patches: () =>
      server.requests
        .filter((request) => request.method === "PATCH")
        .map((request) => ({
          dryRun: request.query.get("dryRun") === "All",
          body: JSON.parse(request.body) as unknown,
        })),
    stored: () => cluster.get({ resource: server.resource("configmaps"), namespace: "default", name: "conf" }),
  };
  return made;
}

const change = (from: string, to: string): string => `sed -i 's/${from}/${to}/' "$1"`;

test("only what changed is sent: to a dry run first, then after a yes to the shown difference", async () => {
  const one = await rig(change("red", "blue"));
  await one.edit();
  const [tried, written, ...more] = one.patches();
  expect(tried).toMatchObject({ dryRun: true, body: { data: { colour: "blue" } } });
  expect(written).toMatchObject({ dryRun: false, body: { data: { colour: "blue" } } });
  expect(JSON.stringify(written)).not.toContain("small");
  expect(more).toEqual([]);
  expect(one.questions[0]?.lines).toEqual(expect.arrayContaining(["-   colour: red", "+   colour: blue"]));
  expect((await one.stored())["data"]).toEqual({ colour: "blue", size: "small" });
});

test("nothing is sent where nothing was changed", async () => {
  const one = await rig("true");
  await one.edit();
  expect(one.patches()).toEqual([]);
  expect(one.flashes).toEqual(["info: conf: nothing was changed"]);
});

test("a no writes nothing and keeps the text, readable by its owner alone", async () => {
  const one = await rig(change("red", "blue"));
  one.agree = false;
  await one.edit();
  expect(one.patches().map((patch) => patch.dryRun)).toEqual([true]);
  const path = /your text is in (\S+)$/.exec(one.flashes[0] ?? "")?.[1] ?? "";
  expect(await readFile(path, "utf8")).toContain("colour: blue");
});

test("a text that is no YAML goes back to the editor as it is, with the fault on top", async () => {
  const one = await rig(`echo "oops: [1," >> "$1"`, change("oops.*", "# well again"));
  await one.edit();
  const [, second = ""] = await one.seen();
  expect(second).toMatch(/^#\| It was refused: .*at line \d+/);
  expect(second).toContain("oops: [1,");
  expect(one.flashes).toEqual(["info: conf: nothing was changed"]);
});

test("what the server refuses goes back to the editor with its words; giving up keeps the text", async () => {
  const one = await rig(change("red", "blue"), "true");
  one.server.intercept((request) =>
    request.method === "PATCH"
      ? { kind: "status", code: 422, reason: "Invalid", message: "colour must not be blue" }
      : undefined,
  );
  await one.edit();
  const [, second = ""] = await one.seen();
  expect(second).toMatch(/^#\| It was refused: .*colour must not be blue/);
  expect(second).toContain("colour: blue");
  expect(one.flashes[0]).toMatch(/given up; your text is in /);
});

test("somebody else's change of another field is kept: both are merged without a question", async () => {
  const one = await rig(change("red", "blue"));
  let meddled = false;
  one.server.intercept((request) => {
    if (request.method === "PATCH" && !meddled) {
      meddled = true;
      one.server.push({ ...configMap, data: { colour: "red", size: "large" } });
    }
    return undefined;
  });
  await one.edit();
  expect(await one.seen()).toHaveLength(1);
  expect((await one.stored())["data"]).toEqual({ colour: "blue", size: "large" });
});

test("two changes of one field go back to the editor with the user's text on top of the newest version", async () => {
  const one = await rig(change("red", "blue"), change("blue", "violet"));
  let meddled = false;
  one.server.intercept((request) => {
    if (request.method === "PATCH" && !meddled) {
      meddled = true;
      one.server.push({ ...configMap, data: { colour: "green", size: "large" } });
    }
    return undefined;
  });
  await one.edit();
  const [, second = ""] = await one.seen();
  expect(second).toMatch(/^#\| Somebody changed the same fields meanwhile/);
  expect(second).toContain("#|   data.colour");
  expect(second).toContain("colour: blue");
  expect(second).toContain("size: large");
  expect(one.questions.at(-1)?.lines).toContain("-   colour: green");
  expect((await one.stored())["data"]).toEqual({ colour: "violet", size: "large" });
});

test("an editor that is not there is named, and nothing is sent", async () => {
  const one = await rig("true");
  await chmod(join(one.directory, "editor"), 0o600);
  await one.edit();
  expect(one.flashes[0]).toMatch(/^error: conf was not edited: the editor ".*editor" /);
  expect(one.patches()).toEqual([]);
});

test("read-only opens no editor", async () => {
  const one = await rig(change("red", "blue"));
  one.cluster.writes.setReadOnly(true);
  await one.edit();
  expect(await one.seen()).toEqual([]);
  expect(one.patches()).toEqual([]);
});
