import { KelpieError, type KelpieErrorOptions } from "../lib/errors.ts";
import { asArray, asNumber, asRecords, asString, at, isRecord } from "../lib/kube/object.ts";

/** What a request was about, for messages. */
export interface RequestSubject {
  readonly verb: string;
  /** `pods`, `deployments.apps`, `/version`. */
  readonly resource: string;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

/** The API server answered and refused. `message` holds the server's own words. */
export class ApiError extends KelpieError {
  override readonly name = "ApiError";
  /** HTTP status. */
  readonly status: number;
  /** `reason` of the Status: `NotFound`, `Conflict`, `Expired`. */
  readonly reason: string;
  readonly retryAfterMilliseconds: number | undefined;
  /** `metadata.continue` of a 410 to a paged list. */
  readonly continueToken: string | undefined;

  constructor(
    message: string,
    status: number,
    options: KelpieErrorOptions & {
      readonly reason?: string;
      readonly retryAfterMilliseconds?: number | undefined;
      readonly continueToken?: string | undefined;
    } = {},
  ) {
    super(message, options);
    this.status = status;
    this.reason = options.reason ?? "";
    this.retryAfterMilliseconds = options.retryAfterMilliseconds;
    this.continueToken = options.continueToken;
  }
}

export function isApiError(error: unknown, ...statuses: readonly number[]): error is ApiError {
  return error instanceof ApiError && (statuses.length === 0 || statuses.includes(error.status));
}

/**
 * The error for an answer that is not a success.
 * @param body the answer's text: a Status, or whatever a proxy on the way said
 * @param retryAfter the header, in seconds
 */
export function apiErrorFrom(status: number, body: string, subject: RequestSubject, retryAfter?: string): ApiError {
  const parsed = parseStatus(body);
  const words = serverWords(parsed, body, status);
  const said = subject.resource === "secrets" ? withoutValues(words) : words;
  const seconds = Number(retryAfter ?? asNumber(at(parsed, "details", "retryAfterSeconds"), Number.NaN));
  const hint = hintFor(status, subject, asString(at(parsed, "reason")));
  return new ApiError(`cannot ${describe(subject)}: ${said}`, status, {
    reason: asString(at(parsed, "reason")),
    ...(hint === undefined ? {} : { hint }),
    ...(Number.isFinite(seconds) ? { retryAfterMilliseconds: seconds * 1000 } : {}),
    continueToken: asString(at(parsed, "metadata", "continue")) || undefined,
  });
}

/** The error for a Status object, as a watch sends it in an ERROR event. */
export function apiErrorFromStatus(value: unknown, subject: RequestSubject): ApiError {
  return apiErrorFrom(asNumber(at(value, "code"), 500), JSON.stringify(value ?? {}), subject);
}

/** A server quotes the value it refuses, and what it could not decode. */
function withoutValues(words: string): string {
  return words
    .replaceAll(/(\bvalue: )(?:"(?:[^"\\]|\\.)*"|[^\s:;,]+)/gi, "$1(hidden)")
    .replaceAll(/(\berror found in )[^]*$/gi, "$1(hidden)");
}

function parseStatus(body: string): unknown {
  try {
    const value: unknown = JSON.parse(body);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function serverWords(parsed: unknown, body: string, status: number): string {
  const message = asString(at(parsed, "message"));
  const causes = asRecords(asArray(at(parsed, "details", "causes")))
    .map((cause) => asString(cause["message"]))
    .filter((text) => text !== "" && !message.includes(text));
  if (message !== "") return causes.length === 0 ? message : [message.replace(/\.$/, ""), ...causes].join("; ");
  // A proxy's page: its title says more than its markup.
  const title = /<title>([^<]*)<\/title>/i.exec(body)?.[1];
  const text = (title ?? body).replaceAll(/\s+/g, " ").trim();
  return text === "" || text.startsWith("<") ? `the server answered ${status}` : `${text.slice(0, 300)} (${status})`;
}

/** `list pods in team-1`, `delete deployments.apps default/web`. */
export function describe({ verb, resource, namespace = "", name }: RequestSubject): string {
  if (name === undefined) return namespace === "" ? `${verb} ${resource}` : `${verb} ${resource} in ${namespace}`;
  return `${verb} ${resource} ${namespace === "" ? "" : `${namespace}/`}${name}`;
}

function hintFor(status: number, subject: RequestSubject, reason: string): string | undefined {
  const where = subject.namespace === undefined || subject.namespace === "" ? "the cluster" : subject.namespace;
  switch (status) {
    case 401:
      return "the credentials are not accepted: log in again, or check the user in the kubeconfig";
    case 403:
      return `you lack the right to ${subject.verb} ${subject.resource} in ${where}: ask for a role that grants it`;
    case 409:
      return reason === "AlreadyExists" ? "choose another name" : "the object has changed: load it again";
    case 422:
      return "correct the fields the server names";
    case 429:
      return "the server is busy: wait a little";
    case 502:
    case 503:
    case 504:
      return "the server, or a proxy before it, is not ready: wait a little";
    default:
      return undefined;
  }
}
