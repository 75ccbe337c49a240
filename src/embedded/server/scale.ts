import { asNumber, asRecord, at, type KubeObject } from "../../lib/kube/object.ts";
import { formatLabelSelector, selectorFromObject } from "../../lib/kube/selector.ts";
import { ageColumn, column, nameColumn } from "../machinery/printer-columns.ts";
import type { PrinterColumn, ServedResource } from "../machinery/served-resource.ts";
import { badRequest, invalid } from "../machinery/status-error.ts";

/** Of `kubectl get --subresource=scale` (pkg/printers/internalversion). */
export const scaleColumns: readonly PrinterColumn[] = [
  nameColumn,
  column("Desired", (scale) => asNumber(at(scale, "spec", "replicas")), "integer"),
  column("Available", (scale) => asNumber(at(scale, "status", "replicas")), "integer"),
  ageColumn,
];

/** The `autoscaling/v1` Scale of a workload. */
export function scaleOf(object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = selectorFromObject(at(object, "spec", "selector"));
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(creationTimestamp === undefined ? {} : { creationTimestamp }),
    },
    spec: { replicas: asNumber(at(object, "spec", "replicas")) },
    status: {
      replicas: asNumber(at(object, "status", "replicas")),
      ...(selector === undefined || selector.length === 0 ? {} : { selector: formatLabelSelector(selector) }),
    },
  };
}

/**
 * The workload with the replicas of a Scale.
 * @throws StatusError 400 for another kind, 422 for a negative count
 */
export function withScale(resource: ServedResource, object: KubeObject, scale: KubeObject): KubeObject {
  if (scale.kind !== undefined && scale.kind !== "Scale") {
    throw badRequest(`wrong object passed to Scale update: ${scale.kind}`);
  }
  const replicas = asNumber(at(scale, "spec", "replicas"));
  if (replicas < 0) {
    throw invalid("autoscaling", "Scale", object.metadata.name ?? "", [
      {
        reason: "FieldValueInvalid",
        message: `Invalid value: ${replicas}: must be greater than or equal to 0`,
        field: "spec.replicas",
      },
    ]);
  }
  const { resourceVersion: current, ...metadata } = object.metadata;
  const resourceVersion = scale.metadata.resourceVersion ?? current;
  return {
    ...object,
    kind: resource.kind,
    metadata: { ...metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    spec: { ...asRecord(object["spec"]), replicas },
  };
}
