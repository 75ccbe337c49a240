import { hostname } from "node:os";
import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import { createKubelet, type Kubelet } from "./kubelet/kubelet.ts";
import type { NodeAgent } from "./kubelet/node-agent.ts";
import { createServiceNetwork } from "./net/service-network.ts";
import { RESOURCES } from "./machinery/registry.ts";
import { chooseRuntime, destroyLeftovers } from "./runtimes/ladder.ts";
import type { RuntimeName } from "./runtimes/runtime.ts";
import { DNS_SERVICE_ADDRESS } from "./server/bootstrap.ts";
import type { ClusterRegistry } from "./server/create-registry.ts";
import type { ServiceAccountTokens } from "./server/service-account-tokens.ts";

const CLUSTER_DOMAIN = "cluster.local";
const TOKEN_SECONDS = 24 * 60 * 60;

export interface NodeOptions {
  readonly registry: ClusterRegistry;
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly caCertificate: string;
  /** Of the API server on 127.0.0.1. */
  readonly apiPort: number;
  readonly tokens: ServiceAccountTokens;
  /** The runtime to take; without it the best that works here. */
  readonly prefer?: RuntimeName;
}

/** The node of the cluster: a container runtime with the kubelet above it. */
export interface ClusterNode {
  readonly agent: NodeAgent;
  stop(options: { readonly endPods: boolean }): Promise<void>;
}

/**
 * Starts the best runtime of this machine and the kubelet.
 * @throws RuntimeError where no runtime works here
 */
export async function startNode(options: NodeOptions): Promise<ClusterNode> {
  const { registry, directory, clock, logger } = options;
  const rungOptions = { directory, clock, logger: logger.child("runtime") };
  const { runtime, tried } = await chooseRuntime({
    ...rungOptions,
    ...(options.prefer === undefined ? {} : { prefer: options.prefer }),
  });
  await destroyLeftovers(rungOptions, runtime.name);
  const probe = tried.find(({ name }) => name === runtime.name)?.probe;
  await runtime.start();
  const ends = new AbortController();
  createServiceNetwork({
    registry,
    runtime,
    clock,
    logger: logger.child("service-network"),
    signal: ends.signal,
    clusterDns: DNS_SERVICE_ADDRESS,
    clusterDomain: CLUSTER_DOMAIN,
    apiServer: { host: "127.0.0.1", port: options.apiPort },
  });
  const kubelet: Kubelet = createKubelet({
    registry,
    runtime,
    clock,
    logger,
    directory,
    nodeName: hostname().toLowerCase(),
    clusterDns: DNS_SERVICE_ADDRESS,
    clusterDomain: CLUSTER_DOMAIN,
    apiServer: { host: "127.0.0.1", port: options.apiPort },
    caCertificate: options.caCertificate,
    serviceAccountToken: async (namespace, name) => {
      const account = await registry.get(RESOURCES.serviceaccounts, { namespace, name });
      const subject = { namespace, name, uid: account.metadata.uid ?? "" };
      return options.tokens.issue(subject, [], TOKEN_SECONDS).token;
    },
    ...(probe === undefined ? {} : { probe }),
  });
  await kubelet.start();
  return {
    agent: kubelet,
    async stop({ endPods }) {
      ends.abort();
      await kubelet.stop();
      await (endPods ? runtime.destroy() : runtime.detach());
    },
  };
}
