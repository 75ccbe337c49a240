import type { ServerResponse } from "node:http";
import { apiVersionOf, type ApiResource } from "../../src/lib/kube/gvr.ts";
import type { FakeApiContext } from "./fake-api-context.ts";
import type { RecordedRequest } from "./fake-api-request.ts";

type Answer = (code: number, body: string) => void;

/** Answers `/version`, `/readyz`, `/api`, `/apis` and the documents of single versions. */
export function serveDiscovery(
  context: FakeApiContext,
  request: RecordedRequest,
  response: ServerResponse,
  answer: Answer,
): boolean {
  const { path } = request;
  if (path === "/version") {
    answer(200, JSON.stringify({ major: "1", minor: "36", gitVersion: "v1.36.0", platform: "linux/amd64" }));
    return true;
  }
  if (path === "/readyz" || path === "/livez" || path === "/healthz") {
    response.writeHead(200, { "Content-Type": "text/plain" }).end("ok");
    return true;
  }
  const aggregated =
    context.options.legacyDiscovery !== true && (request.headers.accept ?? "").includes("as=APIGroupDiscoveryList");
  if (path === "/api" || path === "/apis") {
    if (aggregated) {
      response.setHeader("Content-Type", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
      const groups = groupsOf(context.resources).filter(([group]) => (group === "") === (path === "/api"));
      response.end(JSON.stringify(aggregatedDocument(groups)));
    } else
      answer(200, JSON.stringify(path === "/api" ? { kind: "APIVersions", versions: ["v1"] } : groupList(context)));
    return true;
  }
  const match = /^\/(?:api\/([^/]+)|apis\/([^/]+)\/([^/]+))$/.exec(path);
  if (match === null) return false;
  const [, core, group = "", version = core ?? ""] = match;
  const resources = context.resources.filter((one) => one.group === group && one.version === version);
  if (resources.length === 0) return false;
  answer(200, JSON.stringify(legacyDocument(apiVersionOf({ group, version }), resources)));
  return true;
}

function groupsOf(resources: readonly ApiResource[]): ReadonlyArray<readonly [string, readonly ApiResource[]]> {
  return [...Map.groupBy(resources, (resource) => resource.group)];
}

function groupList(context: FakeApiContext): Readonly<Record<string, unknown>> {
  return {
    kind: "APIGroupList",
    apiVersion: "v1",
    groups: groupsOf(context.resources)
      .filter(([group]) => group !== "")
      .map(([name, resources]) => {
        const versions = [...new Set(resources.map(({ version }) => version))].map((version) => ({
          groupVersion: `${name}/${version}`,
          version,
        }));
        return { name, versions, preferredVersion: versions[0] };
      }),
  };
}

function aggregatedDocument(
  groups: ReadonlyArray<readonly [string, readonly ApiResource[]]>,
): Readonly<Record<string, unknown>> {
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items: groups.map(([name, resources]) => ({
      metadata: { name, creationTimestamp: null },
      versions: [...Map.groupBy(resources, ({ version }) => version)].map(([version, served]) => ({
        version,
        freshness: "Current",
        resources: served.map((resource) => ({
          resource: resource.resource,
          responseKind: { group: resource.group, version, kind: resource.kind },
          scope: resource.namespaced ? "Namespaced" : "Cluster",
          singularResource: resource.singular,
          verbs: resource.verbs,
          shortNames: resource.shortNames,
          categories: resource.categories,
          subresources: resource.subresources.map((subresource) => ({
            subresource,
            responseKind: { group: "", version: "", kind: "" },
            verbs: ["get", "patch", "update"],
          })),
        })),
      })),
    })),
  };
}

function legacyDocument(groupVersion: string, resources: readonly ApiResource[]): Readonly<Record<string, unknown>> {
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion,
    resources: resources.flatMap((resource) => [
      {
        name: resource.resource,
        singularName: resource.singular,
        namespaced: resource.namespaced,
        kind: resource.kind,
        verbs: resource.verbs,
        shortNames: resource.shortNames,
        categories: resource.categories,
      },
      ...resource.subresources.map((subresource) => ({
        name: `${resource.resource}/${subresource}`,
        singularName: "",
        namespaced: resource.namespaced,
        kind: resource.kind,
        verbs: ["get", "patch", "update"],
      })),
    ]),
  };
}
