import type { Operations, TargetObject } from "../../hotkeys/action.ts";
import { asRecords, asString, at } from "../../lib/kube/object.ts";
import {
  changeTaints,
  parseAnnotationChange,
  parseLabelChanges,
  parseTaintChanges,
  type MetadataChanges,
  type Parsed,
} from "../../lib/kube/metadata-changes.ts";
import type { AppServices } from "../context.ts";
import { nameTargets, onEach, pathOf } from "./on-each.ts";

/** Labels set and taken away, on all targets alike. */
export function createLabel(services: AppServices): Operations["label"] {
  return changeMetadata(services, "labels", "app=web tier- (key- takes away)", parseLabelChanges);
}

export function createAnnotate(services: AppServices): Operations["annotate"] {
  return changeMetadata(services, "annotations", "owner=the web team, or owner- (takes away)", parseAnnotationChange);
}

function changeMetadata(
  services: AppServices,
  field: "labels" | "annotations",
  example: string,
  parse: (text: string) => Parsed<MetadataChanges>,
): Operations["label"] {
  const verb = field === "labels" ? "label" : "annotate";
  return async (targets) => {
    const cluster = services.cluster();
    if (cluster === undefined || targets.length === 0) return;
    const text = await services.app.input({
      title: `${verb === "label" ? "Label" : "Annotate"} ${nameTargets(targets)}`,
      lines: [...linesOf(targets, field), "", example],
      label: verb === "label" ? "Labels" : "Annotation",
      initial: "",
      validate: (typed) => faultOf(parse(typed)),
    });
    const parsed = text === undefined ? undefined : parse(text);
    if (parsed?.ok !== true) return;
    await onEach(services, targets, verb === "label" ? "labelled" : "annotated", async (target) => {
      await cluster.writes.patch(target, "merge", { metadata: { [field]: parsed.value } }, { verb });
    });
  };
}

/** What one object has in full; of several the names alone. */
function linesOf(targets: readonly TargetObject[], field: "labels" | "annotations"): readonly string[] {
  const [only] = targets.length === 1 ? targets : [];
  if (only === undefined) return targets.map(pathOf);
  const now = Object.entries(only.object.metadata[field] ?? {}).map(([key, value]) => `  ${key}=${value}`);
  return [`${pathOf(only)} ${now.length === 0 ? `has no ${field}` : "has"}`, ...now];
}

/** Taints of nodes, set and taken away. The whole list is sent, on the version of the node it was read from. */
export function createTaint(services: AppServices): Operations["taint"] {
  return async (nodes) => {
    const cluster = services.cluster();
    if (cluster === undefined || nodes.length === 0) return;
    const text = await services.app.input({
      title: `Taint ${nameTargets(nodes)}`,
      lines: [
        ...nodes.flatMap((node) => [`${pathOf(node)}:`, ...taintsOf(node)]),
        "",
        "key=value:NoSchedule sets; key:NoSchedule- and key- take away",
      ],
      label: "Taints",
      initial: "",
      validate: (typed) => faultOf(parseTaintChanges(typed)),
    });
    const parsed = text === undefined ? undefined : parseTaintChanges(text);
    if (parsed?.ok !== true) return;
    await onEach(services, nodes, "tainted", async (node) => {
      const newest = await cluster.get(node);
      const taints = changeTaints(asRecords(at(newest, "spec", "taints")), parsed.value);
      const { resourceVersion } = newest.metadata;
      await cluster.writes.patch(node, "merge", { metadata: { resourceVersion }, spec: { taints } }, { verb: "taint" });
    });
  };
}

function taintsOf(node: TargetObject): readonly string[] {
  const taints = asRecords(at(node.object, "spec", "taints"));
  if (taints.length === 0) return ["  no taints"];
  return taints.map((taint) => {
    const value = asString(taint["value"]);
    return `  ${asString(taint["key"])}${value === "" ? "" : `=${value}`}:${asString(taint["effect"])}`;
  });
}

function faultOf(parsed: Parsed<unknown>): string | undefined {
  return parsed.ok ? undefined : parsed.fault;
}
