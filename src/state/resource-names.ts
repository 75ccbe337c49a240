import { fuzzyScore } from "../lib/fuzzy.ts";
import type { ApiResource } from "../lib/kube/gvr.ts";
import type { KindDefinition } from "../resources/kind.ts";

const ALL_VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"];

/** What discovery will probably say of a kind kelpie knows: enough to list it before discovery has answered. */
export function presumedResource(kind: KindDefinition): ApiResource {
  return {
    ...kind.gvr,
    kind: kind.kind,
    singular: kind.kind.toLowerCase(),
    namespaced: kind.namespaced,
    verbs: ALL_VERBS,
    shortNames: kind.aliases,
    categories: [],
    subresources: kind.can.includes("scale") ? ["scale", "status"] : ["status"],
  };
}

/** Resources that can be shown: listable, each once, kinds kelpie knows before discovery answered. */
export function listable(resources: readonly ApiResource[], kinds: readonly KindDefinition[]): readonly ApiResource[] {
  if (resources.length === 0) return kinds.map(presumedResource);
  return resources.filter((resource) => resource.verbs.includes("list"));
}

/**
 * The resource a user means by a plural, singular, kind, short name or alias, with or without its group (`deploy`,
 * `Deployment`, `deployments.apps`, `deployments.v1.apps`). The core group wins, then the kinds kelpie knows.
 */
export function findResource(
  name: string,
  resources: readonly ApiResource[],
  kinds: readonly KindDefinition[],
): ApiResource | undefined {
  const wanted = name.toLowerCase();
  const candidates = listable(resources, kinds);
  const dot = wanted.indexOf(".");
  if (dot > 0) {
    const [plain, rest] = [wanted.slice(0, dot), wanted.slice(dot + 1)];
    return best(
      candidates.filter(
        (resource) =>
          names(resource, kinds).includes(plain) &&
          (resource.group === rest || `${resource.version}.${resource.group}` === rest),
      ),
      kinds,
    );
  }
  const exact = candidates.filter((resource) => resource.resource === wanted);
  return best(
    exact.length > 0 ? exact : candidates.filter((resource) => names(resource, kinds).includes(wanted)),
    kinds,
  );
}

/** Every name of a resource, lower case, plural first. */
export function names(resource: ApiResource, kinds: readonly KindDefinition[]): readonly string[] {
  const own = kinds.find(({ gvr }) => gvr.group === resource.group && gvr.resource === resource.resource);
  return [
    ...new Set([
      resource.resource,
      resource.singular.toLowerCase(),
      resource.kind.toLowerCase(),
      ...resource.shortNames,
      ...(own?.aliases ?? []),
    ]),
  ].filter((name) => name !== "");
}

/** Resources whose names resemble what was typed, best first. */
export function similarResources(
  text: string,
  resources: readonly ApiResource[],
  kinds: readonly KindDefinition[],
): readonly ApiResource[] {
  const scored: Array<{ readonly resource: ApiResource; readonly score: number }> = [];
  for (const resource of listable(resources, kinds)) {
    let score: number | undefined;
    for (const name of names(resource, kinds)) {
      const here = fuzzyScore(text, name);
      if (here !== undefined && (score === undefined || here > score)) score = here;
    }
    if (score !== undefined) scored.push({ resource, score: score + rank(resource, kinds) });
  }
  return scored.sort((left, right) => right.score - left.score).map(({ resource }) => resource);
}

function best(found: readonly ApiResource[], kinds: readonly KindDefinition[]): ApiResource | undefined {
  return found.toSorted((left, right) => rank(right, kinds) - rank(left, kinds))[0];
}

function rank(resource: ApiResource, kinds: readonly KindDefinition[]): number {
  const known = kinds.some(({ gvr }) => gvr.group === resource.group && gvr.resource === resource.resource);
  return (resource.group === "" ? 2 : 0) + (known ? 3 : 0) + (resource.group === "metrics.k8s.io" ? -3 : 0);
}
