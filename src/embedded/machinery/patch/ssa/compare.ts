import type { Json } from "../../../../lib/kube/object.ts";
import type { Schema } from "../../../schema/schema.ts";
import { isJsonArray, isJsonObject, jsonEqual } from "../../json.ts";
import { FieldSetBuilder, type FieldSet } from "./field-set.ts";
import { fieldSchema, isNothing, itemElement, shapeOf } from "./typed.ts";

export interface Comparison {
  readonly added: FieldSet;
  readonly removed: FieldSet;
  readonly modified: FieldSet;
}

interface Builders {
  readonly added: FieldSetBuilder;
  readonly removed: FieldSetBuilder;
  readonly modified: FieldSetBuilder;
}

/** What changed from `left` to `right` (`TypedValue.Compare`). */
export function compareTyped(left: Json, right: Json, schema: Schema): Comparison {
  const builders = { added: new FieldSetBuilder(), removed: new FieldSetBuilder(), modified: new FieldSetBuilder() };
  visit(left, right, schema, [], builders);
  return { added: builders.added.set, removed: builders.removed.set, modified: builders.modified.set };
}

function visit(
  left: Json | undefined,
  right: Json | undefined,
  schema: Schema,
  path: readonly string[],
  builders: Builders,
): void {
  // The same object on both sides has nothing changed below it.
  if (left === right) return;
  const shape = shapeOf(schema, right ?? left);
  const whole = shape.kind === "scalar" || shape.kind === "atomic" || (isNothing(left) && isNothing(right));
  if (whole) {
    if (path.length === 0) return;
    mark(left, right, path, builders);
    if (left !== undefined && right !== undefined && !jsonEqual(left, right)) builders.modified.add(path);
    return;
  }
  if (shape.kind === "list") visitItems(left, right, schema, shape.items, path, builders);
  else {
    const before = isJsonObject(left) ? left : {};
    const after = isJsonObject(right) ? right : {};
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      visit(before[key], after[key], fieldSchema(schema, key), [...path, `f:${key}`], builders);
    }
  }
  if (path.length > 0) mark(left, right, path, builders);
}

function mark(left: Json | undefined, right: Json | undefined, path: readonly string[], builders: Builders): void {
  if (left === undefined) builders.added.add(path);
  else if (right === undefined) builders.removed.add(path);
}

function visitItems(
  left: Json | undefined,
  right: Json | undefined,
  list: Schema,
  itemSchema: Schema,
  path: readonly string[],
  builders: Builders,
): void {
  const before = byElement(left, list);
  const after = byElement(right, list);
  for (const element of new Set([...before.keys(), ...after.keys()])) {
    visit(before.get(element), after.get(element), itemSchema, [...path, element], builders);
  }
}

function byElement(value: Json | undefined, list: Schema): ReadonlyMap<string, Json> {
  return new Map((isJsonArray(value) ? value : []).map((item) => [itemElement(list, item), item]));
}
