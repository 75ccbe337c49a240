import { isRecord } from "../../lib/kube/object.ts";
import type { DescribeDocument } from "./document.ts";
import type { DescribeInput } from "./sections.ts";
import { writeEvents, writeIdentity } from "./sections.ts";
import { scalarText } from "../scalar-text.ts";
import { sortedEntries } from "../sorted-entries.ts";

const METADATA = new Set(["name", "namespace", "labels", "annotations", "managedFields"]);

/** Every field by its name, as `genericDescriber` of kubectl/pkg/describe/describe.go does for kinds it does not know. */
export function describeGeneric(document: DescribeDocument, input: DescribeInput): void {
  const { object } = input;
  writeIdentity(document, object);
  const metadata = Object.fromEntries(Object.entries(object.metadata).filter(([field]) => !METADATA.has(field)));
  for (const [field, value] of sortedEntries({ ...object, metadata })) writeValue(document, 0, field, value);
  writeEvents(document, input);
}

function writeValue(document: DescribeDocument, level: number, field: string, value: unknown): void {
  const label = smartLabel(field);
  if (Array.isArray(value)) {
    document.heading(level, label);
    for (const entry of value as readonly unknown[]) {
      if (isRecord(entry)) writeFields(document, level + 1, entry);
      else document.text(level + 1, scalarText(entry));
    }
    return;
  }
  if (isRecord(value)) {
    document.heading(level, label);
    writeFields(document, level + 1, value);
    return;
  }
  document.field(level, label, value === null ? "<nil>" : scalarText(value));
}

function writeFields(document: DescribeDocument, level: number, fields: Readonly<Record<string, unknown>>): void {
  for (const [field, value] of sortedEntries(fields)) writeValue(document, level, field, value);
}

const ABBREVIATIONS = new Set(["api", "ip", "uid", "url", "tls", "cpu", "id", "dns", "ca"]);

/** `creationTimestamp` -> `Creation Timestamp`, `podIP` -> `Pod IP`; keys that are no field names stay as they are. */
export function smartLabel(field: string): string {
  if (!/^[a-zA-Z]+$/.test(field)) return field;
  return field
    .split(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/)
    .map((word) =>
      ABBREVIATIONS.has(word.toLowerCase()) ? word.toUpperCase() : word.slice(0, 1).toUpperCase() + word.slice(1),
    )
    .join(" ");
}
