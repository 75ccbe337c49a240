import type { ApiResource } from "../../lib/kube/gvr.ts";
import type { KubeObject } from "../../lib/kube/object.ts";
import type { TableColumnDefinition } from "../../lib/kube/table.ts";
import type { Clock } from "../../lib/clock.ts";
import type { StatusCause } from "./status-error.ts";
import type { DeleteOptions } from "./registry.ts";

/** What strategies may look up while they prepare an object. Synchronous: nothing changes meanwhile. */
export interface StrategyContext {
  readonly clock: Clock;
  /** Pods need a service account and get a token volume. */
  readonly serviceAccountAdmission: boolean;
  /** `resource` as `groupResource()` says it: `services`, `deployments.apps`. */
  get(resource: string, namespace: string, name: string): KubeObject | undefined;
  list(resource: string, namespace?: string): readonly KubeObject[];
}

/** One column of a Table and how its cell is made (upstream: pkg/printers/internalversion/printers.go). */
export interface PrinterColumn extends TableColumnDefinition {
  /** `now` in milliseconds since the epoch. */
  cell(object: KubeObject, now: number): string | number | boolean;
}

/** `metav1.TableRowCondition`. */
export interface RowCondition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** A subresource as discovery lists it. */
export interface ServedSubresource {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

/** Everything the API server knows of one served kind. */
export interface ServedResource extends ApiResource {
  readonly subresourceList: readonly ServedSubresource[];
  readonly columns: readonly PrinterColumn[];
  /** Conditions of a Table row. */
  rowConditions?(object: KubeObject): readonly RowCondition[];
  /** Has `metadata.generation`, which grows when anything but metadata and status changes. */
  readonly hasGeneration: boolean;
  /** PUT of a name that does not exist creates it. */
  readonly createOnUpdate: boolean;
  /** DELETE answers with the last state instead of a Status. */
  readonly returnsDeleted: boolean;
  /** Completes a new object before defaulting: resets status, allocates. Gets and gives an object of its own. */
  prepareForCreate?(object: KubeObject, context: StrategyContext): KubeObject;
  /** Restores what an update must not change. `status` is already the old one. */
  prepareForUpdate?(object: KubeObject, old: KubeObject, context: StrategyContext): KubeObject;
  /** After defaulting, before validation: what admission plugins add (service account volume, priority, IPs). */
  admit?(object: KubeObject, old: KubeObject | undefined, context: StrategyContext): KubeObject;
  /** Faults beyond those of machinery/validation.ts. */
  validate?(object: KubeObject, old: KubeObject | undefined, context: StrategyContext): readonly StatusCause[];
  /** Seconds an object stays after a delete; `undefined` for at once. */
  gracePeriod?(object: KubeObject, options: DeleteOptions): number | undefined;
  /** Changes the object that starts terminating (`status.phase: Terminating`). */
  prepareForTermination?(object: KubeObject): KubeObject;
  /** Holds the object back, besides `metadata.finalizers`. */
  isHeld?(object: KubeObject): boolean;
}

const ALL_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

const SUBRESOURCES: Readonly<Record<string, ServedSubresource>> = {
  scale: { name: "scale", group: "autoscaling", version: "v1", kind: "Scale", verbs: ["get", "patch", "update"] },
  eviction: { name: "eviction", group: "policy", version: "v1", kind: "Eviction", verbs: ["create"] },
  binding: { name: "binding", group: "", version: "v1", kind: "Binding", verbs: ["create"] },
  token: { name: "token", group: "authentication.k8s.io", version: "v1", kind: "TokenRequest", verbs: ["create"] },
  exec: { name: "exec", group: "", version: "v1", kind: "PodExecOptions", verbs: ["create", "get"] },
  attach: { name: "attach", group: "", version: "v1", kind: "PodAttachOptions", verbs: ["create", "get"] },
  portforward: {
    name: "portforward",
    group: "",
    version: "v1",
    kind: "PodPortForwardOptions",
    verbs: ["create", "get"],
  },
  log: { name: "log", group: "", version: "v1", kind: "Pod", verbs: ["get"] },
  finalize: { name: "finalize", group: "", version: "v1", kind: "Namespace", verbs: ["update"] },
};

function ownSubresource({ group, version, kind }: Given, name: string): ServedSubresource {
  return { name, group, version, kind, verbs: ["get", "patch", "update"] };
}

type Given = Pick<ServedResource, "group" | "version" | "resource" | "kind" | "namespaced"> &
  Partial<Omit<ServedResource, "subresourceList">>;

/** Fills what most kinds have in common. `singular` is the kind in lower case. */
export function serveResource(given: Given): ServedResource {
  const subresources = given.subresources ?? [];
  return {
    singular: given.kind.toLowerCase(),
    verbs: ALL_VERBS,
    shortNames: [],
    categories: [],
    columns: [],
    hasGeneration: false,
    createOnUpdate: false,
    returnsDeleted: false,
    ...given,
    subresources,
    subresourceList: subresources.map((name) => SUBRESOURCES[name] ?? ownSubresource(given, name)),
  };
}
