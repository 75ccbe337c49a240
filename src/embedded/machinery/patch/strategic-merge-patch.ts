import type { Json } from "../../../lib/kube/object.ts";
import type { Schema } from "../../schema/schema.ts";
import { isJsonArray, isJsonObject, jsonEqual, putField, type JsonObject, type MutableJsonObject } from "../json.ts";
import { badRequest, StatusError } from "../status-error.ts";

const DIRECTIVE = "$patch";
const RETAIN_KEYS = "$retainKeys";
const ORDER_PREFIX = "$setElementOrder/";
const DELETE_PREFIX = "$deleteFromPrimitiveList/";

/**
 * Applies a strategic merge patch (apimachinery pkg/util/strategicpatch/patch.go). List strategies and merge keys come
 * from `schema`; without one lists are replaced. Neither document is changed; no directive stays in the result.
 * @throws StatusError 400 for a malformed patch, 422 for an unknown directive
 */
export function applyStrategicMergePatch(current: Json, patch: Json, schema: Schema | undefined): Json {
  if (!isJsonObject(patch)) throw badRequest("error decoding patch: a strategic merge patch must be a JSON object");
  return mergeMap(isJsonObject(current) ? current : {}, patch, schema);
}

function mergeMap(current: JsonObject, patch: JsonObject, schema: Schema | undefined): JsonObject {
  const directive = patch[DIRECTIVE];
  if (directive !== undefined) return mapDirective(directive, patch);
  const result: MutableJsonObject = retained(current, patch);
  const handled = applyOrders(result, patch, schema);
  for (const [key, value] of Object.entries(patch)) {
    if (key === RETAIN_KEYS || key.startsWith(ORDER_PREFIX) || handled.has(key)) continue;
    if (key.startsWith(DELETE_PREFIX)) deleteFromPrimitives(result, key.slice(DELETE_PREFIX.length), value);
    else mergeField(result, key, value, childSchema(schema, key));
  }
  return result;
}

function mergeField(result: MutableJsonObject, key: string, value: Json, schema: Schema | undefined): void {
  if (value === null) {
    delete result[key];
    return;
  }
  const before = Object.hasOwn(result, key) ? result[key] : undefined;
  if (isJsonObject(before) && isJsonObject(value)) {
    putField(result, key, schema?.patchStrategy === "replace" ? cleaned(value) : mergeMap(before, value, schema));
  } else if (isJsonArray(before) && isJsonArray(value)) putField(result, key, mergeList(before, value, schema));
  else putField(result, key, cleaned(value));
}

function mapDirective(directive: Json, patch: JsonObject): JsonObject {
  if (directive === "delete") return {};
  if (directive !== "replace") throw unknownDirective(directive, patch);
  const { [DIRECTIVE]: _directive, ...rest } = patch;
  return cleanedObject(rest);
}

function unknownDirective(directive: Json, patch: Json): StatusError {
  return new StatusError(422, "Invalid", "the server rejected our request due to an error in our request", {
    causes: [
      {
        reason: "UnexpectedServerResponse",
        message: `unknown patch type found: ${JSON.stringify(directive)} in map: ${JSON.stringify(patch)}`,
      },
    ],
  });
}

function childSchema(schema: Schema | undefined, key: string): Schema | undefined {
  return schema?.fields.get(key) ?? schema?.values;
}

/** `current` without the fields that `$retainKeys` does not name. */
function retained(current: JsonObject, patch: JsonObject): MutableJsonObject {
  const keys = patch[RETAIN_KEYS];
  if (keys === undefined) return { ...current };
  if (!isJsonArray(keys)) throw badRequest("invalid patch format of retainKeys");
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || key === RETAIN_KEYS || key.startsWith(DELETE_PREFIX) || key.startsWith(ORDER_PREFIX))
      continue;
    if (!keys.includes(key)) throw badRequest("invalid patch format of retainKeys");
  }
  const result: MutableJsonObject = {};
  for (const [key, value] of Object.entries(current)) if (keys.includes(key)) putField(result, key, value);
  return result;
}

/** Merges every list that has an order given; returns the fields that need nothing more. */
function applyOrders(result: MutableJsonObject, patch: JsonObject, schema: Schema | undefined): ReadonlySet<string> {
  const handled = new Set<string>();
  for (const [directive, order] of Object.entries(patch)) {
    if (!directive.startsWith(ORDER_PREFIX)) continue;
    if (!isJsonArray(order)) throw badRequest("invalid patch format of setElementOrder list");
    const key = directive.slice(ORDER_PREFIX.length);
    const before = result[key];
    const change = patch[key];
    if (before !== undefined && !isJsonArray(before)) throw badRequest("invalid patch format of setElementOrder list");
    // A null deletes the field, a directive has nothing to order.
    if (change === null || (before === undefined && change === undefined)) continue;
    if (change !== undefined && !isJsonArray(change)) throw badRequest("invalid patch format of setElementOrder list");
    const list = childSchema(schema, key);
    const mergeKey = list?.patchMergeKey;
    checkOrder(change ?? [], order, mergeKey);
    const merged =
      before === undefined
        ? cleanedList(change ?? [])
        : change === undefined
          ? before
          : mergeList(before, change, list);
    putField(result, key, ordered(merged, order, orderSeenByGo(before ?? [], change ?? [], mergeKey), mergeKey));
    handled.add(key);
  }
  return handled;
}

/** Every element of the patch that stays must be in the order list, in the same relative order. */
function checkOrder(change: readonly Json[], order: readonly Json[], mergeKey: string | undefined): void {
  let from = 0;
  for (const element of change) {
    if (isJsonObject(element) && element[DIRECTIVE] !== undefined) continue;
    const position = indexOf(order, element, mergeKey, from);
    if (position === -1) {
      const wanted = JSON.stringify(change);
      throw badRequest(
        `The order in patch list:\n${wanted}\n doesn't match $setElementOrder list:\n${JSON.stringify(order)}\n`,
      );
    }
    from = position + 1;
  }
}

function mergeList(before: readonly Json[], change: readonly Json[], schema: Schema | undefined): readonly Json[] {
  if (schema?.patchStrategy !== "merge") return cleanedList(change);
  if (before.length === 0 && change.length === 0) return before;
  if (!isJsonObject(change[0] ?? before[0])) {
    const both: Json[] = [];
    for (const element of [...before, ...change]) {
      if (!both.some((known) => jsonEqual(known, element))) both.push(element);
    }
    return ordered(both, change, before, undefined);
  }
  const mergeKey = schema.patchMergeKey;
  if (mergeKey === undefined) throw badRequest("cannot merge lists without merge key");
  const { kept, additions } = applyElementDirectives(before, change, mergeKey);
  const merged: Json[] = [...kept];
  for (const element of additions) {
    const keyValue = keyOf(element, mergeKey);
    const index = merged.findIndex((other) => isJsonObject(other) && jsonEqual(other[mergeKey], keyValue));
    const found = merged[index];
    if (isJsonObject(found)) merged[index] = mergeMap(found, element, schema.items);
    else merged.push(cleanedObject(element));
  }
  return ordered(merged, additions, kept, mergeKey);
}

function applyElementDirectives(
  before: readonly Json[],
  change: readonly Json[],
  mergeKey: string,
): { readonly kept: readonly Json[]; readonly additions: readonly JsonObject[] } {
  let kept = before;
  let replace = false;
  const additions: JsonObject[] = [];
  for (const element of change) {
    if (!isJsonObject(element)) throw badRequest("invalid patch: a list of objects has an element of another type");
    const directive = element[DIRECTIVE];
    if (directive === undefined) additions.push(element);
    else if (directive === "replace") replace = true;
    else if (directive === "delete") {
      const keyValue = keyOf(element, mergeKey);
      kept = kept.filter((other) => !(isJsonObject(other) && jsonEqual(other[mergeKey], keyValue)));
    } else throw unknownDirective(directive, element);
  }
  return replace ? { kept: cleanedList(additions), additions: [] } : { kept, additions };
}

/**
 * The server's order as upstream's code sees it after it deleted and appended elements in place: the slice it kept
 * shares memory with the one it changed, so new elements stand where deleted ones made room. Clients see the result.
 */
function orderSeenByGo(
  before: readonly Json[],
  change: readonly Json[],
  mergeKey: string | undefined,
): readonly Json[] {
  if (mergeKey === undefined) return before;
  const view = [...before];
  let length = view.length;
  const find = (element: JsonObject): number => {
    const index = indexOf(view, element, mergeKey, 0);
    return index < length ? index : -1;
  };
  const elements = change.filter(isJsonObject);
  for (const element of elements) {
    if (element[DIRECTIVE] !== "delete") continue;
    for (let index = find(element); index >= 0; index = find(element)) {
      view.copyWithin(index, index + 1, length);
      length -= 1;
    }
  }
  if (elements.some((element) => element[DIRECTIVE] === "replace")) return view;
  for (const element of elements) {
    if (length === view.length) break;
    if (element[DIRECTIVE] !== undefined || find(element) >= 0) continue;
    view[length] = element;
    length += 1;
  }
  return view;
}

function keyOf(element: JsonObject, mergeKey: string): Json {
  const value = element[mergeKey];
  if (value === undefined)
    throw badRequest(`map: ${JSON.stringify(element)} does not contain declared merge key: ${mergeKey}`);
  return value;
}

function deleteFromPrimitives(result: MutableJsonObject, key: string, values: Json): void {
  const before = result[key];
  if (!isJsonArray(before) || !isJsonArray(values)) return;
  putField(
    result,
    key,
    before.filter((element) => !values.some((value) => jsonEqual(value, element))),
  );
}

/**
 * Puts the elements that `wanted` names in its order and the server's own in the server's, interleaved as
 * `mergeSortedSlice` does: a server-only element goes first where the server had it first.
 */
function ordered(
  list: readonly Json[],
  wanted: readonly Json[],
  server: readonly Json[],
  mergeKey: string | undefined,
): readonly Json[] {
  const position = (order: readonly Json[], element: Json): number => indexOf(order, element, mergeKey, 0);
  const right = list.filter((element) => position(wanted, element) >= 0);
  right.sort((a, b) => position(wanted, a) - position(wanted, b));
  const left = list.filter((element) => position(wanted, element) < 0);
  left.sort((a, b) => position(server, a) - position(server, b));
  const result: Json[] = [];
  let at = 0;
  for (const element of right) {
    for (let next = left[at]; next !== undefined; next = left[at]) {
      const serverLeft = position(server, next);
      const serverRight = position(server, element);
      if (serverLeft < 0 || serverRight < 0 || serverLeft >= serverRight) break;
      result.push(next);
      at += 1;
    }
    result.push(element);
  }
  return [...result, ...left.slice(at)];
}

function indexOf(list: readonly Json[], element: Json, mergeKey: string | undefined, from: number): number {
  for (let index = from; index < list.length; index += 1) {
    const other = list[index];
    if (mergeKey === undefined || !isJsonObject(element)) {
      if (jsonEqual(other, element)) return index;
    } else if (isJsonObject(other) && jsonEqual(other[mergeKey], element[mergeKey])) return index;
  }
  return -1;
}

/** A value of the patch that is new to the object: without directives and nulls. */
function cleaned(value: Json): Json {
  if (isJsonArray(value)) return cleanedList(value);
  return isJsonObject(value) ? cleanedObject(value) : value;
}

function cleanedList(list: readonly Json[]): readonly Json[] {
  return list
    .filter((element) => !(isJsonObject(element) && element[DIRECTIVE] !== undefined))
    .map((element) => cleaned(element));
}

function cleanedObject(object: JsonObject): JsonObject {
  const result: MutableJsonObject = {};
  for (const [key, value] of Object.entries(object)) {
    if (value === null || isDirective(key)) continue;
    if (isJsonObject(value) && value[DIRECTIVE] === "delete") continue;
    putField(result, key, cleaned(value));
  }
  return result;
}

function isDirective(key: string): boolean {
  return key === DIRECTIVE || key === RETAIN_KEYS || key.startsWith(ORDER_PREFIX) || key.startsWith(DELETE_PREFIX);
}
