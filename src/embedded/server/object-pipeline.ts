import type { Json, KubeObject } from "../../lib/kube/object.ts";
import { apiVersionOf } from "../../lib/kube/gvr.ts";
import { applyJsonPatch } from "../machinery/patch/json-patch.ts";
import { applyMergePatch } from "../machinery/patch/merge-patch.ts";
import { applyStrategicMergePatch } from "../machinery/patch/strategic-merge-patch.ts";
import { isJsonObject } from "../machinery/json.ts";
import type { PatchType, WriteOptions } from "../machinery/registry.ts";
import type { ServedResource, StrategyContext } from "../machinery/served-resource.ts";
import { badRequest, invalid, StatusError } from "../machinery/status-error.ts";
import { asJson } from "./prepare-object.ts";
import { schemaOf } from "../schema/schema.ts";

/**
 * Defaulting, admission and validation of an object that is to be written, in upstream's order.
 * @throws StatusError 400 for fields that cannot be decoded, 403 of admission, 422 of validation
 */
export function completeObject(
  resource: ServedResource,
  prepared: KubeObject,
  old: KubeObject | undefined,
  context: StrategyContext,
  _options: WriteOptions,
): KubeObject {
  const defaulted = prepared;
  const admitted = resource.admit?.(defaulted, old, context) ?? defaulted;
  const causes = [...(resource.validate?.(admitted, old, context) ?? [])];
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
  const document = asJson(current);
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
  return patched as unknown as KubeObject;
}
