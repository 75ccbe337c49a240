import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { actions } from "../../src/hotkeys/registry.ts";
import { EmbeddedStage } from "../support/embedded-stage.ts";

const stage = new EmbeddedStage();
beforeAll(() => stage.open({ withNode: false }));
afterEach(() => stage.closeScreen());
afterAll(() => stage.close());

const configMap = (name: string, data: Readonly<Record<string, string>> = { key: "value" }): object => ({
  metadata: { name },
  data,
});

/** A deployment whose pods stay Pending: there is no node. */
const deployment = (name: string, replicas = 2): object => ({
  metadata: { name, labels: { app: name } },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: "main", image: "registry.example/web:1" }] },
    },
  },
});

async function configMaps(namespace: string, ...names: readonly string[]): Promise<void> {
  await stage.namespace(namespace);
  await stage.create("configmaps", ...names.map((name) => configMap(name)));
}

test("Moving: by line, by page, to the ends and to hidden columns", async () => {
  await configMaps("moves", ...Array.from({ length: 40 }, (_, index) => `map-${String(index).padStart(2, "0")}`));
  const app = await stage.start("configmaps moves", /\[41\]/);
  await app.press("move.down", "move.down", "move.up");
  expect(app.rows()[1]).toMatch(/selected/);
  await app.press("move.page-down");
  const page = app.rows().findIndex((row) => row.endsWith("*selected*"));
  expect(page).toBeGreaterThan(5);
  await app.press("move.page-up", "move.bottom");
  expect(app.rows().at(-1)).toBe("map-39 *selected*");
  await app.press("move.top");
  expect(app.rows()[0]).toMatch(/selected/);
  await app.resize(40, 12);
  await app.press("table.wide");
  const titles = app.text();
  await app.press("move.right");
  const scrolled = app.text();
  await app.press("move.left");
  expect([scrolled === titles, app.text()]).toEqual([expect.any(Boolean), titles]);
});

test("Marks, filter, sort, wide columns, faults only, copy and save in a table", async () => {
  await configMaps("tables", "alpha", "beta", "gamma");
  const app = await stage.start("configmaps tables", /\[4\]/);
  await app.press("app.search");
  await app.type("!kube-root");
  await app.press("enter");
  await app.untilShown(/\[3\/4\]/);
  await app.press("mark.toggle", "move.bottom", "mark.range", "resource.delete");
  expect(app.text()).toMatch(/Delete 3 configmaps/i);
  await app.press("escape", "mark.clear", "resource.copy-name");
  expect(app.clipboard).toBe("gamma");
  await app.press("sort.name", "move.top");
  expect(app.rows()[0]).toMatch(/^alpha/);
  await app.press("sort.reverse", "move.top");
  expect(app.rows()[0]).toMatch(/^gamma/);
  await app.press("sort.age", "sort.right", "sort.left");
  await app.press("table.faults");
  expect(app.text()).toMatch(/\[0\/4\]|faults/);
  await app.press("table.faults", "table.save", "enter");
  await app.untilShown(/saved|3 rows/);
  await app.press("app.back");
  await app.untilShown(/\[4\]/);
  await stage.start("pods all", /── pods/);
  await stage.screen.press("sort.status", "sort.namespace");
  expect(stage.screen.text()).toMatch(/NAMESPACE/);
});

test("Places: prompt, palette, aliases, help, header, history and reload", async () => {
  await configMaps("places", "here");
  const app = await stage.start("configmaps places", /here/);
  await app.press("app.command");
  await app.type("secrets");
  await app.press("enter");
  await app.untilShown(/── secrets\(places\)/);
  await app.press("history.back");
  await app.untilShown(/── configmaps\(places\)/);
  await app.press("history.forward");
  await app.untilShown(/── secrets\(places\)/);
  await app.press("history.last");
  await app.untilShown(/── configmaps\(places\)/);
  await app.press("app.help");
  expect(app.text()).toMatch(/── help/);
  await app.press("app.back", "app.palette");
  await app.type("describe");
  await app.press("enter");
  await app.untilShown(/── describe\(/);
  await app.press("app.back", "app.aliases");
  expect(app.text()).toContain("Kinds of this server");
  await app.press("escape");
  const header = app.line(0);
  await app.press("app.header");
  expect(app.line(0)).not.toBe(header);
  await app.press("app.header");
  await stage.create("configmaps", configMap("there"));
  await app.press("view.reload");
  await app.untilShown(/there/);
  await app.press("app.quit");
  await app.ui.finished;
});

test("Digits choose namespaces, and u on a namespace uses it", async () => {
  const names = Array.from({ length: 9 }, (_, index) => `digit-${index + 1}`);
  for (const name of names) await configMaps(name, `in-${name}`);
  const app = await stage.start("configmaps digit-1", /in-digit-1/, { namespaces: { favourites: names } });
  await app.press("namespace.0");
  await app.untilShown(/NAMESPACE[^]*in-digit-2/);
  for (const digit of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
    await app.press(`namespace.${digit}`);
    await app.untilShown(new RegExp(`── configmaps\\(digit-${digit}\\)[^]*in-digit-${digit}`));
  }
  await app.press(":");
  await app.type("namespaces /digit-7");
  await app.press("enter");
  await app.untilShown(/digit-7 /);
  await app.press("resource.use-namespace");
  await app.untilShown(/namespace digit-7/);
});

test("Texts: describe and YAML with find, wrap, fullscreen, copy, save and managed fields", async () => {
  await stage.namespace("texts");
  await stage.create("configmaps", configMap("words", { text: "needle one\nneedle two\n" }));
  const app = await stage.start("configmaps texts /words", /words/);
  await app.press("resource.describe");
  await app.untilShown(/needle two/);
  await app.press("text.yaml");
  await app.untilShown(/── yaml\([^]*needle one/);
  await app.press("text.managed-fields");
  await app.untilShown(/managedFields/);
  await app.press("text.managed-fields", "app.search");
  await app.type("needle");
  await app.press("enter");
  await app.untilShown(/1\/2/);
  await app.press("search.next");
  expect(app.text()).toMatch(/2\/2/);
  await app.press("search.previous");
  expect(app.text()).toMatch(/1\/2/);
  await app.press("escape", "text.wrap");
  expect(app.text()).toMatch(/wrap/);
  await app.press("text.fullscreen");
  expect(app.text()).not.toMatch(/── yaml/);
  await app.press("text.fullscreen", "text.copy");
  expect(app.clipboard).toContain("needle one");
  await app.press("text.save");
  await app.untilShown(/saved/);
  await app.press("text.describe");
  await app.untilShown(/── describe\(/);
});

test("Secrets stay masked until a key is revealed, and one value is copied or edited", async () => {
  await stage.namespace("secrets");
  await stage.create("secrets", { metadata: { name: "login" }, stringData: { password: "hunter2" } });
  const app = await stage.start("secrets secrets /login", /login/);
  await app.press("resource.yaml");
  await app.untilShown(/masked/);
  expect(app.text()).not.toContain("hunter2");
  await app.press("text.decode");
  await app.untilShown(/hunter2/);
  await app.press("app.back", "resource.data");
  await app.untilShown(/password/);
  expect(app.text()).not.toContain("hunter2");
  await app.press("data.reveal");
  await app.untilShown(/hunter2/);
  await app.press("data.copy");
  expect(app.clipboard).toBe("hunter2");
  await app.press("data.open");
  await app.untilShown(/── password\(/);
  await app.press("app.back", "app.back", "resource.describe");
  await app.untilShown(/7 bytes/);
});

test("An edit shows its difference and changes the object; so it does from a text and from a value", async () => {
  await stage.namespace("edits");
  await stage.create("configmaps", configMap("settings", { colour: "red" }));
  const app = await stage.start("configmaps edits /settings", /settings/, {}, { EDITOR: stage.editor("red", "green") });
  await app.press("resource.edit");
  await app.untilShown(/colour: green/);
  await app.press("tab", "enter");
  await stage.until("configmaps", "settings", (object) => object.data?.colour === "green");
  stage.editor("green", "blue");
  await app.press("resource.yaml");
  await app.untilShown(/colour: green/);
  await app.press("text.edit");
  await app.untilShown(/colour: blue/);
  await app.press("tab", "enter");
  await stage.until("configmaps", "settings", (object) => object.data?.colour === "blue");
  stage.editor("blue", "black");
  await app.press("app.back", "open");
  await app.untilShown(/colour +4 +1 +blue/);
  await app.press("data.edit");
  await app.untilShown(/black/);
  await app.press("tab", "enter");
  await stage.until("configmaps", "settings", (object) => object.data?.colour === "black");
});

test("Labels, annotations and delete change the object in the API", async () => {
  await configMaps("writes", "target");
  const app = await stage.start("configmaps writes /target", /target/);
  await app.press("resource.label");
  await app.type("tier=gold");
  await app.press("enter");
  await stage.until("configmaps", "target", (object) => object.metadata.labels?.tier === "gold");
  await app.press("resource.annotate");
  await app.type("example.com/owner=web");
  await app.press("enter");
  await stage.until("configmaps", "target", (object) => object.metadata.annotations?.["example.com/owner"] === "web");
  await app.press("resource.delete", "tab", "enter");
  await stage.untilGone("configmaps", "target");
  await app.untilShown(/\[0\/1\]|nothing matches/i);
});

test("A deployment is scaled, restarted, given an image, paused, rolled back; its relations lead up and down", async () => {
  await stage.namespace("rollouts");
  await stage.create("deployments", deployment("web"));
  const app = await stage.start("deployments rollouts", /web/);
  await app.press("resource.scale");
  await app.untilShown(/Replicas: 2|replicas/i);
  await app.press("ctrl-u");
  await app.type("3");
  await app.press("enter");
  await stage.until("deployments", "web", (object) => object.spec.replicas === 3);
  await app.press("resource.set-image");
  await app.untilShown(/registry\.example\/web:1/);
  await app.press("ctrl-u");
  await app.type("registry.example/web:2");
  await app.press("enter");
  await stage.until("deployments", "web", (object) => object.spec.template.spec.containers[0].image.endsWith(":2"));
  await app.press("resource.restart");
  await app.press("tab", "enter");
  await stage.until("deployments", "web", (object) => object.spec.template.metadata.annotations !== undefined);
  await app.press("deployment.pause", "tab", "enter");
  await stage.until("deployments", "web", (object) => object.spec.paused === true);
  await app.untilShown(/Paused/);
  await app.press("deployment.pause", "tab", "enter");
  await stage.until("deployments", "web", (object) => object.spec.paused !== true);
  await app.press("resource.rollout");
  await app.untilShown(/web:1/);
  await app.press("move.bottom", "revisions.difference");
  await app.untilShown(/web:1/);
  await app.press("app.back", "move.bottom", "revisions.mark", "rollout.undo");
  await app.untilShown(/web:1/);
  await app.press("tab", "enter");
  await stage.until("deployments", "web", (object) => object.spec.template.spec.containers[0].image.endsWith(":1"));
});

test("Owner, events, relations, used-by and the diagnosis of a pod that cannot be scheduled", async () => {
  await stage.namespace("relations");
  await stage.create("configmaps", configMap("settings"));
  const plain = deployment("api", 1);
  await stage.create("deployments", plain);
  await stage.create("pods", {
    metadata: { name: "user" },
    spec: {
      containers: [
        { name: "main", image: "registry.example/web:1", envFrom: [{ configMapRef: { name: "settings" } }] },
      ],
    },
  });
  const app = await stage.start("pods relations /api", /api-/);
  await app.press("resource.diagnosis");
  await app.untilShown(/Likely cause/);
  await app.press("app.back", "resource.events");
  await app.untilShown(/── events\(relations involvedObject\.name=api-[\w-]+\)/);
  await app.press("app.back", "resource.owner");
  await app.untilShown(/── replicasets[^]*api-\w+ +1/);
  await app.press("resource.relations");
  await app.untilShown(/deployments/);
  const tree = app.rows().length;
  await app.press("move.top", "tree.fold");
  expect(app.text()).not.toBe("");
  expect(app.rows().length).toBeLessThanOrEqual(tree);
  await app.press("app.command");
  await app.type("configmaps relations /settings");
  await app.press("enter");
  await app.untilShown(/settings/);
  await app.press("resource.used-by");
  await app.untilShown(/user/);
  await app.press("app.back", "open");
  await app.untilShown(/key/);
});

test("A ReplicaSet rolls its deployment back", async () => {
  await stage.namespace("old-revisions");
  await stage.create("deployments", deployment("web"));
  await stage.until("deployments", "web", (object) => object.status?.observedGeneration === 1);
  await stage.patch("deployments", "web", {
    spec: { template: { spec: { containers: [{ name: "main", image: "registry.example/web:2" }] } } },
  });
  const app = await stage.start("replicasets old-revisions", /\[2\]/);
  await app.press("sort.age", "sort.reverse", "move.top");
  const before = app.text();
  await app.press("replicaset.roll-back");
  await app.untilShown((text) => text !== before);
  if (!app.text().includes("web:1")) {
    await app.press("escape", "move.bottom", "replicaset.roll-back");
    await app.untilShown(/web:1/);
  }
  await app.press("tab", "enter");
  await stage.until("deployments", "web", (object) => object.spec.template.spec.containers[0].image.endsWith(":1"));
});

test("An object is made from a skeleton in the editor, and another one from its copy", async () => {
  await stage.namespace("makes");
  const app = await stage.start("configmaps makes", /\[1\]/, {}, { EDITOR: stage.editor("name: .*", "name: fresh") });
  await app.press("resource.create");
  await app.untilShown(/Create/);
  await app.press("tab", "enter");
  await stage.until("configmaps", "fresh", () => true);
  await app.untilShown(/fresh/);
  stage.editor("name: .*", "name: copied");
  await app.press("move.top", "resource.duplicate");
  await app.untilShown(/Create/);
  await app.press("tab", "enter");
  await stage.until("configmaps", "copied", () => true);
});

test("Blocks of a text are folded one by one and all at once", async () => {
  await stage.namespace("folds");
  await stage.create("configmaps", configMap("folded", { inner: "shown when open" }));
  const app = await stage.start("configmaps folds /folded", /folded/);
  await app.press("resource.yaml");
  await app.untilShown(/shown when open/);
  await app.press("text.fold-all");
  await app.untilShown((text) => !text.includes("shown when open"));
  await app.press("text.fold-all");
  await app.untilShown(/shown when open/);
  await app.press("move.bottom", "text.fold");
  await app.untilShown((text) => !text.includes("shown when open"));
});

test("A write is undone from the journal, and what it changed opened from there", async () => {
  await configMaps("undone", "target");
  const app = await stage.start("configmaps undone /target", /target/);
  await app.press("resource.label");
  await app.type("tier=gold");
  await app.press("enter");
  await stage.until("configmaps", "target", (object) => object.metadata.labels?.tier === "gold");
  await app.press(":");
  await app.type("journal");
  await app.press("enter");
  await app.untilShown(/label +configmaps undone\/target/);
  await app.press("journal.undo");
  await app.untilShown(/tier/);
  await app.press("tab", "enter");
  await stage.until("configmaps", "target", (object) => object.metadata.labels?.tier === undefined);
  await app.press("journal.open");
  await app.untilShown(/it was undone already/);
});

/** Pressed by tests of their own on a server that the embedded cluster is not. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  "job.suspend": "the embedded cluster serves no jobs",
  "job.run-now": "the embedded cluster serves no jobs",
  "claim.expand": "the embedded cluster serves no claims",
  "certificate.approve": "the embedded cluster serves no certificate requests",
  "certificate.deny": "the embedded cluster serves no certificate requests",
  "node.shell": "the node of the embedded cluster is this machine: no pod of it may have all of it",
  "cluster.open": "starts a cluster of its own",
  "cluster.create": "starts a cluster of its own",
  "cluster.start": "starts a cluster of its own",
  "cluster.stop": "starts a cluster of its own",
  "cluster.delete": "starts a cluster of its own",
  "context.rename": "writes a kubeconfig, and needs no cluster",
  "context.namespace": "writes a kubeconfig, and needs no cluster",
  "context.delete": "writes a kubeconfig, and needs no cluster",
  "port-forward.browse": "starts a browser",
  "access.open": "the embedded cluster serves no roles",
  "pulse.open": "wants health that a test chooses",
};

test("Every action is pressed by a test that reads the screen, and by one on the embedded cluster where that serves it", () => {
  const folder = import.meta.dirname;
  const files = readdirSync(folder).filter((name) => name.endsWith(".test.ts"));
  const pressed = new Set<string>();
  const embedded = new Set<string>();
  for (const file of files) {
    const text = readFileSync(join(folder, file), "utf8");
    const own = text.slice(0, text.indexOf("const ELSEWHERE") + 1 || undefined);
    for (const [, id = ""] of own.matchAll(/"([a-z-]+(?:\.[a-z0-9-]+)?)"/g)) {
      pressed.add(id);
      if (/startEmbeddedCluster|EmbeddedStage/.test(text)) embedded.add(id);
    }
  }
  const ids = actions.map(({ id }) => id).filter((id) => !/^namespace\.\d$/.test(id));
  expect(ids.filter((id) => !pressed.has(id))).toEqual([]);
  expect(ids.filter((id) => !embedded.has(id) && ELSEWHERE[id] === undefined)).toEqual([]);
  expect(Object.keys(ELSEWHERE).filter((id) => !ids.includes(id))).toEqual([]);
});
