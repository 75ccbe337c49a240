import type { Json, KubeObject } from "../../lib/kube/object.ts";

/** A JSON object, not a list and not null. */
export interface JsonObject {
  readonly [key: string]: Json;
}
/** One under construction. */
export type MutableJsonObject = Record<string, Json>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isJsonArray(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}

/** Sets a field; a key named `__proto__` becomes an ordinary field as in the JSON it came from. */
export function putField(target: MutableJsonObject, key: string, value: Json): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else target[key] = value;
}

/** Equal as JSON values: the order of fields does not count. */
export function jsonEqual(left: Json | undefined, right: Json | undefined): boolean {
  if (left === right) return true;
  if (isJsonArray(left)) {
    if (!isJsonArray(right) || left.length !== right.length) return false;
    for (let index = 0; index < left.length; index += 1) if (!jsonEqual(left[index], right[index])) return false;
    return true;
  }
  if (!isJsonObject(left) || !isJsonObject(right)) return false;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  for (const key of keys) if (!Object.hasOwn(right, key) || !jsonEqual(left[key], right[key])) return false;
  return true;
}

/** An object as plain JSON: everything in one came from JSON, though its type does not say so. */
export function jsonOf(object: KubeObject): JsonObject {
  return object as unknown as JsonObject;
}

/** The way back. Only for values that were made from an object and so have its shape. */
export function kubeObjectOf(object: JsonObject): KubeObject {
  return object as unknown as KubeObject;
}
