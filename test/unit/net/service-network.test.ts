import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { silentLogger } from "../../../src/lib/log.ts";
import type { Registry, WatchEvent } from "../../../src/embedded/machinery/registry.ts";
import type { NetworkTable } from "../../../src/embedded/net/network-table.ts";
import { createServiceNetwork } from "../../../src/embedded/net/service-network.ts";
import { FakeClock } from "../../support/fake-clock.ts";

/** The two watches of the service network, driven by the test, and the tables that come out. */
class Scene {
  readonly tables: NetworkTable[] = [];
  readonly clock = new FakeClock();
  readonly ends = new AbortController();
  readonly #handlers = new Map<string, Parameters<Registry["watch"]>[2]>();
  #programmed = Promise.withResolvers<void>();

  constructor(dialAddress: (host: string, port: number) => Promise<Socket>) {
    createServiceNetwork({
      registry: { watch: (resource, _options, handler) => void this.#handlers.set(resource.resource, handler) },
      runtime: {
        network: {
          program: (table) => {
            this.tables.push(table);
            this.#programmed.resolve();
            return Promise.resolve([]);
          },
          dialAddress,
        },
      },
      logger: silentLogger,
      clock: this.clock,
      signal: this.ends.signal,
      clusterDns: "10.96.0.10",
      clusterDomain: "cluster.local",
      apiServer: { host: "127.0.0.1", port: 6443 },
    });
  }

  event(resource: string, type: WatchEvent["type"], object: KubeObject): void {
    this.#handlers.get(resource)?.event({ type, object });
  }

  synced(): void {
    for (const handler of this.#handlers.values()) handler.synced?.();
  }

  /** Lets the burst end and waits for its table. */
  async settle(): Promise<NetworkTable | undefined> {
    this.#programmed = Promise.withResolvers();
    this.clock.advance(10);
    await this.#programmed.promise;
    return this.tables.at(-1);
  }
}

function service(name: string, clusterIP: string, nodePort?: number): KubeObject {
  const port = { port: 80, protocol: "TCP", ...(nodePort === undefined ? {} : { nodePort }) };
  return { metadata: { name, namespace: "default" }, spec: { clusterIP, ports: [port] } };
}

function converse(port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1");
    socket.on("data", (chunk) => (text += chunk.toString()));
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
    socket.on("end", () => resolve(text));
  });
}

let backend: Server;
let scene: Scene;
const dialed: string[] = [];

beforeEach(async () => {
  backend = createServer((connection) => connection.end("from the pod"));
  await new Promise<void>((resolve) => backend.listen(0, "127.0.0.1", resolve));
  dialed.length = 0;
  scene = new Scene((host, port) => {
    dialed.push(`${host}:${port}`);
    const socket = connect((backend.address() as AddressInfo).port, "127.0.0.1");
    return new Promise((resolve) => socket.once("connect", () => resolve(socket)));
  });
});
afterEach(() => {
  scene.ends.abort();
  backend.close();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("the network of services", () => {
  it("tells nothing before it knows everything, then all of a burst at once", async () => {
    scene.event("services", "ADDED", service("a", "10.96.0.2"));
    scene.clock.advance(1000);
    expect(scene.tables).toEqual([]);
    scene.synced();
    scene.event("services", "ADDED", service("b", "10.96.0.3"));
    const table = await scene.settle();
    expect(table?.listeners.map(({ address }) => address)).toEqual(["10.96.0.2", "10.96.0.3"]);
    expect(scene.tables).toHaveLength(1);
  });

  it("forgets a service that is deleted", async () => {
    scene.event("services", "ADDED", service("a", "10.96.0.2"));
    scene.synced();
    await scene.settle();
    scene.event("services", "DELETED", service("a", "10.96.0.2"));
    expect((await scene.settle())?.listeners).toEqual([]);
  });

  it("opens node ports on this machine until it ends", async () => {
    const port = await freePort();
    scene.event("services", "ADDED", service("a", "10.96.0.2", port));
    scene.synced();
    await scene.settle();
    await expect.poll(() => converse(port)).toBe("from the pod");
    expect(dialed).toContain(`10.244.0.1:${port}`);
    scene.ends.abort();
    expect(await converse(port)).toBe("ECONNREFUSED");
  });
});
