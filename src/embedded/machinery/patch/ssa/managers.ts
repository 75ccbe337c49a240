import type { Json } from "../../../../lib/kube/object.ts";
import { isJsonArray, isJsonObject, type JsonObject, type MutableJsonObject } from "../../json.ts";
import { fromFieldsV1, isEmptySet, toFieldsV1, type FieldSet } from "./field-set.ts";

export type ManagerOperation = "Apply" | "Update";

/** One entry of `metadata.managedFields`. */
export interface FieldManager {
  readonly manager: string;
  readonly operation: ManagerOperation;
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339, `""` where it is not known. */
  readonly time: string;
  readonly fields: FieldSet;
}

/** By identity: name, operation, subresource, and for updates the version (`BuildManagerIdentifier`). */
export type Managers = ReadonlyMap<string, FieldManager>;

export function managerKey(manager: Omit<FieldManager, "fields" | "time">): string {
  const version = manager.operation === "Apply" ? "" : manager.apiVersion;
  return [manager.manager, manager.operation, version, manager.subresource].join("\0");
}

export function readManagers(managedFields: Json | undefined): Managers {
  const managers = new Map<string, FieldManager>();
  for (const entry of isJsonArray(managedFields) ? managedFields : []) {
    if (!isJsonObject(entry)) continue;
    const { operation, fieldsV1 } = entry;
    if (operation !== "Apply" && operation !== "Update") continue;
    const manager: FieldManager = {
      manager: textOf(entry, "manager"),
      operation,
      apiVersion: textOf(entry, "apiVersion"),
      subresource: textOf(entry, "subresource"),
      time: textOf(entry, "time"),
      fields: fromFieldsV1(fieldsV1),
    };
    managers.set(managerKey(manager), manager);
  }
  return managers;
}

function textOf(entry: JsonObject, key: string): string {
  const value = entry[key];
  return typeof value === "string" ? value : "";
}

/** Sorted as upstream sorts: applies first, then by time, name, version, subresource. */
export function writeManagers(managers: Managers): readonly JsonObject[] {
  return [...managers.values()]
    .filter((manager) => !isEmptySet(manager.fields))
    .toSorted(compareManagers)
    .map(writeManager);
}

function compareManagers(a: FieldManager, b: FieldManager): number {
  return (
    compareTexts(a.operation, b.operation) ||
    compareTexts(a.time, b.time) ||
    compareTexts(a.manager, b.manager) ||
    compareTexts(a.apiVersion, b.apiVersion) ||
    compareTexts(a.subresource, b.subresource)
  );
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function writeManager(manager: FieldManager): JsonObject {
  const entry: MutableJsonObject = {
    manager: manager.manager,
    operation: manager.operation,
    apiVersion: manager.apiVersion,
  };
  if (manager.time !== "") entry["time"] = manager.time;
  entry["fieldsType"] = "FieldsV1";
  entry["fieldsV1"] = toFieldsV1(manager.fields);
  if (manager.subresource !== "") entry["subresource"] = manager.subresource;
  return entry;
}
