import type { FieldRequirement, LabelSelector } from "../../lib/kube/selector.ts";
import type { ApiResource, Gvr } from "../../lib/kube/gvr.ts";
import type { Json, KubeList, KubeObject } from "../../lib/kube/object.ts";

/** Where an object lives. `namespace` is `""` for a cluster-scoped one. */
export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

/** The key an object is stored under. */
export function keyOf(object: KubeObject): ObjectKey {
  return { namespace: object.metadata.namespace ?? "", name: object.metadata.name ?? "" };
}

export type PatchType = "json" | "merge" | "strategic" | "apply";

export interface ListOptions {
  /** Absent or `""`: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: LabelSelector;
  readonly fieldSelector?: readonly FieldRequirement[];
}

export interface WriteOptions {
  /** Runs everything but the write. */
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  /** Overrules conflicts of server-side apply. */
  readonly force?: boolean;
  readonly fieldValidation?: "Ignore" | "Warn" | "Strict";
  /** Called with each warning the client should see (`Warning` header). */
  readonly warn?: (message: string) => void;
}

export interface DeleteOptions extends WriteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  /** For `DELETED` the last state, with the resourceVersion of the deletion. */
  readonly object: KubeObject;
}

/**
 * The one door to stored objects for controllers, scheduler and kubelet. The HTTP server goes through the same
 * implementation, so defaulting, admission and validation are the same on both ways. Objects are shared: never change
 * one, make a new one (`structuredClone` or spread).
 *
 * Every method throws `StatusError`.
 */
/** What of an object a write is about, where it is not the whole. */
export type Subresource = "status" | "scale" | "ephemeralcontainers";

export interface Registry {
  /** Everything served, in discovery order. */
  resources(): readonly ApiResource[];
  /** The resource that serves a kind, `undefined` where none does. */
  resourceForKind(apiVersion: string, kind: string): ApiResource | undefined;
  get(resource: Gvr, key: ObjectKey): Promise<KubeObject>;
  list(resource: Gvr, options?: ListOptions): Promise<KubeList>;
  create(resource: Gvr, namespace: string, object: KubeObject, options?: WriteOptions): Promise<KubeObject>;
  /** Replaces an object; with `metadata.resourceVersion` set, only when it is still the stored one. */
  update(resource: Gvr, key: ObjectKey, object: KubeObject, options?: WriteOptions): Promise<KubeObject>;
  /** Replaces `status` only. */
  updateStatus(resource: Gvr, key: ObjectKey, object: KubeObject, options?: WriteOptions): Promise<KubeObject>;
  patch(
    resource: Gvr,
    key: ObjectKey,
    type: PatchType,
    patch: Json,
    options?: WriteOptions & { readonly subresource?: Subresource },
  ): Promise<KubeObject>;
  /** Deletes, or starts to: with finalizers or a grace period the object stays with a deletionTimestamp. */
  delete(resource: Gvr, key: ObjectKey, options?: DeleteOptions): Promise<KubeObject>;
  /** `pods/binding`: gives a pod its node and the condition PodScheduled. 409 where it has one already. */
  bindPod(key: ObjectKey, nodeName: string): Promise<KubeObject>;
  /** `namespaces/finalize`: replaces `spec.finalizers`; a terminating namespace without any is removed. */
  finalizeNamespace(name: string, finalizers: readonly string[]): Promise<KubeObject>;
  /**
   * Reports every object of the selection as `ADDED`, then calls `synced`, then every change, in order, until
   * the signal aborts. Never misses a change and never ends by itself.
   */
  watch(
    resource: Gvr,
    options: ListOptions,
    handler: { event(event: WatchEvent): void; synced?(): void },
    signal: AbortSignal,
  ): void;
}

/** The resources that components of the cluster name themselves. */
export const RESOURCES = {
  namespaces: { group: "", version: "v1", resource: "namespaces" },
  nodes: { group: "", version: "v1", resource: "nodes" },
  pods: { group: "", version: "v1", resource: "pods" },
  services: { group: "", version: "v1", resource: "services" },
  endpoints: { group: "", version: "v1", resource: "endpoints" },
  configmaps: { group: "", version: "v1", resource: "configmaps" },
  secrets: { group: "", version: "v1", resource: "secrets" },
  events: { group: "", version: "v1", resource: "events" },
  serviceaccounts: { group: "", version: "v1", resource: "serviceaccounts" },
  deployments: { group: "apps", version: "v1", resource: "deployments" },
  replicasets: { group: "apps", version: "v1", resource: "replicasets" },
  endpointslices: { group: "discovery.k8s.io", version: "v1", resource: "endpointslices" },
  leases: { group: "coordination.k8s.io", version: "v1", resource: "leases" },
} as const satisfies Record<string, Gvr>;
