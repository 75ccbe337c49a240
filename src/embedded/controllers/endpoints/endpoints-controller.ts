import { asRecord, objectPath, type KubeObject } from "../../../lib/kube/object.ts";
import { keyOf, RESOURCES } from "../../machinery/registry.ts";
import { isNotFound } from "../../machinery/status-error.ts";
import type { Controller, ControllerContext } from "../runtime/controller.ts";
import type { Informer } from "../runtime/informer.ts";
import { isNamespaceTerminating } from "../runtime/pod-control.ts";
import { isSemanticallyEqual } from "../runtime/semantic-equality.ts";
import { createWorkQueue, type WorkQueue } from "../runtime/work-queue.ts";
import { MANAGED_BY, MANAGER, reconcileSlices, SERVICE_NAME } from "./endpoint-slices.ts";
import { endpointSubsets } from "./endpoint-subsets.ts";
import {
  backendLabels,
  backendSelector,
  backendsOf,
  changesBackends,
  selectsPod,
  type Backend,
} from "./service-backends.ts";

const BY_SERVICE = "service";

/**
 * Lists the pods behind every service with a selector, as EndpointSlices and as the older Endpoints
 * (pkg/controller/endpointslice, pkg/controller/endpoint).
 */
export function createEndpointsController(context: ControllerContext): Controller {
  return new EndpointsController(context);
}

class EndpointsController implements Controller {
  readonly #context: ControllerContext;
  readonly #services: Informer;
  readonly #pods: Informer;
  readonly #slices: Informer;
  readonly #endpoints: Informer;
  readonly #queue: WorkQueue;

  constructor(context: ControllerContext) {
    const { informers, clock, signal } = context;
    const logger = context.logger.child("endpoints-controller");
    this.#context = context;
    this.#services = informers.get(RESOURCES.services);
    this.#pods = informers.get(RESOURCES.pods);
    this.#slices = informers.get(RESOURCES.endpointslices);
    this.#endpoints = informers.get(RESOURCES.endpoints);
    this.#queue = createWorkQueue({ name: "endpoints", clock, logger, signal, process: (path) => this.#sync(path) });
    this.#slices.addIndex(BY_SERVICE, (slice) => [serviceOfSlice(slice)]);
    this.#listen();
  }

  start(): void {
    this.#queue.start();
  }

  #listen(): void {
    const add = (object: KubeObject): void => this.#queue.add(objectPath(object));
    this.#services.listen({ added: add, updated: (_old, service) => add(service), deleted: add });
    this.#pods.listen({
      added: (pod) => this.#podChanged(pod),
      updated: (old, pod) => {
        if (!changesBackends(old, pod)) return;
        this.#podChanged(old);
        this.#podChanged(pod);
      },
      deleted: (pod) => this.#podChanged(pod),
    });
    const sliceChanged = (slice: KubeObject): void => {
      if (slice.metadata.labels?.[MANAGED_BY] === MANAGER) this.#queue.add(serviceOfSlice(slice));
    };
    // Somebody may have changed or deleted what this controller made.
    this.#slices.listen({ updated: (_old, slice) => sliceChanged(slice), deleted: sliceChanged });
    this.#endpoints.listen({ updated: (_old, endpoints) => add(endpoints), deleted: add });
  }

  #podChanged(pod: KubeObject): void {
    for (const service of this.#services.listNamespace(pod.metadata.namespace ?? "")) {
      if (selectsPod(service, pod)) this.#queue.add(objectPath(service));
    }
  }

  async #sync(path: string): Promise<void> {
    const service = this.#services.get(path);
    if (service === undefined) {
      // Slices are owned by the service and collected; Endpoints have no owner.
      await this.#deleteEndpoints(path);
      return;
    }
    if (service.metadata.deletionTimestamp !== undefined || backendSelector(service) === undefined) return;
    const backends = backendsOf(service, this.#pods.listNamespace(service.metadata.namespace ?? ""));
    try {
      await this.#writeSlices(service, backends);
      await this.#writeEndpoints(service, backends);
    } catch (error) {
      if (!isNamespaceTerminating(error)) throw error;
    }
  }

  async #writeSlices(service: KubeObject, backends: readonly Backend[]): Promise<void> {
    const { registry } = this.#context;
    const slices = this.#slices
      .byIndex(BY_SERVICE, objectPath(service))
      .filter((slice) => slice.metadata.labels?.[MANAGED_BY] === MANAGER)
      .filter((slice) => slice.metadata.deletionTimestamp === undefined);
    const changes = reconcileSlices(service, backends, slices);
    const namespace = service.metadata.namespace ?? "";
    await Promise.all([
      ...changes.create.map(async (slice) => {
        const created = await registry.create(RESOURCES.endpointslices, namespace, slice);
        await this.#seen(created);
      }),
      ...changes.update.map(async (slice) => registry.update(RESOURCES.endpointslices, keyOf(slice), slice)),
      ...changes.delete.map(async (slice) => {
        try {
          await registry.delete(RESOURCES.endpointslices, keyOf(slice));
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
      }),
    ]);
  }

  /** Waits until the cache holds a new slice: a look before would make a second one. */
  async #seen(slice: KubeObject): Promise<void> {
    const { signal } = this.#context;
    const path = objectPath(slice);
    await this.#slices.until(() => this.#slices.get(path) !== undefined, signal);
  }

  async #writeEndpoints(service: KubeObject, backends: readonly Backend[]): Promise<void> {
    const { registry } = this.#context;
    const known = this.#endpoints.get(objectPath(service));
    const { name = "", namespace = "" } = service.metadata;
    const labels = { ...backendLabels(service), "endpoints.kubernetes.io/managed-by": "endpoint-controller" };
    const subsets = endpointSubsets(service, backends);
    if (known === undefined) {
      const metadata = { name, namespace, labels };
      const object: KubeObject = { apiVersion: "v1", kind: "Endpoints", metadata, subsets };
      await registry.create(RESOURCES.endpoints, namespace, object);
      return;
    }
    const same = isSemanticallyEqual(known["subsets"], subsets) && isSemanticallyEqual(known.metadata.labels, labels);
    if (same) return;
    const metadata = { ...known.metadata, labels };
    await registry.update(RESOURCES.endpoints, keyOf(known), { ...known, metadata, subsets });
  }

  async #deleteEndpoints(path: string): Promise<void> {
    const endpoints = this.#endpoints.get(path);
    const managed = asRecord(endpoints?.metadata.labels)["endpoints.kubernetes.io/managed-by"];
    if (endpoints === undefined || managed !== "endpoint-controller") return;
    try {
      await this.#context.registry.delete(RESOURCES.endpoints, keyOf(endpoints));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function serviceOfSlice(slice: KubeObject): string {
  return `${slice.metadata.namespace ?? ""}/${slice.metadata.labels?.[SERVICE_NAME] ?? ""}`;
}
