import { asRecord, asString } from "../../lib/kube/object.ts";
import { base64Length } from "../data-entries.ts";
import type { DescribeDocument } from "./document.ts";
import type { DescribeInput } from "./sections.ts";
import { writeEvents, writeIdentity } from "./sections.ts";
import { sortedEntries } from "../sorted-entries.ts";

/** As `ConfigMapDescriber` of kubectl/pkg/describe/describe.go. */
export function describeConfigMap(document: DescribeDocument, input: DescribeInput): void {
  writeIdentity(document, input.object);
  document.text(0, "");
  document.text(0, "Data", "accent");
  document.text(0, "====", "muted");
  for (const [key, value] of sortedEntries(asRecord(input.object["data"]))) {
    document.text(0, `${key}:`, "accent");
    document.text(0, "----", "muted");
    document.text(0, asString(value));
    document.text(0, "");
  }
  document.text(0, "");
  document.text(0, "BinaryData", "accent");
  document.text(0, "====", "muted");
  for (const [key, value] of sortedEntries(asRecord(input.object["binaryData"])))
    document.text(0, `${key}: ${base64Length(asString(value))} bytes`);
  document.text(0, "");
  writeEvents(document, input);
}

/** As `SecretDescriber` of kubectl/pkg/describe/describe.go: sizes, never values. */
export function describeSecret(document: DescribeDocument, input: DescribeInput): void {
  writeIdentity(document, input.object);
  document.text(0, "");
  document.field(0, "Type", asString(input.object["type"], "Opaque"));
  document.text(0, "");
  document.text(0, "Data", "accent");
  document.text(0, "====", "muted");
  for (const [key, value] of sortedEntries(asRecord(input.object["data"])))
    document.field(0, key, `${base64Length(asString(value))} bytes`);
  document.text(0, "");
  writeEvents(document, input);
}
