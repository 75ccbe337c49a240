import type { Json, KubeObject } from "../../lib/kube/object.ts";
import type { Schema } from "../schema/schema.ts";
import {
  isJsonArray,
  isJsonObject,
  jsonOf,
  kubeObjectOf,
  putField,
  type JsonObject,
  type MutableJsonObject,
} from "./json.ts";
import { canonicalQuantity } from "./quantity.ts";
import { badRequest, type StatusError } from "./status-error.ts";
import { parseTime } from "./time.ts";

/**
 * Paths of the fields that the schema does not know, as upstream words them: `spec.x`, `spec.containers[0].y`.
 * Without a schema nothing is unknown.
 */
export function unknownFields(object: KubeObject, schema: Schema | undefined): readonly string[] {
  const found: string[] = [];
  if (schema !== undefined) findUnknown(jsonOf(object), schema, "", found);
  return found;
}

function findUnknown(value: Json, schema: Schema, path: string, found: string[]): void {
  if (isJsonArray(value)) {
    const { items } = schema;
    if (items === undefined || !isStructured(items)) return;
    for (const [index, element] of value.entries()) findUnknown(element, items, `${path}[${index}]`, found);
    return;
  }
  if (!isJsonObject(value) || schema.type !== "object") return;
  const { fields, values } = schema;
  for (const key of Object.keys(value)) {
    const field = fields.get(key) ?? values;
    const child = value[key];
    if (field === undefined) {
      if (!isKnownAnyway(schema, key)) found.push(join(path, key));
    } else if (child !== undefined && isStructured(field)) findUnknown(child, field, join(path, key), found);
  }
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

function isStructured(schema: Schema): boolean {
  return schema.type === "object" || schema.type === "array";
}

function isKnownAnyway(schema: Schema, key: string): boolean {
  if (schema.preserveUnknownFields) return true;
  return schema.embeddedResource && (key === "apiVersion" || key === "kind" || key === "metadata");
}

/** The object without the fields that the schema does not know: what decoding into Go types leaves of it. */
export function pruneUnknownFields(object: KubeObject, schema: Schema | undefined): KubeObject {
  if (schema === undefined || unknownFields(object, schema).length === 0) return object;
  const pruned = prune(jsonOf(object), schema);
  return isJsonObject(pruned) ? kubeObjectOf(pruned) : object;
}

function prune(value: Json, schema: Schema): Json {
  if (isJsonArray(value)) {
    const { items } = schema;
    return items === undefined || !isStructured(items) ? value : value.map((element) => prune(element, items));
  }
  if (!isJsonObject(value) || schema.type !== "object") return value;
  const result: MutableJsonObject = {};
  for (const [key, child] of Object.entries(value)) {
    const field = schema.fields.get(key) ?? schema.values;
    if (field !== undefined) putField(result, key, isStructured(field) ? prune(child, field) : child);
    else if (isKnownAnyway(schema, key)) putField(result, key, child);
  }
  return result;
}

/** The error of `fieldValidation=Strict`. `faults` are `unknown field "spec.x"` and `duplicate field "spec.y"`. */
export function strictDecodingError(apiVersion: string, kind: string, faults: readonly string[]): StatusError {
  return cannotBeHandled(apiVersion, kind, `strict decoding error: ${faults.join(", ")}`);
}

function cannotBeHandled(apiVersion: string, kind: string, why: string): StatusError {
  const version = apiVersion.slice(apiVersion.indexOf("/") + 1);
  return badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);
}

/**
 * Refuses values of a type that the Go type could not hold, with the words of Go's decoder.
 * @throws StatusError 400
 */
export function checkTypes(object: KubeObject, schema: Schema | undefined): void {
  if (schema === undefined) return;
  const fault = findMismatch(jsonOf(object), schema, { struct: "", path: "" });
  if (fault !== undefined) throw cannotBeHandled(object.apiVersion ?? "", object.kind ?? "", fault);
}

/** Where a value stands: the innermost Go struct and the path of field names, without indexes. */
interface Place {
  readonly struct: string;
  readonly path: string;
}

function findMismatch(value: Json, schema: Schema, place: Place): string | undefined {
  if (value === null) return undefined;
  switch (schema.type) {
    case "object":
      return isJsonObject(value) ? findMismatchInObject(value, schema, place) : mismatch(value, schema, place);
    case "array":
      return isJsonArray(value) ? findMismatchInList(value, schema, place) : mismatch(value, schema, place);
    case "string":
      return typeof value === "string" ? formatFault(value, schema) : mismatch(value, schema, place);
    case "integer":
      return typeof value === "number" && isInRange(value, schema.format) ? undefined : mismatch(value, schema, place);
    case "number":
      return typeof value === "number" ? undefined : mismatch(value, schema, place);
    case "boolean":
      return typeof value === "boolean" ? undefined : mismatch(value, schema, place);
    case "int-or-string":
      if (typeof value === "string") return undefined;
      return typeof value === "number" && isInRange(value, "int32") ? undefined : mismatch(value, schema, place);
    case "quantity":
      return isQuantity(value) ? undefined : QUANTITY_FAULT;
    case "any":
      return undefined;
  }
}

const QUANTITY_FAULT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

function isQuantity(value: Json): boolean {
  return (typeof value === "string" || typeof value === "number") && canonicalQuantity(value) !== undefined;
}

function isInRange(value: number, format: string | undefined): boolean {
  if (!Number.isInteger(value)) return false;
  return format !== "int32" || (value >= -(2 ** 31) && value < 2 ** 31);
}

function findMismatchInObject(value: JsonObject, schema: Schema, place: Place): string | undefined {
  const { fields, values } = schema;
  const struct = fields.size > 0 ? shortName(schema.name) : place.struct;
  for (const key of Object.keys(value)) {
    const field = fields.get(key) ?? values;
    const child = value[key];
    if (field === undefined || child === undefined) continue;
    // Keys of maps do not appear in Go's paths.
    const path = fields.has(key) ? join(place.path, key) : place.path;
    const fault = findMismatch(child, field, { struct, path });
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function findMismatchInList(value: readonly Json[], schema: Schema, place: Place): string | undefined {
  const { items } = schema;
  if (items === undefined) return undefined;
  for (const element of value) {
    const fault = findMismatch(element, items, place);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function shortName(definition: string): string {
  return definition.slice(definition.lastIndexOf(".") + 1);
}

function mismatch(value: Json, schema: Schema, place: Place): string {
  const where = place.struct === "" ? "Go value" : `Go struct field ${place.struct}.${place.path}`;
  return `json: cannot unmarshal ${jsonTypeOf(value)} into ${where} of type ${goTypeOf(schema)}`;
}

function jsonTypeOf(value: Json): string {
  if (isJsonArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "number" : `number ${value}`;
  return isJsonObject(value) ? "object" : "string";
}

function goTypeOf(schema: Schema): string {
  switch (schema.type) {
    case "object": {
      if (schema.fields.size === 0)
        return `map[string]${schema.values === undefined ? "interface {}" : goTypeOf(schema.values)}`;
      const parts = schema.name.split(".");
      return parts.length > 1 ? parts.slice(-2).join(".") : "object";
    }
    case "array":
      return `[]${schema.items === undefined ? "interface {}" : goTypeOf(schema.items)}`;
    case "integer":
      return schema.format ?? "int64";
    case "number":
      return "float64";
    case "boolean":
      return "bool";
    case "int-or-string":
      return "intstr.IntOrString";
    case "quantity":
      return "resource.Quantity";
    case "any":
      return "interface {}";
    case "string":
      return schema.format === "byte" ? "[]uint8" : "string";
  }
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const TIME_LAYOUT = "2006-01-02T15:04:05Z07:00";

function formatFault(value: string, schema: Schema): string | undefined {
  if (schema.format === "date-time" && parseTime(value) === undefined) {
    return `parsing time ${JSON.stringify(value)} as "${TIME_LAYOUT}": cannot parse ${JSON.stringify(value)} as "2006"`;
  }
  if (schema.format === "byte" && !BASE64.test(value.replaceAll(/[\r\n]/g, ""))) {
    const fault = /[^A-Za-z0-9+/=\r\n]/.exec(value);
    return `illegal base64 data at input byte ${fault?.index ?? value.length}`;
  }
  return undefined;
}
