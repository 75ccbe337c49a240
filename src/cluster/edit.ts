import { own } from "../lib/own.ts";
import { KelpieError } from "../lib/errors.ts";
import { groupResource } from "../lib/kube/gvr.ts";
import { inReadingOrder } from "../lib/kube/field-order.ts";
import { asRecord, asString, isRecord, type KubeObject } from "../lib/kube/object.ts";
import { LAST_APPLIED } from "../lib/kube/secret-values.ts";
import { parseYaml, toYaml } from "../lib/yaml.ts";
import { isApiError } from "./api-error.ts";
import type { ObjectTarget, WriteGate } from "./cluster.ts";

/** The edited text cannot be applied as it is. */
export class EditError extends KelpieError {
  override readonly name = "EditError";
}

/** Set by the server, of no use in an editor. */
const SERVER_METADATA = [
  "managedFields",
  "resourceVersion",
  "uid",
  "generation",
  "creationTimestamp",
  "selfLink",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
] as const;

type Fields = Readonly<Record<string, unknown>>;

/** What is shown in the editor: the object without status and without what the server sets. */
export function cleanForEdit(object: KubeObject): Fields {
  const { metadata, status: _status, apiVersion, kind, ...body } = object;
  const kept: Record<string, unknown> = { ...metadata };
  for (const field of SERVER_METADATA) delete kept[field];
  const annotations: Record<string, unknown> = { ...metadata.annotations };
  delete annotations[LAST_APPLIED];
  if (Object.keys(annotations).length === 0) delete kept["annotations"];
  else kept["annotations"] = annotations;
  return inReadingOrder({ apiVersion, kind, metadata: kept, ...body });
}

export function editableYaml(object: KubeObject): string {
  return toYaml(cleanForEdit(object));
}

/**
 * The object that an edited text describes.
 * @throws YamlError with line and column; EditError where it became another object
 */
export function parseEdited(text: string, original: KubeObject): Fields {
  const edited = parseYaml(text, "the edited text");
  if (!isRecord(edited) || !isRecord(edited["metadata"])) throw new EditError("the edited text is not an object");
  const was = cleanForEdit(original);
  const same = (label: string, left: unknown, right: unknown): void => {
    if (left === right) return;
    throw new EditError(
      `the ${label} cannot be edited: it was ${asString(left, "empty")}, now ${asString(right, "empty")}`,
      {
        hint: "create another object instead",
      },
    );
  };
  same("apiVersion", was["apiVersion"], edited["apiVersion"]);
  same("kind", was["kind"], edited["kind"]);
  same("name", original.metadata.name, edited["metadata"]["name"]);
  same("namespace", original.metadata.namespace, edited["metadata"]["namespace"]);
  return edited;
}

/** The JSON merge patch (RFC 7386) from one value to another; `undefined` where they are equal. */
export function computePatch(original: unknown, edited: unknown): unknown {
  if (!isRecord(original) || !isRecord(edited)) return equal(original, edited) ? undefined : edited;
  const patch: Array<readonly [string, unknown]> = [];
  for (const [key, value] of Object.entries(original)) {
    const kept = own(edited, key);
    if (value !== undefined && value !== null && (kept === undefined || kept === null)) patch.push([key, null]);
  }
  for (const [key, value] of Object.entries(edited)) {
    if (value === undefined || value === null) continue;
    const change = Object.hasOwn(original, key) ? computePatch(original[key], value) : value;
    if (change !== undefined) patch.push([key, change]);
  }
  return patch.length === 0 ? undefined : Object.fromEntries(patch);
}

/** Equal as JSON, whatever the order of fields. */
export function equal(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((entry, index) => equal(entry, right[index]));
  }
  if (!isRecord(left) || !isRecord(right)) return false;
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && equal(left[key], right[key]))
  );
}

/** Two edits of one object brought together. */
export interface Merge {
  readonly merged: Fields;
  /** Paths that both changed, differently: the user's value stands in `merged`. */
  readonly conflicts: readonly string[];
}

/**
 * Three-way merge by field. Lists whose entries have names of their own (containers, env, volumes; taints by key and
 * effect) are merged entry by entry, other lists count as one field.
 */
export function mergeEdits(base: unknown, mine: unknown, theirs: unknown): Merge {
  const conflicts: string[] = [];
  const merged = merge(base, mine, theirs, "", conflicts);
  return { merged: asRecord(merged), conflicts };
}

function merge(base: unknown, mine: unknown, theirs: unknown, path: string, conflicts: string[]): unknown {
  if (equal(base, theirs) || equal(mine, theirs)) return mine;
  if (equal(base, mine)) return theirs;
  // What one side took away as a whole is empty there: what the other side has added to it stays.
  const gone = mine === undefined || theirs === undefined;
  if ([mine, theirs].every((side) => side === undefined || isRecord(side))) {
    const [before, left, right] = [asRecord(base), asRecord(mine), asRecord(theirs)];
    // Their order, and what only mine has at its end.
    const result = [...new Set([...Object.keys(right), ...Object.keys(left)])].flatMap((key) => {
      const place = path === "" ? key : `${path}.${key}`;
      const value = merge(own(before, key), own(left, key), own(right, key), place, conflicts);
      return value === undefined ? [] : [[key, value] as const];
    });
    return gone && result.length === 0 ? undefined : Object.fromEntries(result);
  }
  const [before, left, right] = [byName(base), byName(mine), byName(theirs)];
  if (before !== undefined && left !== undefined && right !== undefined) {
    const result: unknown[] = [];
    for (const name of new Set([...right.keys(), ...left.keys()])) {
      const value = merge(before.get(name), left.get(name), right.get(name), `${path}[${name}]`, conflicts);
      if (value !== undefined) result.push(value);
    }
    return gone && result.length === 0 ? undefined : result;
  }
  conflicts.push(path);
  return mine;
}

/** The entries of a list by their names; `undefined` where an entry has none, or two have the same. */
function byName(list: unknown): ReadonlyMap<string, unknown> | undefined {
  const entries = new Map<string, unknown>();
  if (list === undefined) return entries;
  if (!Array.isArray(list)) return undefined;
  for (const entry of list) {
    const { name, key, effect } = asRecord(entry);
    const own = asString(name) || (asString(effect) === "" ? "" : `${asString(key)}:${asString(effect)}`);
    if (own === "" || entries.has(own)) return undefined;
    entries.set(own, entry);
  }
  return entries;
}

export type EditOutcome =
  | { readonly outcome: "unchanged" }
  /** `dryRun` succeeded or the object was written. */
  | { readonly outcome: "accepted"; readonly object: KubeObject }
  /** Somebody else was quicker: edit `text` again on top of `latest`. */
  | {
      readonly outcome: "conflict";
      readonly latest: KubeObject;
      readonly text: string;
      readonly conflicts: readonly string[];
    };

/**
 * Sends what an edit changes, nothing else, on the condition that the object is still the one that was edited. After a
 * conflict the user's changes are merged into the newer object.
 * @throws ApiError with the server's words where it refuses the object; the caller keeps the text
 */
export async function applyEdit(
  gate: WriteGate,
  target: ObjectTarget,
  original: KubeObject,
  editedText: string,
  options: { readonly dryRun: boolean; readonly latest: () => Promise<KubeObject> },
): Promise<EditOutcome> {
  const edited = parseEdited(editedText, original);
  const base = cleanForEdit(original);
  const change = computePatch(base, edited);
  if (!isRecord(change)) return { outcome: "unchanged" };
  let current = original;
  for (let attempt = 1; ; attempt += 1) {
    const { resourceVersion } = current.metadata;
    const patch = { ...change, metadata: { ...asRecord(change["metadata"]), resourceVersion } };
    try {
      const object = await gate.patch(target, "merge", patch, { dryRun: options.dryRun });
      return { outcome: "accepted", object };
    } catch (error) {
      if (!isApiError(error, 409)) throw error;
      current = await latestOf(target, original, options.latest, error);
      // A controller that reports a new status is no conflict: nothing that was in the editor has changed.
      if (attempt < MOST_ATTEMPTS && equal(base, cleanForEdit(current))) continue;
      const { merged, conflicts } = mergeEdits(base, edited, cleanForEdit(current));
      return { outcome: "conflict", latest: current, text: toYaml(merged), conflicts };
    }
  }
}

/** How often a patch is sent again because only the status had changed. */
const MOST_ATTEMPTS = 5;

async function latestOf(
  target: ObjectTarget,
  original: KubeObject,
  read: () => Promise<KubeObject>,
  cause: unknown,
): Promise<KubeObject> {
  const latest = await read();
  if (latest.metadata.uid === original.metadata.uid) return latest;
  throw new EditError(`${groupResource(target.resource)} ${target.name} was deleted and made anew meanwhile`, {
    hint: "edit the new object",
    cause,
  });
}
