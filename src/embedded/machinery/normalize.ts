import type { Json } from "../../lib/kube/object.ts";
import type { Schema } from "../schema/schema.ts";
import { isJsonArray, isJsonObject, putField, type JsonObject, type MutableJsonObject } from "./json.ts";
import { canonicalQuantity } from "./quantity.ts";

/**
 * A struct as it comes back from Go's decoder and encoder: without nulls, quantities in canonical form, and with the
 * fields that Go always writes. A new object; parts that no schema describes are shared.
 */
export function normalizeStruct(object: JsonObject, schema: Schema): MutableJsonObject {
  const result: MutableJsonObject = {};
  const { fields } = schema;
  for (const key of Object.keys(object)) {
    const value = object[key];
    if (value === undefined || value === null) continue;
    const field = fields.get(key) ?? schema.values;
    putField(result, key, field === undefined ? value : normalize(value, field));
  }
  for (const [name, value] of schema.fieldDefaults) {
    if (result[name] !== undefined) continue;
    const field = fields.get(name);
    result[name] = isJsonObject(value) && field !== undefined ? normalizeStruct(value, field) : value;
  }
  return result;
}

function normalize(value: Json, schema: Schema): Json {
  switch (schema.type) {
    case "object":
      if (!isJsonObject(value)) return value;
      return schema.preserveUnknownFields && schema.fields.size === 0
        ? structuredClone(value)
        : normalizeStruct(value, schema);
    case "array": {
      const { items } = schema;
      if (!isJsonArray(value)) return value;
      return items === undefined
        ? [...value]
        : value.map((element) => (element === null ? null : normalize(element, items)));
    }
    case "quantity":
      return typeof value === "string" || typeof value === "number" ? (canonicalQuantity(value) ?? value) : value;
    case "any":
      return structuredClone(value);
    default:
      return value;
  }
}

const METADATA_COLLECTIONS = ["labels", "annotations", "ownerReferences", "finalizers", "managedFields"] as const;

/** An object as {@link normalizeStruct} has it; the empty collections of its metadata go, as `omitempty` has them. */
export function normalizeObject(object: JsonObject, schema: Schema): MutableJsonObject {
  const result = normalizeStruct(object, schema);
  const metadata = result["metadata"];
  if (!isJsonObject(metadata)) return result;
  const kept: MutableJsonObject = { ...metadata };
  for (const key of METADATA_COLLECTIONS) {
    const value = kept[key];
    if (isJsonArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0)
      delete kept[key];
  }
  result["metadata"] = kept;
  return result;
}
