import type { Json } from "../../../../lib/kube/object.ts";
import { schemaFromOpenApi, type Schema } from "../../../schema/schema.ts";
import { isJsonArray, isJsonObject, type MutableJsonObject } from "../../json.ts";

/** What structured-merge-diff makes of a schema node: `atomic` ones are owned and replaced as a whole. */
export type Shape =
  | { readonly kind: "scalar" }
  | { readonly kind: "atomic" }
  | { readonly kind: "map"; readonly schema: Schema }
  | { readonly kind: "list"; readonly schema: Schema; readonly items: Schema };

const SCALAR: Shape = { kind: "scalar" };
const ATOMIC: Shape = { kind: "atomic" };

/** Of values that no schema describes: their own shape tells. */
export const ANYTHING: Schema = schemaFromOpenApi({ "x-kubernetes-preserve-unknown-fields": true });

const shapes = new WeakMap<Schema, Shape>();

/** `value` decides only where the schema leaves the type open. */
export function shapeOf(schema: Schema, value: Json | undefined): Shape {
  if (schema.type === "any") return isJsonObject(value) ? mapShape(schema) : isJsonArray(value) ? ATOMIC : SCALAR;
  // A value that is not what its schema says is taken as a whole.
  if (schema.type === "object") return isOther(value, isJsonObject(value)) ? ATOMIC : mapShape(schema);
  if (schema.type === "array") return isOther(value, isJsonArray(value)) ? ATOMIC : listShape(schema);
  return SCALAR;
}

function isOther(value: Json | undefined, fits: boolean): boolean {
  return value !== undefined && value !== null && !fits;
}

function mapShape(schema: Schema): Shape {
  return remembered(schema, () => (schema.atomicMap ? ATOMIC : { kind: "map", schema }));
}

function listShape(schema: Schema): Shape {
  return remembered(schema, () =>
    schema.listType === "atomic" ? ATOMIC : { kind: "list", schema, items: schema.items ?? ANYTHING },
  );
}

function remembered(schema: Schema, make: () => Shape): Shape {
  const known = shapes.get(schema);
  if (known !== undefined) return known;
  const shape = make();
  shapes.set(schema, shape);
  return shape;
}

/** The schema of a field of a map or struct. */
export function fieldSchema(schema: Schema, key: string): Schema {
  return schema.fields.get(key) ?? schema.values ?? ANYTHING;
}

/** The path element of a list item: by its keys, with their defaults, or by its value. */
export function itemElement(list: Schema, item: Json): string {
  if (list.listType !== "map") return `v:${JSON.stringify(item)}`;
  const keys: MutableJsonObject = {};
  for (const key of list.listMapKeys) {
    const value = (isJsonObject(item) ? item[key] : undefined) ?? list.items?.fields.get(key)?.defaultValue;
    if (value !== undefined) keys[key] = value;
  }
  return `k:${JSON.stringify(keys)}`;
}

/** Absent, null, or a map or list without anything in it. */
export function isNothing(value: Json | undefined): boolean {
  if (value === undefined || value === null) return true;
  if (isJsonArray(value)) return value.length === 0;
  return isJsonObject(value) && Object.keys(value).length === 0;
}
