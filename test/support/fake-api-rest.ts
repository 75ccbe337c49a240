import type { ServerResponse } from "node:http";
import { apiVersionOf, groupResource, type ApiResource } from "../../src/lib/kube/gvr.ts";
import { asNumber, asRecord, asRecords, asString, at, isRecord, type KubeObject } from "../../src/lib/kube/object.ts";
import { sendStatus, statusBody, type FakeApiContext } from "./fake-api-context.ts";
import type { RecordedRequest } from "./fake-api-request.ts";
import type { Selection, StoredObject, StoreEvent } from "./fake-api-store.ts";
import { tableOf, type IncludeObject } from "./fake-api-tables.ts";

/** A request for a collection, an object or a subresource. */
export interface ResourceRequest {
  readonly request: RecordedRequest;
  readonly resource: ApiResource;
  readonly namespace: string;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

type Answer = (code: number, body: string) => void;

export function serveResource(
  context: FakeApiContext,
  asked: ResourceRequest,
  response: ServerResponse,
  answer: Answer,
): void {
  const verb = verbOf(asked);
  const { resource, namespace, name, subresource } = asked;
  const right = subresource === undefined ? resource.resource : `${resource.resource}/${subresource}`;
  if (context.denied(verb, right, namespace)) {
    const where = namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`;
    const object = name === undefined ? "" : ` "${name}"`;
    const message = `${groupResource(resource)}${object} is forbidden: User "fake-user" cannot ${verb} resource "${right}" in API group "${resource.group}" ${where}`;
    sendStatus(response, 403, "Forbidden", message);
    return;
  }
  if (!resource.verbs.includes(verb)) {
    sendStatus(response, 405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
  } else if (verb === "watch") watch(context, asked, response);
  else if (resource.group === "metrics.k8s.io") answer(200, JSON.stringify(metrics(context, asked)));
  else if (verb === "list") list(context, asked, answer);
  else if (verb === "create" && name === undefined) create(context, asked, answer);
  else object(context, { ...asked, name: name ?? "", subresource }, response, answer);
}

function verbOf({ request, name }: ResourceRequest): string {
  switch (request.method) {
    case "GET":
      if (request.query.get("watch") === "true") return "watch";
      return name === undefined ? "list" : "get";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    default:
      return name === undefined ? "deletecollection" : "delete";
  }
}

function selectionOf({ request, namespace }: ResourceRequest): Selection {
  return {
    namespace,
    labelSelector: request.query.get("labelSelector") ?? "",
    fieldSelector: request.query.get("fieldSelector") ?? "",
  };
}

function tableAsked({ request }: ResourceRequest): IncludeObject | undefined {
  if (!(request.headers.accept ?? "").includes("as=Table")) return undefined;
  const include = request.query.get("includeObject");
  return include === "None" || include === "Object" ? include : "Metadata";
}

function list(context: FakeApiContext, asked: ResourceRequest, answer: Answer): void {
  const { request, resource } = asked;
  const token = /^(\d+):(\d+)$/.exec(request.query.get("continue") ?? "");
  if (token !== null && Number(token[2]) < context.store.compacted) {
    answer(410, JSON.stringify(statusBody(410, "Expired", "The provided continue parameter is too old")));
    return;
  }
  const all = context.store.select(resource, selectionOf(asked));
  const start = Number(token?.[1] ?? 0);
  const limit = Number(request.query.get("limit") ?? 0) || all.length;
  const page = all.slice(start, start + limit);
  const remaining = all.length - start - page.length;
  const version = token?.[2] ?? String(context.store.version);
  const metadata = {
    resourceVersion: version,
    ...(remaining > 0 ? { continue: `${start + page.length}:${version}`, remainingItemCount: remaining } : {}),
  };
  const include = tableAsked(asked);
  if (include !== undefined) {
    const objects = page.map((stored) => stored.object);
    answer(200, JSON.stringify(tableOf(resource, objects, { include, metadata, columns: true })));
    return;
  }
  const head = JSON.stringify({ kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), metadata });
  answer(200, `${head.slice(0, -1)},"items":[${page.map((stored) => stored.text).join(",")}]}`);
}

function watch(context: FakeApiContext, asked: ResourceRequest, response: ServerResponse): void {
  const { request, resource } = asked;
  const from = Number(request.query.get("resourceVersion") ?? 0);
  response.writeHead(200, { "Content-Type": "application/json" });
  response.flushHeaders();
  if (from < context.store.compacted) {
    const status = statusBody(410, "Expired", `too old resource version: ${from} (${context.store.compacted})`);
    response.end(`${JSON.stringify({ type: "ERROR", object: status })}\n`);
    return;
  }
  const include = tableAsked(asked);
  let columns = true;
  const write = (type: string, stored: StoredObject): void => {
    let text = stored.text;
    if (include !== undefined) {
      const metadata = { resourceVersion: String(stored.resourceVersion) };
      text = JSON.stringify(tableOf(resource, [stored.object], { include, metadata, columns }));
      columns = false;
    }
    response.write(`{"type":"${type}","object":${text}}\n`);
  };
  const end = context.store.watch(resource, from, selectionOf(asked), ({ type, stored }: StoreEvent) =>
    write(type, stored),
  );
  const bookmark = (): void => {
    const object: KubeObject = {
      kind: resource.kind,
      apiVersion: apiVersionOf(resource),
      metadata: { resourceVersion: String(context.store.version) },
    };
    write("BOOKMARK", { object, text: JSON.stringify(object), resourceVersion: context.store.version });
  };
  const bookmarks =
    request.query.get("allowWatchBookmarks") === "true"
      ? setInterval(bookmark, context.options.bookmarkMilliseconds ?? 60_000)
      : undefined;
  const timeout = Number(request.query.get("timeoutSeconds") ?? 0);
  const timer = timeout > 0 ? setTimeout(() => response.end(), timeout * 1000) : undefined;
  const entry = {
    write: (line: string) => void response.write(line),
    end: (how: "clean" | "cut") => {
      if (how === "clean") response.end();
      else response.write('{"type":"MODIFIED","object":{"metadata":{"na', () => response.destroy());
    },
  };
  context.watches.add(entry);
  response.on("close", () => {
    clearInterval(bookmarks);
    clearTimeout(timer);
    end();
    context.watches.delete(entry);
    context.changed();
  });
  context.changed();
}

function metrics(context: FakeApiContext, asked: ResourceRequest): Readonly<Record<string, unknown>> {
  const timestamp = new Date().toISOString();
  const pods = asked.resource.resource === "pods";
  const source = context.resources.find((one) => one.group === "" && one.resource === asked.resource.resource);
  const objects = source === undefined ? [] : context.store.select(source, selectionOf(asked));
  return {
    kind: `${asked.resource.kind}List`,
    apiVersion: "metrics.k8s.io/v1beta1",
    metadata: {},
    items: objects.map(({ object }, index) => {
      const usage = { cpu: `${50 + (index % 100)}m`, memory: `${20 + (index % 30)}Mi` };
      return {
        metadata: { name: object.metadata.name, namespace: object.metadata.namespace },
        timestamp,
        window: "15s",
        usage: { cpu: "1500m", memory: "8Gi" },
        containers: pods ? asRecords(at(object, "spec", "containers")).map(({ name }) => ({ name, usage })) : undefined,
      };
    }),
  };
}

let created = 0;

function create(context: FakeApiContext, asked: ResourceRequest, answer: Answer): void {
  const { resource, namespace, request } = asked;
  const sent = parseObject(request.body);
  created += 1;
  const name = sent.metadata.name ?? `${sent.metadata.generateName ?? ""}${created.toString(36).padStart(5, "0")}`;
  if (context.store.get(resource, namespace, name) !== undefined) {
    answer(
      409,
      JSON.stringify(statusBody(409, "AlreadyExists", `${groupResource(resource)} "${name}" already exists`)),
    );
    return;
  }
  const object: KubeObject = {
    ...sent,
    metadata: {
      ...sent.metadata,
      name,
      ...(resource.namespaced ? { namespace } : {}),
      uid: `00000000-0000-4000-9000-${created.toString(16).padStart(12, "0")}`,
      creationTimestamp: new Date().toISOString(),
    },
  };
  answer(201, request.query.has("dryRun") ? JSON.stringify(object) : context.store.put(resource, object).text);
}

function object(
  context: FakeApiContext,
  asked: ResourceRequest & { readonly name: string },
  response: ServerResponse,
  answer: Answer,
): void {
  const { resource, namespace, name, subresource, request } = asked;
  const found = context.store.get(resource, namespace, name);
  if (found === undefined) {
    sendStatus(response, 404, "NotFound", `${groupResource(resource)} "${name}" not found`);
  } else if (subresource === "log") context.logs.serve(request, `${namespace}/${name}`, response);
  else if (request.method === "GET") {
    answer(200, subresource === "scale" ? JSON.stringify(scaleOf(found.object)) : found.text);
  } else if (subresource === "eviction" && request.method === "POST") evict(context, asked, found, answer);
  else if (request.method === "DELETE") remove(context, asked, found, answer);
  else write(context, asked, found, answer);
}

function evict(
  context: FakeApiContext,
  asked: ResourceRequest & { readonly name: string },
  found: StoredObject,
  answer: Answer,
): void {
  const options = asRecord(at(JSON.parse(asked.request.body), "deleteOptions"));
  remove(context, { ...asked, request: { ...asked.request, body: JSON.stringify(options) } }, found, (code, body) =>
    answer(code === 200 ? 201 : code, body),
  );
}

function remove(
  context: FakeApiContext,
  { resource, namespace, name, request }: ResourceRequest & { readonly name: string },
  found: StoredObject,
  answer: Answer,
): void {
  const options: unknown = request.body === "" ? {} : JSON.parse(request.body);
  const wanted = asString(at(options, "preconditions", "uid"));
  if (wanted !== "" && wanted !== found.object.metadata.uid) {
    const message = `Operation cannot be fulfilled on ${groupResource(resource)} "${name}": Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${found.object.metadata.uid}`;
    answer(409, JSON.stringify(statusBody(409, "Conflict", message)));
    return;
  }
  context.store.delete(resource, namespace, name);
  answer(200, JSON.stringify({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" }));
}

function write(context: FakeApiContext, asked: ResourceRequest, found: StoredObject, answer: Answer): void {
  const { resource, subresource, request } = asked;
  const sent: unknown = JSON.parse(request.body);
  const base = subresource === "scale" ? scaleOf(found.object) : found.object;
  const patched = request.method === "PUT" ? sent : mergeOf(base, sent, request.headers["content-type"] ?? "");
  const version = asString(at(sent, "metadata", "resourceVersion"));
  const uid = asString(at(sent, "metadata", "uid"));
  if (
    (version !== "" && version !== String(found.resourceVersion)) ||
    (uid !== "" && uid !== found.object.metadata.uid)
  ) {
    const message = `Operation cannot be fulfilled on ${groupResource(resource)} "${found.object.metadata.name}": the object has been modified; please apply your changes to the latest version and try again`;
    answer(409, JSON.stringify(statusBody(409, "Conflict", message)));
    return;
  }
  const next =
    subresource === "scale"
      ? {
          ...found.object,
          spec: { ...asRecord(found.object["spec"]), replicas: asNumber(at(patched, "spec", "replicas")) },
        }
      : parseObject(JSON.stringify(patched));
  if (request.query.has("dryRun")) answer(200, JSON.stringify(next));
  else {
    const stored = context.store.put(resource, next);
    answer(200, subresource === "scale" ? JSON.stringify(scaleOf(stored.object)) : stored.text);
  }
}

function scaleOf(object: KubeObject): Readonly<Record<string, unknown>> {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion },
    spec: { replicas: at(object, "spec", "replicas") },
    status: { replicas: at(object, "status", "replicas") },
  };
}

/** JSON merge patch; for strategic patches also merges lists of named entries. JSON patch knows replace and add. */
function mergeOf(base: unknown, patch: unknown, contentType: string): unknown {
  if (contentType.includes("json-patch") && Array.isArray(patch)) {
    return asRecords(patch).reduce<unknown>((result, { path, value }) => {
      const nested = asString(path)
        .split("/")
        .slice(1)
        .reduceRight<unknown>((inner, key) => ({ [key.replaceAll("~1", "/").replaceAll("~0", "~")]: inner }), value);
      return mergeOf(result, nested, "merge");
    }, base);
  }
  if (contentType.includes("strategic") && Array.isArray(base) && Array.isArray(patch)) {
    const changes = asRecords(patch);
    const merged = asRecords(base).map((entry) => {
      const change = changes.find((candidate) => candidate["name"] === entry["name"]);
      return change === undefined ? entry : mergeOf(entry, change, contentType);
    });
    const names = new Set(asRecords(base).map((entry) => entry["name"]));
    return [...merged, ...changes.filter((change) => !names.has(change["name"]))];
  }
  if (!isRecord(patch)) return patch;
  const result: Record<string, unknown> = { ...asRecord(base) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergeOf(result[key], value, contentType);
  }
  return result;
}

function parseObject(text: string): KubeObject {
  const value: unknown = JSON.parse(text);
  if (!isRecord(value) || !isRecord(value["metadata"])) throw new Error("the request body is not an object");
  return value as unknown as KubeObject;
}
