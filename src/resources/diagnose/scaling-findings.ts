import { asNumber, asRecords, asString, at } from "../../lib/kube/object.ts";
import { conditionOf } from "../conditions.ts";
import { finding, type DiagnosisInput, type Finding } from "./finding.ts";

/** What the reasons of a HorizontalPodAutoscaler mean for the operator. */
const ADVICE: ReadonlyArray<readonly [pattern: RegExp, advice: string]> = [
  [/missing request for/, "give the containers of the target requests: a share is counted of them"],
  [
    /no metrics returned|unable to (fetch|get) metrics|could not find the requested resource/,
    "see whether metrics-server runs (`:apiservices`), and whether the pods are ready",
  ],
  [/FailedGetScale/, "see whether the target exists: Enter goes there"],
];

/** Why a HorizontalPodAutoscaler does not scale. */
export function scalerFindings({ object }: DiagnosisInput): readonly Finding[] {
  const found = ["AbleToScale", "ScalingActive"].flatMap((type) => {
    const condition = conditionOf(object["status"], type);
    if (condition?.["status"] !== "False") return [];
    const said = `${asString(condition["reason"])}: ${asString(condition["message"])}`;
    if (condition["reason"] === "ScalingDisabled")
      return [finding("muted", "its target has 0 replicas: scaling is off")];
    const advice = ADVICE.find(([pattern]) => pattern.test(said))?.[1];
    return [finding("error", `it does not scale: ${said}`, advice)];
  });
  const limited = conditionOf(object["status"], "ScalingLimited");
  if (limited?.["status"] === "True" && limited["reason"] === "TooManyReplicas") {
    const most = asNumber(at(object, "spec", "maxReplicas"));
    found.push(
      finding(
        "warning",
        `it wants more than its maximum of ${most} replicas`,
        "raise maxReplicas, or find what the load is",
      ),
    );
  }
  if (asRecords(at(object, "status", "conditions")).length === 0) {
    found.push(finding("warning", "its controller has never looked at it", "see whether the controller manager runs"));
  }
  return found;
}

/** Why no pod may be evicted. */
export function budgetFindings({ object }: DiagnosisInput): readonly Finding[] {
  const status = (field: string): number => asNumber(at(object, "status", field));
  if (status("expectedPods") === 0) return [finding("warning", "it selects no pods: it protects nothing")];
  if (status("disruptionsAllowed") > 0) return [];
  const [healthy, desired] = [status("currentHealthy"), status("desiredHealthy")];
  const text = `no pod may be evicted now: ${healthy} are healthy, ${desired} must be`;
  return [
    healthy < desired
      ? finding("error", text, "its pods are broken: Enter shows them")
      : finding("warning", text, "a drain waits for as long: allow a disruption, or add replicas"),
  ];
}
