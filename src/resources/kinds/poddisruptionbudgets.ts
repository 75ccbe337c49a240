import { asNumber, at } from "../../lib/kube/object.ts";
import { ageColumn, nameColumn, numberColumn, querySelector, textColumn } from "../columns.ts";
import { defineKind } from "../kind.ts";
import { podsBySelector } from "../pods-behind.ts";
import { scalarText } from "../scalar-text.ts";

const TEMPLATE = `spec:
  # minAvailable or maxUnavailable, a number or a percentage
  maxUnavailable: 1
  selector:
    matchLabels:
      app: NAME
`;

export const poddisruptionbudgets = defineKind({
  gvr: { group: "policy", version: "v1", resource: "poddisruptionbudgets" },
  kind: "PodDisruptionBudget",
  aliases: ["pdb"],
  namespaced: true,
  template: TEMPLATE,
  can: ["describe", "yaml", "edit", "delete"],
  columns: [
    nameColumn,
    textColumn("MIN AVAILABLE", (object) => scalarText(at(object, "spec", "minAvailable")) || "N/A", { keep: 7 }),
    textColumn("MAX UNAVAILABLE", (object) => scalarText(at(object, "spec", "maxUnavailable")) || "N/A", { keep: 7 }),
    numberColumn("ALLOWED DISRUPTIONS", (object) => asNumber(at(object, "status", "disruptionsAllowed")), { keep: 8 }),
    numberColumn("HEALTHY", (object) => asNumber(at(object, "status", "currentHealthy")), { keep: 5 }),
    numberColumn("DESIRED", (object) => asNumber(at(object, "status", "desiredHealthy")), { keep: 5 }),
    ageColumn,
  ],
  tone: (object) => {
    const healthy = asNumber(at(object, "status", "currentHealthy"));
    return healthy < asNumber(at(object, "status", "desiredHealthy")) ? "warning" : "ok";
  },
  drillDown: (object) => podsBySelector(object, at(object, "spec", "selector")),
  podSelector: (object) => querySelector(at(object, "spec", "selector")),
});
