import { chmod, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { createEdit } from "../../../src/app/operations/edit.ts";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { Cleanup } from "../../support/cluster-fixture.ts";
import { editRig, type EditRig } from "../../support/edit-rig.ts";
import { targetOf } from "../../support/view-host.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const configMap: KubeObject = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "conf", namespace: "default", uid: "uid-conf", creationTimestamp: "2026-01-01T00:00:00Z" },
  data: { colour: "red", size: "small" },
};

interface Rig extends EditRig {
  /** Runs the edit. */
  edit(): Promise<void>;
  patches(): ReadonlyArray<{ readonly dryRun: boolean; readonly body: unknown }>;
  stored(): Promise<KubeObject>;
}

/** @param scripts a shell script for each time the editor opens; `$1` is the file */
async function rig(...scripts: readonly string[]): Promise<Rig> {
  const made = await editRig(cleanup, scripts);
  const { server, cluster, services } = made;
  server.push(configMap);
  return Object.assign(made, {
    edit: () => createEdit(services)(targetOf(server, "configmaps", configMap)),
    patches: () => made.writes("PATCH"),
    stored: () => cluster.get({ resource: server.resource("configmaps"), namespace: "default", name: "conf" }),
  });
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
  expect(one.flashes).toEqual([expect.stringMatching(/^warning: your text is in \S+: the edit was cancelled$/)]);
  expect(await one.kept()).toContain("colour: blue");
  const path = /is in (\S+):/.exec(one.flashes[0] ?? "")?.[1] ?? "";
  expect((await stat(path)).mode & 0o777).toBe(0o600);
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
  expect(one.flashes[0]).toMatch(/your text is in \S+: the edit was given up$/);
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

const refuseOnce = (one: Rig): void => {
  let refused = false;
  one.server.intercept((request) => {
    if (request.method !== "PATCH" || refused) return undefined;
    refused = true;
    return { kind: "status", code: 422, reason: "Invalid", message: "colour must not be blue" };
  });
};

test.each([
  ["is killed by a signal", "kill -TERM $$", /ended with (SIGTERM|exit code 143)$/],
  ["fails", "exit 3", /ended with exit code 3/],
])("an editor that %s after a refusal loses nothing", async (_, end, words) => {
  const one = await rig(change("red", "blue"), `${change("small", "large")}; ${end}`);
  refuseOnce(one);
  await one.edit();
  expect(one.flashes).toEqual([expect.stringMatching(words)]);
  expect(await one.kept()).toMatch(/colour: blue[^]*size: large/);
  expect(one.patches().map((patch) => patch.dryRun)).toEqual([true]);
});

test.each([
  ["empties the file", ': > "$1"'],
  ["takes the file away", 'rm "$1"'],
])("an editor that %s after a refusal loses nothing", async (_, script) => {
  const one = await rig(change("red", "blue"), script);
  refuseOnce(one);
  await one.edit();
  expect(one.flashes).toEqual([expect.stringMatching(/: the edit was given up$/)]);
  expect(await one.kept()).toContain("colour: blue");
});

test("an emptied file changes nothing", async () => {
  const one = await rig(': > "$1"');
  await one.edit();
  expect(one.flashes).toEqual(["info: conf: nothing was changed"]);
  expect(one.patches()).toEqual([]);
});

test("an editor that fails at once is told, and nothing was there to keep", async () => {
  const one = await rig("exit 1");
  await one.edit();
  expect(one.flashes).toEqual([expect.stringMatching(/^error: conf was not edited: the editor .* exit code 1/)]);
});

test("the variable may hold arguments and quotes", async () => {
  const one = await rig('test "$1" = "two words" && sed -i s/red/blue/ "$2"');
  Object.assign(one.services.env, { KUBE_EDITOR: `${join(one.directory, "editor")} "two words"` });
  await one.edit();
  expect((await one.stored())["data"]).toMatchObject({ colour: "blue" });
});

test("an object made anew under the name of the one on screen is not edited", async () => {
  const one = await rig(change("red", "blue"));
  one.server.push({ ...configMap, metadata: { ...configMap.metadata, uid: "uid-another" } });
  await one.edit();
  expect(await one.seen()).toEqual([]);
  expect(one.flashes).toEqual([expect.stringContaining("another object by now")]);
});

test("text that can be kept nowhere stays where the editor had it", async () => {
  const one = await rig(change("red", "blue"));
  one.agree = false;
  const state = join(one.directory, "state");
  await rm(state, { recursive: true, force: true });
  Object.assign(one.services.paths, { state: join(one.directory, "editor", "no-folder") });
  await one.edit();
  expect(await one.kept()).toContain("colour: blue");
  await rm(join(/is in (\S+):/.exec(one.flashes[0] ?? "")?.[1] ?? "", ".."), { recursive: true });
});

const secret: KubeObject = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { ...configMap.metadata, name: "key", uid: "uid-key" },
  data: { colour: "cmVk" },
};

test("values of a secret are in the editor, but never in the question", async () => {
  const one = await rig(change("cmVk", "Ymx1ZQ=="));
  one.server.push(secret);
  await createEdit(one.services)(targetOf(one.server, "secrets", secret));
  expect((await one.seen())[0]).toContain("cmVk");
  const asked = one.questions[0]?.lines.join("\n") ?? "";
  expect(asked).toContain("4 bytes, changed>");
  expect(asked).not.toMatch(/cmVk|Ymx1/);
});

test("a refused edit of a secret is said to be kept in clear, and goes when an edit of it succeeds", async () => {
  const one = await rig(change("cmVk", "Ymx1ZQ=="), change("cmVk", "Ymx1ZQ=="), change("cmVk", "Ymx1ZQ=="));
  one.server.push(secret);
  const edit = createEdit(one.services);
  const target = targetOf(one.server, "secrets", secret);
  one.agree = false;
  await edit(target);
  const first = /your text is in (\S+): its values in clear/.exec(one.flashes.at(-1) ?? "")?.[1] ?? "";
  expect(await readFile(first, "utf8")).toContain("Ymx1ZQ==");
  const other = join(dirname(first), "secret_fake_default_key-2.yaml");
  await writeFile(other, "of another secret");
  await edit(target);
  expect(await one.kept()).toContain("Ymx1ZQ==");
  one.agree = true;
  await edit(target);
  expect(one.flashes.at(-1)).toBe("info: secret key was edited; the refused text kept before is removed");
  expect(await readdir(dirname(first))).toEqual(["secret_fake_default_key-2.yaml"]);
});
