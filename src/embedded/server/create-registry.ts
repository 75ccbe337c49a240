import { groupResource, type ApiResource, type Gvr } from "../../lib/kube/gvr.ts";
import type { Clock } from "../../lib/clock.ts";
import { errorMessage } from "../../lib/errors.ts";
import { asRecord, asRecords, asString, at, type Json, type KubeList, type KubeObject } from "../../lib/kube/object.ts";
import type { Logger } from "../../lib/log.ts";
import { omitEmptyFields } from "../machinery/codec/omit-empty.ts";
import { isReleased, planDeletion } from "../machinery/deletion.ts";
import type {
  DeleteOptions,
  ListOptions,
  ObjectKey,
  PatchType,
  Registry,
  Subresource,
  WatchEvent,
  WriteOptions,
} from "../machinery/registry.ts";
import type { ServedResource, StrategyContext } from "../machinery/served-resource.ts";
import { alreadyExists, conflict, forbidden, notFound, StatusError } from "../machinery/status-error.ts";
import { formatTime } from "../machinery/time.ts";
import { servedResources } from "../resources/index.gen.ts";
import type { Store, StoreKey } from "../store/store.ts";
import type { StoredObject } from "../store/stored-object.ts";
import { checkEphemeralContainers, withEphemeralContainers } from "./ephemeral-containers.ts";
import {
  applyObject,
  completeObject,
  decodeFields,
  patchObject,
  withManagedFields,
  type WriteTarget,
} from "./object-pipeline.ts";
import {
  checkKind,
  isUnchanged,
  ownCopy,
  prepareChanged,
  prepareNew,
  prepareStatus,
  withGeneration,
} from "./prepare-object.ts";
import { ResourceTable } from "./resource-table.ts";
import { scaleOf, withScale } from "./scale.ts";
import { matcherOf, selectEvent } from "./selection.ts";

/** The registry and what only the HTTP server and the daemon need of it. */
export interface ClusterRegistry extends Registry {
  readonly store: Store;
  readonly table: ResourceTable;
  /** As `delete`, with whether the object is gone now. */
  remove(
    resource: Gvr,
    key: ObjectKey,
    options?: DeleteOptions,
  ): Promise<{ readonly object: KubeObject; readonly removed: boolean }>;
  getScale(resource: Gvr, key: ObjectKey): Promise<KubeObject>;
  updateScale(resource: Gvr, key: ObjectKey, scale: KubeObject, options?: WriteOptions): Promise<KubeObject>;
  /** `pods/ephemeralcontainers`: adds containers to a pod that runs. */
  updateEphemeralContainers(
    resource: Gvr,
    key: ObjectKey,
    pod: KubeObject,
    options?: WriteOptions,
  ): Promise<KubeObject>;
}

export interface RegistryOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * The ServiceAccount admission plugin: a pod needs its service account and gets a token volume. Off by default, so
   * that tests of controllers and kubelet need no service account controller.
   */
  readonly serviceAccountAdmission?: boolean;
}

/**
 * The registry over a store: defaulting, admission, validation, generations, finalizers. In tests:
 * `createRegistry({ store: await openStore(":memory:"), clock, logger: silentLogger })`; `bootstrapNamespaces` of
 * bootstrap.ts creates `default` and `kube-system`.
 */
export function createRegistry(options: RegistryOptions): ClusterRegistry {
  return new EmbeddedRegistry(options);
}

/** As upstream's RetryGenerateName: a generated name that is taken is generated again. */
const GENERATED_NAME_ATTEMPTS = 8;

type Change = (old: KubeObject) => KubeObject;

class EmbeddedRegistry implements ClusterRegistry {
  readonly store: Store;
  readonly table = new ResourceTable(servedResources);
  readonly #logger: Logger;
  readonly #context: StrategyContext;

  constructor(options: RegistryOptions) {
    const { store, clock } = options;
    this.store = store;
    this.#logger = options.logger.child("registry");
    this.#context = {
      clock,
      serviceAccountAdmission: options.serviceAccountAdmission ?? false,
      get: (resource, namespace, name) => store.get({ resource, namespace, name })?.object,
      list: (resource, namespace) => store.list(resource, namespace).map((stored) => stored.object),
    };
  }

  resources(): readonly ApiResource[] {
    return this.table.all;
  }

  resourceForKind(apiVersion: string, kind: string): ApiResource | undefined {
    return this.table.forKind(apiVersion, kind);
  }

  async get(gvr: Gvr, key: ObjectKey): Promise<KubeObject> {
    const resource = this.table.get(gvr);
    await this.store.settled();
    return this.#stored(resource, key).object;
  }

  async list(gvr: Gvr, options: ListOptions = {}): Promise<KubeList> {
    const resource = this.table.get(gvr);
    const matches = matcherOf(resource, options);
    await this.store.settled();
    const items = this.store
      .list(groupResource(resource), options.namespace)
      .map((stored) => stored.object)
      .filter(matches);
    return {
      apiVersion: resource.group === "" ? resource.version : `${resource.group}/${resource.version}`,
      kind: `${resource.kind}List`,
      metadata: { resourceVersion: String(this.store.resourceVersion) },
      items,
    };
  }

  async create(gvr: Gvr, namespace: string, given: KubeObject, options: WriteOptions = {}): Promise<KubeObject> {
    const resource = this.table.get(gvr);
    if (resource.kind === "Pod") await this.#awaitServiceAccount(namespace, given);
    this.#checkNamespace(resource, namespace, given);
    checkKind(resource, given);
    const decoded = decodeFields(resource, ownCopy(given), options);
    const { name = "", generateName = "" } = decoded.metadata;
    let attempts = name === "" && generateName !== "" ? GENERATED_NAME_ATTEMPTS : 1;
    let object: KubeObject;
    let key: StoreKey;
    do {
      const prepared = prepareNew(resource, namespace, decoded, this.#context);
      object = completeObject(resource, prepared, undefined, this.#context);
      key = this.#key(resource, { namespace, name: object.metadata.name ?? "" });
      attempts -= 1;
    } while (attempts > 0 && this.store.get(key) !== undefined);
    if (this.store.get(key) !== undefined) throw alreadyExists(resource, key.name);
    const owned = withManagedFields(this.#target(resource), object, undefined, options);
    if (options.dryRun === true) return owned;
    return this.#write("ADDED", key, owned);
  }

  async update(gvr: Gvr, key: ObjectKey, given: KubeObject, options: WriteOptions = {}): Promise<KubeObject> {
    const resource = this.table.get(gvr);
    if (resource.createOnUpdate && this.store.get(this.#key(resource, key)) === undefined) {
      const { resourceVersion: _, ...metadata } = given.metadata ?? {};
      return this.create(gvr, key.namespace, { ...given, metadata: { ...metadata, name: key.name } }, options);
    }
    const copy = ownCopy(given);
    return this.#change(resource, key, options, (old) => this.#changed(resource, copy, old, options));
  }

  async updateStatus(gvr: Gvr, key: ObjectKey, given: KubeObject, options: WriteOptions = {}): Promise<KubeObject> {
    const resource = this.table.get(gvr);
    const copy = ownCopy(given);
    return this.#change(resource, key, options, (old) => this.#statusChanged(resource, copy, old, options));
  }

  async patch(
    gvr: Gvr,
    key: ObjectKey,
    type: PatchType,
    patch: Json,
    options: WriteOptions & { readonly subresource?: Subresource } = {},
  ): Promise<KubeObject> {
    const resource = this.table.get(gvr);
    const { subresource } = options;
    if (type === "apply" && this.store.get(this.#key(resource, key)) === undefined) {
      return this.#applyNew(resource, key, patch, options);
    }
    const changed = await this.#change(resource, key, options, (old) => {
      if (type === "apply") {
        const applied = applyObject(this.#target(resource, subresource), old, patch, options);
        // The apply has settled who owns what; the steps that follow must not.
        const { fieldManager: _, ...others } = options;
        if (subresource === "status") return this.#statusChanged(resource, applied, old, others);
        return this.#changed(resource, applied, old, { ...others, fieldValidation: "Ignore" });
      }
      if (subresource === "scale") {
        const scale = patchObject(resource, scaleOf(old), type, patch);
        return this.#changed(resource, withScale(resource, old, scale), old, options, subresource);
      }
      const patched = patchObject(resource, old, type, patch);
      if (subresource === "ephemeralcontainers") {
        return this.#changed(resource, withEphemeralContainers(old, patched), old, options, subresource);
      }
      if (subresource === "status") return this.#statusChanged(resource, patched, old, options);
      return this.#changed(resource, patched, old, options);
    });
    return subresource === "scale" ? scaleOf(changed) : changed;
  }

  async delete(gvr: Gvr, key: ObjectKey, options: DeleteOptions = {}): Promise<KubeObject> {
    return (await this.remove(gvr, key, options)).object;
  }

  async remove(
    gvr: Gvr,
    key: ObjectKey,
    options: DeleteOptions = {},
  ): Promise<{ readonly object: KubeObject; readonly removed: boolean }> {
    const resource = this.table.get(gvr);
    const { object } = this.#stored(resource, key);
    checkDeletePreconditions(resource, object, options);
    if (resource.kind === "Namespace" && ["default", "kube-system", "kube-public"].includes(key.name)) {
      throw forbidden(resource, key.name, "this namespace may not be deleted");
    }
    const step = planDeletion(resource, object, options, this.#context.clock.now());
    const removed = step.type === "remove";
    if (step.type === "none" || options.dryRun === true) {
      await this.store.settled();
      return { object: step.object, removed };
    }
    const written = await this.#write(removed ? "DELETED" : "MODIFIED", this.#key(resource, key), step.object);
    return { object: written, removed };
  }

  async getScale(gvr: Gvr, key: ObjectKey): Promise<KubeObject> {
    return scaleOf(await this.get(gvr, key));
  }

  async updateScale(gvr: Gvr, key: ObjectKey, scale: KubeObject, options: WriteOptions = {}): Promise<KubeObject> {
    const resource = this.table.get(gvr);
    const changed = await this.#change(resource, key, options, (old) =>
      this.#changed(resource, withScale(resource, old, scale), old, options, "scale"),
    );
    return scaleOf(changed);
  }

  async updateEphemeralContainers(
    gvr: Gvr,
    key: ObjectKey,
    given: KubeObject,
    options: WriteOptions = {},
  ): Promise<KubeObject> {
    const resource = this.table.get(gvr);
    const copy = ownCopy(given);
    return this.#change(resource, key, options, (old) =>
      this.#changed(resource, withEphemeralContainers(old, copy), old, options, "ephemeralcontainers"),
    );
  }

  async bindPod(key: ObjectKey, nodeName: string): Promise<KubeObject> {
    const resource = this.table.get({ group: "", version: "v1", resource: "pods" });
    return this.#change(resource, key, {}, (pod) => {
      const assigned = asString(at(pod, "spec", "nodeName"));
      if (pod.metadata.deletionTimestamp !== undefined) {
        throw conflict(
          { group: "", resource: "pods/binding" },
          key.name,
          `pod ${key.name} is being deleted, cannot be assigned to a host`,
        );
      }
      if (assigned !== "") {
        throw conflict(
          { group: "", resource: "pods/binding" },
          key.name,
          `pod ${key.name} is already assigned to node "${assigned}"`,
        );
      }
      const conditions = asRecords(at(pod, "status", "conditions")).filter((each) => each["type"] !== "PodScheduled");
      const scheduled = {
        type: "PodScheduled",
        status: "True",
        lastProbeTime: null,
        lastTransitionTime: formatTime(this.#context.clock.now()),
      };
      return {
        ...pod,
        spec: { ...asRecord(pod["spec"]), nodeName },
        status: { ...asRecord(pod["status"]), conditions: [...conditions, scheduled] },
      };
    });
  }

  async finalizeNamespace(name: string, finalizers: readonly string[]): Promise<KubeObject> {
    const resource = this.table.get({ group: "", version: "v1", resource: "namespaces" });
    return this.#change(resource, { namespace: "", name }, {}, (namespace) => {
      const { finalizers: _, ...spec } = asRecord(namespace["spec"]);
      return { ...namespace, spec: finalizers.length === 0 ? spec : { ...spec, finalizers } };
    });
  }

  watch(
    gvr: Gvr,
    options: ListOptions,
    handler: { event(event: WatchEvent): void; synced?(): void },
    signal: AbortSignal,
  ): void {
    if (signal.aborted) return;
    const resource = this.table.get(gvr);
    const matches = matcherOf(resource, options);
    const tell = (run: () => void): void => {
      if (signal.aborted) return;
      try {
        run();
      } catch (error) {
        // One handler that fails must not keep the others from the event.
        this.#logger.error("a watch handler failed", { resource: resource.resource, error: errorMessage(error) });
      }
    };
    const watching = this.store.watch(groupResource(resource), (event) => {
      const selected = selectEvent(event, matches);
      if (selected !== undefined) {
        tell(() => handler.event({ type: selected.type, object: selected.stored.object }));
      }
    });
    if ("oldest" in watching) return;
    signal.addEventListener("abort", watching.stop, { once: true });
    const initial = this.store.list(groupResource(resource), options.namespace);
    for (const stored of initial) {
      if (matches(stored.object)) tell(() => handler.event({ type: "ADDED", object: stored.object }));
    }
    tell(() => handler.synced?.());
  }

  #key(resource: ServedResource, key: ObjectKey): StoreKey {
    return { resource: groupResource(resource), namespace: resource.namespaced ? key.namespace : "", name: key.name };
  }

  #stored(resource: ServedResource, key: ObjectKey): StoredObject {
    const stored = this.store.get(this.#key(resource, key));
    if (stored === undefined) throw notFound(resource, key.name);
    return stored;
  }

  #changed(
    resource: ServedResource,
    given: KubeObject,
    old: KubeObject,
    options: WriteOptions,
    subresource?: "scale" | "ephemeralcontainers",
  ): KubeObject {
    checkKind(resource, given);
    const prepared = prepareChanged(resource, decodeFields(resource, given, options), old, this.#context);
    const completed = completeObject(resource, prepared, old, this.#context);
    if (resource.kind === "Pod") checkEphemeralContainers(completed, old, subresource === "ephemeralcontainers");
    const owned = withManagedFields(this.#target(resource, subresource), completed, old, options);
    return withGeneration(resource, owned, old);
  }

  #statusChanged(resource: ServedResource, given: KubeObject, old: KubeObject, options: WriteOptions): KubeObject {
    checkKind(resource, given);
    const prepared = omitEmptyFields(prepareStatus(resource, decodeFields(resource, given, options), old));
    return withManagedFields(this.#target(resource, "status"), prepared, old, options);
  }

  /** Server-side apply of an object that does not exist. */
  async #applyNew(resource: ServedResource, key: ObjectKey, patch: Json, options: WriteOptions): Promise<KubeObject> {
    const applied = applyObject(this.#target(resource), undefined, patch, options);
    const { fieldManager: _, ...others } = options;
    const named = { ...applied, metadata: { ...applied.metadata, name: key.name } };
    return this.create(resource, key.namespace, named, { ...others, fieldValidation: "Ignore" });
  }

  #target(resource: ServedResource, subresource?: Subresource): WriteTarget {
    return { resource, subresource, now: this.#context.clock.now() };
  }

  /** Between reading the old object and writing the new one nothing else runs: no update is lost. */
  async #change(resource: ServedResource, key: ObjectKey, options: WriteOptions, change: Change): Promise<KubeObject> {
    const old = this.#stored(resource, key).object;
    const next = change(old);
    if (options.dryRun === true) return next;
    const storeKey = this.#key(resource, key);
    if (isReleased(resource, next)) return this.#write("DELETED", storeKey, next);
    if (isUnchanged(next, old)) {
      await this.store.settled();
      return old;
    }
    return this.#write("MODIFIED", storeKey, next);
  }

  async #write(type: "ADDED" | "MODIFIED" | "DELETED", key: StoreKey, object: KubeObject): Promise<KubeObject> {
    const { stored, committed } = this.store.write({ type, key, object });
    await committed;
    return stored.object;
  }

  /** The NamespaceLifecycle admission plugin. */
  #checkNamespace(resource: ServedResource, namespace: string, given: KubeObject): void {
    if (!resource.namespaced) return;
    const namespaces = { group: "", resource: "namespaces" };
    const found = this.store.get({ resource: "namespaces", namespace: "", name: namespace })?.object;
    if (found === undefined) throw notFound(namespaces, namespace);
    if (found.metadata.deletionTimestamp === undefined) return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    const error = forbidden(resource, given.metadata?.name ?? "", why);
    throw new StatusError(error.code, error.reason, error.message, {
      ...error.details,
      causes: [
        {
          reason: "NamespaceTerminating",
          message: `namespace ${namespace} is being terminated`,
          field: "metadata.namespace",
        },
      ],
    });
  }

  /** A namespace and a pod in it may come in one go: the controller needs a moment for the service account. */
  async #awaitServiceAccount(namespace: string, pod: KubeObject): Promise<void> {
    if (!this.#context.serviceAccountAdmission) return;
    const name = asString(at(pod, "spec", "serviceAccountName") ?? at(pod, "spec", "serviceAccount"), "default");
    const exists = (): boolean => this.store.get({ resource: "serviceaccounts", namespace, name }) !== undefined;
    const namespaceExists = this.store.get({ resource: "namespaces", namespace: "", name: namespace }) !== undefined;
    if (name !== "default" || exists() || !namespaceExists) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        cancel();
        if ("stop" in watching) watching.stop();
        resolve();
      };
      const cancel = this.#context.clock.after(2000, done);
      const watching = this.store.watch("serviceaccounts", () => {
        if (exists()) done();
      });
    });
  }
}

function checkDeletePreconditions(resource: ServedResource, object: KubeObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const name = object.metadata.name ?? "";
  if (uid !== undefined && uid !== object.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${object.metadata.uid}`;
    throw conflict(resource, name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== object.metadata.resourceVersion) {
    const why = `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${object.metadata.resourceVersion}`;
    throw conflict(resource, name, why);
  }
}
