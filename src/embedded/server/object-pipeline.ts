import type { Json, KubeObject } from "../../lib/kube/object.ts";
import { apiVersionOf } from "../../lib/kube/gvr.ts";
import { applyDefaults } from "../machinery/defaulting.ts";
import { applyJsonPatch } from "../machinery/patch/json-patch.ts";
import { applyMergePatch } from "../machinery/patch/merge-patch.ts";
import { applyStrategicMergePatch } from "../machinery/patch/strategic-merge-patch.ts";
import { isJsonObject, jsonOf, kubeObjectOf } from "../machinery/json.ts";
import type { PatchType, WriteOptions } from "../machinery/registry.ts";
import type { ServedResource, StrategyContext } from "../machinery/served-resource.ts";
import { checkTypes, pruneUnknownFields, strictDecodingError, unknownFields } from "../machinery/strict-decoding.ts";
import { validateObject } from "../machinery/validation.ts";
import { badRequest, invalid, StatusError } from "../machinery/status-error.ts";
import { schemaOf } from "../schema/schema.ts";

/**
 * What decoding into Go's types does: refuses values of another type, reports and drops unknown fields.
 * @throws StatusError 400
 */
export function decodeFields(resource: ServedResource, given: KubeObject, options: WriteOptions): KubeObject {
  const apiVersion = apiVersionOf(resource);
  const schema = schemaOf(apiVersion, resource.kind);
  const typed = { ...given, apiVersion, kind: resource.kind };
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
  const defaulted = applyDefaults(prepared);
  const admitted = resource.admit?.(defaulted, old, context) ?? defaulted;
  const causes = [...validateObject(admitted, old), ...(resource.validate?.(admitted, old, context) ?? [])];
  if (causes.length > 0) throw invalid(resource.group, resource.kind, admitted.metadata.name ?? "", causes);
  return admitted;
}

/** @throws StatusError where the patch cannot be read or applied */
export function patchObject(
  resource: ServedResource,
  current: KubeObject,
  type: PatchType,
  patch: Json,
  _options: WriteOptions,
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
      case "apply":
        throw new StatusError(415, "UnsupportedMediaType", "server-side apply is not supported by this cluster");
    }
  })();
  if (!isJsonObject(patched) || !isJsonObject(patched["metadata"])) {
    throw badRequest("the patched document is not an object");
  }
  return kubeObjectOf(patched);
}
