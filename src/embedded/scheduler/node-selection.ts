import { asArray, asRecord, asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { matchesLabels, type Requirement } from "../../lib/kube/selector.ts";
import { stringMap } from "../controllers/runtime/pod-control.ts";
import { conditionOf } from "../controllers/runtime/pod-state.ts";

/** Whether `spec.nodeSelector` and the required node affinity of a pod accept a node (component-helpers nodeaffinity). */
export function matchesNodeAffinity(pod: KubeObject, node: KubeObject): boolean {
  const labels = node.metadata.labels ?? {};
  const selector = Object.entries(stringMap(at(pod, "spec", "nodeSelector")) ?? {});
  if (!selector.every(([key, value]) => labels[key] === value)) return false;
  const path = ["spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];
  const required = at(pod, ...path);
  if (required === undefined || required === null) return true;
  return asRecords(at(required, "nodeSelectorTerms")).some((term) => matchesTerm(term, node));
}

/** Sum of the weights of the preferred terms a node matches. */
export function preferredNodeWeight(pod: KubeObject, node: KubeObject): number {
  const path = ["spec", "affinity", "nodeAffinity", "preferredDuringSchedulingIgnoredDuringExecution"];
  let sum = 0;
  for (const preferred of asRecords(at(pod, ...path))) {
    const weight = preferred["weight"];
    if (typeof weight === "number" && matchesTerm(asRecord(preferred["preference"]), node)) sum += weight;
  }
  return sum;
}

/** An empty term matches nothing. */
function matchesTerm(term: Readonly<Record<string, unknown>>, node: KubeObject): boolean {
  const expressions = asRecords(term["matchExpressions"]).map(requirementOf);
  const fields = asRecords(term["matchFields"]).map(requirementOf);
  if (expressions.length === 0 && fields.length === 0) return false;
  const names = { "metadata.name": node.metadata.name ?? "" };
  return matchesLabels(expressions, node.metadata.labels) && matchesLabels(fields, names);
}

const OPERATORS = ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"] as const;

function requirementOf(expression: Readonly<Record<string, unknown>>): Requirement {
  const operator = OPERATORS.find((each) => each === expression["operator"]) ?? "In";
  const values = asArray(expression["values"]).map((value) => asString(value));
  return { key: asString(expression["key"]), operator, values };
}

export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

/**
 * The taints of a node. One that is not ready or is cordoned counts as tainted even before the node lifecycle controller
 * has written the taint.
 */
export function taintsOf(node: KubeObject): readonly Taint[] {
  const taints = asRecords(at(node, "spec", "taints")).map((taint) => ({
    key: asString(taint["key"]),
    value: asString(taint["value"]),
    effect: asString(taint["effect"]),
  }));
  const ready = conditionOf(node, "Ready")?.status;
  const implied = ready === "Unknown" ? "node.kubernetes.io/unreachable" : "node.kubernetes.io/not-ready";
  if (ready === "True" || taints.some((taint) => taint.key === implied)) return taints;
  return [...taints, { key: implied, value: "", effect: "NoSchedule" }];
}

/** Whether a pod tolerates all taints of the given effects. */
export function toleratesTaints(pod: KubeObject, node: KubeObject, effects: readonly string[]): boolean {
  return untolerated(pod, taintsOf(node), effects).length === 0;
}

export function untolerated(pod: KubeObject, taints: readonly Taint[], effects: readonly string[]): readonly Taint[] {
  const tolerations = asRecords(at(pod, "spec", "tolerations"));
  return taints
    .filter((taint) => effects.includes(taint.effect))
    .filter((taint) => !tolerations.some((toleration) => tolerates(toleration, taint)));
}

/** api/core/v1 Toleration.ToleratesTaint. */
function tolerates(toleration: Readonly<Record<string, unknown>>, taint: Taint): boolean {
  const effect = asString(toleration["effect"]);
  const key = asString(toleration["key"]);
  if (effect !== "" && effect !== taint.effect) return false;
  if (key !== "" && key !== taint.key) return false;
  if (toleration["operator"] === "Exists") return true;
  return key !== "" && asString(toleration["value"]) === taint.value;
}

/** Tolerates the taint that a cordoned node has. */
export function toleratesUnschedulable(pod: KubeObject): boolean {
  const taint = { key: "node.kubernetes.io/unschedulable", value: "", effect: "NoSchedule" };
  return untolerated(pod, [taint], [taint.effect]).length === 0;
}
