import type { KubeObject } from "../../lib/kube/object.ts";
import { asNumber, at } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, numberColumn, querySelector, templateColumns } from "../columns.ts";
import { defineKind } from "../kind.ts";
import { REPLICATED_TEMPLATE } from "../replicated-template.ts";
import { podsOwnedBy } from "../pods-behind.ts";

export const replicasets = defineKind({
  gvr: { group: "apps", version: "v1", resource: "replicasets" },
  kind: "ReplicaSet",
  aliases: ["rs"],
  namespaced: true,
  template: REPLICATED_TEMPLATE,
  can: ["describe", "yaml", "edit", "delete", "logs", "scale", "set-image", "port-forward", "roll-back"],
  columns: [
    nameColumn,
    numberColumn("DESIRED", desired, { keep: 7 }),
    numberColumn("CURRENT", (object) => asNumber(at(object, "status", "replicas")), { keep: 7 }),
    numberColumn("READY", ready, {
      keep: 8,
      tone: (object) => (ready(object) < desired(object) ? "warning" : undefined),
    }),
    numberColumn("REVISION", revision, { keep: 6 }),
    ageColumn,
    ...templateColumns,
  ],
  tone: (object) => {
    if (object.metadata.deletionTimestamp !== undefined) return "muted";
    if (desired(object) === 0) return "muted";
    return ready(object) < desired(object) ? "warning" : "ok";
  },
  drillDown: (object) => podsOwnedBy(object, at(object, "spec", "selector")),
  podSelector: (object) => querySelector(at(object, "spec", "selector")),
});

function desired(object: KubeObject): number {
  return asNumber(at(object, "spec", "replicas"), 1);
}

function ready(object: KubeObject): number {
  return asNumber(at(object, "status", "readyReplicas"));
}

/** The deployment's revision that made this ReplicaSet. */
function revision(object: KubeObject): number | undefined {
  const text = object.metadata.annotations?.["deployment.kubernetes.io/revision"];
  return text === undefined || Number.isNaN(Number(text)) ? undefined : Number(text);
}
