import { own } from "../../lib/own.ts";
import { asString, at, isRecord, type KubeObject } from "../../lib/kube/object.ts";
import { parseQuantity } from "../../lib/quantity.ts";
import { accessModes } from "../access-modes.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import type { Tone } from "../kind.ts";
import { defineKind } from "../kind.ts";

const TONES: Readonly<Record<string, Tone>> = {
  Bound: "ok",
  Available: "ok",
  Released: "warning",
  Pending: "progress",
  Failed: "error",
  Terminating: "muted",
};

const TEMPLATE = `spec:
  capacity:
    storage: 1Gi
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: manual
  hostPath:
    path: /srv/NAME
`;

export const persistentvolumes = defineKind({
  gvr: { group: "", version: "v1", resource: "persistentvolumes" },
  kind: "PersistentVolume",
  aliases: ["pv"],
  namespaced: false,
  template: TEMPLATE,
  can: ["describe", "yaml", "used-by", "edit", "delete"],
  columns: [
    nameColumn,
    textColumn("CAPACITY", capacity, { keep: 7, sortKey: (object) => parseQuantity(capacity(object)) ?? -1 }),
    textColumn("ACCESS MODES", (object) => accessModes(at(object, "spec", "accessModes")), { keep: 4 }),
    textColumn("RECLAIM POLICY", (object) => asString(at(object, "spec", "persistentVolumeReclaimPolicy")), {
      keep: 4,
    }),
    textColumn("STATUS", phase, { keep: 9, tone: (object) => own(TONES, phase(object)) }),
    textColumn("CLAIM", claim, { keep: 7 }),
    textColumn("STORAGECLASS", (object) => asString(at(object, "spec", "storageClassName")), { keep: 5 }),
    textColumn("REASON", (object) => asString(at(object, "status", "reason")), { keep: 3 }),
    ageColumn,
    textColumn(
      "VOLUMEATTRIBUTESCLASS",
      (object) => asString(at(object, "spec", "volumeAttributesClassName"), "<unset>"),
      { wide: true },
    ),
    textColumn("VOLUMEMODE", (object) => asString(at(object, "spec", "volumeMode"), "Filesystem"), { wide: true }),
  ],
  tone: (object) => own(TONES, phase(object)) ?? "warning",
  drillDown: (object) => {
    const reference = at(object, "spec", "claimRef");
    if (!isRecord(reference)) return undefined;
    const namespace = asString(reference["namespace"]);
    return {
      to: "object",
      resource: "persistentvolumeclaims",
      group: "",
      namespace,
      name: asString(reference["name"]),
    };
  },
});

function phase(object: KubeObject): string {
  if (object.metadata.deletionTimestamp !== undefined) return "Terminating";
  return asString(at(object, "status", "phase"));
}

function capacity(object: KubeObject): string {
  return asString(at(object, "spec", "capacity", "storage"));
}

function claim(object: KubeObject): string {
  const name = asString(at(object, "spec", "claimRef", "name"));
  return name === "" ? "" : `${asString(at(object, "spec", "claimRef", "namespace"))}/${name}`;
}
