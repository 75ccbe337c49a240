import { asArray, asNumber, asRecord, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { RESOURCES } from "../machinery/registry.ts";
import { badRequest, conflict, methodNotAllowed, pathNotFound } from "../machinery/status-error.ts";
import { formatTime } from "../machinery/time.ts";
import { writeOptionsOf, type ResourceExchange, type ServerContext } from "./exchange.ts";
import { handleLog } from "./log-handler.ts";
import { sendJson } from "./response.ts";
import { scaleColumns } from "./scale.ts";
import {
  handleGet,
  handlePatch,
  handleUpdate,
  keyOf,
  parseDeleteOptions,
  requireBody,
  sendObject,
} from "./write-handlers.ts";

const SUCCESS = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 } as const;
const MIN_TOKEN_SECONDS = 600;
const MAX_TOKEN_SECONDS = 2 ** 32;

type Handler = (context: ServerContext, exchange: ResourceExchange, name: string) => Promise<void>;

const handlers: Readonly<Record<string, Handler>> = {
  status: handlePart("status"),
  ephemeralcontainers: handlePart("ephemeralcontainers"),
  scale: handleScale,
  finalize: handleFinalize,
  binding: handleBinding,
  eviction: handleEviction,
  token: handleToken,
  log: handleLog,
  // Streams begin with an upgrade, which streams/upgrade.ts answers; without one there is nothing to say.
  exec: refuseWithoutUpgrade,
  attach: refuseWithoutUpgrade,
  portforward: refuseWithoutUpgrade,
};

export async function handleSubresource(
  context: ServerContext,
  exchange: ResourceExchange,
  name: string,
  subresource: string,
): Promise<void> {
  const handler = handlers[subresource];
  if (handler === undefined || !exchange.resource.subresources.includes(subresource)) throw pathNotFound();
  await handler(context, exchange, name);
}

/** A subresource that is read and written as the whole object. */
function handlePart(part: "status" | "ephemeralcontainers"): Handler {
  return async (context, exchange, name) => {
    switch (exchange.request.method) {
      case "GET":
        return handleGet(context, exchange, name);
      case "PUT":
        return handleUpdate(context, exchange, name, part);
      case "PATCH":
        return handlePatch(context, exchange, name, part);
      default:
        throw methodNotAllowed(exchange.resource, exchange.request.method ?? "");
    }
  };
}

async function handleScale(context: ServerContext, exchange: ResourceExchange, name: string): Promise<void> {
  const { request, response, resource } = exchange;
  const key = keyOf(exchange, name);
  switch (request.method) {
    case "GET": {
      const scale = await context.registry.getScale(resource, key);
      return sendObject(context, { ...exchange, resource: { ...resource, columns: scaleColumns } }, 200, scale);
    }
    case "PUT": {
      const scale = await requireBody(exchange);
      const updated = await context.registry.updateScale(resource, key, scale, writeOptionsOf(exchange));
      return sendJson(request, response, 200, updated);
    }
    case "PATCH":
      return handlePatch(context, exchange, name, "scale");
    default:
      throw methodNotAllowed(resource, request.method ?? "");
  }
}

async function handleFinalize(context: ServerContext, exchange: ResourceExchange, name: string): Promise<void> {
  if (exchange.request.method !== "PUT") throw methodNotAllowed(exchange.resource, exchange.request.method ?? "");
  const namespace = await requireBody(exchange);
  const finalizers = asArray(at(namespace, "spec", "finalizers")).map((each) => asString(each));
  sendObject(context, exchange, 200, await context.registry.finalizeNamespace(name, finalizers));
}

async function handleBinding(context: ServerContext, exchange: ResourceExchange, name: string): Promise<void> {
  const binding = await requireBody(exchange);
  const node = asString(at(binding, "target", "name"));
  if (node === "") throw badRequest("target.name is required");
  if (writeOptionsOf(exchange).dryRun !== true) await context.registry.bindPod(keyOf(exchange, name), node);
  sendJson(exchange.request, exchange.response, 201, SUCCESS);
}

/** There are no disruption budgets in this cluster: an eviction is a delete with its options. */
async function handleEviction(context: ServerContext, exchange: ResourceExchange, name: string): Promise<void> {
  const eviction = await requireBody(exchange);
  const evicted = eviction.metadata.name ?? "";
  if (evicted !== "" && evicted !== name) throw badRequest("name in URL does not match name in Eviction object");
  const options = { ...writeOptionsOf(exchange), ...parseDeleteOptions(asRecord(eviction["deleteOptions"])) };
  await context.registry.remove(RESOURCES.pods, keyOf(exchange, name), options);
  sendJson(exchange.request, exchange.response, 201, SUCCESS);
}

async function handleToken(context: ServerContext, exchange: ResourceExchange, name: string): Promise<void> {
  const request = await requireBody(exchange);
  const account = await context.registry.get(RESOURCES.serviceaccounts, keyOf(exchange, name));
  const asked = asNumber(at(request, "spec", "expirationSeconds"), 3600);
  const seconds = Math.min(Math.max(asked, MIN_TOKEN_SECONDS), MAX_TOKEN_SECONDS);
  const audiences = asArray(at(request, "spec", "audiences")).map((each) => asString(each));
  const bound = await boundObject(context, exchange, request);
  const subject = { namespace: exchange.namespace, name, uid: account.metadata.uid ?? "" };
  const { token, expiresAt } = context.tokens.issue(
    bound === undefined ? subject : { ...subject, bound },
    audiences,
    seconds,
  );
  sendJson(exchange.request, exchange.response, 201, {
    kind: "TokenRequest",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { name, namespace: exchange.namespace, creationTimestamp: formatTime(context.clock.now()) },
    spec: {
      audiences: audiences.length === 0 ? ["https://kubernetes.default.svc.cluster.local"] : audiences,
      expirationSeconds: seconds,
      boundObjectRef: at(request, "spec", "boundObjectRef") ?? null,
    },
    status: { token, expirationTimestamp: formatTime(expiresAt) },
  });
}

async function boundObject(
  context: ServerContext,
  { namespace }: ResourceExchange,
  request: KubeObject,
): Promise<{ kind: string; name: string; uid: string } | undefined> {
  const reference = asRecord(at(request, "spec", "boundObjectRef"));
  const kind = asString(reference["kind"]);
  if (kind === "") return undefined;
  if (kind !== "Pod" && kind !== "Secret") throw badRequest(`cannot bind token to object of type v1, Kind=${kind}`);
  const gvr = kind === "Pod" ? RESOURCES.pods : RESOURCES.secrets;
  const name = asString(reference["name"]);
  const { metadata } = await context.registry.get(gvr, { namespace, name });
  const uid = asString(reference["uid"]);
  if (uid !== "" && uid !== metadata.uid) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict(gvr, name, why);
  }
  return { kind, name, uid: metadata.uid ?? "" };
}

async function refuseWithoutUpgrade(): Promise<void> {
  throw badRequest("Upgrade request required");
}
