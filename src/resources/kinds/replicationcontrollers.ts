import { asNumber, at } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, numberColumn, querySelector, templateColumns } from "../columns.ts";
import { defineKind } from "../kind.ts";
import { podsOwnedBy } from "../pods-behind.ts";
import { replicaTone } from "../replica-tone.ts";

export const replicationcontrollers = defineKind({
  gvr: { group: "", version: "v1", resource: "replicationcontrollers" },
  kind: "ReplicationController",
  aliases: ["rc"],
  namespaced: true,
  can: ["describe", "yaml", "edit", "delete", "logs", "scale", "set-image", "port-forward"],
  columns: [
    nameColumn,
    numberColumn("DESIRED", (object) => asNumber(at(object, "spec", "replicas"), 1), { keep: 7 }),
    numberColumn("CURRENT", (object) => asNumber(at(object, "status", "replicas")), { keep: 7 }),
    numberColumn("READY", (object) => asNumber(at(object, "status", "readyReplicas")), { keep: 8 }),
    ageColumn,
    ...templateColumns,
  ],
  tone: (object) =>
    replicaTone(object, asNumber(at(object, "spec", "replicas"), 1), asNumber(at(object, "status", "readyReplicas"))),
  drillDown: (object) => podsOwnedBy(object, at(object, "spec", "selector")),
  podSelector: (object) => querySelector(at(object, "spec", "selector")),
});
