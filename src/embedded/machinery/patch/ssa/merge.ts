import type { Json } from "../../../../lib/kube/object.ts";
import type { Schema } from "../../../schema/schema.ts";
import { isJsonArray, isJsonObject, putField, type JsonObject, type MutableJsonObject } from "../../json.ts";
import { EMPTY_SET, FieldSetBuilder, type FieldNode, type FieldSet } from "./field-set.ts";
import { ANYTHING, fieldSchema, isNothing, itemElement, shapeOf } from "./typed.ts";

const NO_FIELDS: JsonObject = {};

function fieldsOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : NO_FIELDS;
}

function itemsOf(value: Json | undefined): readonly Json[] {
  return isJsonArray(value) ? value : [];
}

/** Every field that a value sets (`TypedValue.ToFieldSet`). */
export function fieldSetOf(value: Json, schema: Schema): FieldSet {
  const builder = new FieldSetBuilder();
  collect(value, schema, [], builder);
  return builder.set;
}

function collect(value: Json, schema: Schema, path: readonly string[], builder: FieldSetBuilder): void {
  const shape = shapeOf(schema, value);
  if (shape.kind === "map") {
    for (const [key, child] of Object.entries(fieldsOf(value))) {
      const at = [...path, `f:${key}`];
      collect(child, fieldSchema(schema, key), at, builder);
      const isEmptyMap = isJsonObject(child) && Object.keys(child).length === 0;
      if (child === null || isEmptyMap || !schema.fields.has(key)) builder.add(at);
    }
  } else if (shape.kind === "list") {
    for (const item of itemsOf(value)) {
      const at = [...path, itemElement(schema, item)];
      collect(item, shape.items, at, builder);
      builder.add(at);
    }
  } else if (path.length > 0) builder.add(path);
}

/** `left` with what `right` sets (`TypedValue.Merge`); `undefined` is nothing. */
export function mergeTyped(left: Json | undefined, right: Json | undefined, schema: Schema): Json | undefined {
  const shape = shapeOf(schema, right ?? left);
  const whole = shape.kind === "scalar" || shape.kind === "atomic" || (isNothing(left) && isNothing(right));
  if (whole) return right === undefined ? left : right;
  if (shape.kind === "list") return mergeLists(itemsOf(left), itemsOf(right), schema, shape.items);
  const before = fieldsOf(left);
  const after = fieldsOf(right);
  const result: MutableJsonObject = {};
  for (const key of keysOf(before, after)) {
    const merged = mergeTyped(before[key], after[key], fieldSchema(schema, key));
    if (merged !== undefined) putField(result, key, merged);
  }
  return Object.keys(result).length > 0 ? result : undefined;
}

function keysOf(left: JsonObject, right: JsonObject): readonly string[] {
  return [...Object.keys(left), ...Object.keys(right).filter((key) => !Object.hasOwn(left, key))];
}

/**
 * Merges the items of two associative lists (smd typed/merge.go, visitListItems): shared items stand in the order of
 * the right list, the others keep their place between them.
 */
function mergeLists(
  left: readonly Json[],
  right: readonly Json[],
  list: Schema,
  itemSchema: Schema,
): readonly Json[] | undefined {
  const leftElements = left.map((item) => itemElement(list, item));
  const rightElements = right.map((item) => itemElement(list, item));
  const inLeft = new Set(leftElements);
  const inRight = new Set(rightElements);
  const shared = rightElements.filter((element) => inLeft.has(element));
  const seen = new Set<string>();
  const result: Json[] = [];
  const take = (before: Json | undefined, after: Json | undefined): void => {
    const merged = mergeTyped(before, after, itemSchema);
    if (merged !== undefined) result.push(merged);
  };
  let nextShared = shared.shift();
  let atLeft = 0;
  let atRight = 0;
  while (atLeft < left.length || atRight < right.length) {
    const leftElement = leftElements[atLeft];
    const rightElement = rightElements[atRight];
    if (leftElement !== undefined && rightElement !== undefined) {
      if (leftElement === rightElement) {
        seen.add(leftElement);
        take(left[atLeft], right[atRight]);
        atLeft += 1;
        atRight += 1;
        nextShared = shared.shift();
        continue;
      }
      if (inRight.has(leftElement) && nextShared !== undefined && nextShared !== leftElement) {
        atLeft += 1;
        continue;
      }
    }
    if (leftElement !== undefined) {
      if (!inRight.has(leftElement)) {
        take(left[atLeft], undefined);
        atLeft += 1;
        continue;
      }
      if (seen.has(leftElement)) atLeft += 1;
    }
    if (rightElement !== undefined) {
      seen.add(rightElement);
      const before = leftElements.indexOf(rightElement);
      take(before === -1 ? undefined : left[before], right[atRight]);
      atRight += 1;
      if (nextShared === rightElement) nextShared = shared.shift();
    }
  }
  return result.length > 0 ? result : undefined;
}

/** `value` without the members of `set` (`TypedValue.RemoveItems`). */
export function removeFields(value: Json, set: FieldSet, schema: Schema): Json | undefined {
  const shape = shapeOf(schema, value);
  if (shape.kind === "scalar") return value;
  if (isNothing(value) || shape.kind === "atomic") return undefined;
  if (shape.kind === "list") return removeItems(itemsOf(value), set, schema, shape.items);
  const result: MutableJsonObject = {};
  for (const [key, child] of Object.entries(fieldsOf(value))) {
    const node = set.get(`f:${key}`);
    if (node?.isMember === true) continue;
    // A struct that loses its last field becomes null, as upstream's does.
    putField(result, key, removeBelow(child, node, fieldSchema(schema, key)) ?? null);
  }
  return Object.keys(result).length > 0 ? result : undefined;
}

function removeBelow(value: Json, node: FieldNode | undefined, schema: Schema): Json | undefined {
  return node === undefined || node.children.size === 0 ? value : removeFields(value, node.children, schema);
}

function removeItems(items: readonly Json[], set: FieldSet, list: Schema, itemSchema: Schema): Json | undefined {
  const result: Json[] = [];
  for (const item of items) {
    const node = set.get(itemElement(list, item));
    if (node?.isMember !== true) result.push(removeBelow(item, node, itemSchema) ?? null);
  }
  return result.length > 0 ? result : undefined;
}

/** The set with every struct field a member that has something below it (`Set.EnsureNamedFieldsAreMembers`). */
export function withNamedFields(set: FieldSet, schema: Schema): FieldSet {
  if (set.size === 0) return EMPTY_SET;
  const result = new Map<string, FieldNode>();
  for (const [element, node] of set) {
    const name = element.startsWith("f:") ? element.slice(2) : undefined;
    const isNamed = name !== undefined && schema.fields.has(name) && node.children.size > 0;
    const below =
      schema.type === "array" ? (schema.items ?? ANYTHING) : name === undefined ? ANYTHING : fieldSchema(schema, name);
    result.set(element, { isMember: node.isMember || isNamed, children: withNamedFields(node.children, below) });
  }
  return result;
}
