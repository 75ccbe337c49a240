import { apiVersionOf } from "../../lib/kube/gvr.ts";
import { serveResource, type ServedResource } from "../machinery/served-resource.ts";
import { methodNotAllowed, notFound } from "../machinery/status-error.ts";
import type { ResourceExchange, ServerContext } from "./exchange.ts";
import { isTrue } from "./request-info.ts";
import { sendJson } from "./response.ts";

/**
 * There are none, and discovery does not show the kind. Yet kubectl looks through them before it tells its user that a
 * kind is unknown; without a list it says that the server failed.
 */
export const customResourceDefinitions: ServedResource = serveResource({
  group: "apiextensions.k8s.io",
  version: "v1",
  resource: "customresourcedefinitions",
  kind: "CustomResourceDefinition",
  namespaced: false,
  verbs: ["get", "list"],
});

export async function handleCustomResourceDefinitions(
  context: ServerContext,
  { request, response, resource, query }: ResourceExchange,
  name?: string,
): Promise<void> {
  if (request.method !== "GET") throw methodNotAllowed(resource, request.method ?? "");
  if (isTrue(query.get("watch"))) throw methodNotAllowed(resource, "watch");
  if (name !== undefined) throw notFound(resource, name);
  const metadata = { resourceVersion: String(context.registry.store.resourceVersion) };
  sendJson(request, response, 200, {
    kind: `${resource.kind}List`,
    apiVersion: apiVersionOf(resource),
    metadata,
    items: [],
  });
}
