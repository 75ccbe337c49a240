import type { Json } from "../../../lib/kube/object.ts";
import { isJsonArray, isJsonObject, type MutableJsonObject } from "../json.ts";

/** A part of an object that is being defaulted: a copy that may be changed. */
export type Fields = MutableJsonObject;

/** The struct of that name, `undefined` where there is none. */
export function structOf(parent: Fields | undefined, key: string): Fields | undefined {
  const value = parent?.[key];
  return isJsonObject(value) ? value : undefined;
}

/** The struct of that name, made where there is none. */
export function ensureStruct(parent: Fields, key: string): Fields {
  const value = parent[key];
  if (isJsonObject(value)) return value;
  const made: Fields = {};
  parent[key] = made;
  return made;
}

/** The structs of a list. */
export function structsOf(parent: Fields | undefined, key: string): readonly Fields[] {
  const value = parent?.[key];
  return isJsonArray(value) ? value.filter(isJsonObject) : [];
}

/** Sets a field that is not there, or is Go's zero string. */
export function setDefault(target: Fields, key: string, value: Json): void {
  const before = target[key];
  if (before === undefined || before === null || before === "") target[key] = value;
}

/** Sets a number that is not there, or is Go's zero. */
export function setDefaultNumber(target: Fields, key: string, value: number): void {
  const before = target[key];
  if (before === undefined || before === null || before === 0) target[key] = value;
}
