import { asRecords, asString, at, type KubeObject } from "../lib/kube/object.ts";
import { ageColumn, nameColumn, numberColumn, textColumn } from "./columns.ts";
import type { Column } from "./kind.ts";

/** Columns of validating and mutating webhook configurations. */
export const webhookColumns: readonly Column[] = [
  nameColumn,
  numberColumn("WEBHOOKS", (object) => asRecords(object["webhooks"]).length, { keep: 8 }),
  textColumn("ON FAILURE", (object) => each(object, (hook) => asString(hook["failurePolicy"], "Fail")), { keep: 6 }),
  textColumn("CALLS", (object) => each(object, callee), { keep: 7, minWidth: 10 }),
  ageColumn,
];

/** What is said of the webhooks, each answer once. */
function each(object: KubeObject, text: (hook: Readonly<Record<string, unknown>>) => string): string {
  return [...new Set(asRecords(object["webhooks"]).map((hook) => text(hook)))].join(",");
}

function callee(hook: Readonly<Record<string, unknown>>): string {
  const url = asString(at(hook, "clientConfig", "url"));
  if (url !== "") return url;
  const service = at(hook, "clientConfig", "service");
  return `${asString(at(service, "namespace"))}/${asString(at(service, "name"))}`;
}
