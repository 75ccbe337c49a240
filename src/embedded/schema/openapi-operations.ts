import { apiVersionOf, type ApiResource } from "../../lib/kube/gvr.ts";
import type { Json } from "../../lib/kube/object.ts";
import { definitionNameOf } from "./schema.ts";

/** One path of the API and what can be done there. */
export interface OpenApiPath {
  readonly path: string;
  /** By HTTP method, lower case. */
  readonly operations: Readonly<Record<string, OpenApiOperation>>;
}

export interface OpenApiOperation {
  /** `get`, `list`, `post`, `put`, `patch`, `delete`, `deletecollection`, `connect`. */
  readonly action: string;
  readonly operationId: string;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly parameters: readonly OpenApiParameter[];
  /** Definition of the request's body; `patch` is any patch. */
  readonly body: string | undefined;
  /** Definition of the answer; `undefined` for text and streams. */
  readonly answer: string | undefined;
}

export interface OpenApiParameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly type: "string" | "integer" | "boolean";
}

export const PATCH_DEFINITION = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";
export const STATUS_DEFINITION = "io.k8s.apimachinery.pkg.apis.meta.v1.Status";
export const DELETE_OPTIONS_DEFINITION = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";

const query = (name: string, type: OpenApiParameter["type"] = "string"): OpenApiParameter => ({
  name,
  in: "query",
  type,
});
const inPath = (name: string): OpenApiParameter => ({ name, in: "path", type: "string" });

const PRETTY = query("pretty");
const WRITE = [query("dryRun"), query("fieldManager"), query("fieldValidation"), PRETTY];
const LIST = [
  query("allowWatchBookmarks", "boolean"),
  query("continue"),
  query("fieldSelector"),
  query("labelSelector"),
  query("limit", "integer"),
  PRETTY,
  query("resourceVersion"),
  query("resourceVersionMatch"),
  query("sendInitialEvents", "boolean"),
  query("timeoutSeconds", "integer"),
  query("watch", "boolean"),
];
const DELETE = [
  query("dryRun"),
  query("gracePeriodSeconds", "integer"),
  query("orphanDependents", "boolean"),
  PRETTY,
  query("propagationPolicy"),
];

type Kind = OpenApiOperation["kind"];

/** The kinds of subresources that are not their parent's. */
const SUBRESOURCE_KINDS: ReadonlyMap<string, Kind> = new Map([
  ["scale", { group: "autoscaling", version: "v1", kind: "Scale" }],
  ["eviction", { group: "policy", version: "v1", kind: "Eviction" }],
  ["binding", { group: "", version: "v1", kind: "Binding" }],
  ["token", { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" }],
  ["exec", { group: "", version: "v1", kind: "PodExecOptions" }],
  ["attach", { group: "", version: "v1", kind: "PodAttachOptions" }],
  ["portforward", { group: "", version: "v1", kind: "PodPortForwardOptions" }],
]);
const CREATE_ONLY: ReadonlySet<string> = new Set(["eviction", "binding", "token"]);
const STREAMS: ReadonlySet<string> = new Set(["exec", "attach", "portforward", "proxy"]);

/** Every path of a resource: collections, the object, its subresources. */
export function pathsOfResource(resource: ApiResource): readonly OpenApiPath[] {
  const root = resource.group === "" ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope = resource.namespaced ? "/namespaces/{namespace}" : "";
  const collection = `${root}${scope}/${resource.resource}`;
  const inScope = resource.namespaced ? [inPath("namespace")] : [];
  const object = `${collection}/{name}`;
  const inObject = [inPath("name"), ...inScope];
  const paths = [
    { path: collection, operations: collectionOperations(resource, inScope) },
    { path: object, operations: objectOperations(resource, kindOf(resource), inObject, "") },
    ...resource.subresources.map((name) => ({
      path: `${object}/${name}`,
      operations: subresourceOperations(resource, name, inObject),
    })),
  ];
  if (resource.namespaced && resource.verbs.includes("list")) {
    const list = operation("list", resource, kindOf(resource), "ForAllNamespaces", LIST, undefined, true);
    paths.push({ path: `${root}/${resource.resource}`, operations: { get: list } });
  }
  return paths.filter(({ operations }) => Object.keys(operations).length > 0);
}

function kindOf(resource: ApiResource): Kind {
  return { group: resource.group, version: resource.version, kind: resource.kind };
}

function definitionOf(kind: Kind, suffix = ""): string | undefined {
  return definitionNameOf(apiVersionOf(kind), kind.kind + suffix);
}

function operation(
  action: string,
  resource: ApiResource,
  kind: Kind,
  suffix: string,
  parameters: readonly OpenApiParameter[],
  body: string | undefined,
  isList = false,
): OpenApiOperation {
  const verbs: Readonly<Record<string, string>> = {
    get: "read",
    post: "create",
    put: "replace",
    deletecollection: "delete",
  };
  const group = resource.group === "" ? "Core" : capitalized(resource.group.split(".")[0] ?? "");
  const scope = resource.namespaced && suffix !== "ForAllNamespaces" ? "Namespaced" : "";
  const collection = action === "deletecollection" ? "Collection" : "";
  const subject = `${capitalized(resource.version)}${collection}${scope}${resource.kind}${suffix}`;
  return {
    action,
    operationId: `${verbs[action] ?? action}${group}${subject}`,
    kind,
    parameters,
    body,
    answer: action.startsWith("delete") ? STATUS_DEFINITION : definitionOf(kind, isList ? "List" : ""),
  };
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function collectionOperations(
  resource: ApiResource,
  scope: readonly OpenApiParameter[],
): Readonly<Record<string, OpenApiOperation>> {
  const kind = kindOf(resource);
  const operations: Record<string, OpenApiOperation> = {};
  if (resource.verbs.includes("list")) {
    operations["get"] = operation("list", resource, kind, "", [...scope, ...LIST], undefined, true);
  }
  if (resource.verbs.includes("create")) {
    operations["post"] = operation("post", resource, kind, "", [...scope, ...WRITE], definitionOf(kind));
  }
  if (resource.verbs.includes("deletecollection")) {
    const parameters = [...scope, ...DELETE, query("labelSelector"), query("fieldSelector")];
    operations["delete"] = operation("deletecollection", resource, kind, "", parameters, DELETE_OPTIONS_DEFINITION);
  }
  return operations;
}

function objectOperations(
  resource: ApiResource,
  kind: Kind,
  scope: readonly OpenApiParameter[],
  suffix: string,
): Readonly<Record<string, OpenApiOperation>> {
  const operations: Record<string, OpenApiOperation> = {};
  const can = (verb: string): boolean => resource.verbs.includes(verb);
  if (can("get")) operations["get"] = operation("get", resource, kind, suffix, [...scope, PRETTY], undefined);
  if (can("update")) {
    operations["put"] = operation("put", resource, kind, suffix, [...scope, ...WRITE], definitionOf(kind));
  }
  if (can("patch")) {
    const parameters = [...scope, ...WRITE, query("force", "boolean")];
    operations["patch"] = operation("patch", resource, kind, suffix, parameters, PATCH_DEFINITION);
  }
  if (can("delete") && suffix === "") {
    const parameters = [...scope, ...DELETE];
    operations["delete"] = operation("delete", resource, kind, "", parameters, DELETE_OPTIONS_DEFINITION);
  }
  return operations;
}

function subresourceOperations(
  resource: ApiResource,
  name: string,
  scope: readonly OpenApiParameter[],
): Readonly<Record<string, OpenApiOperation>> {
  const kind = SUBRESOURCE_KINDS.get(name) ?? kindOf(resource);
  const suffix = capitalized(name);
  if (CREATE_ONLY.has(name)) {
    return { post: operation("post", resource, kind, suffix, [...scope, ...WRITE], definitionOf(kind)) };
  }
  if (STREAMS.has(name)) {
    const connect = { ...operation("connect", resource, kind, suffix, scope, undefined), answer: undefined };
    return {
      get: { ...connect, operationId: `get${connect.operationId}` },
      post: { ...connect, operationId: `post${connect.operationId}` },
    };
  }
  if (name === "log") {
    const parameters = [
      ...scope,
      query("container"),
      query("follow", "boolean"),
      query("limitBytes", "integer"),
      query("previous", "boolean"),
      query("sinceSeconds", "integer"),
      query("tailLines", "integer"),
      query("timestamps", "boolean"),
    ];
    return { get: { ...operation("get", resource, kind, suffix, parameters, undefined), answer: undefined } };
  }
  return objectOperations(resource, kind, scope, suffix);
}

/** `x-kubernetes-group-version-kind` of an operation. */
export function kindExtension(kind: Kind): Json {
  return { group: kind.group, kind: kind.kind, version: kind.version };
}
