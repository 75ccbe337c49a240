import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../lib/clock.ts";
import { errorCode, errorMessage, KelpieError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import type { NodeAgent } from "./kubelet/node-agent.ts";
import type { EngineOptions } from "./index.ts";
import { loadClusterPki, type ClusterPki } from "./pki/cluster-pki.ts";
import { KUBERNETES_VERSION } from "./machinery/kubernetes-version.ts";
import { startApiServer, type ApiServer, type UpgradeExchange } from "./server/api-server.ts";
import { bootstrapNamespaces, bootstrapServices } from "./server/bootstrap.ts";
import { createRegistry, type ClusterRegistry } from "./server/create-registry.ts";
import { Discovery } from "./server/discovery.ts";
import type { ServerContext } from "./server/exchange.ts";
import { createOpenApiHandler } from "./server/openapi-handler.ts";
import { ListSnapshots } from "./server/list-snapshots.ts";
import { virtualResources } from "./server/resource-handler.ts";
import { createServiceAccountTokens } from "./server/service-account-tokens.ts";
import type { RuntimeName } from "./runtimes/runtime.ts";
import { openStore } from "./store/sqlite-store.ts";
import type { Store } from "./store/store.ts";
import type { ClusterNode } from "./node.ts";

export interface EngineParts extends EngineOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** `false` for an API server with controllers but without a node: pods stay Pending. */
  readonly withNode: boolean;
  /** The rung to take; without it the best that works here. */
  readonly runtime?: RuntimeName;
}

/** A running cluster in this process. */
export interface Engine {
  readonly port: number;
  readonly pki: ClusterPki;
  readonly registry: ClusterRegistry;
  /** Resolves when the node runs pods; rejects with why it cannot. */
  readonly nodeReady: Promise<void>;
  /**
   * Ends the engine. Containers run on and are adopted by the next one, unless `endPods`, which leaves no process,
   * mount or namespace behind.
   */
  stop(options: { readonly endPods: boolean }): Promise<void>;
}

/**
 * Starts store, API server, controllers, scheduler and node. Resolves when `/readyz` is ok; the node follows.
 * @throws KelpieError where the directory or the port cannot be used
 */
export async function startEngine(options: EngineParts): Promise<Engine> {
  const { directory, clock, logger } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const store = await openStore(join(directory, "state.db"));
  const pki = loadClusterPki(join(directory, "pki"), clock.now());
  const registry = createRegistry({ store, clock, logger, serviceAccountAdmission: true });
  const tokens = createServiceAccountTokens(pki.serviceAccountKey, store, clock);
  const ends = new AbortController();
  const state: { ready: boolean; agent: NodeAgent | undefined } = { ready: false, agent: undefined };
  const context: ServerContext = {
    registry,
    tokens,
    clock,
    logger: logger.child("apiserver"),
    openApi: createOpenApiHandler(),
    version: KUBERNETES_VERSION,
    discovery: new Discovery([...registry.table.all, ...virtualResources]),
    snapshots: new ListSnapshots(clock),
    nodeAgent: () => state.agent,
    notReady: () => (state.ready ? undefined : "poststarthook/start-controllers"),
  };
  let server: ApiServer | undefined;
  try {
    server = await listen(options, context, pki);
    await startControlPlane({ ...options, registry, pki, port: server.port, signal: ends.signal });
  } catch (error) {
    ends.abort();
    await server?.close();
    store.close();
    throw error;
  }
  state.ready = true;
  logger.info("the API server is ready", { port: server.port });
  const node = options.withNode ? startNodeLater(options, registry, pki, server.port, tokens) : undefined;
  const nodeReady = settle(node, state, logger);
  // Whoever wants to know awaits it; nobody has to.
  nodeReady.catch(() => undefined);
  return { port: server.port, pki, registry, nodeReady, stop: stopper({ server, store, ends, node }) };
}

interface Stoppable {
  readonly server: ApiServer;
  readonly store: Store;
  readonly ends: AbortController;
  readonly node: Promise<ClusterNode> | undefined;
}

function stopper({ server, store, ends, node }: Stoppable): Engine["stop"] {
  let stopping: Promise<void> | undefined;
  return ({ endPods }) => {
    stopping ??= (async () => {
      await server.close();
      const running = await node?.catch(() => undefined);
      await running?.stop({ endPods });
      ends.abort();
      store.close();
    })();
    return stopping;
  };
}

async function settle(
  node: Promise<ClusterNode> | undefined,
  state: { agent: NodeAgent | undefined },
  logger: Logger,
): Promise<void> {
  if (node === undefined) return;
  try {
    const { agent } = await node;
    state.agent = agent;
    logger.info("the node is ready");
  } catch (error) {
    logger.error("the node cannot run pods", { error });
    throw error;
  }
}

async function startNodeLater(
  options: EngineParts,
  registry: ClusterRegistry,
  pki: ClusterPki,
  port: number,
  tokens: ServerContext["tokens"],
): Promise<ClusterNode> {
  const { startNode } = await import("./node.ts");
  const { directory, clock, logger, runtime: prefer } = options;
  const caCertificate = pki.ca.certificate;
  const wanted = prefer === undefined ? {} : { prefer };
  return startNode({ registry, directory, clock, logger, caCertificate, apiPort: port, tokens, ...wanted });
}

/** The port of last time, or another where that one is taken meanwhile. */
async function listen(options: EngineParts, context: ServerContext, pki: ClusterPki): Promise<ApiServer> {
  const onUpgrade = async (exchange: UpgradeExchange): Promise<void> => {
    const { createUpgradeHandler } = await import("./server/streams/upgrade.ts");
    upgrade ??= createUpgradeHandler(context);
    await upgrade(exchange);
  };
  let upgrade: ((exchange: UpgradeExchange) => Promise<void>) | undefined;
  const start = (port: number): Promise<ApiServer> =>
    startApiServer({ context, certificate: pki.server, clientCa: pki.ca.certificate, port, onUpgrade });
  try {
    return await start(options.port);
  } catch (error) {
    if (options.port === 0 || errorCode(error) !== "EADDRINUSE") throw error;
    options.logger.warn("the port of last time is taken: another one is used", { port: options.port });
    return start(0);
  }
}

interface ControlPlaneOptions extends EngineParts {
  readonly registry: ClusterRegistry;
  readonly pki: ClusterPki;
  readonly signal: AbortSignal;
}

async function startControlPlane(options: ControlPlaneOptions): Promise<void> {
  const { registry, clock, logger, signal, pki, port } = options;
  const [{ startControllers }, { startScheduler }] = await Promise.all([
    import("./controllers/start-controllers.ts"),
    import("./scheduler/start-scheduler.ts"),
    bootstrapNamespaces(registry),
  ]);
  try {
    await bootstrapServices(registry, port);
    await startControllers({ registry, clock, logger, signal, rootCertificate: pki.ca.certificate });
    await startScheduler({ registry, clock, logger, signal });
  } catch (error) {
    throw new KelpieError(`the cluster's controllers did not start: ${errorMessage(error)}`, { cause: error });
  }
}
