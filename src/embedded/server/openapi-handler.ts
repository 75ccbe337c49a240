import type { OpenApi } from "../schema/openapi-answer.ts";
import { pathNotFound } from "../machinery/status-error.ts";
import type { Exchange, ServerContext } from "./exchange.ts";
import { sendAnswer } from "./response.ts";

export type OpenApiHandler = (context: ServerContext, exchange: Exchange, path: string) => Promise<void>;

/** `/openapi/v2` and `/openapi/v3`. The documents are made when a client first asks: that costs tens of milliseconds. */
export function createOpenApiHandler(): OpenApiHandler {
  let documents: Promise<OpenApi> | undefined;
  return async (context, { request, response, query }, path) => {
    documents ??= load(context);
    const answer = (await documents).answer({
      path,
      hash: query.get("hash") ?? undefined,
      accept: request.headers.accept ?? "",
      ifNoneMatch: request.headers["if-none-match"],
    });
    if (answer === undefined) throw pathNotFound();
    sendAnswer(request, response, answer);
  };
}

async function load(context: ServerContext): Promise<OpenApi> {
  const { OpenApi: Documents } = await import("../schema/openapi-answer.ts");
  return new Documents(context.discovery.resources, context.version);
}
