import type { KubeObject } from "../../lib/kube/object.ts";
import { asNumber, asRecords, at } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, numberColumn, readyColumn, querySelector, templateColumns } from "../columns.ts";
import type { Tone } from "../kind.ts";
import { defineKind } from "../kind.ts";
import { podsBySelector } from "../pods-behind.ts";

export const deployments = defineKind({
  gvr: { group: "apps", version: "v1", resource: "deployments" },
  kind: "Deployment",
  aliases: ["deploy", "dp"],
  namespaced: true,
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
    {
      id: "rollout",
      title: "ROLLOUT",
      keep: 6,
      text: (object) => rollout(object).word,
      tone: (object) => rollout(object).tone,
    },
    ageColumn,
    ...templateColumns,
  ],
  tone: (object) => rollout(object).tone,
  drillDown: (object) => podsBySelector(object, at(object, "spec", "selector")),
  podSelector: (object) => querySelector(at(object, "spec", "selector")),
});

/** Where a rollout stands, by the rules of `kubectl rollout status` (polymorphichelpers/rollout_status.go). */
function rollout(object: KubeObject): { readonly word: string; readonly tone: Tone } {
  const wanted = asNumber(at(object, "spec", "replicas"), 1);
  const progressing = asRecords(at(object, "status", "conditions")).find(
    (condition) => condition["type"] === "Progressing",
  );
  const updated = asNumber(at(object, "status", "updatedReplicas"));
  const total = asNumber(at(object, "status", "replicas"));
  const available = asNumber(at(object, "status", "availableReplicas"));
  const observed = asNumber(at(object, "status", "observedGeneration")) >= (object.metadata.generation ?? 0);
  if (object.metadata.deletionTimestamp !== undefined) return { word: "Terminating", tone: "muted" };
  if (progressing?.["reason"] === "ProgressDeadlineExceeded") return { word: "Stalled", tone: "error" };
  const done = observed && updated >= wanted && total <= updated && available >= updated;
  if (at(object, "spec", "paused") === true) return { word: "Paused", tone: done ? "muted" : "warning" };
  if (!done) return { word: "Progressing", tone: available < wanted ? "warning" : "progress" };
  return wanted === 0 ? { word: "Complete", tone: "muted" } : { word: "Complete", tone: "ok" };
}
