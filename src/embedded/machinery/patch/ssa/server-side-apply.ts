import type { KubeObject } from "../../../../lib/kube/object.ts";
import type { Schema } from "../../../schema/schema.ts";
import {
  isJsonArray,
  isJsonObject,
  jsonOf,
  kubeObjectOf,
  type JsonObject,
  type MutableJsonObject,
} from "../../json.ts";
import { badRequest } from "../../status-error.ts";
import { compareTyped, type Comparison } from "./compare.ts";
import { applyConflict, type FieldConflict } from "./conflict.ts";
import {
  differenceOf,
  EMPTY_SET,
  intersectionOf,
  isEmptySet,
  recursiveDifferenceOf,
  setOfFields,
  unionOf,
  type FieldSet,
} from "./field-set.ts";
import { checkLists } from "./check-lists.ts";
import { ownedByLastApplied, withLastApplied } from "./last-applied.ts";
import {
  managerKey,
  readManagers,
  writeManagers,
  type FieldManager,
  type ManagerOperation,
  type Managers,
} from "./managers.ts";
import { fieldSetOf, mergeTyped, removeFields, withNamedFields } from "./merge.ts";
import { ANYTHING } from "./typed.ts";

/** What an operation on fields is done by, and when. */
interface Actor {
  /** `fieldManager` of the request. */
  readonly manager: string;
  readonly apiVersion: string;
  readonly subresource?: string | undefined;
  /** RFC 3339. */
  readonly now: string;
  /** Without one every value is taken as it comes: maps by field, lists as a whole. */
  readonly schema: Schema | undefined;
  /** Fields the request cannot set and so does not own: `[["status"]]` on a resource with a status subresource. */
  readonly resetFields?: ReadonlyArray<readonly string[]>;
}

export interface ApplyRequest extends Actor {
  /** The stored object; `undefined` where the apply creates it. */
  readonly live: KubeObject | undefined;
  readonly applied: KubeObject;
  /** Takes fields from other managers instead of a 409. */
  readonly force: boolean;
}

export interface TrackRequest extends Actor {
  /** The stored object; `undefined` for a creation. */
  readonly before: KubeObject | undefined;
  readonly after: KubeObject;
  readonly operation: ManagerOperation;
}

/** Nobody owns what identifies an object or what the server writes (fieldmanager internal/stripmeta.go). */
const NEVER_OWNED = unionOf(
  setOfFields([["apiVersion"], ["kind"], ["metadata"]]),
  setOfFields(
    [
      "name",
      "namespace",
      "creationTimestamp",
      "selfLink",
      "uid",
      "clusterName",
      "generation",
      "managedFields",
      "resourceVersion",
    ].map((field) => ["metadata", field]),
  ),
);
const BEFORE_FIRST_APPLY = "before-first-apply";

/**
 * Server-side apply (structured-merge-diff merge/update.go): `live` with what `applied` sets and without what this
 * manager set before and no longer does. The result carries the new `metadata.managedFields`; fields it emptied may be
 * `null`. When the apply changes nothing, the entry's time stays as it was.
 * @throws StatusError 409 with a cause for every field another manager owns; 400 for an unusable `applied`
 */
export function serverSideApply(request: ApplyRequest): KubeObject {
  const { applied, force, now } = request;
  const schema = request.schema ?? ANYTHING;
  const config = withoutManagedFields(jsonOf(applied));
  if (!isNoManagers(applied)) throw badRequest("metadata.managedFields must be nil");
  checkLists(config, schema);
  const live = request.live === undefined ? emptyObject(config, schema) : withoutManagedFields(jsonOf(request.live));
  const previous = previousManagers(request, live, schema);
  const self: FieldManager = {
    manager: request.manager,
    operation: "Apply",
    apiVersion: request.apiVersion,
    subresource: request.subresource ?? "",
    time: now,
    fields: recursiveDifferenceOf(fieldSetOf(config, schema), setOfFields(request.resetFields ?? [])),
  };
  const key = managerKey(self);
  const last = previous.get(key);
  const managers = new Map(previous).set(key, self);
  const merged = mergeTyped(live, config, schema);
  const whole = isJsonObject(merged) ? merged : {};
  const pruned = last === undefined ? whole : prune(whole, last.fields, managers, schema);
  const permitted = isKubectl(self) ? ownedByLastApplied(live, schema) : EMPTY_SET;
  const { remaining, comparison } = reconcile(live, pruned, schema, managers, key, force ? "all" : permitted);
  const own = remaining.get(key);
  if (own !== undefined) {
    // Upstream notes the time only where the object changed: a first apply without effect has none.
    const time = isSame(comparison) ? (last?.time ?? "") : now;
    remaining.set(key, { ...own, time, fields: differenceOf(own.fields, NEVER_OWNED) });
  }
  return withManagers(isKubectl(self) ? withLastApplied(pruned, config) : pruned, remaining);
}

/** Only kubectl moves its objects from client-side to server-side apply; others name another manager. */
function isKubectl(self: FieldManager): boolean {
  return self.manager === "kubectl";
}

function isSame(comparison: Comparison): boolean {
  return isEmptySet(comparison.added) && isEmptySet(comparison.removed) && isEmptySet(comparison.modified);
}

function isNoManagers(applied: KubeObject): boolean {
  const managed: unknown = applied.metadata.managedFields;
  return managed === undefined || managed === null || (Array.isArray(managed) && managed.length === 0);
}

/** What Go makes of an object that does not exist yet: its type, and for built-in types what is always there. */
function emptyObject(like: JsonObject, schema: Schema): JsonObject {
  const { apiVersion = "", kind = "" } = like;
  return { ...(schema.name === "" ? {} : emptyStruct(schema)), apiVersion, kind, metadata: {} };
}

/** Structs that are no pointers are there, lists and pointers without `omitempty` are null: nobody adds them. */
function emptyStruct(schema: Schema): JsonObject {
  const result: MutableJsonObject = {};
  for (const name of schema.required) result[name] = null;
  for (const [name, value] of schema.fieldDefaults) {
    const field = schema.fields.get(name);
    result[name] = isJsonObject(value) && field !== undefined ? emptyStruct(field) : value;
  }
  return result;
}

/** Fields written before anyone applied belong to a manager made up for them. */
function previousManagers(request: ApplyRequest, live: JsonObject, schema: Schema): Managers {
  const managers = readManagers(managedFieldsOf(request.live));
  if (managers.size > 0 || request.live === undefined) return managers;
  const manager: FieldManager = {
    manager: BEFORE_FIRST_APPLY,
    operation: "Update",
    apiVersion: request.apiVersion,
    subresource: "",
    time: request.now,
    fields: differenceOf(fieldSetOf(live, schema), NEVER_OWNED),
  };
  return isEmptySet(manager.fields) ? managers : new Map([[managerKey(manager), manager]]);
}

function managedFieldsOf(object: KubeObject | undefined): Parameters<typeof readManagers>[0] {
  const metadata = object === undefined ? undefined : jsonOf(object)["metadata"];
  return isJsonObject(metadata) ? metadata["managedFields"] : undefined;
}

/** Takes away what the manager's last apply set, this one does not, and no one else owns (`Updater.prune`). */
function prune(merged: JsonObject, last: FieldSet, managers: Managers, schema: Schema): JsonObject {
  if (isEmptySet(last)) return merged;
  const named = (set: FieldSet): FieldSet => withNamedFields(set, schema);
  const without = (set: FieldSet): JsonObject => {
    const left = removeFields(merged, set, schema);
    return isJsonObject(left) ? left : {};
  };
  const all = named(fieldSetOf(merged, schema));
  let owned = EMPTY_SET;
  for (const manager of managers.values()) owned = unionOf(owned, manager.fields);
  const kept = without(named(last));
  // What others own comes back, and so does what was never owned at all.
  const restored = without(differenceOf(all, unionOf(named(fieldSetOf(kept, schema)), named(owned))));
  return without(intersectionOf(differenceOf(all, named(fieldSetOf(restored, schema))), named(last)));
}

/**
 * Takes changed and removed fields from the other managers.
 * @param permitted what may be taken from them
 * @throws StatusError 409 where more would be
 */
function reconcile(
  before: JsonObject,
  after: JsonObject,
  schema: Schema,
  managers: Managers,
  selfKey: string,
  permitted: FieldSet | "all",
): { readonly remaining: Map<string, FieldManager>; readonly comparison: Comparison } {
  const comparison = compareTyped(before, after, schema);
  const changed = unionOf(comparison.modified, comparison.added);
  const conflicts: FieldConflict[] = [];
  const remaining = new Map<string, FieldManager>();
  for (const [key, manager] of managers) {
    if (key === selfKey) {
      remaining.set(key, manager);
      continue;
    }
    const taken = intersectionOf(manager.fields, changed);
    const refused = permitted === "all" ? EMPTY_SET : differenceOf(taken, permitted);
    if (!isEmptySet(refused)) conflicts.push({ manager, fields: refused });
    const fields = differenceOf(differenceOf(manager.fields, taken), comparison.removed);
    if (!isEmptySet(fields)) remaining.set(key, { ...manager, fields });
  }
  if (conflicts.length > 0) throw applyConflict(conflicts);
  return { remaining, comparison };
}

/**
 * The object after a create, update or patch, with its `metadata.managedFields`. An update that says
 * `managedFields: [{}]` resets them.
 */
export function trackManagedFields(request: TrackRequest): KubeObject {
  const { before, after, operation, now } = request;
  const schema = request.schema ?? ANYTHING;
  const object = withoutManagedFields(jsonOf(after));
  const given = managedFieldsOf(after);
  if (isReset(given)) return kubeObjectOf(object);
  const fromRequest = readManagers(given);
  const previous = fromRequest.size > 0 ? fromRequest : readManagers(managedFieldsOf(before));
  const live = before === undefined ? emptyObject(object, schema) : withoutManagedFields(jsonOf(before));
  const identity = {
    manager: request.manager,
    operation,
    apiVersion: request.apiVersion,
    subresource: request.subresource ?? "",
  };
  const key = managerKey(identity);
  const { remaining, comparison } = reconcile(live, object, schema, previous, "", "all");
  const reset = setOfFields(request.resetFields ?? []);
  const taken = differenceOf(recursiveDifferenceOf(unionOf(comparison.modified, comparison.added), reset), NEVER_OWNED);
  if (!isEmptySet(taken)) {
    const fields = unionOf(remaining.get(key)?.fields ?? EMPTY_SET, taken);
    remaining.set(key, { ...identity, time: now, fields });
  }
  return withManagers(object, remaining);
}

function isReset(managedFields: ReturnType<typeof managedFieldsOf>): boolean {
  if (!isJsonArray(managedFields) || managedFields.length !== 1) return false;
  const [only] = managedFields;
  return isJsonObject(only) && Object.keys(only).length === 0;
}

function withoutManagedFields(object: JsonObject): JsonObject {
  const metadata = object["metadata"];
  if (!isJsonObject(metadata) || metadata["managedFields"] === undefined) return object;
  const { managedFields: _managedFields, ...rest } = metadata;
  return { ...object, metadata: rest };
}

function withManagers(object: JsonObject, managers: Managers): KubeObject {
  const managedFields = writeManagers(managers);
  const metadata = isJsonObject(object["metadata"]) ? object["metadata"] : {};
  return kubeObjectOf({ ...object, metadata: managedFields.length > 0 ? { ...metadata, managedFields } : metadata });
}
