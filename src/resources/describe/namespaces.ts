import { own } from "../../lib/own.ts";
import { asRecord, asString, at } from "../../lib/kube/object.ts";
import type { DescribeDocument } from "./document.ts";
import type { DescribeInput } from "./sections.ts";
import { writeConditions, writeEvents, writeIdentity } from "./sections.ts";
import { scalarText } from "../scalar-text.ts";
import { sortedEntries } from "../sorted-entries.ts";

export const RESOURCE_QUOTAS = "resourcequotas";
export const LIMIT_RANGES = "limitranges";

/** As `NamespaceDescriber` of kubectl/pkg/describe/describe.go. */
export function describeNamespace(document: DescribeDocument, input: DescribeInput): void {
  writeIdentity(document, input.object);
  const phase = asString(at(input.object, "status", "phase"), "Active");
  document.field(0, "Status", phase, phase === "Active" ? "ok" : "muted");
  writeConditions(document, input.object, input.now);
  for (const quota of input.related.get(RESOURCE_QUOTAS) ?? []) {
    document.heading(0, `Resource Quota ${quota.metadata.name ?? ""}`);
    const used = asRecord(at(quota, "status", "used"));
    document.table(
      1,
      ["Resource", "Used", "Hard"],
      sortedEntries(asRecord(at(quota, "status", "hard"))).map(([name, hard]) => [
        name,
        scalarText(own(used, name) ?? 0),
        scalarText(hard),
      ]),
    );
  }
  const limits = input.related.get(LIMIT_RANGES) ?? [];
  if (limits.length > 0)
    document.list(
      0,
      "Limit Ranges",
      limits.map((one) => one.metadata.name ?? ""),
    );
  writeEvents(document, input);
}
