import { own } from "../../lib/own.ts";
import { asArray, asRecord, asRecords, asString, at, isRecord } from "../../lib/kube/object.ts";
import type { DescribeDocument } from "./document.ts";
import { pairs } from "./sections.ts";
import { scalarText } from "../scalar-text.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The words kubectl has for volume sources. */
const TYPES: Readonly<Record<string, string>> = {
  hostPath: "HostPath (bare host directory volume)",
  emptyDir: "EmptyDir (a temporary directory that shares a pod's lifetime)",
  secret: "Secret (a volume populated by a Secret)",
  configMap: "ConfigMap (a volume populated by a ConfigMap)",
  persistentVolumeClaim: "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
  projected: "Projected (a volume that contains injected data from multiple sources)",
  downwardAPI: "DownwardAPI (a volume populated by information about the pod)",
  ephemeral: "EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)",
  nfs: "NFS (an NFS mount that lasts the lifetime of a pod)",
  csi: "CSI (a Container Storage Interface (CSI) volume source)",
  image: "Image (a container image or OCI artifact)",
};

export function writeVolumes(document: DescribeDocument, level: number, volumes: readonly Fields[]): void {
  if (volumes.length === 0) {
    document.field(level, "Volumes", "<none>");
    return;
  }
  document.heading(level, "Volumes");
  for (const volume of volumes) {
    document.heading(level + 1, asString(volume["name"]));
    writeVolumeSource(document, level + 2, volume);
  }
}

/** Of a pod's volume or a PersistentVolume: the one field that says where its bytes are. */
export function writeVolumeSource(document: DescribeDocument, level: number, volume: Fields): void {
  const [type, value] = Object.entries(volume).find(([field]) => field !== "name") ?? ["", undefined];
  const source = asRecord(value);
  document.field(level, "Type", own(TYPES, type) ?? (type || "<unknown>"));
  if (type === "projected") {
    for (const part of asRecords(source["sources"])) writeProjection(document, level, part);
    return;
  }
  if (type === "downwardAPI") {
    document.list(level, "Items", downwardItems(source));
    return;
  }
  if (type === "ephemeral") {
    writeClaimTemplate(document, level, asRecord(source["volumeClaimTemplate"]));
    return;
  }
  const shown = { ...own(DEFAULTS, type), ...source };
  for (const [field, detail] of Object.entries(shown)) {
    if (field === "items" || field === "defaultMode") continue;
    const name = type === "hostPath" && field === "type" ? "HostPathType" : label(field);
    if (isRecord(detail)) document.list(level, name, pairs(detail, "="));
    else document.field(level, name, scalarText(detail));
  }
}

/** What holds where the source does not say, of what matters to who reads it. */
const DEFAULTS: Readonly<Record<string, Fields>> = {
  persistentVolumeClaim: { readOnly: false },
  secret: { optional: false },
  configMap: { optional: false },
  emptyDir: { medium: "", sizeLimit: "<unset>" },
  nfs: { readOnly: false },
  csi: { fsType: "", readOnly: false },
};

/** The claim that is made with its pod. */
export function writeClaimTemplate(document: DescribeDocument, level: number, template: Fields): void {
  const spec = asRecord(template["spec"]);
  document.field(level, "StorageClass", asString(spec["storageClassName"]) || "<default>");
  document.list(level, "Labels", pairs(asRecord(at(template, "metadata", "labels")), "="));
  document.list(level, "Annotations", pairs(asRecord(at(template, "metadata", "annotations")), "="));
  document.field(level, "Capacity", scalarText(at(spec, "resources", "requests", "storage") ?? "<default>"));
  document.field(
    level,
    "Access Modes",
    asArray(spec["accessModes"])
      .map((mode) => asString(mode))
      .join(",") || "<none>",
  );
}

function writeProjection(document: DescribeDocument, level: number, part: Fields): void {
  const { secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle } = part;
  for (const [name, from] of [
    ["Secret", secret],
    ["ConfigMap", configMap],
  ] as const) {
    if (!isRecord(from)) continue;
    document.field(level, `${name}Name`, asString(from["name"]));
    if (from["optional"] === true) document.field(level, `${name}Optional`, "true");
  }
  if (isRecord(downwardAPI)) document.list(level, "DownwardAPI", downwardItems(downwardAPI));
  if (isRecord(serviceAccountToken))
    document.field(level, "TokenExpirationSeconds", scalarText(serviceAccountToken["expirationSeconds"] ?? 3600));
  if (isRecord(clusterTrustBundle)) document.field(level, "ClusterTrustBundle", asString(clusterTrustBundle["path"]));
}

function downwardItems(source: Fields): readonly string[] {
  return asRecords(source["items"]).map(
    (item) =>
      `${asString(at(item, "fieldRef", "fieldPath")) || asString(at(item, "resourceFieldRef", "resource"))} -> ${asString(item["path"])}`,
  );
}

/** `claimName` -> `ClaimName`. */
function label(field: string): string {
  return field.slice(0, 1).toUpperCase() + field.slice(1);
}
