import type { Exchange, ServerContext } from "./exchange.ts";
import type { OpenApiV3 } from "../schema/openapi.ts";
import { pathNotFound } from "../machinery/status-error.ts";
import { sendAnswer, sendJson } from "./response.ts";

const YEAR_SECONDS = 365 * 24 * 60 * 60;

/** Makes the documents when a client first asks: few do, and they cost tens of milliseconds. */
export function createOpenApiHandler(): (context: ServerContext, exchange: Exchange, path: string) => Promise<void> {
  let documents: Promise<OpenApiV3> | undefined;
  return async (context, exchange, path) => {
    documents ??= load(context);
    answer(context, await documents, exchange, path);
  };
}

async function load(context: ServerContext): Promise<OpenApiV3> {
  const { OpenApiV3: Documents } = await import("../schema/openapi.ts");
  return new Documents(context.discovery.resources, context.version);
}

/**
 * `GET /openapi/v3` and the documents below it. A document under its hash never changes, so that clients keep it.
 * @param path after `/openapi/v3`, without slashes at its ends
 */
function answer(
  context: ServerContext,
  documents: OpenApiV3,
  { request, response, query }: Exchange,
  path: string,
): void {
  if (path === "") {
    sendJson(request, response, 200, documents.index());
    return;
  }
  const document = documents.document(path);
  if (document === undefined) throw pathNotFound();
  const asked = query.get("hash");
  if (asked !== null && asked !== document.hash) {
    // As upstream: the hash of another version leads to the one there is now.
    const location = `/openapi/v3/${path}?hash=${document.hash}`;
    sendAnswer(request, response, { code: 301, body: "", headers: { location } });
    return;
  }
  const headers: Record<string, string> = { etag: `"${document.hash}"`, vary: "Accept" };
  if (asked !== null) {
    headers["cache-control"] = "public, immutable";
    headers["expires"] = new Date(context.clock.now() + YEAR_SECONDS * 1000).toUTCString();
  }
  const known = request.headers["if-none-match"] === `"${document.hash}"`;
  sendAnswer(request, response, known ? { code: 304, body: "", headers } : { code: 200, body: document.body, headers });
}
