import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { createClusters } from "../../../src/cluster/clusters.ts";
import type { Clusters, ContextInfo } from "../../../src/cluster/cluster.ts";
import { Cleanup, temporaryDirectory } from "../../support/cluster-fixture.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const FIRST = `# The clusters of the shop.
apiVersion: v1
kind: Config
current-context: prod # careful
clusters:
- cluster:
    server: https://prod:6443
    certificate-authority-data: "${"QUJD".repeat(60)}"
  name: prod
- cluster: {server: "https://dev:6443"}
  name: dev
contexts:
# The one that pays.
- context:
    cluster: prod
    namespace: shop # of the team
    user: admin
  name: prod
- context:
    cluster: dev
    user: admin
    extensions: [{name: a, extension: [1, 2]}]
  name: dev
users:
- name: admin
  user:
    token: yes-it-is-secret
preferences: {}
`;

const SECOND = `apiVersion: v1
kind: Config
contexts:
  - name: staging
    context:
      cluster: staging
      user: staging
clusters:
  - name: staging
    cluster:
      server: https://staging:6443
users:
  - name: staging
    user: {}
`;

interface Rig {
  readonly clusters: Clusters;
  readonly directory: string;
  readonly read: (file: string) => Promise<string>;
  readonly names: () => Promise<readonly string[]>;
  readonly context: (name: string) => Promise<ContextInfo | undefined>;
}

async function rig(files: Readonly<Record<string, string>> = { one: FIRST, two: SECOND }): Promise<Rig> {
  const directory = await temporaryDirectory(cleanup);
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text, { mode: 0o600 });
  const KUBECONFIG = Object.keys(files)
    .map((name) => join(directory, name))
    .join(":");
  const clusters = createClusters({ env: { KUBECONFIG, HOME: directory } });
  cleanup.add(() => clusters.closeAll());
  return {
    clusters,
    directory,
    read: (file) => readFile(join(directory, file), "utf8"),
    names: async () => (await clusters.load()).map(({ name }) => name),
    context: async (name) => (await clusters.load()).find((one) => one.name === name),
  };
}

test("a context is renamed where it stands: comments, order and quotes stay, the current context follows", async () => {
  const { clusters, read, context } = await rig();
  await clusters.change({ type: "rename", context: "prod", to: "shop-prod" });
  expect(await read("one")).toBe(
    FIRST.replace("current-context: prod", "current-context: shop-prod").replace(
      "    user: admin\n  name: prod\n",
      "    user: admin\n  name: shop-prod\n",
    ),
  );
  expect(await read("two")).toBe(SECOND);
  expect((await context("shop-prod"))?.current).toBe(true);
});

test("a name that YAML would take for something else is quoted", async () => {
  const { clusters, names } = await rig();
  await clusters.change({ type: "rename", context: "staging", to: "yes" });
  await clusters.change({ type: "rename", context: "dev", to: "1e3" });
  expect(await names()).toEqual(["prod", "1e3", "yes"]);
});

test("of several files the one that defines the context is written, and no other", async () => {
  const { clusters, read, context } = await rig();
  await clusters.change({ type: "namespace", context: "staging", namespace: "team-1" });
  expect(await read("one")).toBe(FIRST);
  expect(await read("two")).toBe(SECOND.replace("user: staging\n", "user: staging\n      namespace: team-1\n"));
  expect((await context("staging"))?.namespace).toBe("team-1");
  await clusters.change({ type: "namespace", context: "prod", namespace: "other" });
  expect(await read("one")).toBe(FIRST.replace("namespace: shop # of", "namespace: other # of"));
});

test("a deleted context takes its cluster and user with it only where that was asked for", async () => {
  const { clusters, read, names } = await rig();
  await clusters.change({ type: "delete", context: "prod", cluster: true, user: false });
  const text = await read("one");
  expect(text).not.toContain("https://prod:6443");
  expect(text).toContain("name: admin");
  expect(text).toMatch(/^current-context: ("")? ?# careful$/m);
  expect(await names()).toEqual(["dev", "staging"]);
  await clusters.change({ type: "delete", context: "staging", cluster: true, user: true });
  expect(await read("two")).not.toContain("staging");
  expect(await names()).toEqual(["dev"]);
});

test("a kubeconfig in JSON stays JSON", async () => {
  const value = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "a",
    contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
    clusters: [{ name: "a", cluster: { server: "https://a:6443" } }],
    users: [{ name: "a", user: { token: "t" } }],
  };
  const { clusters, read } = await rig({ config: JSON.stringify(value) });
  await clusters.change({ type: "rename", context: "a", to: "b" });
  const [only] = value.contexts;
  expect(JSON.parse(await read("config"))).toEqual({
    ...value,
    "current-context": "b",
    contexts: [{ ...only, name: "b" }],
  });
});

test("what was there is kept beside it, five times at most, and the mode and a link stay", async () => {
  const { clusters, directory, read } = await rig({ config: FIRST });
  await mkdir(join(directory, "real"));
  await writeFile(join(directory, "real", "kube"), FIRST);
  await chmod(join(directory, "real", "kube"), 0o640);
  await symlink(join(directory, "real", "kube"), join(directory, "link"));
  const linked = createClusters({ env: { KUBECONFIG: join(directory, "link") } });
  const [backup = ""] = await linked.change({ type: "rename", context: "dev", to: "dev2" });
  expect(await readFile(backup, "utf8")).toBe(FIRST);
  expect((await lstat(join(directory, "link"))).isSymbolicLink()).toBe(true);
  expect((await stat(join(directory, "real", "kube"))).mode & 0o777).toBe(0o640);
  for (const turn of [1, 2, 3, 4, 5, 6, 7]) {
    await clusters.change({ type: "namespace", context: "dev", namespace: `n-${turn}` });
  }
  const files = await readdir(directory);
  expect(files.filter((name) => name.endsWith(".bak"))).toHaveLength(5);
  expect(files.filter((name) => /lock|new/.test(name))).toEqual([]);
  expect((await stat(join(directory, "config"))).mode & 0o777).toBe(0o600);
  expect(await read("config")).toContain("namespace: n-7");
});

test("a locked kubeconfig is not written, and the lock of the other stays", async () => {
  const { clusters, directory, read } = await rig();
  await writeFile(join(directory, "one.lock"), "");
  await expect(clusters.change({ type: "rename", context: "prod", to: "x" })).rejects.toThrow(
    `the kubeconfig ${join(directory, "one")} is locked by another program`,
  );
  expect(await read("one")).toBe(FIRST);
  expect(await readdir(directory)).toEqual(["one", "one.lock", "two"]);
});

test("a name that is taken, a context that is gone, and twins are refused with nothing written", async () => {
  const twins = FIRST.replace("users:", "- {name: dev, context: {cluster: prod, user: admin}}\nusers:");
  const { clusters, read } = await rig({ one: twins });
  await expect(clusters.change({ type: "rename", context: "prod", to: "dev" })).rejects.toThrow(
    'there is a context "dev" already',
  );
  await expect(clusters.change({ type: "rename", context: "none", to: "x" })).rejects.toThrow(
    'there is no context "none"',
  );
  await expect(clusters.change({ type: "delete", context: "dev", cluster: false, user: false })).rejects.toThrow(
    "the change would touch more than was asked for",
  );
  expect(await read("one")).toBe(twins);
});

test("the context of a local cluster is not changed: it is written anew at every start", async () => {
  const directory = await temporaryDirectory(cleanup);
  await writeFile(join(directory, "local"), SECOND);
  const clusters = createClusters({
    env: { KUBECONFIG: join(directory, "none") },
    localKubeconfigs: () => Promise.resolve([join(directory, "local")]),
  });
  expect(await clusters.load()).toMatchObject([{ name: "staging", local: true }]);
  await expect(clusters.change({ type: "rename", context: "staging", to: "x" })).rejects.toThrow("of a local cluster");
});
