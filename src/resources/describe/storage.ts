import { asArray, asRecord, asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { accessModes } from "../access-modes.ts";
import { PODS, podsGvr, type RelatedQuery } from "../related-query.ts";
import { scalarText } from "../scalar-text.ts";
import type { DescribeDocument } from "./document.ts";
import type { DescribeInput } from "./sections.ts";
import { optionalField, pairs, writeConditions, writeEvents, writeFinalizers, writeIdentity } from "./sections.ts";
import { writeVolumeSource } from "./volumes.ts";

/** The pods of a claim's namespace: those that use it are told. */
export function podsBeside({ metadata: { namespace = "" } }: KubeObject): readonly RelatedQuery[] {
  return [{ key: PODS, gvr: podsGvr, namespace }];
}

/** As `PersistentVolumeClaimDescriber` of kubectl/pkg/describe/describe.go. */
export function describeClaim(document: DescribeDocument, input: DescribeInput): void {
  const { object, now } = input;
  const spec = asRecord(object["spec"]);
  writeIdentity(document, object, () => {
    document.field(0, "StorageClass", asString(spec["storageClassName"]));
    writePhase(document, object);
    document.field(0, "Volume", asString(spec["volumeName"]));
  });
  writeFinalizers(document, object);
  document.field(0, "Capacity", scalarText(at(object, "status", "capacity", "storage") ?? ""));
  optionalField(document, 0, "Requested", at(spec, "resources", "requests", "storage"));
  document.field(0, "Access Modes", accessModes(at(object, "status", "accessModes") ?? spec["accessModes"]));
  document.field(0, "VolumeMode", asString(spec["volumeMode"], "Filesystem"));
  const source = asRecord(spec["dataSource"]);
  if (Object.keys(source).length > 0) {
    document.heading(0, "DataSource");
    optionalField(document, 1, "APIGroup", source["apiGroup"]);
    document.field(1, "Kind", asString(source["kind"]));
    document.field(1, "Name", asString(source["name"]));
  }
  const pods = input.related.get(PODS);
  if (pods !== undefined) {
    const users = pods.filter((pod) => usesClaim(pod, object.metadata.name ?? ""));
    document.list(
      0,
      "Used By",
      users.map((pod) => pod.metadata.name ?? ""),
    );
  }
  writeConditions(document, object, now);
  writeEvents(document, input);
}

function usesClaim(pod: KubeObject, claim: string): boolean {
  return asRecords(at(pod, "spec", "volumes")).some((volume) => {
    if (at(volume, "ephemeral") !== undefined)
      return `${pod.metadata.name ?? ""}-${asString(volume["name"])}` === claim;
    return at(volume, "persistentVolumeClaim", "claimName") === claim;
  });
}

function writePhase(document: DescribeDocument, object: KubeObject): void {
  const phase = asString(at(object, "status", "phase"), "Pending");
  const going = object.metadata.deletionTimestamp !== undefined;
  const tone =
    phase === "Bound" || phase === "Available" ? "ok" : phase === "Failed" || phase === "Lost" ? "error" : "warning";
  document.field(0, "Status", going ? `Terminating (${phase})` : phase, going ? "muted" : tone);
}

/** As `PersistentVolumeDescriber`. */
export function describePersistentVolume(document: DescribeDocument, input: DescribeInput): void {
  const { object } = input;
  const spec = asRecord(object["spec"]);
  writeIdentity(document, object);
  writeFinalizers(document, object);
  document.field(0, "StorageClass", asString(spec["storageClassName"]));
  writePhase(document, object);
  const claim = asRecord(spec["claimRef"]);
  document.field(
    0,
    "Claim",
    claim["name"] === undefined ? "" : `${asString(claim["namespace"])}/${asString(claim["name"])}`,
  );
  document.field(0, "Reclaim Policy", asString(spec["persistentVolumeReclaimPolicy"], "Retain"));
  document.field(0, "Access Modes", accessModes(spec["accessModes"]));
  document.field(0, "VolumeMode", asString(spec["volumeMode"], "Filesystem"));
  document.field(0, "Capacity", scalarText(at(spec, "capacity", "storage") ?? ""));
  writeTerms(document, spec["nodeAffinity"]);
  optionalField(document, 0, "Reason", at(object, "status", "reason"));
  document.field(0, "Message", asString(at(object, "status", "message")));
  document.heading(0, "Source");
  writeVolumeSource(document, 1, Object.fromEntries(Object.entries(spec).filter(([field]) => !NO_SOURCE.has(field))));
  writeEvents(document, input);
}

/** Fields of a volume's spec that are not where its bytes are. */
const NO_SOURCE = new Set([
  "storageClassName",
  "accessModes",
  "volumeMode",
  "capacity",
  "persistentVolumeReclaimPolicy",
  "claimRef",
  "nodeAffinity",
  "mountOptions",
  "volumeAttributesClassName",
]);

function writeTerms(document: DescribeDocument, affinity: unknown): void {
  const terms = asRecords(at(affinity, "required", "nodeSelectorTerms"));
  if (terms.length === 0) {
    document.field(0, "Node Affinity", "<none>");
    return;
  }
  document.heading(0, "Node Affinity");
  document.heading(1, "Required Terms");
  for (const [index, term] of terms.entries()) {
    document.list(2, `Term ${index}`, asRecords(term["matchExpressions"]).map(expressionText));
  }
}

function expressionText(expression: Readonly<Record<string, unknown>>): string {
  const values = asArray(expression["values"]).map((value) => asString(value));
  const operator = asString(expression["operator"], "In").toLowerCase();
  return `${asString(expression["key"])} ${operator}${values.length === 0 ? "" : ` [${values.join(", ")}]`}`;
}

/** As `StorageClassDescriber`. */
export function describeStorageClass(document: DescribeDocument, input: DescribeInput): void {
  const { object } = input;
  document.field(0, "Name", asString(object.metadata.name));
  const isDefault = object.metadata.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true";
  document.field(0, "IsDefaultClass", isDefault ? "Yes" : "No");
  document.list(0, "Labels", pairs(object.metadata.labels, "="));
  document.list(0, "Annotations", pairs(object.metadata.annotations, "="));
  document.field(0, "Provisioner", asString(object["provisioner"]));
  document.list(0, "Parameters", pairs(asRecord(object["parameters"]), "="));
  const expands = object["allowVolumeExpansion"];
  document.field(0, "AllowVolumeExpansion", expands === undefined ? "<unset>" : expands === true ? "True" : "False");
  document.list(
    0,
    "MountOptions",
    asArray(object["mountOptions"]).map((option) => asString(option)),
  );
  document.field(0, "ReclaimPolicy", asString(object["reclaimPolicy"], "Delete"));
  document.field(0, "VolumeBindingMode", asString(object["volumeBindingMode"], "Immediate"));
  const topologies = asRecords(object["allowedTopologies"]);
  if (topologies.length > 0) document.heading(0, "AllowedTopologies");
  for (const [index, topology] of topologies.entries()) {
    document.list(1, `Term ${index}`, asRecords(topology["matchLabelExpressions"]).map(expressionText));
  }
  writeEvents(document, input);
}
