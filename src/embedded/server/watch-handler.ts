import { apiVersionOf, groupResource } from "../../lib/kube/gvr.ts";
import { Disposer } from "../../lib/disposer.ts";
import type { KubeObject } from "../../lib/kube/object.ts";
import { gone, invalid } from "../machinery/status-error.ts";
import type { StoredObject } from "../store/stored-object.ts";
import type { StoreEvent } from "../store/store.ts";
import type { ResourceExchange, ServerContext } from "./exchange.ts";
import { checkNotAhead, includeOf, selectionOf } from "./list-handler.ts";
import { negotiate } from "./negotiation.ts";
import { isTrue, numberOf } from "./request-info.ts";
import { matcherOf, selectEvent, type Matcher } from "./selection.ts";
import { partialMetadataJson, tableBookmarkJson, tableJson } from "./table.ts";

const BOOKMARK_MILLISECONDS = 60_000;
const MIN_TIMEOUT_SECONDS = 1800;
/** A client that does not read is let go before it fills the memory. */
const MAX_UNREAD_BYTES = 32 * 2 ** 20;

type EventType = "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";

/** Turns stored objects into the representation that the client asked for. */
interface Encoder {
  event(stored: StoredObject): string;
  bookmark(resourceVersion: number, initialEventsEnd: boolean): string;
}

/**
 * `GET …?watch=true`: lines of JSON until the client goes, the timeout is over or it reads too slowly.
 * @param name watches one object
 */
export async function handleWatch(context: ServerContext, exchange: ResourceExchange, name?: string): Promise<void> {
  const { resource, query, response } = exchange;
  const { store } = context.registry;
  const encoder = createEncoder(context, exchange);
  const matches = matcherOf(resource, selectionOf(exchange, name));
  const start = startOf(query);
  await store.settled();
  checkNotAhead(query, store.resourceVersion);
  // A client that went meanwhile has been told of already: its close does not come again.
  if (response.destroyed) return;

  response.writeHead(200, { "content-type": "application/json", "cache-control": "no-cache, private" });
  response.flushHeaders();
  // What there is at the begin comes in one go, however fast its reader is.
  let allowance = Number.POSITIVE_INFINITY;
  const write = (type: EventType, json: string): void => writeEvent(context, exchange, type, json, allowance);
  const disposer = new Disposer();
  response.on("close", () => disposer.dispose());
  const onEvent = (event: StoreEvent): void => {
    const selected = selectEvent(event, matches);
    if (selected !== undefined) write(selected.type, encoder.event(selected.stored));
  };
  if (start.initial) reportAll(context, exchange, matches, (stored) => write("ADDED", encoder.event(stored)));
  if (start.bookmarkAfterInitial) write("BOOKMARK", encoder.bookmark(store.resourceVersion, true));
  const watching = store.watch(
    groupResource(resource),
    onEvent,
    start.initial || start.since === 0 ? undefined : start.since,
  );
  if ("oldest" in watching) {
    const error = gone(`too old resource version: ${start.since} (${watching.oldest})`);
    response.end(`{"type":"ERROR","object":${JSON.stringify(error.toStatus())}}\n`);
    return;
  }
  allowance = response.writableLength + MAX_UNREAD_BYTES;
  disposer.add(watching.stop);
  if (isTrue(query.get("allowWatchBookmarks"))) {
    const bookmark = (): void => write("BOOKMARK", encoder.bookmark(store.reportedVersion, false));
    disposer.add(context.clock.every(BOOKMARK_MILLISECONDS, bookmark, { background: true }));
  }
  disposer.add(
    context.clock.after(
      timeoutMilliseconds(query),
      () => {
        disposer.dispose();
        response.end();
      },
      { background: true },
    ),
  );
}

interface Start {
  /** Report everything there is first. */
  readonly initial: boolean;
  readonly since: number;
  readonly bookmarkAfterInitial: boolean;
}

/** Upstream: `sendInitialEvents`, else a missing or zero resourceVersion asks for everything first. */
function startOf(query: URLSearchParams): Start {
  const since = Number(query.get("resourceVersion") ?? "0");
  const asked = query.get("sendInitialEvents");
  if (asked !== null && query.get("resourceVersionMatch") !== "NotOlderThan") {
    throw invalid("meta.k8s.io", "ListOptions", "", [
      {
        reason: "FieldValueForbidden",
        message: "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        field: "resourceVersionMatch",
      },
    ]);
  }
  const initial = asked === null ? since === 0 : isTrue(asked);
  return {
    initial,
    since,
    bookmarkAfterInitial: isTrue(asked) && isTrue(query.get("allowWatchBookmarks")),
  };
}

function timeoutMilliseconds(query: URLSearchParams): number {
  const seconds = numberOf(query, "timeoutSeconds") ?? 0;
  // Longer timers than this end at once.
  return Math.min(2 ** 31 - 1, 1000 * (seconds > 0 ? seconds : MIN_TIMEOUT_SECONDS * (1 + Math.random())));
}

function reportAll(
  context: ServerContext,
  { resource, namespace }: ResourceExchange,
  matches: Matcher,
  report: (stored: StoredObject) => void,
): void {
  for (const stored of context.registry.store.list(groupResource(resource), namespace)) {
    if (matches(stored.object)) report(stored);
  }
}

/** The line written last: watchers of the same resource are told of an event one after the other. */
let lastLine: { readonly type: EventType; readonly json: string; readonly bytes: Buffer } | undefined;

function writeEvent(
  context: ServerContext,
  { response }: ResourceExchange,
  type: EventType,
  json: string,
  allowance: number,
): void {
  if (response.destroyed || response.writableEnded) return;
  if (lastLine?.json !== json || lastLine.type !== type) {
    lastLine = { type, json, bytes: Buffer.from(`{"type":"${type}","object":${json}}\n`) };
  }
  response.write(lastLine.bytes);
  if (response.writableLength > allowance) {
    context.logger.warn("a watch was ended: its client does not read", { unreadBytes: response.writableLength });
    response.destroy();
  }
}

function createEncoder(context: ServerContext, { resource, query, request }: ResourceExchange): Encoder {
  const { as, version } = negotiate(request.headers.accept);
  const apiVersion = apiVersionOf(resource);
  const bookmarkOf = (kind: string, apiVersionOfIt: string, resourceVersion: number, end: boolean): string =>
    JSON.stringify({
      kind,
      apiVersion: apiVersionOfIt,
      metadata: {
        resourceVersion: String(resourceVersion),
        creationTimestamp: null,
        ...(end ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}),
      },
    });
  if (as === "metadata") {
    return {
      event: (stored) => partialMetadataJson(stored.object, version),
      bookmark: (resourceVersion, end) =>
        bookmarkOf("PartialObjectMetadata", `meta.k8s.io/${version}`, resourceVersion, end),
    };
  }
  const bookmark = (resourceVersion: number, end: boolean): string =>
    bookmarkOf(resource.kind, apiVersion, resourceVersion, end);
  if (as === "object") return { event: (stored) => stored.json, bookmark };
  const include = includeOf(query);
  let first = true;
  const metadataOf = (object: KubeObject): string =>
    JSON.stringify({ resourceVersion: object.metadata.resourceVersion ?? "" });
  return {
    event(stored) {
      const options = { version, include, now: context.clock.now() };
      const text = tableJson(resource, [stored], metadataOf(stored.object), options, first);
      first = false;
      return text;
    },
    bookmark: (resourceVersion, end) =>
      tableBookmarkJson(
        version,
        JSON.stringify({ resourceVersion: String(resourceVersion) }),
        bookmark(resourceVersion, end),
      ),
  };
}
