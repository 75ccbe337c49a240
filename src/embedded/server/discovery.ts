import { apiVersionOf } from "../../lib/kube/gvr.ts";
import type { ServedResource, ServedSubresource } from "../machinery/served-resource.ts";
import { pathNotFound } from "../machinery/status-error.ts";

export const AGGREGATED_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/** Groups in the order kubectl prints them, each with its versions, preferred first. */
type Groups = ReadonlyMap<string, readonly string[]>;

function groupsOf(resources: readonly ServedResource[]): Groups {
  const groups = new Map<string, string[]>();
  for (const { group, version } of resources) {
    const versions = groups.get(group) ?? [];
    if (!versions.includes(version)) versions.push(version);
    groups.set(group, versions);
  }
  return groups;
}

/** The documents of discovery, legacy and aggregated, made from what is served. */
export class Discovery {
  /** Everything served, stored or not, by name. */
  readonly resources: readonly ServedResource[];
  readonly #groups: Groups;

  constructor(resources: readonly ServedResource[]) {
    this.resources = [...resources].sort((left, right) => (left.resource < right.resource ? -1 : 1));
    this.#groups = groupsOf(resources);
  }

  /** `/api` with the address clients should use. */
  apiVersions(serverAddress: string): unknown {
    return {
      kind: "APIVersions",
      versions: ["v1"],
      serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress }],
    };
  }

  /** `/apis` */
  groupList(): unknown {
    const groups = [...this.#groups].filter(([group]) => group !== "");
    return {
      kind: "APIGroupList",
      apiVersion: "v1",
      groups: groups.map(([name, versions]) => groupOf(name, versions)),
    };
  }

  /**
   * `/apis/<group>`
   * @throws StatusError 404
   */
  group(name: string): unknown {
    const versions = this.#groups.get(name);
    if (name === "" || versions === undefined) throw pathNotFound();
    return { kind: "APIGroup", apiVersion: "v1", ...groupOf(name, versions) };
  }

  /**
   * `/api/v1` and `/apis/<group>/<version>`
   * @throws StatusError 404
   */
  resourceList(group: string, version: string): unknown {
    if (this.#groups.get(group)?.includes(version) !== true) throw pathNotFound();
    return {
      kind: "APIResourceList",
      apiVersion: "v1",
      groupVersion: apiVersionOf({ group, version }),
      resources: this.#of(group, version).flatMap((resource) => [
        legacyResource(resource),
        ...resource.subresourceList.map((subresource) => legacySubresource(resource, subresource)),
      ]),
    };
  }

  /** `/api` (core) or `/apis`, aggregated v2. */
  aggregated(core: boolean): unknown {
    const groups = [...this.#groups].filter(([group]) => (group === "") === core);
    return {
      kind: "APIGroupDiscoveryList",
      apiVersion: "apidiscovery.k8s.io/v2",
      metadata: {},
      items: groups.map(([group, versions]) => ({
        metadata: { ...(group === "" ? {} : { name: group }), creationTimestamp: null },
        versions: versions.map((version) => ({
          version,
          freshness: "Current",
          resources: this.#of(group, version).map(aggregatedResource),
        })),
      })),
    };
  }

  #of(group: string, version: string): readonly ServedResource[] {
    return this.resources.filter((each) => each.group === group && each.version === version);
  }
}

function groupOf(name: string, versions: readonly string[]): object {
  const described = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: described, preferredVersion: described[0] };
}

function namesOf(resource: ServedResource): object {
  return {
    ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
    ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
  };
}

function legacyResource(resource: ServedResource): object {
  const { resource: name, singular: singularName, namespaced, kind, verbs } = resource;
  return { name, singularName, namespaced, kind, verbs, ...namesOf(resource) };
}

/** Group and version are given only where they are not those of the list. */
function legacySubresource(resource: ServedResource, { name, group, version, kind, verbs }: ServedSubresource): object {
  const foreign = group === resource.group && version === resource.version ? {} : { group, version };
  return {
    name: `${resource.resource}/${name}`,
    singularName: "",
    namespaced: resource.namespaced,
    ...foreign,
    kind,
    verbs,
  };
}

function aggregatedResource(resource: ServedResource): object {
  const { group, version, kind } = resource;
  return {
    resource: resource.resource,
    responseKind: { group, version, kind },
    scope: resource.namespaced ? "Namespaced" : "Cluster",
    singularResource: resource.singular,
    verbs: resource.verbs,
    ...namesOf(resource),
    ...(resource.subresourceList.length === 0
      ? {}
      : {
          subresources: resource.subresourceList.map((each) => ({
            subresource: each.name,
            responseKind: { group: each.group, version: each.version, kind: each.kind },
            verbs: each.verbs,
          })),
        }),
  };
}
