import { createServer, type Server } from "node:net";
import type { Cancel, Clock } from "../../lib/clock.ts";
import { errorMessage } from "../../lib/errors.ts";
import { asNumber, asRecords, at, type KubeObject } from "../../lib/kube/object.ts";
import type { Logger } from "../../lib/log.ts";
import { RESOURCES, type Registry, type WatchEvent } from "../machinery/registry.ts";
import type { ContainerRuntime } from "../runtimes/runtime.ts";
import { join } from "./header-line.ts";
import { buildNetworkTable } from "./network-table.ts";

/** Changes come in bursts: one table for all of a burst. */
const GATHER_MILLISECONDS = 10;
/** The node's own address in the pod network, where its node ports are. */
const NODE_ADDRESS = "10.244.0.1";

export interface ServiceNetworkOptions {
  readonly registry: Pick<Registry, "watch">;
  readonly runtime: Pick<ContainerRuntime, "network">;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Address of the cluster's DNS service. */
  readonly clusterDns: string;
  readonly clusterDomain: string;
  /** Where the API server listens on this machine; the service `kubernetes` leads there. */
  readonly apiServer: { readonly host: string; readonly port: number };
}

/**
 * Makes services work: watches them and their EndpointSlices and tells the runtime's network. Node ports are opened
 * on this machine's loopback too. Ends with the signal; the last state stays in force for running pods.
 */
export function createServiceNetwork(options: ServiceNetworkOptions): void {
  if (options.runtime.network === undefined) {
    options.logger.info("this runtime has no pod network: services have no addresses");
    return;
  }
  const network = new ServiceNetwork(options);
  network.start();
}

class ServiceNetwork {
  readonly #options: ServiceNetworkOptions;
  readonly #services = new Map<string, KubeObject>();
  readonly #slices = new Map<string, KubeObject>();
  readonly #nodePorts = new NodePorts();
  #synced = 0;
  #scheduled: Cancel | undefined;
  #sent = "";
  #sending = Promise.resolve();

  constructor(options: ServiceNetworkOptions) {
    this.#options = options;
  }

  start(): void {
    const { registry, signal } = this.#options;
    for (const [resource, objects] of [
      [RESOURCES.services, this.#services],
      [RESOURCES.endpointslices, this.#slices],
    ] as const) {
      const handler = {
        event: (event: WatchEvent) => {
          const key = `${event.object.metadata.namespace ?? ""}/${event.object.metadata.name ?? ""}`;
          if (event.type === "DELETED") objects.delete(key);
          else objects.set(key, event.object);
          this.#schedule();
        },
        synced: () => {
          this.#synced += 1;
          this.#schedule();
        },
      };
      registry.watch(resource, {}, handler, signal);
    }
    signal.addEventListener("abort", () => this.#stop(), { once: true });
  }

  #stop(): void {
    this.#scheduled?.();
    this.#scheduled = undefined;
    this.#nodePorts.close();
  }

  #schedule(): void {
    // Before both are known a table would take away what still works from before.
    if (this.#synced < 2 || this.#options.signal.aborted) return;
    this.#scheduled ??= this.#options.clock.after(GATHER_MILLISECONDS, () => {
      this.#scheduled = undefined;
      this.#sending = this.#sending.then(() => this.#send());
    });
  }

  async #send(): Promise<void> {
    const { runtime, logger, clusterDomain, clusterDns, apiServer, signal } = this.#options;
    const services = [...this.#services.values()];
    const table = buildNetworkTable(services, [...this.#slices.values()], {
      domain: clusterDomain,
      dnsAddress: clusterDns,
      apiServer,
    });
    const text = JSON.stringify(table);
    if (text === this.#sent || signal.aborted) return;
    try {
      const problems = await runtime.network?.program(table);
      for (const problem of problems ?? []) logger.warn("a service has no listener", { problem });
      this.#sent = text;
    } catch (error) {
      logger.error("cannot program the network of pods", { error: errorMessage(error) });
    }
    const failed = await this.#nodePorts.apply(nodePortsOf(services), (port) => this.#connectNodePort(port));
    for (const problem of failed) logger.warn("a node port cannot be opened on this machine", { problem });
  }

  #connectNodePort(port: number): ReturnType<PodDial> {
    const { network } = this.#options.runtime;
    return network === undefined
      ? Promise.reject(new Error("no pod network"))
      : network.dialAddress(NODE_ADDRESS, port);
  }
}

type PodDial = NonNullable<ContainerRuntime["network"]>["dialAddress"];

function nodePortsOf(services: readonly KubeObject[]): number[] {
  return services.flatMap((service) =>
    asRecords(at(service, "spec", "ports"))
      .filter((port) => (port["protocol"] ?? "TCP") === "TCP")
      .map((port) => asNumber(port["nodePort"]))
      .filter((port) => port > 0),
  );
}

/** Listeners on this machine's loopback for node ports. */
class NodePorts {
  readonly #open = new Map<number, Server>();

  async apply(ports: readonly number[], connect: (port: number) => ReturnType<PodDial>): Promise<string[]> {
    const wanted = new Set(ports);
    for (const [port, server] of this.#open) {
      if (wanted.has(port)) continue;
      server.close();
      this.#open.delete(port);
    }
    const problems: string[] = [];
    for (const port of wanted) {
      if (this.#open.has(port)) continue;
      try {
        this.#open.set(port, await this.#listen(port, connect));
      } catch (error) {
        problems.push(`127.0.0.1:${port}: ${errorMessage(error)}`);
      }
    }
    return problems;
  }

  close(): void {
    for (const server of this.#open.values()) server.close();
    this.#open.clear();
  }

  #listen(port: number, connect: (port: number) => ReturnType<PodDial>): Promise<Server> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) => {
      client.on("error", () => client.destroy());
      connect(port).then(
        (upstream) => join(client, upstream),
        () => client.resetAndDestroy(),
      );
    });
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        server.removeListener("error", reject);
        server.on("error", () => {});
        resolve(server);
      });
    });
  }
}
