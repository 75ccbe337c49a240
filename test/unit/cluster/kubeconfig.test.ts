import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createClusters } from "../../../src/cluster/clusters.ts";
import { connectionTarget, contextInfos } from "../../../src/cluster/connection-target.ts";
import { loadInCluster } from "../../../src/cluster/in-cluster.ts";
import { kubeconfigPaths, loadKubeconfig, parseKubeconfig } from "../../../src/cluster/kubeconfig.ts";
import { Cleanup, temporaryDirectory, writeKubeconfig } from "../../support/cluster-fixture.ts";
import { fakeKubeconfig } from "../../support/fake-kubeconfig.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const BASE = fakeKubeconfig({ server: "https://one.example:6443", name: "one", namespace: "team" });

describe("the files that are read", () => {
  it("are the flag alone when it is given", () => {
    expect(kubeconfigPaths("/etc/one", { KUBECONFIG: "/etc/two", HOME: "/home/me" })).toEqual({
      paths: ["/etc/one"],
      required: true,
    });
  });

  it("are the list in KUBECONFIG without empty and repeated entries", () => {
    expect(kubeconfigPaths(undefined, { KUBECONFIG: "/a::/b:/a", HOME: "/home/me" }).paths).toEqual(["/a", "/b"]);
  });

  it("are ~/.kube/config otherwise", () => {
    expect(kubeconfigPaths(undefined, { HOME: "/home/me" })).toEqual({
      paths: ["/home/me/.kube/config"],
      required: false,
    });
  });
});

describe("merging", () => {
  it("keeps the first entry of a name and the first current context", async () => {
    const first = await writeKubeconfig(cleanup, BASE);
    const second = await writeKubeconfig(
      cleanup,
      JSON.stringify({
        "current-context": "two",
        clusters: [
          { name: "one", cluster: { server: "https://other.example" } },
          { name: "two", cluster: { server: "https://two.example" } },
        ],
        users: [{ name: "two", user: { token: "t" } }],
        contexts: [{ name: "two", context: { cluster: "two", user: "two" } }],
      }),
    );
    const config = await loadKubeconfig([first, "/nonexistent/config", second], false);
    expect(config.files).toEqual([first, second]);
    expect(config.currentContext).toBe("one");
    expect([...config.contexts.keys()]).toEqual(["one", "two"]);
    expect(config.clusters.get("one")?.server).toBe("https://one.example:6443");
    expect(contextInfos(config, {}).map(({ name, current, namespace }) => [name, current, namespace])).toEqual([
      ["one", true, "team"],
      ["two", false, "default"],
    ]);
  });

  it("takes relative paths from the folder of the file they stand in", () => {
    const parsed = parseKubeconfig(
      JSON.stringify({
        clusters: [{ name: "c", cluster: { server: "https://x", "certificate-authority": "pki/ca.crt" } }],
        users: [
          {
            name: "u",
            user: {
              "client-certificate": "../me.crt",
              tokenFile: "token",
              exec: { apiVersion: "client.authentication.k8s.io/v1", command: "./login", interactiveMode: "Never" },
            },
          },
        ],
      }),
      "/home/me/.kube/config",
    );
    expect(parsed.clusters.get("c")?.certificateAuthority.file).toBe("/home/me/.kube/pki/ca.crt");
    expect(parsed.users.get("u")?.clientCertificate.file).toBe("/home/me/me.crt");
    expect(parsed.users.get("u")?.tokenFile).toBe("/home/me/.kube/token");
    expect(parsed.users.get("u")?.exec?.command).toBe("/home/me/.kube/login");
  });
});

describe("a faulty kubeconfig is refused with its file and fault", () => {
  const cases: ReadonlyArray<readonly [name: string, text: string, message: RegExp]> = [
    ["broken YAML", "clusters: [\n  - {", /\/config.*/],
    ["a list instead of a mapping", "- a", /not a kubeconfig/],
    ["another kind", "kind: Pod", /its kind is Pod/],
    ["clusters that are no list", "clusters: {}", /"clusters" must be a list/],
    ["an entry without a name", "users: [{user: {}}]", /users\[0\] has no name/],
  ];
  it.each(cases)("%s", async (_name, text, message) => {
    const path = await writeKubeconfig(cleanup, text);
    await expect(loadKubeconfig([path], false)).rejects.toMatchObject({
      name: "KubeconfigError",
      message: expect.stringMatching(message),
    });
    await expect(loadKubeconfig([path], false)).rejects.toThrow(path);
  });

  it("a file named by the flag that does not exist", async () => {
    await expect(loadKubeconfig(["/nonexistent/config"], true)).rejects.toThrow(
      "cannot read the kubeconfig /nonexistent/config: no such file",
    );
  });

  it("an empty file is an empty kubeconfig", async () => {
    const path = await writeKubeconfig(cleanup, "");
    expect((await loadKubeconfig([path], true)).contexts.size).toBe(0);
  });
});

it.each([
  [{ apiVersion: "client.authentication.k8s.io/v1alpha1", command: "x" }, /user "two" asks for apiVersion/],
  [{ apiVersion: "client.authentication.k8s.io/v1" }, /user "two" names no command/],
])("a faulty exec plugin spoils its own context only", async (exec, message) => {
  const first = await writeKubeconfig(cleanup, BASE);
  const second = await writeKubeconfig(cleanup, fakeKubeconfig({ server: "https://two", name: "two", user: { exec } }));
  const config = await loadKubeconfig([first, second], false);
  expect(() => connectionTarget(config, "two", {})).toThrow(message);
  expect(() => connectionTarget(config, "two", {})).toThrow(second);
  expect(connectionTarget(config, "one", {}).cluster.server).toBe("https://one.example:6443");
});

describe("flags", () => {
  const config = { files: ["/home/me/.kube/config"], ...parseKubeconfig(BASE, "/home/me/.kube/config") };

  it("override server, token and namespace of the context the program starts in", () => {
    const target = connectionTarget(config, "one", {
      server: "https://flag.example/",
      token: "secret",
      namespace: "other",
      insecureSkipTlsVerify: true,
    });
    expect(target.cluster).toMatchObject({ server: "https://flag.example", insecureSkipTlsVerify: true });
    expect(target.user.token).toBe("secret");
    expect(target.context).toMatchObject({ namespace: "other", current: true });
  });

  it("do not give the token of one context to another", () => {
    const two = parseKubeconfig(fakeKubeconfig({ server: "https://two.example", name: "two" }), "/two");
    const merged = {
      ...config,
      contexts: new Map([...config.contexts, ...two.contexts]),
      clusters: new Map([...config.clusters, ...two.clusters]),
      users: new Map([...config.users, ...two.users]),
    };
    const target = connectionTarget(merged, "two", { token: "secret", server: "https://flag.example", as: "someone" });
    expect(target.user.token).toBeUndefined();
    expect(target.cluster.server).toBe("https://two.example");
    expect(target.impersonate.user).toBe("someone");
  });

  it("make a context of their own where there is no kubeconfig", () => {
    const empty = { files: [], ...parseKubeconfig("", "/none") };
    expect(contextInfos(empty, { server: "http://127.0.0.1:8001" })).toMatchObject([
      { name: "flags", server: "http://127.0.0.1:8001", current: true },
    ]);
    expect(connectionTarget(empty, "flags", { server: "127.0.0.1:6443" }).cluster.server).toBe(
      "https://127.0.0.1:6443",
    );
  });

  it("name a context that does not exist", () => {
    expect(() => connectionTarget(config, "three", {})).toThrow('there is no context "three" in /home/me/.kube/config');
  });
});

it("a context that names an undefined cluster says so when it is opened, and the others still open", async () => {
  const path = await writeKubeconfig(
    cleanup,
    JSON.stringify({
      contexts: [{ name: "broken", context: { cluster: "gone", user: "" } }],
      "current-context": "broken",
    }),
  );
  const clusters = createClusters({ env: { KUBECONFIG: path } });
  cleanup.add(() => clusters.closeAll());
  await expect(clusters.load()).resolves.toHaveLength(1);
  await expect(clusters.open("broken")).rejects.toThrow(
    `context "broken" names the cluster "gone", which is not defined in ${path}`,
  );
});

it("a process in a pod uses its service account", async () => {
  const directory = await temporaryDirectory(cleanup);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "namespace"), "apps\n");
  const env = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };
  const config = await loadInCluster(env, directory);
  expect(contextInfos(config ?? { files: [], ...parseKubeconfig("", "") }, {})).toMatchObject([
    { name: "in-cluster", namespace: "apps", server: "https://[fd00::1]:443", current: true },
  ]);
  expect(await loadInCluster({}, directory)).toBeUndefined();
});
