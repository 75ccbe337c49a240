import type { ApiResource } from "../../lib/kube/gvr.ts";
import { groupResource } from "../../lib/kube/gvr.ts";
import { ruleAllows, type PolicyRule } from "../../lib/kube/policy-rule.ts";

/** Verbs with a column of their own. */
export const MATRIX_VERBS = ["get", "list", "watch", "create", "update", "patch", "delete"] as const;
/** A resource that is served has at least these verbs asked about. */
const ALL_VERBS = [...MATRIX_VERBS, "deletecollection"] as const;

/** One line of what may be done. */
export interface MatrixRow {
  /** `deployments.apps/scale`, `*.*`, a path. */
  readonly resource: string;
  /** Only these. */
  readonly names: readonly string[];
  readonly verbs: readonly string[];
}

/** Rules as they stand: each resource of each group a row, those of equal resource and names joined. */
export function ruleRows(rules: readonly PolicyRule[]): readonly MatrixRow[] {
  const rows = new Map<string, MatrixRow>();
  const add = (resource: string, names: readonly string[], verbs: readonly string[]): void => {
    const key = `${resource} ${names.join(",")}`;
    const known = rows.get(key)?.verbs ?? [];
    rows.set(key, { resource, names, verbs: [...new Set([...known, ...verbs])] });
  };
  for (const rule of rules) {
    for (const path of rule.nonResourceURLs) add(path, [], rule.verbs);
    for (const group of rule.apiGroups) {
      for (const resource of rule.resources) add(resourceText(group, resource), rule.resourceNames, rule.verbs);
    }
  }
  return [...rows.values()].toSorted((left, right) => (left.resource < right.resource ? -1 : 1));
}

/** `deployments.apps/scale`; the group `*` is told too. */
function resourceText(group: string, resource: string): string {
  const [plural = "", ...sub] = resource.split("/");
  return [groupResource({ group, resource: plural }), ...sub].join("/");
}

/**
 * What may be done to each resource that the server serves, wildcards resolved; then what the rules name beside those:
 * single objects, resources that are not served, paths.
 */
export function accessRows(rules: readonly PolicyRule[], resources: readonly ApiResource[]): readonly MatrixRow[] {
  const served: MatrixRow[] = [];
  const told = new Set<string>();
  for (const resource of resources) {
    for (const subresource of ["", ...resource.subresources]) {
      const asked = subresource === "" ? [...new Set([...ALL_VERBS, ...resource.verbs])] : ALL_VERBS;
      const verbs = asked.filter((verb) =>
        rules.some((rule) =>
          ruleAllows(rule, { verb, group: resource.group, resource: resource.resource, subresource, name: "" }),
        ),
      );
      const text = resourceText(
        resource.group,
        subresource === "" ? resource.resource : `${resource.resource}/${subresource}`,
      );
      told.add(text);
      if (verbs.length > 0) served.push({ resource: text, names: [], verbs });
    }
  }
  const others = ruleRows(rules).filter(
    ({ resource, names }) =>
      names.length > 0 || (!told.has(resource) && !resource.includes("*")) || resource.startsWith("/"),
  );
  const known = new Map(served.map((row) => [row.resource, row]));
  // A rule may name a verb that no column asks about: impersonate, bind, approve.
  for (const { resource, names, verbs } of ruleRows(rules)) {
    const row = known.get(resource);
    if (row === undefined || names.length > 0 || verbs.includes("*")) continue;
    known.set(resource, { ...row, verbs: [...new Set([...row.verbs, ...verbs])] });
  }
  return [...known.values(), ...others].toSorted((left, right) => (left.resource < right.resource ? -1 : 1));
}
