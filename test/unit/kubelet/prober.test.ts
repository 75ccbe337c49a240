import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runHandler, resolvePort, type HandlerTarget } from "../../../src/embedded/kubelet/handler.ts";
import { parsePod } from "../../../src/embedded/kubelet/pod.ts";
import { at } from "../../../src/lib/kube/object.ts";
import type { ManualClock } from "./manual-clock.ts";
import type { ScriptedRuntime } from "./scripted-runtime.ts";
import { containerOf, scriptedNode, stateOf, type TestNode } from "./test-node.ts";

const web = { name: "web", image: "localhost/host:1", ports: [{ name: "http", containerPort: 8080 }] };

let node: TestNode<ScriptedRuntime, ManualClock>;
beforeEach(async () => {
  node = await scriptedNode();
});
afterEach(() => node.dispose());

describe("probes", () => {
  const exec = (program: string) => ({ exec: { command: [program] } });

  it("make a pod ready only after its readiness probe has succeeded, and unready after three failures", async () => {
    node.runtime.execCodes.set("ready", 1);
    await node.create("web", { containers: [{ ...web, readinessProbe: { ...exec("ready"), periodSeconds: 10 } }] });
    await node.until("web", (pod) => stateOf(pod, "web") === "running");
    node.clock.advance(0);
    await node.runtime.untilExecs(1);
    await node.settled();
    expect(await node.events()).not.toContain("Warning Unhealthy Readiness probe failed: ran ready\n");
    node.clock.advance(10_000);
    await node.untilEvent("Unhealthy Readiness probe failed: ran ready");
    expect(containerOf(await node.get("web"), "web")).toMatchObject({ ready: false, started: true });
    node.runtime.execCodes.set("ready", 0);
    node.clock.advance(10_000);
    await node.untilReady("web");
    node.runtime.execCodes.set("ready", 1);
    for (let failures = 1; failures <= 3; failures += 1) {
      expect(containerOf(await node.get("web"), "web")["ready"]).toBe(true);
      const before = node.runtime.execs.length;
      node.clock.advance(10_000);
      await node.runtime.untilExecs(before + 1);
      await node.settled();
    }
    await node.until("web", (pod) => containerOf(pod, "web")["ready"] === false);
    expect(node.runtime.find("web").attempt).toBe(0);
  });

  it("look often in the first period, so that a pod is ready as soon as its program is", async () => {
    node.runtime.execCodes.set("ready", 1);
    await node.create("web", { containers: [{ ...web, readinessProbe: exec("ready") }] });
    await node.until("web", (pod) => stateOf(pod, "web") === "running");
    node.clock.advance(0);
    await node.runtime.untilExecs(1);
    await node.settled();
    node.runtime.execCodes.set("ready", 0);
    node.clock.advance(100);
    await node.untilReady("web");
  });

  it("restart a container whose liveness probe fails", async () => {
    node.runtime.execCodes.set("alive", 1);
    const livenessProbe = { ...exec("alive"), failureThreshold: 1, initialDelaySeconds: 5 };
    await node.create("web", { containers: [{ ...web, livenessProbe }] });
    await node.untilReady("web");
    node.clock.advance(4999);
    expect(node.runtime.execs).toEqual([]);
    node.clock.advance(1);
    await node.untilEvent("Killing Container web failed liveness probe, will be restarted");
    const pod = await node.until("web", (seen) => containerOf(seen, "web")["restartCount"] === 1);
    expect(at(containerOf(pod, "web"), "lastState", "terminated", "exitCode")).toBe(143);
  });

  it("leave a container without a delay one period before liveness is asked for", async () => {
    await node.create("web", { containers: [{ ...web, livenessProbe: { ...exec("alive"), periodSeconds: 3 } }] });
    await node.untilReady("web");
    node.clock.advance(2999);
    expect(node.runtime.execs).toEqual([]);
    node.clock.advance(1);
    await node.runtime.untilExecs(1);
  });

  it("wait for the start-up probe before the others begin", async () => {
    node.runtime.execCodes.set("up", 1);
    const startupProbe = { ...exec("up"), periodSeconds: 1, failureThreshold: 30 };
    await node.create("web", { containers: [{ ...web, startupProbe, readinessProbe: exec("ready") }] });
    const pod = await node.until("web", (seen) => stateOf(seen, "web") === "running");
    expect(containerOf(pod, "web")).toMatchObject({ started: false, ready: false });
    node.clock.advance(0);
    await node.runtime.untilExecs(1);
    await node.settled();
    node.clock.advance(1000);
    await node.untilEvent("Unhealthy Startup probe failed");
    node.runtime.execCodes.set("up", 0);
    node.clock.advance(1000);
    await node.until("web", (seen) => containerOf(seen, "web")["started"] === true);
    expect(node.runtime.execs).toEqual(["web: up", "web: up", "web: up"]);
    node.clock.advance(0);
    await node.untilReady("web");
  });

  it("go on after the engine's restart with what they had found out", async () => {
    await node.create("web", { containers: [{ ...web, readinessProbe: exec("ready") }] });
    await node.until("web", (pod) => stateOf(pod, "web") === "running");
    node.clock.advance(0);
    await node.untilReady("web");
    await node.restart();
    expect(containerOf(await node.get("web"), "web")["ready"]).toBe(true);
  });
});

describe("an action", () => {
  let server: Server;
  let status = 200;
  let asked = "";
  beforeEach(async () => {
    server = createServer((request, response) => {
      asked = `${request.method} ${request.url} ${request.headers["host"]} ${String(request.headers["x-probe"])}`;
      response.writeHead(status).end("answer");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    // `listen` has given the server an address of this form.
    const { port } = server.address() as AddressInfo;
    node.runtime.ports.set(8080, port);
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  function target(): HandlerTarget {
    const [container] = parsePod({ metadata: {}, spec: { containers: [web] } }).containers;
    if (container === undefined) throw new Error("no container");
    const { runtime, clock } = node;
    return { runtime, clock, sandboxId: "s", containerId: "c", container, podIp: "10.244.0.9" };
  }
  const run = (action: Record<string, unknown>, signal = new AbortController().signal) =>
    runHandler(action, target(), signal);

  it("httpGet asks for a path with headers on a named port", async () => {
    status = 204;
    const httpHeaders = [{ name: "X-Probe", value: "yes" }];
    const result = await run({ httpGet: { port: "http", path: "/healthz", httpHeaders } });
    expect(result.success).toBe(true);
    expect(asked).toBe("GET /healthz 10.244.0.9:8080 yes");
  });

  it("httpGet fails with the status code", async () => {
    status = 503;
    expect(await run({ httpGet: { port: 8080 } })).toEqual({
      success: false,
      output: "HTTP probe failed with statuscode: 503",
    });
  });

  it("says that nothing listens", async () => {
    expect(await run({ httpGet: { port: 9 } })).toEqual({
      success: false,
      output: 'Get "http://10.244.0.9:9/": dial tcp 10.244.0.9:9: connect: connection refused',
    });
    expect(await run({ tcpSocket: { port: 9 } })).toEqual({
      success: false,
      output: "dial tcp 10.244.0.9:9: connect: connection refused",
    });
  });

  it("tcpSocket is content with a connection", async () => {
    expect((await run({ tcpSocket: { port: 8080 } })).success).toBe(true);
  });

  it("gives up when its time is over", async () => {
    server.removeAllListeners("request");
    const stop = new AbortController();
    server.on("request", () => stop.abort());
    expect(await run({ httpGet: { port: 8080 } }, stop.signal)).toEqual({
      success: false,
      output: 'Get "http://10.244.0.9:8080/": context deadline exceeded',
    });
  });

  it("refuses gRPC clearly", async () => {
    expect(await run({ grpc: { port: 8080 } })).toEqual({
      success: false,
      output: 'kelpie does not support actions of type "grpc"',
    });
  });

  it.each([
    [8080, 8080],
    ["http", 8080],
    ["81", 81],
  ])("resolves the port %s", (value, expected) => {
    expect(resolvePort(value, target().container)).toBe(expected);
  });

  it("refuses a port name that the container does not have", () => {
    expect(() => resolvePort("metrics", target().container)).toThrow('couldn\'t find port: "metrics"');
  });
});
