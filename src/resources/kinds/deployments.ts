import { asNumber, at } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, numberColumn, readyColumn, querySelector, templateColumns } from "../columns.ts";
import { defineKind } from "../kind.ts";
import { REPLICATED_TEMPLATE } from "../replicated-template.ts";
import { podsBySelector } from "../pods-behind.ts";
import { deploymentRollout, rolloutColumn } from "../rollout-state.ts";

export const deployments = defineKind({
  gvr: { group: "apps", version: "v1", resource: "deployments" },
  kind: "Deployment",
  aliases: ["deploy", "dp"],
  namespaced: true,
  template: REPLICATED_TEMPLATE,
  can: [
    "describe",
    "yaml",
    "used-by",
    "edit",
    "delete",
    "logs",
    "scale",
    "restart",
    "set-image",
    "port-forward",
    "rollout",
    "pause",
  ],
  columns: [
    nameColumn,
    readyColumn((object) => ({
      ready: asNumber(at(object, "status", "readyReplicas")),
      total: asNumber(at(object, "spec", "replicas"), 1),
    })),
    numberColumn("UP-TO-DATE", (object) => asNumber(at(object, "status", "updatedReplicas")), { keep: 7 }),
    numberColumn("AVAILABLE", (object) => asNumber(at(object, "status", "availableReplicas")), { keep: 7 }),
    rolloutColumn(deploymentRollout),
    ageColumn,
    ...templateColumns,
  ],
  tone: (object) => deploymentRollout(object).tone,
  drillDown: (object) => podsBySelector(object, at(object, "spec", "selector")),
  podSelector: (object) => querySelector(at(object, "spec", "selector")),
});
