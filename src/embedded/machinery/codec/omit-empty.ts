import { asString, type Json, type KubeObject } from "../../../lib/kube/object.ts";
import { isJsonArray, isJsonObject, jsonOf, kubeObjectOf, putField, type JsonObject } from "../json.ts";
import { fieldsOfMessage, messageOfKind, type Field } from "./message-table.ts";

/**
 * An object without the values that Go's `omitempty` leaves out: `0`, `false`, `""` and empty lists and maps of fields
 * that are no pointers. A real server never stores them, and two templates that differ in them are one. The same object
 * where there is nothing to leave out; kinds without a descriptor stay as they are.
 */
export function omitEmptyFields(object: KubeObject): KubeObject {
  const message = messageOfKind(asString(object.apiVersion), asString(object.kind));
  if (message === undefined) return object;
  const document = jsonOf(object);
  if (!isJsonObject(document)) return object;
  const result = withoutEmpty(document, message);
  return result === document ? object : kubeObjectOf(result);
}

const byName = new Map<string, ReadonlyMap<string, Field>>();

/** Those of embedded structs too. */
function fieldsByName(message: string): ReadonlyMap<string, Field> {
  let fields = byName.get(message);
  if (fields === undefined) {
    const found = new Map<string, Field>();
    for (const field of fieldsOfMessage(message).values()) {
      if (!field.inline) found.set(field.name, field);
      else for (const [name, inner] of fieldsByName(field.message)) found.set(name, inner);
    }
    byName.set(message, found);
    fields = found;
  }
  return fields;
}

function withoutEmpty(object: JsonObject, message: string): JsonObject {
  const fields = fieldsByName(message);
  let changed = false;
  const result: Record<string, Json> = {};
  for (const [name, value] of Object.entries(object)) {
    const field = fields.get(name);
    if (field !== undefined && isOmitted(value, field)) {
      changed = true;
      continue;
    }
    const kept = field === undefined ? value : inside(value, field);
    changed ||= kept !== value;
    putField(result, name, kept);
  }
  return changed ? result : object;
}

function isOmitted(value: Json, field: Field): boolean {
  if (field.keepEmpty) return false;
  if (field.repeated) return isJsonArray(value) && value.length === 0;
  if (field.map) return isJsonObject(value) && Object.keys(value).length === 0;
  if (field.pointer || field.type === "m") return false;
  return value === 0 || value === false || value === "";
}

function inside(value: Json, field: Field): Json {
  if (field.type !== "m") return value;
  if (field.repeated && isJsonArray(value)) return sharing(value, (element) => struct(element, field.message));
  if (!isJsonObject(value)) return value;
  if (!field.map) return struct(value, field.message);
  let changed = false;
  const result: Record<string, Json> = {};
  for (const [key, element] of Object.entries(value)) {
    const kept = struct(element, field.message);
    changed ||= kept !== element;
    putField(result, key, kept);
  }
  return changed ? result : value;
}

function struct(value: Json, message: string): Json {
  return isJsonObject(value) ? withoutEmpty(value, message) : value;
}

/** The same list where no element changes. */
function sharing(list: readonly Json[], change: (element: Json) => Json): readonly Json[] {
  const changed = list.map(change);
  return changed.some((element, index) => element !== list[index]) ? changed : list;
}
