import { asArray, asRecords, type KubeObject } from "./object.ts";

/** A rule of a role. Lists are as the API has them; `*` stands for all. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  /** `pods`, `pods/log`, `*`, and `*` before a subresource. */
  readonly resources: readonly string[];
  /** Empty: every name. */
  readonly resourceNames: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

/** What somebody wants to do: to a resource, or to a path that is none. */
export type AccessRequest =
  | {
      readonly verb: string;
      readonly group: string;
      readonly resource: string;
      /** `""` is the resource itself. */
      readonly subresource: string;
      /** `""` is any: a right to single names only is none. */
      readonly name: string;
    }
  | { readonly verb: string; readonly path: string };

function texts(value: unknown): readonly string[] {
  return asArray(value).filter((entry): entry is string => typeof entry === "string");
}

/** Rules as a role or a rules review holds them. */
export function readRules(value: unknown): readonly PolicyRule[] {
  return asRecords(value).map((rule) => ({
    verbs: texts(rule["verbs"]),
    apiGroups: texts(rule["apiGroups"]),
    resources: texts(rule["resources"]),
    resourceNames: texts(rule["resourceNames"]),
    nonResourceURLs: texts(rule["nonResourceURLs"]),
  }));
}

export function rulesOf(role: KubeObject): readonly PolicyRule[] {
  return readRules(role["rules"]);
}

/** Whether a rule grants what is wanted (upstream: pkg/apis/rbac/v1/evaluation_helpers.go). */
export function ruleAllows(rule: PolicyRule, wanted: AccessRequest): boolean {
  if (!matches(rule.verbs, wanted.verb)) return false;
  if ("path" in wanted) return rule.nonResourceURLs.some((path) => pathMatches(path, wanted.path));
  const { group, resource, subresource, name } = wanted;
  if (!matches(rule.apiGroups, group)) return false;
  if (rule.resourceNames.length > 0 && !rule.resourceNames.includes(name)) return false;
  return rule.resources.some((granted) => resourceMatches(granted, resource, subresource));
}

function matches(granted: readonly string[], wanted: string): boolean {
  return granted.includes("*") || granted.includes(wanted);
}

/** `*` covers subresources too; a star before a slash covers that subresource of every resource. */
export function resourceMatches(granted: string, resource: string, subresource: string): boolean {
  if (granted === "*") return true;
  const wanted = subresource === "" ? resource : `${resource}/${subresource}`;
  return granted === wanted || (subresource !== "" && granted === `*/${subresource}`);
}

/** A path ends in `*` for all below it. */
function pathMatches(granted: string, path: string): boolean {
  return granted === "*" || granted === path || (granted.endsWith("*") && path.startsWith(granted.slice(0, -1)));
}
