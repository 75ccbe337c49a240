import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import type { Registry } from "../machinery/registry.ts";
import { createDeploymentController } from "./deployment/deployment-controller.ts";
import { createEndpointsController } from "./endpoints/endpoints-controller.ts";
import { createEventTtlController } from "./event-ttl-controller.ts";
import { createGarbageCollector } from "./garbage-collector/garbage-collector.ts";
import { createNamespaceController } from "./namespace-controller.ts";
import { createNodeLifecycleController } from "./node-lifecycle-controller.ts";
import { createPodGcController } from "./pod-gc-controller.ts";
import { createReplicaSetController } from "./replicaset/replicaset-controller.ts";
import { createInformers } from "./runtime/informer.ts";
import { createServiceAccountController } from "./service-account-controller.ts";

export interface ControllersOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends all controllers. */
  readonly signal: AbortSignal;
  /** PEM for the config map `kube-root-ca.crt`; without it none is published. */
  readonly rootCertificate?: string;
}

/**
 * Starts every controller: what kube-controller-manager is upstream.
 * @returns resolves when the caches are complete and the controllers act
 */
export async function startControllers(options: ControllersOptions): Promise<void> {
  const { registry, clock, logger, signal } = options;
  const informers = createInformers({ registry, logger: logger.child("informer"), signal });
  const context = { registry, informers, clock, logger, signal };
  const controllers = [
    createServiceAccountController(context, options.rootCertificate),
    createDeploymentController(context),
    createReplicaSetController(context),
    createEndpointsController(context),
    createNamespaceController(context),
    createGarbageCollector(context),
    createPodGcController(context),
    createEventTtlController(context),
    createNodeLifecycleController(context),
  ];
  await informers.whenSynced();
  for (const controller of controllers) controller.start();
}
