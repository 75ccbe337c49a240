import { apiVersionOf, groupResource } from "../../lib/kube/gvr.ts";
import { parseFieldSelector, parseLabelSelector, SelectorError } from "../../lib/kube/selector.ts";
import type { ListOptions } from "../machinery/registry.ts";
import { badRequest, gone, invalid, StatusError } from "../machinery/status-error.ts";
import type { StoredObject } from "../store/stored-object.ts";
import type { Exchange, ResourceExchange, ServerContext } from "./exchange.ts";
import { negotiate } from "./negotiation.ts";
import { numberOf } from "./request-info.ts";
import { sendAnswer } from "./response.ts";
import { matcherOf } from "./selection.ts";
import { partialMetadataJson, tableJson, type IncludeObject } from "./table.ts";

/** @throws StatusError 400 for selectors that cannot be parsed */
export function selectionOf(exchange: ResourceExchange, name?: string): ListOptions {
  const { query, namespace } = exchange;
  try {
    const fields = parseFieldSelector(query.get("fieldSelector") ?? "");
    return {
      namespace,
      labelSelector: parseLabelSelector(query.get("labelSelector") ?? ""),
      fieldSelector: name === undefined ? fields : [...fields, { field: "metadata.name", operator: "=", value: name }],
    };
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message);
    throw error;
  }
}

/** @throws StatusError 400 for another value */
export function includeOf(query: URLSearchParams): IncludeObject {
  const value = query.get("includeObject") ?? "Metadata";
  if (value === "" || value === "Metadata") return "Metadata";
  if (value === "None" || value === "Object") return value;
  throw badRequest(`includeObject: Unsupported value: "${value}": supported values: "Metadata", "None", "Object"`);
}

/** 504 where the client has seen more than this server: it was given another cluster's resourceVersion. */
export function checkNotAhead(query: URLSearchParams, current: number): void {
  const asked = Number(query.get("resourceVersion") ?? "0");
  if (!Number.isInteger(asked) || asked < 0) {
    throw badRequest(
      `resourceVersion: Invalid value: "${query.get("resourceVersion")}": strconv.ParseUint: invalid syntax`,
    );
  }
  if (asked > current) {
    throw tooLarge(asked, current);
  }
}

/** Only the present is kept as a list. */
function checkExact(query: URLSearchParams, current: number): void {
  if (query.get("resourceVersionMatch") !== "Exact") return;
  const asked = Number(query.get("resourceVersion") ?? "0");
  if (asked === 0) {
    const message = 'Forbidden: resourceVersionMatch "Exact" is forbidden for resourceVersion "0"';
    throw invalid("meta.k8s.io", "ListOptions", "", [
      { reason: "FieldValueForbidden", message, field: "resourceVersionMatch" },
    ]);
  }
  if (asked !== current) throw gone("The resourceVersion for the provided list is too old.");
}

function tooLarge(asked: number, current: number): StatusError {
  return new StatusError(504, "Timeout", `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}

export async function handleList(context: ServerContext, exchange: ResourceExchange): Promise<void> {
  const { resource, query } = exchange;
  const { store } = context.registry;
  const representation = negotiate(exchange.request.headers.accept);
  const selection = selectionOf(exchange);
  const matches = matcherOf(resource, selection);
  const limit = numberOf(query, "limit") ?? 0;
  const token = query.get("continue") ?? "";
  await store.settled();
  checkNotAhead(query, store.resourceVersion);
  checkExact(query, store.resourceVersion);
  const selects = (selection.labelSelector?.length ?? 0) > 0 || (selection.fieldSelector?.length ?? 0) > 0;
  const page =
    token === ""
      ? context.snapshots.first(
          listed(store.list(groupResource(resource), selection.namespace), selects, matches),
          store.resourceVersion,
          limit,
        )
      : context.snapshots.next(token, limit);
  const metadata = JSON.stringify({
    resourceVersion: String(page.resourceVersion),
    ...(page.continueToken === undefined ? {} : { continue: page.continueToken }),
    // Upstream cannot count what a selector would leave, and omits it.
    ...(page.remaining === 0 || selects ? {} : { remainingItemCount: page.remaining }),
  });
  send(context, exchange, listJson(context, exchange, page.items, metadata, representation));
}

function listed(
  items: readonly StoredObject[],
  selects: boolean,
  matches: (object: StoredObject["object"]) => boolean,
): readonly StoredObject[] {
  return selects ? items.filter((stored) => matches(stored.object)) : items;
}

function listJson(
  context: ServerContext,
  { resource, query }: ResourceExchange,
  items: readonly StoredObject[],
  metadata: string,
  { as, version }: ReturnType<typeof negotiate>,
): string {
  if (as === "table") {
    return tableJson(resource, items, metadata, { version, include: includeOf(query), now: context.clock.now() });
  }
  if (as === "metadata") {
    const list = items.map((stored) => partialMetadataJson(stored.object, version)).join(",");
    return `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/${version}","metadata":${metadata},"items":[${list}]}`;
  }
  const list = items.map((stored) => stored.json).join(",");
  return `{"kind":"${resource.kind}List","apiVersion":"${apiVersionOf(resource)}","metadata":${metadata},"items":[${list}]}`;
}

function send(_context: ServerContext, { request, response }: Exchange, body: string): void {
  sendAnswer(request, response, { code: 200, body });
}
