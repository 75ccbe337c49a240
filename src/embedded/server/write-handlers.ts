import { groupResource } from "../../lib/kube/gvr.ts";
import { asRecord, asString, isRecord, type KubeObject } from "../../lib/kube/object.ts";
import type { DeleteOptions, ObjectKey, PatchType, Subresource } from "../machinery/registry.ts";
import { badRequest, methodNotAllowed, StatusError } from "../machinery/status-error.ts";
import { writeOptionsOf, type ResourceExchange, type ServerContext } from "./exchange.ts";
import { includeOf, selectionOf } from "./list-handler.ts";
import { negotiate } from "./negotiation.ts";
import { decodeObject, decodePatch, mediaType, readBody } from "./request-body.ts";
import { numberOf } from "./request-info.ts";
import { sendAnswer, sendJson } from "./response.ts";
import { matcherOf } from "./selection.ts";
import { partialMetadataJson, tableJson } from "./table.ts";

const PATCH_TYPES: Readonly<Record<string, PatchType>> = {
  "application/json-patch+json": "json",
  "application/merge-patch+json": "merge",
  "application/strategic-merge-patch+json": "strategic",
  "application/apply-patch+yaml": "apply",
};

/** Answers with one object, as the client asked for it. */
export function sendObject(context: ServerContext, exchange: ResourceExchange, code: number, object: KubeObject): void {
  const { request, response, resource, query } = exchange;
  const { as, version } = negotiate(request.headers.accept);
  const json = JSON.stringify(object);
  if (as === "object") sendAnswer(request, response, { code, body: json });
  else if (as === "metadata") sendAnswer(request, response, { code, body: partialMetadataJson(object, version) });
  else {
    const metadata = JSON.stringify({ resourceVersion: object.metadata.resourceVersion ?? "" });
    const options = { version, include: includeOf(query), now: context.clock.now() };
    sendAnswer(request, response, { code, body: tableJson(resource, [{ object, json }], metadata, options) });
  }
}

/** @throws StatusError 400 where the body is missing */
export async function requireBody(exchange: ResourceExchange): Promise<KubeObject> {
  const object = await decodeObject(exchange.request, await readBody(exchange.request));
  if (object === undefined) throw badRequest("the request has no body: an object is required");
  return object;
}

export async function handleGet(context: ServerContext, exchange: ResourceExchange, name: string): Promise<void> {
  sendObject(context, exchange, 200, await context.registry.get(exchange.resource, keyOf(exchange, name)));
}

export async function handleCreate(context: ServerContext, exchange: ResourceExchange): Promise<void> {
  const object = await requireBody(exchange);
  const { resource, namespace } = exchange;
  const created = await context.registry.create(resource, namespace, object, writeOptionsOf(exchange));
  sendObject(context, exchange, 201, created);
}

/** PUT of an object, of its status or of its ephemeral containers. */
export async function handleUpdate(
  context: ServerContext,
  exchange: ResourceExchange,
  name: string,
  subresource?: "status" | "ephemeralcontainers",
): Promise<void> {
  const object = await requireBody(exchange);
  const key = keyOf(exchange, name);
  const { registry } = context;
  const { resource } = exchange;
  const options = writeOptionsOf(exchange);
  const existed = registry.store.get({ resource: groupResource(resource), ...key }) !== undefined;
  const updated =
    subresource === "status"
      ? await registry.updateStatus(resource, key, object, options)
      : subresource === "ephemeralcontainers"
        ? await registry.updateEphemeralContainers(resource, key, object, options)
        : await registry.update(resource, key, object, options);
  sendObject(context, exchange, existed ? 200 : 201, updated);
}

export async function handlePatch(
  context: ServerContext,
  exchange: ResourceExchange,
  name: string,
  subresource?: Subresource,
): Promise<void> {
  const { request, resource } = exchange;
  const type = PATCH_TYPES[mediaType(request)];
  if (type === undefined) {
    const accepted = Object.keys(PATCH_TYPES).join(", ");
    throw new StatusError(
      415,
      "UnsupportedMediaType",
      `the body of the request was in an unknown format - accepted media types include: ${accepted}`,
    );
  }
  const patch = await decodePatch(request, await readBody(request));
  const key = keyOf(exchange, name);
  const { registry } = context;
  const existed = registry.store.get({ resource: groupResource(resource), ...key }) !== undefined;
  const options = { ...writeOptionsOf(exchange), ...(subresource === undefined ? {} : { subresource }) };
  const patched = await registry.patch(resource, key, type, patch, options);
  if (subresource === "scale") sendJson(request, exchange.response, 200, patched);
  else sendObject(context, exchange, existed ? 200 : 201, patched);
}

export async function handleDelete(context: ServerContext, exchange: ResourceExchange, name: string): Promise<void> {
  const { request, response, resource } = exchange;
  const options = await deleteOptionsOf(exchange);
  const { object, removed } = await context.registry.remove(resource, keyOf(exchange, name), options);
  if (!removed || resource.returnsDeleted) {
    sendObject(context, exchange, 200, object);
    return;
  }
  sendJson(request, response, 200, {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: {
      name,
      ...(resource.group === "" ? {} : { group: resource.group }),
      kind: resource.resource,
      ...(object.metadata.uid === undefined ? {} : { uid: object.metadata.uid }),
    },
  });
}

export async function handleDeleteCollection(context: ServerContext, exchange: ResourceExchange): Promise<void> {
  const { request, response, resource, namespace } = exchange;
  if (!resource.verbs.includes("deletecollection")) throw methodNotAllowed(resource, "deletecollection");
  const options = await deleteOptionsOf(exchange);
  const matches = matcherOf(resource, selectionOf(exchange));
  const { registry } = context;
  const found = registry.store.list(groupResource(resource), namespace).filter((stored) => matches(stored.object));
  const items = await Promise.all(
    found.map(async ({ object: { metadata } }) => {
      const key = { namespace: metadata.namespace ?? "", name: metadata.name ?? "" };
      return (await registry.remove(resource, key, options)).object;
    }),
  );
  sendJson(request, response, 200, {
    kind: `${resource.kind}List`,
    apiVersion: resource.group === "" ? resource.version : `${resource.group}/${resource.version}`,
    metadata: { resourceVersion: String(registry.store.resourceVersion) },
    items,
  });
}

/** From the body (`DeleteOptions`), else from the query. */
async function deleteOptionsOf(exchange: ResourceExchange): Promise<DeleteOptions> {
  const { request, query } = exchange;
  const body = asRecord(await decodeObject(request, await readBody(request)));
  return { ...writeOptionsOf(exchange), ...parseDeleteOptions(body, query) };
}

/** @throws StatusError 422 for values that are not allowed */
export function parseDeleteOptions(body: Readonly<Record<string, unknown>>, query?: URLSearchParams): DeleteOptions {
  const grace = typeof body["gracePeriodSeconds"] === "number" ? body["gracePeriodSeconds"] : undefined;
  const fromQuery = query === undefined ? undefined : numberOf(query, "gracePeriodSeconds");
  const gracePeriodSeconds = grace ?? fromQuery;
  const policy = asString(body["propagationPolicy"]) || (query?.get("propagationPolicy") ?? "");
  const orphan = body["orphanDependents"] ?? query?.get("orphanDependents");
  const preconditions = body["preconditions"];
  return {
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...propagation(policy, orphan === true || orphan === "true"),
    ...(Array.isArray(body["dryRun"]) && body["dryRun"].includes("All") ? { dryRun: true } : {}),
    ...(isRecord(preconditions) ? { preconditions: preconditionsOf(preconditions) } : {}),
  };
}

function preconditionsOf(given: Readonly<Record<string, unknown>>): NonNullable<DeleteOptions["preconditions"]> {
  const uid = asString(given["uid"]);
  const resourceVersion = asString(given["resourceVersion"]);
  return { ...(uid === "" ? {} : { uid }), ...(resourceVersion === "" ? {} : { resourceVersion }) };
}

function propagation(policy: string, orphan: boolean): Pick<DeleteOptions, "propagationPolicy"> {
  if (policy === "" && orphan) return { propagationPolicy: "Orphan" };
  // Upstream's default for every kind served here.
  if (policy === "") return { propagationPolicy: "Background" };
  if (policy === "Background" || policy === "Foreground" || policy === "Orphan") return { propagationPolicy: policy };
  throw new StatusError(
    422,
    "Invalid",
    `DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "${policy}": supported values: "Foreground", "Background", "Orphan", "nil"`,
  );
}

export function keyOf({ namespace }: ResourceExchange, name: string): ObjectKey {
  return { namespace, name };
}
