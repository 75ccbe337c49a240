import { groupResource, type ApiResource } from "../../lib/kube/gvr.ts";
import { objectPath } from "../../lib/kube/object.ts";
import { MATRIX_VERBS, type MatrixRow } from "../../resources/rbac/access-matrix.ts";
import { asSubject, type Grantee, type Subject } from "../../resources/rbac/bindings.ts";
import type { AccessRequest } from "../../lib/kube/policy-rule.ts";
import type { ListCell, ListColumn, ListRow } from "../list-view.tsx";

export const MATRIX_COLUMNS: readonly ListColumn[] = [
  { title: "RESOURCE", keep: 10, minWidth: 12 },
  ...MATRIX_VERBS.map((verb): ListColumn => ({ title: verb.toUpperCase(), keep: 8 })),
  { title: "OTHER VERBS", keep: 7, minWidth: 8 },
  { title: "ONLY NAMES", keep: 6, minWidth: 8 },
];

const YES: ListCell = { text: "yes", tone: "ok" };
const NO: ListCell = { text: "-", tone: "muted" };

export function matrixRow({ resource, names, verbs }: MatrixRow): ListRow {
  const columns: readonly string[] = MATRIX_VERBS;
  const others = verbs.filter((verb) => verb !== "*" && !columns.includes(verb));
  const all = verbs.includes("*");
  return {
    key: `${resource} ${names.join(",")}`,
    cells: [
      { text: resource, tone: "accent" },
      ...MATRIX_VERBS.map((verb) => (all || verbs.includes(verb) ? YES : NO)),
      { text: all ? "every verb" : others.join(", ") },
      { text: names.join(", "), tone: "warning" },
    ],
  };
}

/** The subjects that `:can` names. */
export function parseSubjects(words: readonly string[]): readonly Subject[] {
  return words.map((word): Subject => {
    const text = word.slice(2);
    if (word.startsWith("g:")) return { kind: "Group", name: text, namespace: "" };
    if (word.startsWith("u:")) return asSubject(text);
    const [namespace = "", name = ""] = text.split("/");
    return { kind: "ServiceAccount", name, namespace };
  });
}

/** As `:can` takes it. */
export function subjectWord({ kind, name, namespace }: Subject): string {
  if (kind === "ServiceAccount") return `s:${namespace}/${name}`;
  return `${kind === "User" ? "u" : "g"}:${name}`;
}

/** What `:who-can` asks about; a resource the server does not serve is taken as typed. */
export function accessRequest(
  verb: string,
  text: string,
  name: string,
  find: (plural: string) => ApiResource | undefined,
): AccessRequest {
  if (text.startsWith("/")) return { verb, path: text };
  const [plural = "", subresource = ""] = text.split("/");
  const found = find(plural);
  if (found !== undefined) return { verb, group: found.group, resource: found.resource, subresource, name };
  const dot = plural.indexOf(".");
  return {
    verb,
    group: dot === -1 ? "" : plural.slice(dot + 1),
    resource: dot === -1 ? plural : plural.slice(0, dot),
    subresource,
    name,
  };
}

export function requestText(wanted: AccessRequest): string {
  if ("path" in wanted) return `${wanted.verb} ${wanted.path}`;
  const sub = wanted.subresource === "" ? "" : `/${wanted.subresource}`;
  return `${wanted.verb} ${groupResource(wanted)}${sub}${wanted.name === "" ? "" : ` ${wanted.name}`}`;
}

export const GRANTEE_COLUMNS: readonly ListColumn[] = [
  { title: "SUBJECT", keep: 10, minWidth: 12 },
  { title: "KIND", keep: 8 },
  { title: "WHERE", keep: 8, minWidth: 8 },
  { title: "ROLE", keep: 7, minWidth: 10 },
  { title: "BINDING", keep: 6, minWidth: 10 },
  { title: "ONLY NAMES", keep: 7, minWidth: 8 },
];

export function granteeRow({ subject, binding, role, namespace, names }: Grantee, index: number): ListRow {
  const name = subject.kind === "ServiceAccount" ? `${subject.namespace}/${subject.name}` : subject.name;
  return {
    key: `${index} ${subjectWord(subject)}`,
    cells: [
      { text: name, tone: "accent" },
      { text: subject.kind },
      namespace === "" ? { text: "everywhere", tone: "warning" } : { text: namespace },
      { text: role },
      { text: `${binding.kind ?? "binding"}/${objectPath(binding)}` },
      { text: names.join(", ") },
    ],
  };
}
