import { asRecord, asRecords, asString, type KubeObject } from "../lib/kube/object.ts";
import { ageColumn, nameColumn, textColumn } from "./columns.ts";
import type { Column } from "./kind.ts";

/** Columns of RoleBindings and ClusterRoleBindings. */
export const bindingColumns: readonly Column[] = [
  nameColumn,
  textColumn("ROLE", roleText, { keep: 8 }),
  ageColumn,
  textColumn("USERS", (object) => subjects(object, "User"), { keep: 5, minWidth: 8 }),
  textColumn("GROUPS", (object) => subjects(object, "Group"), { keep: 5, minWidth: 8 }),
  textColumn("SERVICEACCOUNTS", (object) => subjects(object, "ServiceAccount"), { keep: 5, minWidth: 8 }),
];

function roleText(object: KubeObject): string {
  const role = asRecord(object["roleRef"]);
  return `${asString(role["kind"])}/${asString(role["name"])}`;
}

function subjects(object: KubeObject, kind: string): string {
  return asRecords(object["subjects"])
    .filter((subject) => subject["kind"] === kind)
    .map((subject) => {
      const namespace = asString(subject["namespace"]);
      return namespace === "" ? asString(subject["name"]) : `${namespace}/${asString(subject["name"])}`;
    })
    .join(", ");
}
