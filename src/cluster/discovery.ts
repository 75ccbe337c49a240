import { groupResource, parseApiVersion, type ApiResource } from "../lib/kube/gvr.ts";
import { asArray, asRecords, asString, at } from "../lib/kube/object.ts";
import type { Logger } from "../lib/log.ts";
import { isApiError } from "./api-error.ts";
import type { HttpClient } from "./http-client.ts";

const AGGREGATED_ACCEPT = [
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
  "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
  "application/json",
].join(",");

/**
 * Everything the server serves, each resource once in the version its group prefers. Asks for the aggregated form and
 * reads the old one where the server has no other. A group that fails is left out and logged; the rest stands.
 */
export async function discover(
  client: HttpClient,
  logger: Logger,
  signal: AbortSignal,
): Promise<readonly ApiResource[]> {
  const get = (path: string): Promise<unknown> =>
    client.json({ path, about: { verb: "read", resource: path }, accept: AGGREGATED_ACCEPT, signal });
  const [core, groups] = await Promise.all([
    get("/api").catch((error: unknown) => (isApiError(error, 404) ? {} : Promise.reject(error))),
    get("/apis"),
  ]);
  const documents = [
    ...(isAggregated(core) ? fromAggregated(core) : await fromLegacyCore(core, get, logger)),
    ...(isAggregated(groups) ? fromAggregated(groups) : await fromLegacyGroups(groups, get, logger)),
  ];
  const found = new Map<string, ApiResource>();
  for (const resource of documents) {
    const key = groupResource(resource);
    if (!found.has(key)) found.set(key, resource);
  }
  return [...found.values()];
}

function isAggregated(document: unknown): boolean {
  return at(document, "kind") === "APIGroupDiscoveryList";
}

function fromAggregated(document: unknown): ApiResource[] {
  return asRecords(at(document, "items")).flatMap((group) =>
    asRecords(group["versions"]).flatMap((version) =>
      asRecords(version["resources"])
        .filter((resource) => asArray(resource["verbs"]).length > 0)
        .map((resource) => ({
          group: asString(at(group, "metadata", "name")),
          version: asString(version["version"]),
          resource: asString(resource["resource"]),
          kind: asString(at(resource, "responseKind", "kind")),
          singular: asString(resource["singularResource"]),
          namespaced: resource["scope"] === "Namespaced",
          verbs: strings(resource["verbs"]),
          shortNames: strings(resource["shortNames"]),
          categories: strings(resource["categories"]),
          subresources: asRecords(resource["subresources"]).map((entry) => asString(entry["subresource"])),
        })),
    ),
  );
}

function strings(value: unknown): readonly string[] {
  return asArray(value).filter((entry) => typeof entry === "string");
}

type Get = (path: string) => Promise<unknown>;

async function fromLegacyCore(document: unknown, get: Get, logger: Logger): Promise<ApiResource[]> {
  const versions = strings(at(document, "versions"));
  const lists = await Promise.all(versions.map((version) => legacyVersion(`/api/${version}`, get, logger)));
  return lists.flat();
}

async function fromLegacyGroups(document: unknown, get: Get, logger: Logger): Promise<ApiResource[]> {
  const versions = asRecords(at(document, "groups")).flatMap((group) => {
    const preferred = asString(at(group, "preferredVersion", "groupVersion"));
    const all = asRecords(group["versions"]).map((version) => asString(version["groupVersion"]));
    return [...new Set([preferred, ...all])].filter((version) => version !== "");
  });
  const lists = await Promise.all(versions.map((version) => legacyVersion(`/apis/${version}`, get, logger)));
  return lists.flat();
}

async function legacyVersion(path: string, get: Get, logger: Logger): Promise<ApiResource[]> {
  let document: unknown;
  try {
    document = await get(path);
  } catch (error) {
    logger.warn("a group of the API cannot be discovered", { path, error });
    return [];
  }
  const { group, version } = parseApiVersion(asString(at(document, "groupVersion")));
  const entries = asRecords(at(document, "resources"));
  return entries
    .filter((entry) => !asString(entry["name"]).includes("/"))
    .map((entry) => {
      const name = asString(entry["name"]);
      return {
        group,
        version,
        resource: name,
        kind: asString(entry["kind"]),
        singular: asString(entry["singularName"]) || asString(entry["kind"]).toLowerCase(),
        namespaced: entry["namespaced"] === true,
        verbs: strings(entry["verbs"]),
        shortNames: strings(entry["shortNames"]),
        categories: strings(entry["categories"]),
        subresources: entries
          .map((other) => asString(other["name"]))
          .filter((other) => other.startsWith(`${name}/`))
          .map((other) => other.slice(name.length + 1)),
      };
    });
}
