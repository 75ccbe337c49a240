import { asArray, asRecord, asRecords, asString, at, type KubeObject } from "../../lib/kube/object.ts";
import { scalarText } from "../scalar-text.ts";
import { sortedEntries } from "../sorted-entries.ts";
import type { DescribeDocument } from "./document.ts";
import type { DescribeInput } from "./sections.ts";
import { writeEvents, writeIdentity } from "./sections.ts";

/** As `ResourceQuotaDescriber` of kubectl/pkg/describe/describe.go. */
export function describeQuota(document: DescribeDocument, input: DescribeInput): void {
  writeIdentity(document, input.object);
  writeUse(document, 0, input.object);
  writeEvents(document, input);
}

/** One of a namespace's quotas. */
export function writeQuota(document: DescribeDocument, level: number, quota: KubeObject): void {
  document.field(level, "Name", asString(quota.metadata.name));
  writeUse(document, level, quota);
}

function writeUse(document: DescribeDocument, level: number, quota: KubeObject): void {
  const scopes = asArray(at(quota, "spec", "scopes")).map((scope) => asString(scope));
  if (scopes.length > 0) document.field(level, "Scopes", scopes.join(", "));
  const used = at(quota, "status", "used");
  document.table(
    level,
    ["Resource", "Used", "Hard"],
    sortedEntries(asRecord(at(quota, "status", "hard"))).map(([name, hard]) => [
      name,
      scalarText(at(used, name) ?? 0),
      scalarText(hard),
    ]),
  );
}

/** As `LimitRangeDescriber`. */
export function describeLimits(document: DescribeDocument, input: DescribeInput): void {
  writeIdentity(document, input.object);
  writeLimits(document, 0, input.object);
  writeEvents(document, input);
}

const BOUNDS = [
  ["Min", "min"],
  ["Max", "max"],
  ["Default Request", "defaultRequest"],
  ["Default Limit", "default"],
  ["Max Limit/Request Ratio", "maxLimitRequestRatio"],
] as const;

export function writeLimits(document: DescribeDocument, level: number, range: KubeObject): void {
  const rows = asRecords(at(range, "spec", "limits")).flatMap((limit) => {
    const names = new Set(BOUNDS.flatMap(([, field]) => Object.keys(asRecord(limit[field]))));
    return [...names]
      .sort()
      .map((name) => [
        asString(limit["type"]),
        name,
        ...BOUNDS.map(([, field]) => scalarText(at(limit, field, name) ?? "-")),
      ]);
  });
  document.table(level, ["Type", "Resource", ...BOUNDS.map(([title]) => title)], rows);
}
