import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import type { NodeAgent } from "../kubelet/node-agent.ts";
import type { WriteOptions } from "../machinery/registry.ts";
import type { ServedResource } from "../machinery/served-resource.ts";
import { badRequest, invalid } from "../machinery/status-error.ts";
import type { User } from "./authentication.ts";
import type { ClusterRegistry } from "./create-registry.ts";
import type { Discovery } from "./discovery.ts";
import type { ListSnapshots } from "./list-snapshots.ts";
import type { OpenApiHandler } from "./openapi-handler.ts";
import { isTrue } from "./request-info.ts";
import type { ServiceAccountTokens } from "./service-account-tokens.ts";

/** What every handler may use. */
export interface ServerContext {
  readonly registry: ClusterRegistry;
  readonly discovery: Discovery;
  readonly snapshots: ListSnapshots;
  readonly tokens: ServiceAccountTokens;
  readonly openApi: OpenApiHandler;
  /** Of Kubernetes: `v1.36.0`. */
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `undefined` until the node agent runs. */
  nodeAgent(): NodeAgent | undefined;
  /** `undefined` when everything is ready, else what is not. */
  notReady(): string | undefined;
}

/** One request with its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly user: User;
}

/** An exchange about an object or a collection of a served resource. */
export interface ResourceExchange extends Exchange {
  readonly resource: ServedResource;
  /** `""` for all namespaces and for cluster-scoped kinds. */
  readonly namespace: string;
}

/** @throws StatusError 400 or 422 for values that are not allowed */
export function writeOptionsOf(exchange: Exchange): WriteOptions {
  const { query, request, response } = exchange;
  const dryRun = query.getAll("dryRun");
  if (dryRun.some((value) => value !== "All")) {
    const message = `Invalid value: ["${dryRun.join('", "')}"]: must be All`;
    throw invalid("meta.k8s.io", "CreateOptions", "", [{ reason: "FieldValueInvalid", message, field: "dryRun" }]);
  }
  const validation = query.get("fieldValidation") ?? "Warn";
  if (validation !== "Ignore" && validation !== "Warn" && validation !== "Strict") {
    throw badRequest(
      `fieldValidation: Unsupported value: "${validation}": supported values: "Ignore", "Warn", "Strict"`,
    );
  }
  return {
    dryRun: dryRun.length > 0,
    fieldManager: query.get("fieldManager") ?? managerOfUserAgent(request.headers["user-agent"]),
    force: isTrue(query.get("force")),
    fieldValidation: validation,
    warn: warner(response),
  };
}

/** Bounds as upstream's (apiserver pkg/endpoints/filters/warning.go). */
const MAX_WARNINGS_LENGTH = 4096;
const MAX_WARNING_LENGTH = 256;

/** Adds `Warning` headers, as many as clients take: of a long one the beginning, of very many the first ones. */
function warner(response: ServerResponse): (message: string) => void {
  let length = 0;
  return (message) => {
    if (response.headersSent || length >= MAX_WARNINGS_LENGTH) return;
    const text = message.slice(0, MAX_WARNING_LENGTH);
    length += text.length;
    response.appendHeader("warning", `299 - ${asciiJson(text)}`);
  };
}

/** A header takes no other characters; as escapes they stay readable for a program. */
function asciiJson(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The part before the slash, as upstream names a manager that did not name itself. */
function managerOfUserAgent(userAgent = ""): string {
  return userAgent.split("/")[0]?.slice(0, 128) ?? "";
}
