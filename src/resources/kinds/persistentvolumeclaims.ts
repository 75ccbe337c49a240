import { own } from "../../lib/own.ts";
import { asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { parseQuantity } from "../../lib/quantity.ts";
import { accessModes } from "../access-modes.ts";
import { ageColumn, joinColumn, nameColumn, textColumn } from "../columns.ts";
import type { Tone } from "../kind.ts";
import { defineKind } from "../kind.ts";

const TONES: Readonly<Record<string, Tone>> = { Bound: "ok", Pending: "progress", Lost: "error", Terminating: "muted" };

const TEMPLATE = `spec:
  # storageClassName: standard
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 1Gi
`;

export const persistentvolumeclaims = defineKind({
  gvr: { group: "", version: "v1", resource: "persistentvolumeclaims" },
  kind: "PersistentVolumeClaim",
  aliases: ["pvc"],
  namespaced: true,
  template: TEMPLATE,
  can: ["describe", "yaml", "used-by", "edit", "delete", "expand"],
  columns: [
    nameColumn,
    textColumn("STATUS", phase, { keep: 9, tone: (object) => own(TONES, phase(object)) }),
    textColumn("VOLUME", (object) => asString(at(object, "spec", "volumeName")), { keep: 6 }),
    textColumn("CAPACITY", capacity, { keep: 7, sortKey: (object) => parseQuantity(capacity(object)) ?? -1 }),
    textColumn("ACCESS MODES", (object) => accessModes(at(object, "status", "accessModes")), { keep: 4 }),
    textColumn("STORAGECLASS", (object) => asString(at(object, "spec", "storageClassName")), { keep: 6 }),
    joinColumn(
      "USED BY",
      "claim-pods",
      {
        text: (pods) => (pods.length === 0 ? "<none>" : pods.toSorted().join(",")),
        sortKey: (pods) => pods.length,
        tone: (pods) => (pods.length === 0 ? "muted" : undefined),
      },
      { keep: 5, minWidth: 10 },
    ),
    ageColumn,
    textColumn(
      "VOLUMEATTRIBUTESCLASS",
      (object) => asString(at(object, "spec", "volumeAttributesClassName"), "<unset>"),
      { wide: true },
    ),
    textColumn("VOLUMEMODE", (object) => asString(at(object, "spec", "volumeMode"), "Filesystem"), { wide: true }),
  ],
  tone: (object) => own(TONES, phase(object)) ?? "warning",
  drillDown: () => ({ to: "used-by" }),
});

function phase(object: KubeObject): string {
  if (object.metadata.deletionTimestamp !== undefined) return "Terminating";
  return asString(at(object, "status", "phase"));
}

function capacity(object: KubeObject): string {
  return asString(at(object, "status", "capacity", "storage"));
}
