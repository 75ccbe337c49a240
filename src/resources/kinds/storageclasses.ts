import { asString, type KubeObject } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, textColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";

const TEMPLATE = `provisioner: kubernetes.io/no-provisioner
reclaimPolicy: Delete
volumeBindingMode: WaitForFirstConsumer
`;

export const storageclasses = defineKind({
  gvr: { group: "storage.k8s.io", version: "v1", resource: "storageclasses" },
  kind: "StorageClass",
  aliases: ["sc"],
  namespaced: false,
  template: TEMPLATE,
  can: ["describe", "yaml", "used-by", "edit", "delete"],
  columns: [
    nameColumn,
    textColumn("DEFAULT", (object) => (isDefault(object) ? "yes" : ""), { keep: 5 }),
    textColumn("PROVISIONER", (object) => asString(object["provisioner"]), { keep: 8 }),
    textColumn("RECLAIMPOLICY", (object) => asString(object["reclaimPolicy"], "Delete"), { keep: 6 }),
    textColumn("VOLUMEBINDINGMODE", (object) => asString(object["volumeBindingMode"], "Immediate"), { keep: 5 }),
    textColumn("ALLOWVOLUMEEXPANSION", (object) => String(object["allowVolumeExpansion"] === true), { keep: 4 }),
    ageColumn,
  ],
  drillDown: () => ({ to: "used-by" }),
});

function isDefault(object: KubeObject): boolean {
  return object.metadata.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true";
}
