import type { Gvr } from "../../lib/kube/gvr.ts";
import { badRequest } from "../machinery/status-error.ts";

/** What a path below `/api` or `/apis` names (apiserver pkg/endpoints/request/requestinfo.go). */
export interface ResourcePath {
  readonly gvr: Gvr;
  /** `undefined` where the path has none: all namespaces, or a cluster-scoped kind. */
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

const DOT_SEGMENT = /(?:^|[/\\])(?:\.|%2e){1,2}(?:[/\\]|$)/i;
const NAMESPACE_SUBRESOURCES = new Set(["status", "finalize"]);

/**
 * The URL of a request.
 * @throws StatusError 400 where it is none
 */
export function requestUrl(request: { readonly url?: string | undefined }): URL {
  const { url: target = "/" } = request;
  // The parser would resolve these: what names a child must not become its parent.
  if (DOT_SEGMENT.test(target.split("?", 1)[0] ?? "")) throw badRequest(`the path must not have dots: ${target}`);
  // Joined, not resolved: a path that begins with two slashes is not a host.
  const url = URL.parse(`https://localhost${target}`);
  if (url === null) throw badRequest(`the path of the request cannot be read: ${request.url}`);
  return url;
}

/** `undefined` for a path with no resource in it. */
export function parseResourcePath(segments: readonly string[]): ResourcePath | undefined {
  const [root, ...others] = segments;
  const core = root === "api";
  if (!core && root !== "apis") return undefined;
  const group = core ? "" : (others[0] ?? "");
  const version = (core ? others[0] : others[1]) ?? "";
  let rest = others.slice(core ? 1 : 2).map((segment) => decode(segment));
  let namespace: string | undefined;
  if (rest[0] === "namespaces" && rest.length > 2 && !NAMESPACE_SUBRESOURCES.has(rest[2] ?? "")) {
    namespace = rest[1];
    rest = rest.slice(2);
  }
  const [resource, name, subresource, ...surplus] = rest;
  if (resource === undefined || resource === "" || surplus.length > 0) return undefined;
  // Nothing between two slashes is not everything.
  if (namespace === "" || name === "") return undefined;
  return { gvr: { group, version, resource }, namespace, name, subresource };
}

/** A regular expression would look at each slash of a long run again and again. */
export function withoutTrailingSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end -= 1;
  return path.slice(0, end);
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest(`the path has an escape that cannot be decoded: ${segment}`);
  }
}

/** Go's `strconv.ParseBool`: what a query may say for true. */
export function isTrue(value: string | null): boolean {
  return value !== null && ["1", "t", "T", "true", "TRUE", "True"].includes(value);
}

/**
 * A whole number of a query, `undefined` where it is absent.
 * @throws StatusError 400 where it is not a number
 */
export function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  const value = Number(text);
  if (!Number.isInteger(value)) throw badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax`);
  return value;
}
