import { own } from "../../lib/own.ts";
import { asRecord, asRecords, asString, at, isRecord } from "../../lib/kube/object.ts";
import type { DescribeDocument } from "./document.ts";
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
    writeSource(document, level + 2, volume);
  }
}

function writeSource(document: DescribeDocument, level: number, volume: Fields): void {
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
  for (const [field, detail] of Object.entries(source)) {
    if (field === "items" || field === "defaultMode") continue;
    document.field(level, label(field), isRecord(detail) ? JSON.stringify(detail) : scalarText(detail));
  }
}

function writeProjection(document: DescribeDocument, level: number, part: Fields): void {
  const { secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle } = part;
  if (isRecord(secret)) document.field(level, "SecretName", asString(secret["name"]));
  if (isRecord(configMap)) document.field(level, "ConfigMapName", asString(configMap["name"]));
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
