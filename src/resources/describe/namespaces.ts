import { asString, at } from "../../lib/kube/object.ts";
import type { DescribeDocument } from "./document.ts";
import type { DescribeInput } from "./sections.ts";
import { writeConditions, writeEvents, writeIdentity } from "./sections.ts";
import { writeLimits, writeQuota } from "./quotas.ts";

export const RESOURCE_QUOTAS = "resourcequotas";
export const LIMIT_RANGES = "limitranges";

/** As `NamespaceDescriber` of kubectl/pkg/describe/describe.go. */
export function describeNamespace(document: DescribeDocument, input: DescribeInput): void {
  writeIdentity(document, input.object);
  const phase = asString(at(input.object, "status", "phase"), "Active");
  document.field(0, "Status", phase, phase === "Active" ? "ok" : "muted");
  writeConditions(document, input.object, input.now);
  const quotas = input.related.get(RESOURCE_QUOTAS) ?? [];
  if (quotas.length > 0) document.heading(0, "Resource Quotas");
  for (const quota of quotas) writeQuota(document, 1, quota);
  const limits = input.related.get(LIMIT_RANGES) ?? [];
  if (limits.length > 0) document.heading(0, "Resource Limits");
  for (const range of limits) writeLimits(document, 1, range);
  writeEvents(document, input);
}
