import type { Json, KubeObject } from "../../lib/kube/object.ts";
import { apiVersionOf } from "../../lib/kube/gvr.ts";
import { omitEmptyFields } from "../machinery/codec/omit-empty.ts";
import { applyDefaults } from "../machinery/defaulting.ts";
import { applyJsonPatch } from "../machinery/patch/json-patch.ts";
import { applyMergePatch } from "../machinery/patch/merge-patch.ts";
import { applyStrategicMergePatch } from "../machinery/patch/strategic-merge-patch.ts";
import { isJsonObject, jsonOf, kubeObjectOf, putField, type MutableJsonObject } from "../machinery/json.ts";
import { serverSideApply, trackManagedFields } from "../machinery/patch/ssa/server-side-apply.ts";
import { formatTime } from "../machinery/time.ts";
import type { PatchType, Subresource, WriteOptions } from "../machinery/registry.ts";
import type { ServedResource, StrategyContext } from "../machinery/served-resource.ts";
import { checkTypes, pruneUnknownFields, strictDecodingError, unknownFields } from "../machinery/strict-decoding.ts";
import { validateObject } from "../machinery/validation.ts";
import { badRequest, invalid } from "../machinery/status-error.ts";
import { schemaOf } from "../schema/schema.ts";

function withoutNulls(object: KubeObject): KubeObject {
  const cleaned = dropNulls(jsonOf(object));
  return isJsonObject(cleaned) ? kubeObjectOf(cleaned) : object;
}

/** The same value where it holds no null. */
function dropNulls(value: Json): Json {
  if (Array.isArray(value)) {
    const elements: readonly Json[] = value;
    const cleaned = elements.map(dropNulls);
    return cleaned.some((element, index) => element !== elements[index]) ? cleaned : elements;
  }
  if (!isJsonObject(value)) return value;
  let changed = false;
  const result: MutableJsonObject = {};
  for (const [key, child] of Object.entries(value)) {
    const cleaned = dropNulls(child);
    changed ||= cleaned !== child || child === null;
    if (child !== null) putField(result, key, cleaned);
  }
  return changed ? result : value;
}

/**
 * What decoding into Go's types does: refuses values of another type, reports and drops unknown fields.
 * @throws StatusError 400
 */
export function decodeFields(resource: ServedResource, given: KubeObject, options: WriteOptions): KubeObject {
  const apiVersion = apiVersionOf(resource);
  const schema = schemaOf(apiVersion, resource.kind);
  // Go's types have no place for null; components of the cluster write times that are null on purpose.
  const cleaned = options.fieldManager === undefined ? given : withoutNulls(given);
  const typed = { ...cleaned, apiVersion, kind: resource.kind };
  checkTypes(typed, schema);
  const faults = unknownFields(typed, schema).map((path) => `unknown field "${path}"`);
  if (faults.length === 0) return typed;
  if (options.fieldValidation === "Strict") throw strictDecodingError(apiVersion, resource.kind, faults);
  if (options.fieldValidation === "Warn") for (const fault of faults) options.warn?.(fault);
  return pruneUnknownFields(typed, schema);
}

/**
 * Defaulting, admission and validation of an object that is to be written, in upstream's order.
 * @throws StatusError 400 for fields that cannot be decoded, 403 of admission, 422 of validation
 */
export function completeObject(
  resource: ServedResource,
  prepared: KubeObject,
  old: KubeObject | undefined,
  context: StrategyContext,
): KubeObject {
  const defaulted = applyDefaults(omitEmptyFields(prepared));
  const admitted = resource.admit?.(defaulted, old, context) ?? defaulted;
  const causes = [...validateObject(admitted, old), ...(resource.validate?.(admitted, old, context) ?? [])];
  if (causes.length > 0) throw invalid(resource.group, resource.kind, admitted.metadata.name ?? "", causes);
  return admitted;
}

/** Where a write comes in: what is owned and what it cannot set depend on it. */
export interface WriteTarget {
  readonly resource: ServedResource;
  readonly subresource?: Subresource | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What the request can set nothing of, and so does not own. */
function resetFields({ resource, subresource }: WriteTarget): ReadonlyArray<readonly string[]> {
  if (subresource === "status") return [["spec"]];
  return resource.subresources.includes("status") ? [["status"]] : [];
}

/**
 * `metadata.managedFields` of an object that is to be written by a client. Components of the cluster itself name no
 * manager: what they write belongs to nobody, and the owners of the rest stay.
 */
export function withManagedFields(
  target: WriteTarget,
  object: KubeObject,
  old: KubeObject | undefined,
  options: WriteOptions,
): KubeObject {
  if (options.fieldManager === undefined) {
    const owned = old?.metadata.managedFields;
    if (owned === undefined || object.metadata.managedFields !== undefined) return object;
    return { ...object, metadata: { ...object.metadata, managedFields: owned } };
  }
  return trackManagedFields({
    before: old,
    after: object,
    operation: "Update",
    manager: options.fieldManager,
    apiVersion: apiVersionOf(target.resource),
    subresource: target.subresource,
    now: formatTime(target.now),
    schema: schemaOf(apiVersionOf(target.resource), target.resource.kind),
    resetFields: resetFields(target),
  });
}

/**
 * Server-side apply; `live` is `undefined` where it creates the object.
 * @throws StatusError 409 for fields that others own, 400 for what cannot be applied
 */
export function applyObject(
  target: WriteTarget,
  live: KubeObject | undefined,
  patch: Json,
  options: WriteOptions,
): KubeObject {
  const { fieldManager = "" } = options;
  if (fieldManager === "") {
    throw invalid("meta.k8s.io", "PatchOptions", "", [
      { reason: "FieldValueRequired", message: "Required value: is required for apply patch", field: "fieldManager" },
    ]);
  }
  if (!isJsonObject(patch)) throw badRequest("the applied configuration is not an object");
  const metadata = isJsonObject(patch["metadata"]) ? patch["metadata"] : {};
  const applied = decodeFields(target.resource, kubeObjectOf({ ...patch, metadata }), options);
  const result = serverSideApply({
    live,
    applied,
    force: options.force === true,
    manager: fieldManager,
    apiVersion: apiVersionOf(target.resource),
    subresource: target.subresource,
    now: formatTime(target.now),
    schema: schemaOf(apiVersionOf(target.resource), target.resource.kind),
    resetFields: resetFields(target),
  });
  return withoutNulls(result);
}

/** @throws StatusError where the patch cannot be read or applied */
export function patchObject(
  resource: ServedResource,
  current: KubeObject,
  type: Exclude<PatchType, "apply">,
  patch: Json,
): KubeObject {
  const document = jsonOf(current);
  const patched = ((): Json => {
    switch (type) {
      case "json":
        return applyJsonPatch(document, patch);
      case "merge":
        return applyMergePatch(document, patch);
      case "strategic": {
        const kind =
          current.kind === "Scale"
            ? schemaOf("autoscaling/v1", "Scale")
            : schemaOf(apiVersionOf(resource), resource.kind);
        return applyStrategicMergePatch(document, patch, kind);
      }
    }
  })();
  if (!isJsonObject(patched) || !isJsonObject(patched["metadata"])) {
    throw badRequest("the patched document is not an object");
  }
  return kubeObjectOf(patched);
}
