import { asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import type { LogOptions } from "../kubelet/node-agent.ts";
import { RESOURCES } from "../machinery/registry.ts";
import { badRequest, methodNotAllowed, StatusError } from "../machinery/status-error.ts";
import { parseTime } from "../machinery/time.ts";
import type { ResourceExchange, ServerContext } from "./exchange.ts";
import { isTrue, numberOf } from "./request-info.ts";
import { keyOf } from "./write-handlers.ts";
import type { NodeAgent } from "../kubelet/node-agent.ts";

/** `pods/log`: plain text, as long as it comes. */
export async function handleLog(context: ServerContext, exchange: ResourceExchange, name: string): Promise<void> {
  const { request, response, query } = exchange;
  if (request.method !== "GET") throw methodNotAllowed(exchange.resource, request.method ?? "");
  const pod = await context.registry.get(RESOURCES.pods, keyOf(exchange, name));
  const container = containerOf(pod, query.get("container") ?? "");
  const options = logOptionsOf(query, container, context.clock.now());
  const agent = requireAgent(context, pod);
  if (response.destroyed) return;
  const controller = new AbortController();
  response.on("close", () => controller.abort());
  const stream = await agent.logs(pod, options, controller.signal);
  if (controller.signal.aborted) {
    stream.on("error", () => undefined);
    stream.destroy();
    return;
  }
  response.writeHead(200, { "content-type": "text/plain", "cache-control": "no-cache, private" });
  response.flushHeaders();
  stream.on("error", (error) => {
    context.logger.warn("a log stream failed", { pod: `${exchange.namespace}/${name}`, error });
    response.end();
  });
  response.on("close", () => stream.destroy());
  stream.pipe(response);
}

/** @throws StatusError 400 where the pod has no node yet, 503 where no node agent runs */
export function requireAgent(context: ServerContext, pod: KubeObject): NodeAgent {
  const { name = "" } = pod.metadata;
  if (asString(at(pod, "spec", "nodeName")) === "") throw badRequest(`pod ${name} does not have a host assigned`);
  const agent = context.nodeAgent();
  if (agent === undefined) {
    throw new StatusError(503, "ServiceUnavailable", "the node agent is not running yet", { retryAfterSeconds: 1 });
  }
  return agent;
}

/**
 * The container asked for, else the only one.
 * @throws StatusError 400 with upstream's wording (pkg/registry/core/pod/strategy.go, LogLocation)
 */
export function containerOf(pod: KubeObject, asked: string): string {
  const names = (field: string): string[] =>
    asRecords(at(pod, "spec", field)).map((container) => asString(container["name"]));
  const main = names("containers");
  const init = names("initContainers");
  const ephemeral = names("ephemeralContainers");
  const { name = "" } = pod.metadata;
  if (asked === "") {
    if (main.length === 1) return main[0] ?? "";
    const also = init.length === 0 ? "" : ` or one of the init containers: [${init.join(" ")}]`;
    throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${main.join(" ")}]${also}`);
  }
  if (![...main, ...init, ...ephemeral].includes(asked)) {
    throw badRequest(`container ${asked} is not valid for pod ${name}`);
  }
  return asked;
}

function logOptionsOf(query: URLSearchParams, container: string, now: number): LogOptions {
  const tailLines = numberOf(query, "tailLines");
  const limitBytes = numberOf(query, "limitBytes");
  const sinceSeconds = numberOf(query, "sinceSeconds");
  const sinceTime = query.get("sinceTime") ?? "";
  const fault = (field: string, value: number, why: string): never => {
    throw new StatusError(422, "Invalid", `PodLogOptions "" is invalid: ${field}: Invalid value: ${value}: ${why}`);
  };
  if (tailLines !== undefined && tailLines < 0) fault("tailLines", tailLines, "must be greater than or equal to 0");
  if (limitBytes !== undefined && limitBytes < 1) fault("limitBytes", limitBytes, "must be greater than 0");
  if (sinceSeconds !== undefined && sinceSeconds < 1) fault("sinceSeconds", sinceSeconds, "must be greater than 0");
  const since = sinceSeconds === undefined ? parseTime(sinceTime) : now - sinceSeconds * 1000;
  if (sinceTime !== "" && since === undefined) throw badRequest(`sinceTime is not an RFC 3339 time: "${sinceTime}"`);
  return {
    container,
    follow: isTrue(query.get("follow")),
    previous: isTrue(query.get("previous")),
    timestamps: isTrue(query.get("timestamps")),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(since === undefined ? {} : { since }),
  };
}
