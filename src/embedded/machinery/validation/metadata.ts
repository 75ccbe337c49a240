import type { Json } from "../../../lib/kube/object.ts";
import { isJsonArray, jsonEqual, type JsonObject } from "../json.ts";
import type { StatusCause } from "../status-error.ts";
import { forbiddenField, IMMUTABLE, invalidValue, required, tooLong } from "./field-error.ts";
import { dns1035Label, dns1123Label, dns1123Subdomain, pathSegmentName, qualifiedName, type Check } from "./names.ts";
import { checkLabels, structAt, structsAt, textAt } from "./values.ts";

const MAX_ANNOTATION_BYTES = 256 * 1024;

const NAME_CHECKS: ReadonlyMap<string, Check> = new Map([
  ["Namespace", dns1123Label],
  ["Service", dns1035Label],
  ["Role", pathSegmentName],
  ["RoleBinding", pathSegmentName],
  ["ClusterRole", pathSegmentName],
  ["ClusterRoleBinding", pathSegmentName],
]);

const CLUSTER_SCOPED: ReadonlySet<string> = new Set([
  "Namespace",
  "Node",
  "PersistentVolume",
  "ClusterRole",
  "ClusterRoleBinding",
  "StorageClass",
  "PriorityClass",
  "CustomResourceDefinition",
  "IngressClass",
  "RuntimeClass",
  "CSIDriver",
  "CSINode",
  "VolumeAttachment",
  "CertificateSigningRequest",
  "APIService",
]);

/** `ValidateObjectMeta` (apimachinery pkg/api/validation/objectmeta.go). */
export function checkMetadata(object: JsonObject, kind: string): readonly StatusCause[] {
  const metadata = structAt(object, "metadata");
  const faults = [...checkName(metadata, kind)];
  const namespace = textAt(metadata, "namespace");
  if (CLUSTER_SCOPED.has(kind)) {
    if (namespace !== "") faults.push(forbiddenField("metadata.namespace", "not allowed on this type"));
  } else if (namespace === "") faults.push(required("metadata.namespace"));
  else faults.push(...dns1123Label(namespace).map((fault) => invalidValue("metadata.namespace", namespace, fault)));
  faults.push(...checkLabels(metadata["labels"], "metadata.labels"), ...checkAnnotations(metadata));
  faults.push(...checkOwners(metadata));
  const finalizers = metadata["finalizers"];
  for (const finalizer of Array.isArray(finalizers) ? (finalizers as readonly unknown[]) : []) {
    if (typeof finalizer !== "string") continue;
    faults.push(...qualifiedName(finalizer).map((fault) => invalidValue("metadata.finalizers", finalizer, fault)));
  }
  return faults;
}

function checkName(metadata: JsonObject, kind: string): readonly StatusCause[] {
  const name = textAt(metadata, "name");
  const check = NAME_CHECKS.get(kind) ?? dns1123Subdomain;
  if (name !== "") return check(name).map((fault) => invalidValue("metadata.name", name, fault));
  const generateName = textAt(metadata, "generateName");
  if (generateName === "") return [required("metadata.name", "name or generateName is required")];
  // A trailing dash is masked: what is generated ends in a letter or digit.
  return check(generateName.replace(/-$/, "a")).map((fault) =>
    invalidValue("metadata.generateName", generateName, fault),
  );
}

function checkAnnotations(metadata: JsonObject): readonly StatusCause[] {
  const annotations = structAt(metadata, "annotations");
  let bytes = 0;
  const faults: StatusCause[] = [];
  for (const [key, value] of Object.entries(annotations)) {
    bytes += Buffer.byteLength(key) + (typeof value === "string" ? Buffer.byteLength(value) : 0);
    faults.push(...qualifiedName(key.toLowerCase()).map((fault) => invalidValue("metadata.annotations", key, fault)));
  }
  return bytes > MAX_ANNOTATION_BYTES ? [...faults, tooLong("metadata.annotations", MAX_ANNOTATION_BYTES)] : faults;
}

function checkOwners(metadata: JsonObject): readonly StatusCause[] {
  const faults: StatusCause[] = [];
  const path = "metadata.ownerReferences";
  let controller = "";
  for (const owner of structsAt(metadata, "ownerReferences")) {
    if (textAt(owner, "apiVersion") === "")
      faults.push(invalidValue(`${path}.apiVersion`, "", "version must not be empty"));
    for (const field of ["kind", "name", "uid"] as const) {
      if (textAt(owner, field) === "") faults.push(invalidValue(`${path}.${field}`, "", "must not be empty"));
    }
    if (owner["controller"] !== true) continue;
    const name = `${textAt(owner, "kind")}/${textAt(owner, "name")}`;
    if (controller === "") controller = name;
    else {
      faults.push(
        invalidValue(
          path,
          metadata["ownerReferences"],
          `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`,
        ),
      );
    }
  }
  return faults;
}

/** `ValidateObjectMetaUpdate`. */
export function checkMetadataUpdate(object: JsonObject, old: JsonObject): readonly StatusCause[] {
  const metadata = structAt(object, "metadata");
  const before = structAt(old, "metadata");
  const fields = ["name", "namespace", "uid", "creationTimestamp"] as const;
  const changed = fields.filter((field) => {
    const value = metadata[field];
    // What a client left out is taken from the stored object.
    return value !== undefined && value !== null && value !== "" && !jsonEqual(value, before[field]);
  });
  return [
    ...changed.map((field) => invalidValue(`metadata.${field}`, metadata[field], IMMUTABLE)),
    ...checkNoNewFinalizers(metadata, before),
  ];
}

/** What is being deleted must come to an end: upstream's ValidateNoNewFinalizers. */
function checkNoNewFinalizers(metadata: JsonObject, before: JsonObject): readonly StatusCause[] {
  if (textAt(before, "deletionTimestamp") === "") return [];
  const listOf = (value: Json | undefined): readonly Json[] => (isJsonArray(value) ? value : []);
  const known = new Set(listOf(before["finalizers"]));
  const added = listOf(metadata["finalizers"]).filter((each) => !known.has(each));
  if (added.length === 0) return [];
  const names = added.map((each) => JSON.stringify(each)).join(", ");
  const why = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${names}}`;
  return [forbiddenField("metadata.finalizers", why)];
}
