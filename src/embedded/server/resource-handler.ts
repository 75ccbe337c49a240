import { gvrKey } from "../../lib/kube/gvr.ts";
import type { ServedResource } from "../machinery/served-resource.ts";
import { methodNotAllowed, pathNotFound } from "../machinery/status-error.ts";
import { authorize } from "./authorization.ts";
import { customResourceDefinitions, handleCustomResourceDefinitions } from "./custom-resource-definitions.ts";
import type { Exchange, ResourceExchange, ServerContext } from "./exchange.ts";
import { handleList } from "./list-handler.ts";
import { isTrue, type ResourcePath } from "./request-info.ts";
import { handleMetrics, metricsResources } from "./metrics-handlers.ts";
import { handleReview, reviewResources } from "./review-handlers.ts";
import { handleSubresource } from "./subresource-handlers.ts";
import { handleWatch } from "./watch-handler.ts";
import {
  handleCreate,
  handleDelete,
  handleDeleteCollection,
  handleGet,
  handlePatch,
  handleUpdate,
} from "./write-handlers.ts";

type VirtualHandler = (context: ServerContext, exchange: ResourceExchange, name?: string) => Promise<void>;

/** What discovery shows beside the stored resources. */
export const virtualResources: readonly ServedResource[] = [...reviewResources, ...metricsResources];

/** Resources that are answered without a store. */
const virtual: ReadonlyMap<string, { readonly resource: ServedResource; readonly handle: VirtualHandler }> = new Map([
  [
    gvrKey(customResourceDefinitions),
    { resource: customResourceDefinitions, handle: handleCustomResourceDefinitions },
  ] as const,
  ...reviewResources.map((resource) => [gvrKey(resource), { resource, handle: handleReview }] as const),
  ...metricsResources.map((resource) => [gvrKey(resource), { resource, handle: handleMetrics }] as const),
]);

/** A request for a collection, an object or a subresource. */
export async function handleResource(context: ServerContext, exchange: Exchange, path: ResourcePath): Promise<void> {
  const answeredHere = virtual.get(gvrKey(path.gvr));
  const resource = answeredHere?.resource ?? context.registry.table.get(path.gvr);
  checkScope(resource, path);
  authorize(exchange.user, { ...path, verb: verbOf(exchange, path) });
  const about: ResourceExchange = { ...exchange, resource, namespace: path.namespace ?? "" };
  const { name, subresource } = path;
  if (answeredHere !== undefined) {
    if (subresource !== undefined) throw pathNotFound();
    return answeredHere.handle(context, about, name);
  }
  if (name === undefined) return handleCollection(context, about, path);
  if (subresource !== undefined) return handleSubresource(context, about, name, subresource);
  return handleObject(context, about, name);
}

async function handleCollection(
  context: ServerContext,
  exchange: ResourceExchange,
  { namespace }: ResourcePath,
): Promise<void> {
  const { resource, request, query } = exchange;
  switch (request.method) {
    case "GET":
      return isTrue(query.get("watch")) ? handleWatch(context, exchange) : handleList(context, exchange);
    case "HEAD":
      return handleList(context, exchange);
    case "POST":
      if (resource.namespaced && namespace === undefined) throw methodNotAllowed(resource, "create");
      return handleCreate(context, exchange);
    case "DELETE":
      if (resource.namespaced && namespace === undefined) throw methodNotAllowed(resource, "deletecollection");
      return handleDeleteCollection(context, exchange);
    default:
      throw methodNotAllowed(resource, request.method ?? "");
  }
}

async function handleObject(context: ServerContext, exchange: ResourceExchange, name: string): Promise<void> {
  const { resource, request, query } = exchange;
  switch (request.method) {
    case "GET":
      return isTrue(query.get("watch")) ? handleWatch(context, exchange, name) : handleGet(context, exchange, name);
    case "HEAD":
      return handleGet(context, exchange, name);
    case "PUT":
      return handleUpdate(context, exchange, name);
    case "PATCH":
      return handlePatch(context, exchange, name);
    case "DELETE":
      return handleDelete(context, exchange, name);
    default:
      throw methodNotAllowed(resource, request.method ?? "");
  }
}

/** A path with a namespace for a cluster-scoped kind, or an object's path without one, names nothing. */
function checkScope(resource: ServedResource, path: ResourcePath): void {
  if (!resource.namespaced && path.namespace !== undefined) throw pathNotFound();
  if (resource.namespaced && path.namespace === undefined && path.name !== undefined) throw pathNotFound();
}

function verbOf({ request, query }: Exchange, path: ResourcePath): string {
  switch (request.method) {
    case "GET":
    case "HEAD":
      if (isTrue(query.get("watch"))) return "watch";
      return path.name === undefined ? "list" : "get";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return path.name === undefined ? "deletecollection" : "delete";
    default:
      return request.method?.toLowerCase() ?? "";
  }
}
