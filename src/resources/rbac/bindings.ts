import { asRecord, asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { matchesLabels, parseLabelSelector } from "../../lib/kube/selector.ts";
import { ruleAllows, rulesOf, type AccessRequest, type PolicyRule } from "../../lib/kube/policy-rule.ts";

/** Whom a binding binds. A service account has a namespace. */
export interface Subject {
  readonly kind: "User" | "Group" | "ServiceAccount";
  readonly name: string;
  readonly namespace: string;
}

/** The RBAC objects of a cluster. */
export interface RbacObjects {
  readonly roles: readonly KubeObject[];
  readonly clusterRoles: readonly KubeObject[];
  readonly roleBindings: readonly KubeObject[];
  readonly clusterRoleBindings: readonly KubeObject[];
}

/** A rule that somebody has, and by what. */
export interface Grant {
  readonly rule: PolicyRule;
  readonly binding: KubeObject;
  /** `ClusterRole/view`. */
  readonly role: string;
  /** Where it holds; `""` is everywhere. */
  readonly namespace: string;
}

/** Who may do something, and by what. */
export interface Grantee {
  readonly subject: Subject;
  readonly binding: KubeObject;
  readonly role: string;
  readonly namespace: string;
  /** The grant is to these names only. */
  readonly names: readonly string[];
}

/** Subjects of a binding, as far as they can be read. */
export function subjectsOf(binding: KubeObject): readonly Subject[] {
  return asRecords(binding["subjects"]).flatMap((subject): readonly Subject[] => {
    const name = asString(subject["name"]);
    const namespace = asString(subject["namespace"], binding.metadata.namespace ?? "");
    switch (subject["kind"]) {
      case "User":
      case "Group":
        return [{ kind: subject["kind"], name, namespace: "" }];
      case "ServiceAccount":
        return [{ kind: "ServiceAccount", name, namespace }];
      default:
        return [];
    }
  });
}

/** The groups that Kubernetes itself puts a subject in; others are known to the authenticator alone. */
export function impliedGroups({ kind, namespace }: Subject): readonly string[] {
  if (kind === "Group") return [];
  const everybody = ["system:authenticated"];
  return kind === "User" ? everybody : [...everybody, "system:serviceaccounts", `system:serviceaccounts:${namespace}`];
}

/** A service account is also a user of this name. */
export function userNameOf({ kind, name, namespace }: Subject): string {
  return kind === "ServiceAccount" ? `system:serviceaccount:${namespace}:${name}` : name;
}

/** A user name that stands for a service account is that account. */
export function asSubject(user: string): Subject {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user) ?? [];
  return namespace === undefined || name === undefined
    ? { kind: "User", name: user, namespace: "" }
    : { kind: "ServiceAccount", name, namespace };
}

/** Whether a binding's subject covers one of those who ask. */
function covers(bound: Subject, asking: readonly Subject[]): boolean {
  return asking.some((subject) => {
    if (bound.kind === "Group") {
      return subject.kind === "Group" ? subject.name === bound.name : impliedGroups(subject).includes(bound.name);
    }
    return subject.kind !== "Group" && userNameOf(bound) === userNameOf(subject);
  });
}

/** Each binding with the rules of its role; a binding to a role that is not there grants nothing. */
function boundRules(
  objects: RbacObjects,
): ReadonlyArray<{ readonly binding: KubeObject; readonly role: string; readonly rules: readonly PolicyRule[] }> {
  const clusterRoles = new Map(objects.clusterRoles.map((role) => [role.metadata.name ?? "", role]));
  const roles = new Map(objects.roles.map((role) => [`${role.metadata.namespace}/${role.metadata.name}`, role]));
  return [...objects.clusterRoleBindings, ...objects.roleBindings].flatMap((binding) => {
    const reference = asRecord(binding["roleRef"]);
    const name = asString(reference["name"]);
    const cluster = reference["kind"] === "ClusterRole";
    const role = cluster ? clusterRoles.get(name) : roles.get(`${binding.metadata.namespace}/${name}`);
    if (role === undefined) return [];
    return [
      {
        binding,
        role: `${cluster ? "ClusterRole" : "Role"}/${name}`,
        rules: effectiveRules(role, objects.clusterRoles),
      },
    ];
  });
}

/**
 * The rules of a role. Those of an aggregated one are filled in by a controller; where none has done so yet, they are
 * those of the roles that it selects.
 */
export function effectiveRules(role: KubeObject, clusterRoles: readonly KubeObject[]): readonly PolicyRule[] {
  const own = rulesOf(role);
  const selectors = asRecords(at(role, "aggregationRule", "clusterRoleSelectors"));
  if (selectors.length === 0 || own.length > 0) return own;
  const selected = clusterRoles.filter(
    (each) =>
      each.metadata.name !== role.metadata.name &&
      selectors.some((selector) => {
        const labels = Object.entries(asRecord(selector["matchLabels"])).map(
          ([key, value]) => `${key}=${asString(value)}`,
        );
        return labels.length > 0 && matchesLabels(parseLabelSelector(labels.join(",")), each.metadata.labels);
      }),
  );
  return selected.flatMap(rulesOf);
}

/** What these subjects together may do in a namespace, and everywhere; all namespaces for `""`. */
export function grantsOf(asking: readonly Subject[], namespace: string, objects: RbacObjects): readonly Grant[] {
  return boundRules(objects).flatMap(({ binding, role, rules }) => {
    const where = binding.metadata.namespace ?? "";
    if (where !== "" && namespace !== "" && where !== namespace) return [];
    if (!subjectsOf(binding).some((subject) => covers(subject, asking))) return [];
    return rules.map((rule): Grant => ({ rule, binding, role, namespace: where }));
  });
}

/** Who may do something in a namespace (`""`: in any, or to what has none), each binding once for each subject. */
export function whoCan(wanted: AccessRequest, namespace: string, objects: RbacObjects): readonly Grantee[] {
  return boundRules(objects).flatMap(({ binding, role, rules }) => {
    const where = binding.metadata.namespace ?? "";
    // A RoleBinding grants nothing outside its namespace, and no path.
    if (where !== "" && ("path" in wanted || (namespace !== "" && where !== namespace))) return [];
    const granting = rules.filter((rule) => grants(rule, wanted));
    if (granting.length === 0) return [];
    const all = granting.some((rule) => rule.resourceNames.length === 0);
    const names = all ? [] : [...new Set(granting.flatMap((rule) => rule.resourceNames))];
    return subjectsOf(binding).map((subject): Grantee => ({ subject, binding, role, namespace: where, names }));
  });
}

/** Where no name is asked for, a right to some names counts, and they are told. */
function grants(rule: PolicyRule, wanted: AccessRequest): boolean {
  if (ruleAllows(rule, wanted)) return true;
  if ("path" in wanted || wanted.name !== "") return false;
  return rule.resourceNames.some((name) => ruleAllows(rule, { ...wanted, name }));
}
