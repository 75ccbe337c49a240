import { asRecord, asRecords, asString, at } from "../../lib/kube/object.ts";
import { selectorText } from "../columns.ts";
import { writeContainers } from "./containers.ts";
import type { DescribeDocument } from "./document.ts";
import { pairs } from "./sections.ts";
import { writeVolumes } from "./volumes.ts";
import { scalarText } from "../scalar-text.ts";

/** A workload's pod template. */
export function writePodTemplate(document: DescribeDocument, template: unknown, now: number): void {
  const spec = asRecord(at(template, "spec"));
  document.heading(0, "Pod Template");
  document.list(1, "Labels", pairs(asRecord(at(template, "metadata", "labels")), "="));
  const annotations = pairs(asRecord(at(template, "metadata", "annotations")), ": ");
  if (annotations.length > 0) document.list(1, "Annotations", annotations);
  const account = asString(spec["serviceAccountName"]);
  if (account !== "") document.field(1, "Service Account", account);
  const initContainers = asRecords(spec["initContainers"]);
  if (initContainers.length > 0)
    writeContainers(document, {
      level: 1,
      label: "Init Containers",
      containers: initContainers,
      statuses: undefined,
      now,
    });
  writeContainers(document, {
    level: 1,
    label: "Containers",
    containers: asRecords(spec["containers"]),
    statuses: undefined,
    now,
  });
  writeVolumes(document, 1, asRecords(spec["volumes"]));
  writePlacement(document, 1, spec);
}

/** Node selectors, tolerations and spread constraints. */
export function writePlacement(
  document: DescribeDocument,
  level: number,
  spec: Readonly<Record<string, unknown>>,
): void {
  const priority = asString(spec["priorityClassName"]);
  if (level > 0 && priority !== "") document.field(level, "Priority Class Name", priority);
  document.list(level, "Node-Selectors", pairs(asRecord(spec["nodeSelector"]), "="));
  document.list(level, "Tolerations", asRecords(spec["tolerations"]).map(tolerationText));
  const spread = asRecords(spec["topologySpreadConstraints"]);
  if (spread.length > 0)
    document.list(
      level,
      "Topology Spread Constraints",
      spread.map(
        (one) =>
          `${asString(one["topologyKey"])}:${asString(one["whenUnsatisfiable"])} when max skew ${scalarText(one["maxSkew"])} is exceeded${selectorOf(one)}`,
      ),
    );
}

/** As `printTolerationsInner` of kubectl/pkg/describe/describe.go. */
function tolerationText(toleration: Readonly<Record<string, unknown>>): string {
  const key = asString(toleration["key"]);
  const value = asString(toleration["value"]);
  const effect = asString(toleration["effect"]);
  const operator = asString(toleration["operator"]);
  let text = key;
  if (value !== "") text += `=${value}`;
  if (effect !== "") text += `:${effect}`;
  if (operator === "Exists" && value === "") text += key !== "" || effect !== "" ? " op=Exists" : "op=Exists";
  const seconds = toleration["tolerationSeconds"];
  return seconds === undefined || seconds === null ? text : `${text} for ${scalarText(seconds)}s`;
}

function selectorOf(spread: Readonly<Record<string, unknown>>): string {
  const text = selectorText(spread["labelSelector"]);
  return text === "<none>" ? "" : ` for selector ${text}`;
}
