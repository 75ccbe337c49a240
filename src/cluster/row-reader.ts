import { apiVersionOf, type ApiResource, type Gvr } from "../lib/kube/gvr.ts";
import { asArray, asNumber, asRecords, asString, isRecord, objectPath, type KubeObject } from "../lib/kube/object.ts";
import type { TableColumnDefinition } from "../lib/kube/table.ts";
import type { ResourceRow } from "./cluster.ts";

/** Columns of a server that prints no Tables. */
export const PLAIN_COLUMNS: readonly TableColumnDefinition[] = [
  { name: "Name", type: "string", format: "name", description: "Name of the object", priority: 0 },
  { name: "Created At", type: "date", format: "", description: "Creation time", priority: 0 },
];

/** The row of an element of a list's `items` or of a watch event; `undefined` where it is not an object. */
export function rowOfObject(value: unknown, resource: ApiResource): ResourceRow | undefined {
  const object = readObject(value, resource);
  return object === undefined ? undefined : { key: keyOf(object), object };
}

/** The row of an element of a Table's `rows`. */
export function rowOfTable(value: unknown, resource: ApiResource): ResourceRow | undefined {
  if (!isRecord(value)) return undefined;
  const object = readObject(value["object"], resource);
  return object === undefined ? undefined : { key: keyOf(object), object, cells: asArray(value["cells"]) };
}

/** A row for a server that answered with objects though a Table was asked for. */
export function withPlainCells(row: ResourceRow): ResourceRow {
  const { metadata } = row.object;
  return { ...row, cells: [metadata.name, metadata.creationTimestamp] };
}

export function readColumns(value: unknown): readonly TableColumnDefinition[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  return asRecords(value).map((column) => ({
    name: asString(column["name"]),
    type: asString(column["type"]),
    format: asString(column["format"]),
    description: asString(column["description"]),
    priority: asNumber(column["priority"]),
  }));
}

function keyOf(object: KubeObject): string {
  const { uid } = object.metadata;
  return uid === undefined || uid === "" ? objectPath(object) : uid;
}

/** A whole object, managedFields included; `undefined` where the value is none. */
export function readWholeObject(value: unknown, resource: Gvr & { readonly kind?: string }): KubeObject | undefined {
  if (!isRecord(value) || !isRecord(value["metadata"])) return undefined;
  // The one place where foreign JSON becomes a `KubeObject`: it has a `metadata` record, the rest stays as it is. Kind
  // and apiVersion, which lists leave out of their items, are filled in; the parsed value is ours alone.
  const object = value as Record<string, unknown> & { metadata: Record<string, unknown> };
  dropMalformed(object, STRING_FIELDS, isString);
  dropMalformed(object.metadata, STRING_METADATA, isString);
  dropMalformed(object.metadata, LIST_METADATA, Array.isArray);
  dropMalformed(object.metadata, NUMBER_METADATA, isNumber);
  keepWellFormed(object.metadata, "ownerReferences", isOwner);
  keepWellFormed(object.metadata, "finalizers", isString);
  dropMalformed(object.metadata, MAP_METADATA, isStringMap);
  if (resource.kind !== undefined && resource.kind !== "") object["kind"] ??= resource.kind;
  object["apiVersion"] ??= apiVersionOf(resource);
  return object;
}

const STRING_FIELDS = ["apiVersion", "kind"] as const;
const STRING_METADATA = [
  "name",
  "generateName",
  "namespace",
  "uid",
  "resourceVersion",
  "creationTimestamp",
  "deletionTimestamp",
] as const;
const NUMBER_METADATA = ["generation", "deletionGracePeriodSeconds"] as const;
const OWNER_FIELDS = ["apiVersion", "kind", "name", "uid"] as const;
const LIST_METADATA = ["ownerReferences", "finalizers", "managedFields"] as const;
const MAP_METADATA = ["labels", "annotations"] as const;

/** Takes away what is not of the type `KubeObject` promises: an aggregated API server may send anything. */
function dropMalformed(
  record: Record<string, unknown>,
  fields: readonly string[],
  holds: (value: unknown) => boolean,
): void {
  for (const field of fields) if (record[field] !== undefined && !holds(record[field])) delete record[field];
}

function keepWellFormed(record: Record<string, unknown>, field: string, holds: (value: unknown) => boolean): void {
  const list = record[field];
  if (Array.isArray(list) && !list.every(holds)) record[field] = list.filter(holds);
}

function isNumber(value: unknown): boolean {
  return typeof value === "number";
}

function isOwner(value: unknown): boolean {
  return isRecord(value) && OWNER_FIELDS.every((field) => typeof value[field] === "string");
}

function isString(value: unknown): boolean {
  return typeof value === "string";
}

function isStringMap(value: unknown): boolean {
  if (!isRecord(value)) return false;
  for (const key in value) if (typeof value[key] !== "string") return false;
  return true;
}

/** As `readWholeObject`, without managedFields: a third of an object, and no list shows them. */
function readObject(value: unknown, resource: ApiResource): KubeObject | undefined {
  if (isRecord(value) && isRecord(value["metadata"]))
    delete (value["metadata"] as Record<string, unknown>)["managedFields"];
  return readWholeObject(value, resource);
}
