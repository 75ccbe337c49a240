import type { Json } from "../../../lib/kube/object.ts";
import { isJsonArray, isJsonObject, jsonEqual, putField, type MutableJsonObject } from "../json.ts";
import { badRequest, StatusError } from "../status-error.ts";

/** apiserver pkg/endpoints/handlers/patch.go */
const MAX_OPERATIONS = 10_000;

/**
 * RFC 6902 with the words of evanphx/json-patch, which upstream uses. Neither argument is changed.
 * @throws StatusError 400 for a malformed patch, 422 for one that does not apply, 413 for one that is too long
 */
export function applyJsonPatch(document: Json, patch: Json): Json {
  if (!isJsonArray(patch)) throw badRequest("error decoding patch: a JSON patch must be a list of operations");
  if (patch.length > MAX_OPERATIONS) {
    const why = `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`;
    throw new StatusError(413, "RequestEntityTooLarge", `Request entity too large: ${why}`, {});
  }
  const operations = patch.map(readOperation);
  const holder: Container = { "": structuredClone(document) };
  for (const operation of operations) applyOperation(holder, operation);
  return holder[""] ?? null;
}

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from: string;
  readonly value: Json | undefined;
}

/** The whole document hangs under the empty key, so that the pointer `""` needs no special case. */
type Container = MutableJsonObject | Json[];

function readOperation(entry: Json): Operation {
  if (!isJsonObject(entry)) throw badRequest("error decoding patch: an operation must be an object");
  const { op, path, from, value } = entry;
  if (typeof op !== "string") throw badRequest("error decoding patch: an operation has no op");
  if (typeof path !== "string") throw badRequest(`error decoding patch: the operation ${op} has no path`);
  return { op, path, from: typeof from === "string" ? from : "", value };
}

function applyOperation(root: Container, { op, path, from, value }: Operation): void {
  switch (op) {
    case "add":
      add(root, path, value ?? null, "add");
      return;
    case "remove":
      remove(root, path, "remove");
      return;
    case "replace":
      replace(root, path, value ?? null);
      return;
    case "move": {
      const moved = read(root, from, "move");
      remove(root, from, "move");
      add(root, path, moved, "move");
      return;
    }
    case "copy":
      add(root, path, structuredClone(read(root, from, "copy")), "copy");
      return;
    case "test":
      test(root, path, value ?? null);
      return;
    default:
      throw unprocessable(`Unexpected kind: ${op}`);
  }
}

function unprocessable(why: string): StatusError {
  // Upstream's message says no more than this; the cause carries what went wrong.
  return new StatusError(422, "Invalid", "the server rejected our request due to an error in our request", {
    causes: [{ reason: "UnexpectedServerResponse", message: why, field: "patch" }],
  });
}

function segments(path: string): readonly string[] {
  return path.split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The container that holds the last segment of a pointer, `undefined` where the way there is missing. */
function locate(root: Container, path: string): { readonly container: Container | undefined; readonly key: string } {
  const parts = segments(path);
  const key = parts.at(-1) ?? "";
  if (path !== "" && parts[0] !== "") return { container: undefined, key };
  let here: Json | undefined = root;
  for (const part of parts.slice(0, -1)) here = child(here, part);
  return { container: mutable(here), key };
}

function child(here: Json | undefined, part: string): Json | undefined {
  if (isJsonArray(here)) return /^\d+$/.test(part) ? here[Number(part)] : undefined;
  return isJsonObject(here) && Object.hasOwn(here, part) ? here[part] : undefined;
}

// The document was cloned on entry: all of it may be changed.
function mutable(value: Json | undefined): Container | undefined {
  if (isJsonArray(value)) return value as Json[];
  return isJsonObject(value) ? value : undefined;
}

function read(root: Container, path: string, op: string): Json {
  const { container, key } = locate(root, path);
  if (container === undefined) {
    throw unprocessable(`${op} operation does not apply: doc is missing from path: "${path}": missing value`);
  }
  const value = Array.isArray(container) ? container[arrayIndex(container, key, false)] : child(container, key);
  if (value === undefined) throw unprocessable(`error in ${op} for path: '${path}': missing value`);
  return value;
}

function arrayIndex(list: readonly Json[], key: string, inserting: boolean): number {
  if (inserting && key === "-") return list.length;
  if (!/^-?\d+$/.test(key)) throw unprocessable(`strconv.Atoi: parsing "${key}": invalid syntax`);
  const index = Number(key);
  const resolved = index < 0 ? index + list.length + (inserting ? 1 : 0) : index;
  if (resolved < 0 || resolved > list.length - (inserting ? 0 : 1)) {
    throw unprocessable(`Unable to access invalid index: ${key}: invalid index referenced`);
  }
  return resolved;
}

function add(root: Container, path: string, value: Json, op: string): void {
  const { container, key } = locate(root, path);
  if (container === undefined) {
    throw unprocessable(`${op} operation does not apply: doc is missing path: "${path}": missing value`);
  }
  if (Array.isArray(container)) container.splice(arrayIndex(container, key, true), 0, value);
  else putField(container, key, value);
}

function remove(root: Container, path: string, op: string): void {
  const { container, key } = locate(root, path);
  if (container === undefined) {
    throw unprocessable(`${op} operation does not apply: doc is missing path: "${path}": missing value`);
  }
  if (Array.isArray(container)) container.splice(arrayIndex(container, key, false), 1);
  else {
    if (!Object.hasOwn(container, key)) {
      throw unprocessable(
        `error in ${op} for path: '${path}': Unable to remove nonexistent key: ${key}: missing value`,
      );
    }
    delete container[key];
  }
}

function replace(root: Container, path: string, value: Json): void {
  const { container, key } = locate(root, path);
  if (container === undefined) {
    throw unprocessable(`replace operation does not apply: doc is missing path: ${path}: missing value`);
  }
  if (Array.isArray(container)) container[arrayIndex(container, key, false)] = value;
  else {
    if (!Object.hasOwn(container, key)) {
      throw unprocessable(`replace operation does not apply: doc is missing key: ${path}: missing value`);
    }
    putField(container, key, value);
  }
}

function test(root: Container, path: string, wanted: Json): void {
  const { container, key } = locate(root, path);
  if (container === undefined) {
    throw unprocessable(`test operation does not apply: is missing path: ${path}: missing value`);
  }
  const found: Json | undefined = child(container, key);
  // A missing field equals null, as upstream has it.
  if (!jsonEqual(found ?? null, wanted)) throw unprocessable(`testing value ${path} failed: test failed`);
}
