import { get } from "node:http";
import { connect, createServer } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cluster, PortForward } from "../../../src/cluster/cluster.ts";
import { connectionTarget, type ConnectionTarget } from "../../../src/cluster/connection-target.ts";
import { createCredentials } from "../../../src/cluster/credentials.ts";
import { dialTunnel } from "../../../src/cluster/forward-tunnel.ts";
import { HttpClient } from "../../../src/cluster/http-client.ts";
import { parseKubeconfig } from "../../../src/cluster/kubeconfig.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import type { ApiResource } from "../../../src/lib/kube/gvr.ts";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { silentLogger } from "../../../src/lib/log.ts";
import { createValue } from "../../../src/lib/subscribable.ts";
import { Cleanup, eventually, openKubeconfig } from "../../support/cluster-fixture.ts";
import { startEmbeddedCluster, whyNoPods } from "../../support/embedded-cluster.ts";

const problem = await whyNoPods();
if (problem !== undefined) it.skip(`port-forwards of real pods are not tested: ${problem}`, () => {});

/**
 * A web server that says the name of its pod, ready when it listens; it sends so many bytes for `/<bytes>`. What it has
 * been asked when it is to end it answers within its grace.
 */
const SERVER = `process.on("SIGTERM", () => undefined); require("http").createServer((q, s) => {
  const size = Number(q.url.slice(1));
  s.end(size > 0 ? Buffer.alloc(size, "x") : process.env.HOSTNAME);
}).listen(Number(process.env.WEB_PORT))`;

function podSpec(port: number): Readonly<Record<string, unknown>> {
  const container = {
    name: "web",
    image: "localhost/host",
    command: ["node", "-e", SERVER],
    env: [
      { name: "WEB_PORT", value: String(port) },
      { name: "HOSTNAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    ],
    ports: [{ name: "http", containerPort: port }],
    readinessProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 1 },
  };
  return { terminationGracePeriodSeconds: 30, containers: [container] };
}

function deployment(port: number): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: "web" } },
      template: { metadata: { labels: { app: "web" } }, spec: podSpec(port) },
    },
  };
}

describe.skipIf(problem !== undefined)("a port-forward to pods of the embedded cluster", () => {
  const cleanup = new Cleanup();
  let cluster: Cluster;
  let target: ConnectionTarget;

  beforeAll(async () => {
    const embedded = await startEmbeddedCluster({ withNode: true });
    cleanup.add(() => embedded.dispose());
    const config = { ...parseKubeconfig(embedded.kubeconfigText, embedded.kubeconfig), files: [embedded.kubeconfig] };
    target = connectionTarget(config, config.currentContext, {});
    cluster = await openKubeconfig(cleanup, embedded.kubeconfigText);
    await eventually(cluster.catalog, ({ state }) => state === "ready");
  });
  afterAll(() => cleanup.run());

  /** The way requests to this cluster leave the process. */
  const client = (): HttpClient => {
    const made = new HttpClient({
      target,
      credentials: createCredentials(target, { env: {}, logger: silentLogger, clock: systemClock }),
      env: {},
      clock: systemClock,
      logger: silentLogger,
      readOnly: createValue(false),
    });
    cleanup.add(() => made.close());
    return made;
  };

  const resource = (name: string): ApiResource => {
    const found = cluster.catalog
      .get()
      .resources.find((one) => one.resource === name && one.group !== "metrics.k8s.io");
    if (found === undefined) throw new Error(`the embedded cluster does not serve ${name}`);
    return found;
  };

  async function ask(port: number, path = "/"): Promise<string> {
    const response = await new Promise<AsyncIterable<Buffer>>((resolve, reject) => {
      get({ host: "127.0.0.1", port, path, agent: false }, resolve).on("error", reject);
    });
    return text(response);
  }

  it("outlives a rolling update that moves a named port, and no request is lost on the way", async () => {
    const created = await cluster.writes.create(resource("deployments"), "default", deployment(8080));
    const target = { resource: resource("deployments"), namespace: "default", name: "web" };
    const { localPort } = await cluster.portForwards.open({ target, port: "http", localPort: 0 });
    const moved = (holds: (forward: PortForward) => boolean): Promise<readonly PortForward[]> =>
      eventually(cluster.portForwards, ([first]) => first !== undefined && holds(first));
    const [first] = await moved(({ state }) => state === "listening");
    const before = first?.pod?.name ?? "";
    expect(await ask(localPort)).toBe(before);

    const change = { spec: { template: { spec: podSpec(8090) } } };
    await cluster.writes.patch({ ...target, uid: created.metadata.uid }, "merge", change);
    const answers: string[] = [];
    while (cluster.portForwards.get()[0]?.pod?.port !== 8090) answers.push(await ask(localPort));
    const after = cluster.portForwards.get()[0]?.pod?.name ?? "";
    expect(after).not.toBe(before);
    for (let again = 0; again < 5; again += 1) answers.push(await ask(localPort));
    expect(new Set(answers)).toEqual(new Set([before, after]));
    expect(answers.at(-1)).toBe(after);
  });

  it("carries large answers whole, on many connections", async () => {
    const target = { resource: resource("deployments"), namespace: "default", name: "web" };
    const { localPort } = await cluster.portForwards.open({ target, port: "http", localPort: 0 });
    const sizes = [40_000_000, ...Array.from({ length: 30 }, (_, index) => 100_000 + index)];
    const answers = await Promise.all(sizes.map((size) => ask(localPort, `/${size}`)));
    expect(answers.map(({ length }) => length)).toEqual(sizes);
  });

  it("closes one half by the tunnel: a pod that answers at the end of the question does", async () => {
    const script = `require("net").createServer({ allowHalfOpen: true }, (s) => {
      let bytes = 0;
      s.on("data", (chunk) => { bytes += chunk.length; });
      s.on("end", () => s.end(String(bytes)));
    }).listen(7000)`;
    const container = { name: "counter", image: "localhost/host", command: ["node", "-e", script] };
    const readinessProbe = { tcpSocket: { port: 7000 }, periodSeconds: 1 };
    await cluster.writes.create(resource("pods"), "default", {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "counter" },
      spec: { terminationGracePeriodSeconds: 1, containers: [{ ...container, readinessProbe }] },
    });
    const target = { resource: resource("pods"), namespace: "default", name: "counter" };
    await cluster.portForwards.open({ target, port: 7000, localPort: 0 });
    await eventually(cluster.portForwards, (all) => all.some((each) => each.pod?.name === "counter"));
    const podEnd = await dialTunnel(client(), "default", { name: "counter", uid: "", port: 7000 });
    const events = { moved: () => undefined, failed: () => undefined, finished: () => undefined };
    const server = createServer({ allowHalfOpen: true }, (local) => void podEnd.join(local, systemClock, events));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanup.add(() => void server.close());
    const address = server.address();
    const socket = connect(typeof address === "object" ? (address?.port ?? 0) : 0, "127.0.0.1");
    socket.end(Buffer.alloc(3_000_000));
    expect(await text(socket)).toBe("3000000");
  });

  it("tells what the pod refuses, and goes on", async () => {
    const target = { resource: resource("deployments"), namespace: "default", name: "web" };
    const { id, localPort } = await cluster.portForwards.open({ target, port: 9999, localPort: 0 });
    await expect(ask(localPort)).rejects.toThrow();
    const forwards = await eventually(cluster.portForwards, (all) => all.some((one) => one.error !== undefined));
    expect(forwards.find((one) => one.id === id)).toMatchObject({
      state: "listening",
      error: expect.stringMatching(/9999.*(refused|ECONNREFUSED)/i),
    });
  });
});
