import { asRecord, asString, type Json } from "../../../../lib/kube/object.ts";
import type { Schema } from "../../../schema/schema.ts";
import { isJsonArray, isJsonObject, type JsonObject } from "../../json.ts";
import { badRequest } from "../../status-error.ts";
import { shownElement } from "./field-set.ts";
import { fieldSchema, itemElement, shapeOf } from "./typed.ts";

/**
 * Refuses an applied object with associative lists whose items cannot be told apart.
 * @throws StatusError 400
 */
export function checkLists(config: JsonObject, schema: Schema): void {
  const fault = findFault(config, schema, "");
  if (fault === undefined) return;
  const { namespace, name } = asRecord(config["metadata"]);
  const object = `${asString(namespace)}/${asString(name)}; ${asString(config["apiVersion"])}, Kind=${asString(config["kind"])}`;
  throw badRequest(`failed to create typed patch object (${object}): ${fault}`);
}

function findFault(value: Json, schema: Schema, path: string): string | undefined {
  const shape = shapeOf(schema, value);
  if (shape.kind === "map" && isJsonObject(value)) {
    for (const [key, child] of Object.entries(value)) {
      const fault = findFault(child, fieldSchema(schema, key), `${path}.${key}`);
      if (fault !== undefined) return fault;
    }
  }
  if (shape.kind !== "list" || !isJsonArray(value)) return undefined;
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    const missing = missingKey(schema, item);
    if (missing !== undefined) {
      const why = `associative list with keys has an element that omits key field "${missing}" (and doesn't have default value)`;
      return `${path}: element ${index}: ${why}`;
    }
    const element = itemElement(schema, item);
    if (seen.has(element)) return `${path}: duplicate entries for key ${shownElement(element)}`;
    seen.add(element);
    const fault = findFault(item, shape.items, path + shownElement(element));
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** A key that an item has none of, where all of them lack a default: with several keys one is enough. */
function missingKey(list: Schema, item: Json): string | undefined {
  if (list.listType !== "map") return undefined;
  const fields = list.items?.fields;
  const isGiven = (key: string): boolean =>
    (isJsonObject(item) && item[key] !== undefined && item[key] !== null) ||
    fields?.get(key)?.defaultValue !== undefined;
  return list.listMapKeys.some(isGiven) ? undefined : list.listMapKeys[0];
}
