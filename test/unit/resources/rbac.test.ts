import { describe, expect, it } from "vitest";
import type { ApiResource } from "../../../src/lib/kube/gvr.ts";
import type { KubeObject } from "../../../src/lib/kube/object.ts";
import { accessRows, ruleRows } from "../../../src/resources/rbac/access-matrix.ts";
import { asSubject, grantsOf, whoCan, type RbacObjects, type Subject } from "../../../src/resources/rbac/bindings.ts";
import { readRules, ruleAllows, type AccessRequest } from "../../../src/lib/kube/policy-rule.ts";

const wanted = (verb: string, resource: string, name = "", group = ""): AccessRequest => {
  const [plural = "", subresource = ""] = resource.split("/");
  return { verb, group, resource: plural, subresource, name };
};
const rule = (verbs: string, groups: string, resources: string, names = ""): unknown => ({
  verbs: verbs.split(","),
  apiGroups: groups.split(","),
  resources: resources.split(","),
  ...(names === "" ? {} : { resourceNames: names.split(",") }),
});

describe("a rule", () => {
  it.each<[string, unknown, AccessRequest, boolean]>([
    ["grants its verb on its resource", rule("get", "", "pods"), wanted("get", "pods"), true],
    ["grants no other verb", rule("get", "", "pods"), wanted("list", "pods"), false],
    ["grants no other group", rule("get", "apps", "pods"), wanted("get", "pods"), false],
    ["with the group * grants every group", rule("get", "*", "pods"), wanted("get", "pods", "", "x.io"), true],
    ["with the verb * grants every verb", rule("*", "", "pods"), wanted("impersonate", "pods"), true],
    ["grants no subresource with the resource", rule("get", "", "pods"), wanted("get", "pods/log"), false],
    ["grants a subresource by its name", rule("get", "", "pods/log"), wanted("get", "pods/log"), true],
    [
      "grants a subresource of everything",
      rule("patch", "*", "*/scale"),
      wanted("patch", "deployments/scale", "", "apps"),
      true,
    ],
    [
      "of every subresource is not of the resource",
      rule("patch", "*", "*/scale"),
      wanted("patch", "deployments", "", "apps"),
      false,
    ],
    ["with the resource * grants subresources too", rule("create", "", "*"), wanted("create", "pods/exec"), true],
    ["of names grants those", rule("get", "", "secrets", "a,b"), wanted("get", "secrets", "b"), true],
    ["of names grants no others", rule("get", "", "secrets", "a,b"), wanted("get", "secrets", "c"), false],
    [
      "of names grants none where no name is asked for",
      rule("list", "", "secrets", "a"),
      wanted("list", "secrets"),
      false,
    ],
    [
      "of a path grants that",
      { verbs: ["get"], nonResourceURLs: ["/healthz"] },
      { verb: "get", path: "/healthz" },
      true,
    ],
    [
      "of paths below grants those",
      { verbs: ["get"], nonResourceURLs: ["/healthz/*"] },
      { verb: "get", path: "/healthz/etcd" },
      true,
    ],
    ["of a path grants no resource", { verbs: ["*"], nonResourceURLs: ["*"] }, wanted("get", "pods"), false],
    ["that is malformed grants nothing", { verbs: "get", apiGroups: 1, resources: [{}] }, wanted("get", "pods"), false],
  ])("%s", (_name, value, request, allowed) => {
    expect(readRules([value]).some((each) => ruleAllows(each, request))).toBe(allowed);
  });
});

const role = (kind: string, name: string, rules: readonly unknown[], more: Partial<KubeObject> = {}): KubeObject => ({
  kind,
  metadata: { name, ...(kind === "Role" ? { namespace: "shop" } : {}) },
  rules,
  ...more,
});
const binding = (name: string, to: string, subjects: readonly unknown[], namespace?: string): KubeObject => {
  const [kind, roleName] = to.split("/");
  return {
    kind: namespace === undefined ? "ClusterRoleBinding" : "RoleBinding",
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    roleRef: { kind, name: roleName },
    subjects,
  };
};
const jane = { kind: "User", name: "jane" };
const devs = { kind: "Group", name: "devs" };
const builder = { kind: "ServiceAccount", name: "builder", namespace: "ci" };

const objects: RbacObjects = {
  roles: [role("Role", "reader", [rule("get,list", "", "pods"), rule("get", "", "secrets", "login")])],
  clusterRoles: [
    role("ClusterRole", "admin", [rule("*", "*", "*"), { verbs: ["*"], nonResourceURLs: ["*"] }]),
    role("ClusterRole", "all", [], { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: "all" } }] } }),
    {
      ...role("ClusterRole", "events", [rule("list", "", "events")]),
      metadata: { name: "events", labels: { part: "all" } },
    },
  ],
  roleBindings: [
    binding("readers", "Role/reader", [jane, builder], "shop"),
    binding("admins-here", "ClusterRole/admin", [devs], "shop"),
    binding("dangling", "Role/gone", [jane], "shop"),
    binding("accounts", "ClusterRole/all", [{ kind: "Group", name: "system:serviceaccounts:ci" }], "other"),
  ],
  clusterRoleBindings: [
    binding("aggregated", "ClusterRole/all", [{ kind: "Group", name: "system:authenticated" }]),
    binding("broken", "ClusterRole/admin", [{ kind: "Robot", name: "x" }, 7]),
  ],
};

const names = (subjects: readonly Subject[], namespace: string): readonly string[] => [
  ...new Set(grantsOf(subjects, namespace, objects).map((grant) => grant.binding.metadata.name ?? "")),
];

describe("what somebody may do", () => {
  it.each<[string, readonly Subject[], string, readonly string[]]>([
    ["is what bindings give, and what everybody has", [asSubject("jane")], "shop", ["aggregated", "readers"]],
    ["is nothing of another namespace", [asSubject("jane")], "web", ["aggregated"]],
    ["is what a group has", [{ kind: "Group", name: "devs", namespace: "" }], "shop", ["admins-here"]],
    [
      "is what all named subjects have together",
      [asSubject("jane"), { kind: "Group", name: "devs", namespace: "" }],
      "shop",
      ["aggregated", "readers", "admins-here"],
    ],
    [
      "is the same for an account under its user name",
      [asSubject("system:serviceaccount:ci:builder")],
      "shop",
      ["aggregated", "readers"],
    ],
    [
      "counts the groups of service accounts",
      [asSubject("system:serviceaccount:ci:builder")],
      "other",
      ["aggregated", "accounts"],
    ],
    ["is of every namespace where none is named", [asSubject("jane")], "", ["aggregated", "readers"]],
  ])("%s", (_name, subjects, namespace, bindings) => {
    expect(names(subjects, namespace)).toEqual(bindings);
  });
});

describe("who may do something", () => {
  const who = (request: AccessRequest, namespace: string): readonly string[] =>
    whoCan(request, namespace, objects).map(
      ({ subject, binding: by, names: only }) =>
        `${subject.name} by ${by.metadata.name ?? ""}${only.length === 0 ? "" : ` only ${only.join(",")}`}`,
    );
  it.each<[string, AccessRequest, string, readonly string[]]>([
    [
      "lists every subject of a binding",
      wanted("list", "pods"),
      "shop",
      ["jane by readers", "builder by readers", "devs by admins-here"],
    ],
    [
      "tells names that alone are granted",
      wanted("get", "secrets"),
      "shop",
      ["jane by readers only login", "builder by readers only login", "devs by admins-here"],
    ],
    ["asks for one name", wanted("get", "secrets", "other"), "shop", ["devs by admins-here"]],
    [
      "counts aggregated roles that no controller has filled in",
      wanted("list", "events"),
      "web",
      ["system:authenticated by aggregated"],
    ],
    ["knows that a RoleBinding grants no path", { verb: "get", path: "/metrics" }, "", []],
  ])("%s", (_name, request, namespace, expected) => {
    expect(who(request, namespace)).toEqual(expected);
  });
});

describe("the matrix", () => {
  const resource = (plural: string, group: string, subresources: readonly string[] = []): ApiResource => ({
    group,
    version: "v1",
    resource: plural,
    kind: plural,
    singular: plural,
    namespaced: true,
    verbs: ["get", "list"],
    shortNames: [],
    categories: [],
    subresources,
  });
  const served = [resource("pods", "", ["log"]), resource("deployments", "apps", ["scale"])];

  it("resolves wildcards over what is served, and tells what is named beside that", () => {
    const rules = readRules([
      rule("get", "", "*"),
      rule("patch", "*", "*/scale"),
      rule("get", "", "secrets", "login"),
      { verbs: ["get"], nonResourceURLs: ["/healthz"] },
    ]);
    expect(accessRows(rules, served)).toEqual([
      { resource: "/healthz", names: [], verbs: ["get"] },
      { resource: "deployments.apps/scale", names: [], verbs: ["patch"] },
      { resource: "pods", names: [], verbs: ["get"] },
      { resource: "pods/log", names: [], verbs: ["get"] },
      { resource: "secrets", names: ["login"], verbs: ["get"] },
    ]);
  });

  it("of a role shows its rules as they stand, those of one resource joined", () => {
    expect(
      ruleRows(
        readRules([rule("get", "apps", "deployments"), rule("patch", "apps", "deployments"), rule("*", "*", "*")]),
      ),
    ).toEqual([
      { resource: "*.*", names: [], verbs: ["*"] },
      { resource: "deployments.apps", names: [], verbs: ["get", "patch"] },
    ]);
  });
});
