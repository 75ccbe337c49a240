import { asNumber, asRecord, asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { parseApiVersion } from "../../lib/kube/gvr.ts";
import { ageColumn, nameColumn, numberColumn, textColumn } from "../columns.ts";
import { conditionStatus } from "../conditions.ts";
import { defineKind } from "../kind.ts";
import { pluralOf } from "../plural.ts";
import { scalarText } from "../scalar-text.ts";

const TEMPLATE = `spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: NAME
  minReplicas: 1
  maxReplicas: 5
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: 80
`;

export const horizontalpodautoscalers = defineKind({
  gvr: { group: "autoscaling", version: "v2", resource: "horizontalpodautoscalers" },
  kind: "HorizontalPodAutoscaler",
  aliases: ["hpa"],
  namespaced: true,
  template: TEMPLATE,
  can: ["describe", "yaml", "edit", "delete"],
  columns: [
    nameColumn,
    textColumn("REFERENCE", reference, { keep: 7, minWidth: 10 }),
    textColumn("TARGETS", targets, { keep: 8, minWidth: 10 }),
    numberColumn("MINPODS", (object) => asNumber(at(object, "spec", "minReplicas"), 1), { keep: 6 }),
    numberColumn("MAXPODS", (object) => asNumber(at(object, "spec", "maxReplicas")), { keep: 6 }),
    numberColumn("REPLICAS", (object) => asNumber(at(object, "status", "currentReplicas")), { keep: 7 }),
    ageColumn,
  ],
  tone: (object) => {
    // Without metrics, or without its target, it does nothing at all.
    if (["AbleToScale", "ScalingActive"].some((type) => conditionStatus(object, type) === "False")) {
      // At 0 replicas scaling is off on purpose.
      return at(object, "status", "desiredReplicas") === 0 ? "muted" : "error";
    }
    const current = asNumber(at(object, "status", "currentReplicas"));
    return current >= asNumber(at(object, "spec", "maxReplicas")) ? "warning" : "ok";
  },
  drillDown: (object) => {
    const target = asRecord(at(object, "spec", "scaleTargetRef"));
    const { group } = parseApiVersion(asString(target["apiVersion"]));
    const namespace = object.metadata.namespace ?? "";
    return {
      to: "object",
      resource: pluralOf(asString(target["kind"])),
      group,
      namespace,
      name: asString(target["name"]),
    };
  },
});

function reference(object: KubeObject): string {
  const target = asRecord(at(object, "spec", "scaleTargetRef"));
  return `${asString(target["kind"])}/${asString(target["name"])}`;
}

/** TARGETS as `formatHPAMetrics` of kubernetes/pkg/printers/internalversion/printers.go, every metric shown: `cpu: 12%/80%`. */
function targets(object: KubeObject): string {
  const samples = asRecords(at(object, "status", "currentMetrics"));
  const texts = asRecords(at(object, "spec", "metrics")).map((metric) => {
    const type = asString(metric["type"]);
    const field = type.slice(0, 1).toLowerCase() + type.slice(1);
    const [name, own] = [asString(at(metric, field, "name")), asString(at(metric, field, "metric", "name"))];
    const sample = samples.find(
      (one) =>
        one["type"] === type &&
        asString(at(one, field, "name")) === name &&
        asString(at(one, field, "metric", "name")) === own &&
        at(one, field, "container") === at(metric, field, "container"),
    );
    const [current, target] = [at(sample, field, "current"), at(metric, field, "target")];
    const average = at(target, "averageValue") !== undefined;
    // Only what one asks of the resources of pods bears its name.
    if (name !== "") return `${name}: ${amount(current, average)}/${amount(target, average)}`;
    return `${amount(current, average)}/${amount(target, average)}${average && type !== "Pods" ? " (avg)" : ""}`;
  });
  return texts.length === 0 ? "<none>" : texts.join(", ");
}

function amount(value: unknown, average: boolean): string {
  const utilization = at(value, "averageUtilization");
  if (!average && typeof utilization === "number") return `${utilization}%`;
  return scalarText(average ? at(value, "averageValue") : at(value, "value")) || "<unknown>";
}
