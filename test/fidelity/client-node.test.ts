import { once } from "node:events";
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import {
  AppsV1Api,
  CoreV1Api,
  Exec,
  KubeConfig,
  makeInformer,
  Metrics,
  PortForward,
  type V1ConfigMap,
  type V1Status,
} from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startEmbeddedCluster, whyNoPods, type EmbeddedCluster } from "../support/embedded-cluster.ts";

function configOf(cluster: EmbeddedCluster): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(cluster.kubeconfigText);
  return config;
}

describe("client-node against objects", () => {
  let cluster: EmbeddedCluster;
  let config: KubeConfig;

  beforeAll(async () => {
    cluster = await startEmbeddedCluster();
    config = configOf(cluster);
  });
  afterAll(() => cluster.dispose());

  it("creates, reads, replaces, lists and deletes", async () => {
    const api = config.makeApiClient(CoreV1Api);
    const namespace = "default";
    await api.createNamespacedConfigMap({ namespace, body: { metadata: { name: "one" }, data: { a: "1" } } });
    const read = await api.readNamespacedConfigMap({ namespace, name: "one" });
    expect(read.data).toEqual({ a: "1" });
    const body = Object.assign(read, { data: { a: "2" } });
    await api.replaceNamespacedConfigMap({ namespace, name: "one", body });
    await expect(api.replaceNamespacedConfigMap({ namespace, name: "one", body })).rejects.toMatchObject({ code: 409 });
    const list = await api.listNamespacedConfigMap({ namespace, fieldSelector: "metadata.name=one" });
    expect(list.items.map((item) => item.data)).toEqual([{ a: "2" }]);
    await api.deleteNamespacedConfigMap({ namespace, name: "one" });
    await expect(api.readNamespacedConfigMap({ namespace, name: "one" })).rejects.toMatchObject({ code: 404 });
  });

  it("follows changes with an informer", async () => {
    const api = config.makeApiClient(CoreV1Api);
    const informer = makeInformer<V1ConfigMap>(config, "/api/v1/namespaces/default/configmaps", () =>
      api.listNamespacedConfigMap({ namespace: "default" }),
    );
    const next = (event: "add" | "update" | "delete"): Promise<V1ConfigMap> =>
      new Promise((resolve) => {
        const listen = (object: V1ConfigMap): void => {
          if (object.metadata?.name !== "watched") return;
          informer.off(event, listen);
          resolve(object);
        };
        informer.on(event, listen);
      });
    await informer.start();
    const added = next("add");
    await api.createNamespacedConfigMap({ namespace: "default", body: { metadata: { name: "watched" } } });
    expect((await added).metadata?.uid).toBeDefined();
    const updated = next("update");
    const patch = [{ op: "add", path: "/data", value: { key: "value" } }];
    await api.patchNamespacedConfigMap({ namespace: "default", name: "watched", body: patch });
    expect((await updated).data).toEqual({ key: "value" });
    const deleted = next("delete");
    await api.deleteNamespacedConfigMap({ namespace: "default", name: "watched" });
    expect((await deleted).metadata?.name).toBe("watched");
    await informer.stop();
  });

  it("scales through the scale subresource", async () => {
    const api = config.makeApiClient(AppsV1Api);
    const namespace = "default";
    const template = {
      metadata: { labels: { app: "a" } },
      spec: { containers: [{ name: "a", image: "localhost/host" }] },
    };
    const spec = { replicas: 1, selector: { matchLabels: { app: "a" } }, template };
    await api.createNamespacedDeployment({ namespace, body: { metadata: { name: "a" }, spec } });
    const scale = await api.readNamespacedDeploymentScale({ namespace, name: "a" });
    expect(scale.status?.selector).toBe("app=a");
    // Without a resourceVersion: the controller writes the deployment at the same time.
    const body = { metadata: { namespace, name: "a" }, spec: { replicas: 5 } };
    await api.replaceNamespacedDeploymentScale({ namespace, name: "a", body });
    expect((await api.readNamespacedDeployment({ namespace, name: "a" })).spec?.replicas).toBe(5);
  });
});

const problem = await whyNoPods();

if (problem !== undefined) it.skip(`streams of pods are not tested with client-node: ${problem}`, () => {});

describe.skipIf(problem !== undefined)("client-node against pods", () => {
  let cluster: EmbeddedCluster;
  let config: KubeConfig;

  beforeAll(async () => {
    cluster = await startEmbeddedCluster({ withNode: true });
    config = configOf(cluster);
    const api = config.makeApiClient(CoreV1Api);
    const server = `require("http").createServer((q,s)=>s.end("pong "+q.url)).listen(8080)`;
    const command = ["node", "-e", server];
    const readinessProbe = { httpGet: { port: 8080 }, periodSeconds: 1 };
    await api.createNamespacedPod({
      namespace: "default",
      body: {
        metadata: { name: "server" },
        spec: { containers: [{ name: "main", image: "localhost/host", command, readinessProbe }] },
      },
    });
    const ready = Promise.withResolvers<void>();
    const stop = new AbortController();
    cluster.registry.watch(
      { group: "", version: "v1", resource: "pods" },
      { namespace: "default" },
      {
        event({ object }) {
          if (JSON.stringify(object["status"] ?? {}).includes(`"ready":true`)) ready.resolve();
        },
      },
      stop.signal,
    );
    await ready.promise;
    stop.abort();
  });
  afterAll(() => cluster.dispose());

  it("runs a command with input and an exit code", async () => {
    const stdout = new PassThrough();
    const stdin = new PassThrough();
    const status = Promise.withResolvers<V1Status>();
    await new Exec(config).exec(
      "default",
      "server",
      "main",
      ["sh", "-c", "read line; echo got $line; exit 3"],
      stdout,
      null,
      stdin,
      false,
      (result) => status.resolve(result),
    );
    stdin.write("hello\n");
    const [chunk] = await once(stdout, "data");
    expect(String(chunk)).toBe("got hello\n");
    expect(await status.promise).toMatchObject({
      status: "Failure",
      reason: "NonZeroExitCode",
      details: { causes: [{ reason: "ExitCode", message: "3" }] },
    });
  });

  it("forwards a port", async () => {
    const forward = new PortForward(config);
    const local = createServer();
    local.removeAllListeners("connection");
    local.on("connection", (socket) => {
      void forward.portForward("default", "server", [8080], socket, null, socket);
    });
    local.listen(0, "127.0.0.1");
    await once(local, "listening");
    const { port } = local.address() as AddressInfo;
    const [response] = await once(get({ host: "127.0.0.1", port, path: "/there", agent: false }), "response");
    expect(await text(response)).toBe("pong /there");
    local.close();
  });

  it("reads usage", async () => {
    const metrics = new Metrics(config);
    const nodes = await metrics.getNodeMetrics();
    expect(nodes.items[0]?.usage.memory).toMatch(/^\d+Ki$/);
    const pods = await metrics.getPodMetrics("default");
    expect(pods.items.map((item) => item.metadata.name)).toEqual(["server"]);
  });
});
