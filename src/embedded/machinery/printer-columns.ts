import { ageOf } from "../../lib/age.ts";
import { asRecord, asString, isRecord, type KubeObject } from "../../lib/kube/object.ts";
import { formatLabelSelector, selectorFromObject } from "../../lib/kube/selector.ts";
import type { PrinterColumn } from "./served-resource.ts";

type Cell = PrinterColumn["cell"];

/** A column that is always shown. */
export function column(name: string, cell: Cell, type = "string"): PrinterColumn {
  return { name, type, format: name === "Name" ? "name" : "", description: "", priority: 0, cell };
}

/** A column of `-o wide` only. */
export function wideColumn(name: string, cell: Cell, type = "string"): PrinterColumn {
  return { ...column(name, cell, type), priority: 1 };
}

export const nameColumn: PrinterColumn = column("Name", (object) => object.metadata.name ?? "");
export const ageColumn: PrinterColumn = column("Age", (object, now) => ageOf(object.metadata.creationTimestamp, now));

/** A list of words as kubectl prints it. */
export function joined(values: readonly string[]): string {
  return values.length === 0 ? "<none>" : values.join(",");
}

/** A `metav1.LabelSelector` or a map of labels; `<none>` for an empty or missing one. */
export function selectorText(value: unknown): string {
  const selector = selectorFromObject(value);
  return selector === undefined || selector.length === 0 ? "<none>" : formatLabelSelector(selector);
}

export function labelsText(value: unknown): string {
  if (!isRecord(value)) return "<none>";
  const pairs = Object.entries(asRecord(value)).map(([key, entry]) => `${key}=${asString(entry)}`);
  return joined(pairs.sort());
}

/** Columns of a kind with nothing to say but its age (upstream's default table convertor). */
export const genericColumns: readonly PrinterColumn[] = [
  nameColumn,
  {
    ...column("Created At", (object: KubeObject) => object.metadata.creationTimestamp ?? "", "date"),
  },
];
