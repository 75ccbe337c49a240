import type { Json } from "../../../lib/kube/object.ts";
import type { Schema } from "../../schema/schema.ts";
import { isJsonArray, isJsonObject } from "../json.ts";
import type { StatusCause } from "../status-error.ts";
import { unsupported } from "./field-error.ts";

/** Schemas below which no value is limited: looked for once. */
const plain = new WeakMap<Schema, boolean>();

function hasEnums(schema: Schema): boolean {
  const known = plain.get(schema);
  if (known !== undefined) return !known;
  // Taken for plain while its parts are looked at, so that a recursive schema ends.
  plain.set(schema, true);
  const parts = [...schema.fields.values(), schema.items, schema.values];
  const found = schema.allowedValues !== undefined || parts.some((part) => part !== undefined && hasEnums(part));
  plain.set(schema, !found);
  return found;
}

/** Values that are not among those the schema allows. Go's zero value `""` is left to other checks. */
export function checkEnums(value: Json, schema: Schema, path: string): readonly StatusCause[] {
  if (!hasEnums(schema)) return [];
  if (typeof value === "string") {
    const allowed = schema.allowedValues;
    if (value === "" || allowed === undefined || allowed.includes(value)) return [];
    return [unsupported(path, value, allowed)];
  }
  if (isJsonArray(value)) {
    const { items } = schema;
    if (items === undefined) return [];
    return value.flatMap((element, index) => checkEnums(element, items, `${path}[${index}]`));
  }
  if (!isJsonObject(value)) return [];
  const faults: StatusCause[] = [];
  for (const key of Object.keys(value)) {
    const field = schema.fields.get(key) ?? schema.values;
    const child = value[key];
    if (field === undefined || child === undefined) continue;
    faults.push(...checkEnums(child, field, path === "" ? key : `${path}.${key}`));
  }
  return faults;
}
