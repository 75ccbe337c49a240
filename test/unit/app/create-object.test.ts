import { afterEach, expect, test } from "vitest";
import { createDuplicate, createNewObject } from "../../../src/app/operations/create-object.ts";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { configmaps } from "../../../src/resources/kinds/configmaps.ts";
import { secrets } from "../../../src/resources/kinds/secrets.ts";
import { Cleanup } from "../../support/cluster-fixture.ts";
import { editRig, type EditRig } from "../../support/edit-rig.ts";
import { targetOf } from "../../support/view-host.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const configMap: KubeObject = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: {
    name: "conf",
    namespace: "default",
    uid: "uid-conf",
    creationTimestamp: "2026-01-01T00:00:00Z",
    ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "owner", uid: "uid-owner" }],
  },
  data: { colour: "red" },
};

const replace = (from: string, to: string): string => `sed -i 's/${from}/${to}/' "$1"`;
const names = (one: EditRig): readonly unknown[] =>
  one
    .writes("POST")
    .map(({ body, dryRun }) => [Reflect.get(Object(Reflect.get(Object(body), "metadata")), "name"), dryRun]);

test("a skeleton of the kind is edited, tried, shown and created", async () => {
  const one = await editRig(cleanup, [replace("new-configmap", "mine")]);
  await createNewObject(one.services)(configmaps);
  expect((await one.seen())[0]).toContain(
    "kind: ConfigMap\nmetadata:\n  name: new-configmap\n  namespace: default\ndata:",
  );
  expect(names(one)).toEqual([
    ["mine", true],
    ["mine", false],
  ]);
  expect(one.questions[0]?.title).toBe("Create configmap default/mine?");
  expect(one.questions[0]?.lines).toContain("+   key: value");
  expect(one.flashes).toEqual(["info: configmap default/mine created"]);
});

test("an unchanged skeleton creates nothing", async () => {
  const one = await editRig(cleanup, ["true"]);
  await createNewObject(one.services)(configmaps);
  expect(one.writes("POST")).toEqual([]);
  expect(one.flashes).toEqual(["info: nothing was created"]);
});

test("a fault in the text goes back to the editor with its line; giving up keeps the text", async () => {
  const one = await editRig(cleanup, [`echo "oops: [1," >> "$1"`, "true"]);
  await createNewObject(one.services)(configmaps);
  const [, second = ""] = await one.seen();
  expect(second).toMatch(/^#\| It was refused: .*at line \d+/);
  expect(await one.kept()).toContain("oops: [1,");
  expect(one.writes("POST")).toEqual([]);
});

test("a kind the server does not know is named, and the next try creates", async () => {
  const one = await editRig(cleanup, [replace("ConfigMap", "ConfigMop"), replace("ConfigMop", "ConfigMap")]);
  await createNewObject(one.services)(configmaps);
  const [, second = ""] = await one.seen();
  expect(second).toContain("the server knows no ConfigMop of v1");
  expect(one.flashes).toEqual(["info: configmap default/new-configmap created"]);
});

test("what the server refuses in the dry run goes back with its words, and a no creates nothing", async () => {
  const one = await editRig(cleanup, [replace("value", "bad"), replace("bad", "good")]);
  one.server.intercept((request) =>
    request.method === "POST" && request.body.includes("bad")
      ? { kind: "status", code: 422, reason: "Invalid", message: "the value is bad" }
      : undefined,
  );
  one.agree = false;
  await createNewObject(one.services)(configmaps);
  expect((await one.seen())[1]).toContain("#| configmap default/new-configmap was refused:");
  expect((await one.seen())[1]).toContain("the value is bad");
  expect(names(one).filter((write) => !(write as unknown[])[1])).toEqual([]);
  expect(await one.kept()).toContain("good");
});

test("several documents are created one by one, each with its result", async () => {
  const more = `printf -- '---\\napiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: second}\\n' >> "$1"`;
  const one = await editRig(cleanup, [more]);
  one.server.intercept((request) =>
    request.method === "POST" && request.body.includes("second") && request.query.get("dryRun") === null
      ? { kind: "status", code: 409, reason: "AlreadyExists", message: "it is there already" }
      : undefined,
  );
  await createNewObject(one.services)(configmaps);
  expect(one.questions.map(({ title }) => title)).toEqual(["Create 2 objects?", "1 of 2 not created"]);
  expect(one.questions[1]?.lines).toEqual([
    "configmap default/new-configmap created",
    expect.stringMatching(/^configmap default\/second was not created: .*it is there already/),
  ]);
  expect(await one.kept()).toContain("name: second");
});

test("values of a new secret are not shown", async () => {
  const one = await editRig(cleanup, [replace("value", "hunter2")]);
  await createNewObject(one.services)(secrets);
  const asked = one.questions[0]?.lines.join("\n") ?? "";
  expect(asked).toContain("bytes");
  expect(asked).not.toMatch(/hunter2|aHVudGVyMg/);
});

test("a duplicate has another name and nothing the server gave, and needs no change", async () => {
  const one = await editRig(cleanup, ["true"]);
  one.server.push(configMap);
  await createDuplicate(one.services)(targetOf(one.server, "configmaps", configMap));
  expect((await one.seen())[0]).not.toMatch(/uid|ownerReferences|creationTimestamp|resourceVersion/);
  expect(names(one)).toEqual([
    ["conf-copy", true],
    ["conf-copy", false],
  ]);
  expect(one.flashes).toEqual(["info: configmap default/conf-copy created"]);
});

test("read-only opens no editor", async () => {
  const one = await editRig(cleanup, ["true"]);
  one.cluster.writes.setReadOnly(true);
  await createNewObject(one.services)(configmaps);
  await createDuplicate(one.services)(targetOf(one.server, "configmaps", configMap));
  expect(await one.seen()).toEqual([]);
  expect(one.flashes).toHaveLength(2);
});
