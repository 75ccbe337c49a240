import type { Json } from "../../../lib/kube/object.ts";
import { isJsonObject, putField, type MutableJsonObject } from "../json.ts";
import { badRequest } from "../status-error.ts";

/**
 * RFC 7396. Neither argument is changed.
 * @throws StatusError 400 where the patch is not an object
 */
export function applyMergePatch(document: Json, patch: Json): Json {
  if (!isJsonObject(patch)) throw badRequest("error decoding patch: a merge patch must be a JSON object");
  return merge(document, patch);
}

function merge(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch;
  const result: MutableJsonObject = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else putField(result, key, merge(Object.hasOwn(result, key) ? result[key] : undefined, value));
  }
  return result;
}
