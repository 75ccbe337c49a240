import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { NetworkTable } from "../../src/embedded/net/network-table.ts";
import { PATIENCE } from "../support/patience.ts";
import { EngineProcess, makeDirectory, whyNot, type Who } from "./engine-process.ts";

/** Answers every connection with the pod's name, on all addresses or on one. */
function answering(port: number, host = "0.0.0.0"): string[] {
  const program = `require("net").createServer((c) => c.end(require("os").hostname() + "\\n")).listen(${port}, "${host}", () => console.log("up"))`;
  return ["node", "-e", program];
}

/** Connects from inside a pod and prints what comes. */
function asking(host: string, port: number): string[] {
  const program = `const c = require("net").connect(${port}, "${host}"); c.on("data", (d) => process.stdout.write(d)); c.on("error", (e) => console.log(e.code)); c.setTimeout(60000, () => { console.log("timeout"); process.exit(1) })`;
  return ["node", "-e", program];
}

describe.each<Who>(["root", "a plain user"])("the network of pods, run by %s", (who) => {
  const reason = whyNot(who);
  let engine: EngineProcess;
  let apiServer: Server;
  const ips: Record<string, string> = {};

  beforeAll(async () => {
    if (reason !== undefined) return;
    engine = await EngineProcess.open(who, makeDirectory(who));
    apiServer = createServer((connection) => connection.end("api\n"));
    await new Promise<void>((resolve) => apiServer.listen(0, "127.0.0.1", resolve));
    const address = apiServer.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    for (const id of ["web-0", "web-1", "client"]) ips[id] = (await engine.pod(id)).ip ?? "";
    await Promise.all([
      engine.run("web-0", "server-0", answering(8080)),
      engine.run("web-1", "server-1", answering(8080)),
      engine.run("web-1", "private", answering(9090, "127.0.0.1")),
      engine.run("client", "client", ["sleep", "1000"]),
    ]);
    for (const id of ["server-0", "server-1", "private"]) {
      await vi.waitUntil(() => engine.lines(id).includes("up"), { timeout: PATIENCE });
    }
    const backends = ["web-0", "web-1"].map((id) => ({ host: ips[id] ?? "", port: 8080 }));
    const table: NetworkTable = {
      dnsAddress: "10.96.0.10",
      listeners: [
        { address: "10.96.0.80", port: 80, protocol: "TCP", backends, sticky: false },
        {
          address: "10.96.0.81",
          port: 80,
          protocol: "TCP",
          backends: [{ host: ips["web-0"] ?? "", port: 1 }],
          sticky: false,
        },
        { address: "10.96.0.1", port: 443, protocol: "TCP", backends: [{ host: "127.0.0.1", port }], sticky: false },
        { address: "0.0.0.0", port: 30_080, protocol: "TCP", backends: backends.slice(1), sticky: false },
      ],
      zone: {
        domain: "cluster.local",
        addresses: { "web.default.svc.cluster.local": ["10.96.0.80"] },
        services: {},
        aliases: {},
        names: {},
      },
    };
    expect(await engine.call("program", table)).toEqual([]);
  });
  beforeEach((context) => {
    if (reason !== undefined) context.skip(reason);
  });
  afterAll(async () => {
    if (reason !== undefined) return;
    apiServer.close();
    await engine.dispose();
  });

  const ask = async (host: string, port: number): Promise<string> =>
    (await engine.exec("client", asking(host, port))).stdout.trim();

  it("gives every pod an address of its own", () => {
    expect(new Set(Object.values(ips)).size).toBe(3);
    for (const ip of Object.values(ips)) expect(ip).toMatch(/^10\.244\.0\.\d+$/);
  });

  it("lets pods reach each other", async () => {
    expect(await ask(ips["web-1"] ?? "", 8080)).toBe("web-1");
  });

  it("shares connections to a service among its pods, and a pod reaches itself through it", async () => {
    const answers = [await ask("10.96.0.80", 80), await ask("10.96.0.80", 80)];
    expect(answers.toSorted()).toEqual(["web-0", "web-1"]);
    for (const id of ["server-0", "server-0"]) {
      expect((await engine.exec(id, asking("10.96.0.80", 80))).stdout.trim()).toMatch(/^web-[01]$/);
    }
  });

  it("finds services by their short and full names, and says when there is none", async () => {
    expect(await ask("web", 80)).toMatch(/^web-/);
    expect(await ask("web.default.svc.cluster.local", 80)).toMatch(/^web-/);
    expect(await ask("nobody", 80)).toBe("ENOTFOUND");
  });

  it("refuses connections to a service without endpoints, or to no service at all", async () => {
    expect(await ask("10.96.0.81", 80)).toMatch(/^(?:ECONNRESET|)$/);
    expect(await ask("10.96.7.7", 80)).toBe("ECONNREFUSED");
  });

  it("opens node ports on the node's address", async () => {
    expect(await ask("10.244.0.1", 30_080)).toBe("web-1");
  });

  it("leads the service of the API server to this machine", async () => {
    expect(await ask("10.96.0.1", 443)).toBe("api");
  });

  it("connects the engine to a pod's port, also to one on the pod's loopback", async () => {
    expect(await engine.call("converse", "web-0", 8080, "")).toBe("web-0\n");
    expect(await engine.call("converse", "web-1", 9090, "")).toBe("web-1\n");
  });

  it("says which pod and port a connection was refused by", async () => {
    await expect(engine.call("converse", "web-0", 1, "")).rejects.toThrow(
      `failed to connect to ${ips["web-0"] ?? ""}:1 of pod default/web-0: connect ECONNREFUSED`,
    );
  });

  it("puts a pod that asks for it into the node's network, under a host name of its own", async () => {
    expect((await engine.pod("node-pod", { hostNetwork: true })).ip).toBe("10.244.0.1");
    await engine.shell("node-pod", "on-node", "hostname; ls /sys/class/net | grep kelpie");
    expect(engine.lines("on-node")).toEqual(["node-pod", "kelpie0"]);
    await engine.call("removeSandbox", "node-pod");
    expect(await ask("web", 80)).toMatch(/^web-/);
  });

  it("comes back with its services when netd dies", async () => {
    const { pid } = JSON.parse(readFileSync(join(engine.directory, "runtime", "netd.json"), "utf8")) as { pid: number };
    process.kill(pid, "SIGKILL");
    await expect.poll(() => ask("10.96.0.80", 80)).toMatch(/^web-/);
  });

  it("goes on when the engine crashes, and the next one takes it over", async () => {
    await engine.kill();
    engine = await EngineProcess.open(who, engine.directory);
    expect(await ask("web", 80)).toMatch(/^web-/);
    expect(await engine.call("converse", "web-0", 8080, "")).toBe("web-0\n");
  });
});
