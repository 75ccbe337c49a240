import { asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";

export const volumeattachments = defineKind({
  gvr: { group: "storage.k8s.io", version: "v1", resource: "volumeattachments" },
  kind: "VolumeAttachment",
  aliases: ["va"],
  namespaced: false,
  can: ["describe", "yaml", "edit", "delete"],
  columns: [
    nameColumn,
    textColumn("ATTACHER", (object) => asString(at(object, "spec", "attacher")), { keep: 6 }),
    textColumn("PV", volume, { keep: 8 }),
    textColumn("NODE", (object) => asString(at(object, "spec", "nodeName")), { keep: 7 }),
    textColumn("ATTACHED", (object) => String(attached(object)), { keep: 8 }),
    textColumn("ERROR", failure, { keep: 5, minWidth: 10, tone: () => "error" }),
    ageColumn,
  ],
  tone: (object) => {
    if (object.metadata.deletionTimestamp !== undefined) return "muted";
    if (failure(object) !== "") return "error";
    return attached(object) ? "ok" : "progress";
  },
  drillDown: (object) => ({
    to: "object",
    resource: "persistentvolumes",
    group: "",
    namespace: "",
    name: volume(object),
  }),
});

function volume(object: KubeObject): string {
  return asString(at(object, "spec", "source", "persistentVolumeName"));
}

function attached(object: KubeObject): boolean {
  return at(object, "status", "attached") === true;
}

function failure(object: KubeObject): string {
  return (
    asString(at(object, "status", "attachError", "message")) || asString(at(object, "status", "detachError", "message"))
  );
}
