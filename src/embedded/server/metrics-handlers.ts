import { apiVersionOf } from "../../lib/kube/gvr.ts";
import type { KubeObject } from "../../lib/kube/object.ts";
import { RESOURCES } from "../machinery/registry.ts";
import { column, nameColumn } from "../machinery/printer-columns.ts";
import { serveResource, type ServedResource } from "../machinery/served-resource.ts";
import { methodNotAllowed, notFound, StatusError } from "../machinery/status-error.ts";
import type { ResourceExchange, ServerContext } from "./exchange.ts";
import { selectionOf, includeOf } from "./list-handler.ts";
import { negotiate } from "./negotiation.ts";
import { sendAnswer, sendJson } from "./response.ts";
import { tableJson } from "./table.ts";
import { sendObject } from "./write-handlers.ts";

const usage = (resource: string, kind: string, namespaced: boolean): ServedResource =>
  serveResource({
    group: "metrics.k8s.io",
    version: "v1beta1",
    resource,
    kind,
    namespaced,
    verbs: ["get", "list"],
    columns: [nameColumn, column("Created At", (metrics) => metrics.metadata.creationTimestamp ?? "", "date")],
  });

/** Usage of pods and of the node, measured when it is asked for. */
export const metricsResources: readonly ServedResource[] = [
  usage("nodes", "NodeMetrics", false),
  usage("pods", "PodMetrics", true),
];

export async function handleMetrics(context: ServerContext, exchange: ResourceExchange, name?: string): Promise<void> {
  const { request, response, resource, namespace } = exchange;
  if (request.method !== "GET" && request.method !== "HEAD") throw methodNotAllowed(resource, request.method ?? "");
  const source = resource.resource === "nodes" ? RESOURCES.nodes : RESOURCES.pods;
  if (name !== undefined) {
    const object = await context.registry.get(source, { namespace, name });
    const [metrics] = await measure(context, resource, [object]);
    if (metrics === undefined) throw notFound(resource, resource.namespaced ? `${namespace}/${name}` : name);
    sendObject(context, exchange, 200, metrics);
    return;
  }
  const { items: objects } = await context.registry.list(source, selectionOf(exchange));
  const items = await measure(context, resource, objects);
  const { as, version } = negotiate(request.headers.accept);
  if (as === "table") {
    const rows = items.map((object) => ({ object, json: JSON.stringify(object) }));
    const options = { version, include: includeOf(exchange.query), now: context.clock.now() };
    sendAnswer(request, response, { code: 200, body: tableJson(resource, rows, "{}", options) });
    return;
  }
  const list = { kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), metadata: {}, items };
  sendJson(request, response, 200, list);
}

async function measure(
  context: ServerContext,
  resource: ServedResource,
  objects: readonly KubeObject[],
): Promise<readonly KubeObject[]> {
  const agent = context.nodeAgent();
  if (agent === undefined) {
    throw new StatusError(503, "ServiceUnavailable", "the node agent, which measures usage, is not running");
  }
  const { nodeMetrics, podMetrics } = await import("../metrics/resource-metrics.ts");
  await agent.refreshUsage?.();
  return resource.resource === "nodes" ? nodeMetrics(objects, agent) : podMetrics(objects, agent);
}
