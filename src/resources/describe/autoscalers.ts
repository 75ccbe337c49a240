import { asNumber, asRecord, asRecords, asString, at, isRecord } from "../../lib/kube/object.ts";
import { scalarText } from "../scalar-text.ts";
import type { DescribeDocument } from "./document.ts";
import type { DescribeInput } from "./sections.ts";
import { writeConditions, writeCreation, writeEvents, writeIdentity } from "./sections.ts";

type Fields = Readonly<Record<string, unknown>>;

/** As `HorizontalPodAutoscalerDescriber` of kubectl/pkg/describe/describe.go. */
export function describeAutoscaler(document: DescribeDocument, input: DescribeInput): void {
  const { object, now } = input;
  const spec = asRecord(object["spec"]);
  const status = asRecord(object["status"]);
  writeIdentity(document, object);
  writeCreation(document, input);
  const kind = asString(at(spec, "scaleTargetRef", "kind"));
  document.field(0, "Reference", `${kind}/${asString(at(spec, "scaleTargetRef", "name"))}`);
  document.field(0, "Metrics", "( current / target )");
  const current = asRecords(status["currentMetrics"]);
  for (const metric of asRecords(spec["metrics"])) {
    const same = current.find((each) => metricName(each) === metricName(metric));
    document.field(1, metricName(metric), `${amount(valueOf(same, "current"))} / ${amount(valueOf(metric, "target"))}`);
  }
  document.field(0, "Min replicas", scalarText(spec["minReplicas"] ?? "<unset>"));
  document.field(0, "Max replicas", scalarText(spec["maxReplicas"] ?? ""));
  writeBehavior(document, asRecord(spec["behavior"]));
  document.field(
    0,
    `${kind} pods`,
    `${asNumber(status["currentReplicas"])} current / ${asNumber(status["desiredReplicas"])} desired`,
  );
  writeConditions(document, object, now);
  writeEvents(document, input);
}

/** What is measured, in kubectl's words. */
function metricName(metric: Fields): string {
  const { resource, containerResource, pods, object, external } = metric;
  if (isRecord(resource)) return `resource ${asString(resource["name"])} on pods${ofRequest(resource)}`;
  if (isRecord(containerResource)) {
    const name = asString(containerResource["name"]);
    return `resource ${name} of container "${asString(containerResource["container"])}" on pods${ofRequest(containerResource)}`;
  }
  if (isRecord(pods)) return `"${asString(at(pods, "metric", "name"))}" on pods`;
  if (isRecord(object)) {
    const target = `${asString(at(object, "describedObject", "kind"))}/${asString(at(object, "describedObject", "name"))}`;
    return `"${asString(at(object, "metric", "name"))}" on ${target}`;
  }
  if (isRecord(external)) return `"${asString(at(external, "metric", "name"))}"`;
  return "<unknown metric type>";
}

function ofRequest(metric: Fields): string {
  const value = asRecord(metric["target"] ?? metric["current"]);
  return value["averageUtilization"] === undefined ? "" : "  (as a percentage of request)";
}

function valueOf(metric: Fields | undefined, side: "current" | "target"): Fields {
  const [, body] = Object.entries(metric ?? {}).find(([field, value]) => field !== "type" && isRecord(value)) ?? [];
  return asRecord(at(body, side));
}

function amount(value: Fields): string {
  const { averageUtilization, averageValue } = value;
  const plain = averageValue ?? value["value"];
  if (averageUtilization === undefined) return plain === undefined ? "<unknown>" : scalarText(plain);
  return `${scalarText(averageUtilization)}%${plain === undefined ? "" : ` (${scalarText(plain)})`}`;
}

function writeBehavior(document: DescribeDocument, behavior: Fields): void {
  if (Object.keys(behavior).length === 0) return;
  document.heading(0, "Behavior");
  for (const [label, field] of [
    ["Scale Up", "scaleUp"],
    ["Scale Down", "scaleDown"],
  ] as const) {
    const rules = behavior[field];
    if (!isRecord(rules)) continue;
    document.heading(1, label);
    const window = rules["stabilizationWindowSeconds"];
    if (window !== undefined) document.field(2, "Stabilization Window", `${scalarText(window)} seconds`);
    document.field(2, "Select Policy", asString(rules["selectPolicy"], "Max"));
    document.heading(2, "Policies");
    for (const policy of asRecords(rules["policies"])) {
      const [type, value, period] = ["type", "value", "periodSeconds"].map((each) => scalarText(policy[each] ?? ""));
      document.text(3, `- Type: ${type ?? ""}  Value: ${value ?? ""}  Period: ${period ?? ""} seconds`);
    }
  }
}
